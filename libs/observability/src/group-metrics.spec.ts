import { expect, it } from 'vitest';
import { GroupMetrics } from './group-metrics.js';
import { createRegistry } from './registry.js';

const part = (id: string, value: number) => ({ config: { id, name: `RTU ${id}` }, value });
const COUNTER = 'mm2ss_rtu_connects_total';
const lines = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('mm2ss_'));

it('has a series for each group there is at the scrape, with its id and name', async () => {
  const registry = createRegistry({ processMetrics: false });
  let parts = [part('1', 3), part('2', 4)];
  const metrics = new GroupMetrics(registry, () => parts);
  metrics.counter(COUNTER, ({ value }) => value);
  metrics.gauge('mm2ss_rtu_up', ({ value }) => -value);
  expect(lines(await registry.metrics())).toEqual([
    `${COUNTER}{group="1",name="RTU 1"} 3`,
    `${COUNTER}{group="2",name="RTU 2"} 4`,
    'mm2ss_rtu_up{group="1",name="RTU 1"} -3',
    'mm2ss_rtu_up{group="2",name="RTU 2"} -4',
  ]);
  parts = [];
  expect(lines(await registry.metrics())).toEqual([]);
});

it('has no series for a number that is not known', async () => {
  const registry = createRegistry({ processMetrics: false });
  const metrics = new GroupMetrics(registry, () => [part('1', 3), part('2', 4)]);
  metrics.counter(COUNTER, ({ value }) => (value === 3 ? undefined : value));
  metrics.gauge('mm2ss_rtu_up', ({ value }) => (value === 4 ? undefined : value));
  expect(lines(await registry.metrics())).toEqual([
    `${COUNTER}{group="2",name="RTU 2"} 4`,
    'mm2ss_rtu_up{group="1",name="RTU 1"} 3',
  ]);
});

it('has a series for each value of a further label', async () => {
  const registry = createRegistry({ processMetrics: false });
  const metrics = new GroupMetrics(registry, () => [part('1', 3)]);
  metrics.counterBy('reason', 'mm2ss_rtu_disconnects_total', ({ value }) =>
    Object.entries({ idle: value, queue_full: 1 }),
  );
  metrics.gaugeBy('state', 'mm2ss_masters', () => [['started', 2]]);
  expect(lines(await registry.metrics())).toEqual([
    'mm2ss_rtu_disconnects_total{group="1",name="RTU 1",reason="idle"} 3',
    'mm2ss_rtu_disconnects_total{group="1",name="RTU 1",reason="queue_full"} 1',
    'mm2ss_masters{group="1",name="RTU 1",state="started"} 2',
  ]);
});

it('takes only metrics that have exactly its labels', () => {
  const metrics = new GroupMetrics(createRegistry({ processMetrics: false }), () => [part('1', 3)]);
  // @ts-expect-error it has a further label
  metrics.counter('mm2ss_rtu_disconnects_total', () => 1);
  // @ts-expect-error its further label is another one
  metrics.counterBy('state', 'mm2ss_rtu_disconnects_total', () => []);
  // @ts-expect-error it is no metric of groups
  metrics.counter('mm2ss_log_lines_dropped_total', () => 1);
});
