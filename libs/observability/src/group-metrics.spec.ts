import { expect, it } from 'vitest';
import { countReason, masterEndOf, type ReasonCounts, RTU_ENDS, type RtuEnd } from './catalogue/index.js';
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

it('leaves out a part that ends during a scrape and cannot be read any more; of one that is there it is a defect', async () => {
  const registry = createRegistry({ processMetrics: false });
  const [first, broken, last] = [part('1', 3), part('2', 4), part('3', 5)];
  let parts = [first, broken, last];
  let ends = true;
  new GroupMetrics(registry, () => parts).counter(COUNTER, (each) => {
    if (each === broken) throw new Error('it has ended');
    if (ends) parts = [first, last];
    return each.value;
  });
  const ofGroup = (text: string): string[] => lines(text).filter((line) => line.startsWith(COUNTER));
  const failures = `mm2ss_metrics_collect_failures_total{metric="${COUNTER}"}`;
  expect(ofGroup(await registry.metrics())).toEqual([
    `${COUNTER}{group="1",name="RTU 1"} 3`,
    `${COUNTER}{group="3",name="RTU 3"} 5`,
  ]);
  expect(await registry.metrics()).not.toContain(failures);
  [parts, ends] = [[first, broken, last], false];
  expect(ofGroup(await registry.metrics())).toEqual([`${COUNTER}{group="1",name="RTU 1"} 3`]);
  expect(await registry.metrics()).toContain(`${failures} `);
});

it('has a series for each value of a further label', async () => {
  const registry = createRegistry({ processMetrics: false });
  const metrics = new GroupMetrics(registry, () => [part('1', 3)]);
  metrics.gaugeBy('state', 'mm2ss_masters', () => [['started', 2]]);
  expect(lines(await registry.metrics())).toEqual(['mm2ss_masters{group="1",name="RTU 1",state="started"} 2']);
});

it('has a series for each reason of the list, 0 where there is no count, those of TLS where there is TLS', async () => {
  const registry = createRegistry({ processMetrics: false });
  const metrics = new GroupMetrics(registry, () => [part('1', 3), part('2', 0)]);
  const counts = { idle: 0, tls_expired: 1 };
  countReason(counts, 'idle');
  metrics.counterByReason(
    'mm2ss_rtu_disconnects_total',
    () => counts,
    ({ value }) => value > 0,
  );
  const text = lines(await registry.metrics());
  const of = (group: string): string[] => text.filter((line) => line.includes(`{group="${group}"`));
  expect(of('1')).toHaveLength(RTU_ENDS.length);
  expect(of('1')).toContain('mm2ss_rtu_disconnects_total{group="1",name="RTU 1",reason="idle"} 1');
  expect(of('1')).toContain('mm2ss_rtu_disconnects_total{group="1",name="RTU 1",reason="tls_expired"} 1');
  expect(of('2')).toHaveLength(RTU_ENDS.filter((reason) => !reason.startsWith('tls_')).length);
  expect(of('2')).toContain('mm2ss_rtu_disconnects_total{group="2",name="RTU 2",reason="peer_closed"} 0');
});

it('knows no reason that is not in the list', () => {
  const counts: ReasonCounts<RtuEnd> = {};
  countReason(counts, 'path_stuck');
  // @ts-expect-error it is none of them
  countReason(counts, 'whatever');
  expect(masterEndOf('rtu_lost')).toBe('rtu_lost');
  expect(masterEndOf('a word of a later release')).toBe('other');
});

it('takes only metrics that have exactly its labels', () => {
  const metrics = new GroupMetrics(createRegistry({ processMetrics: false }), () => [part('1', 3)]);
  // @ts-expect-error it has a further label
  metrics.counter('mm2ss_rtu_disconnects_total', () => 1);
  // @ts-expect-error its further label is another one
  metrics.counterBy('state', 'mm2ss_rtu_disconnects_total', () => []);
  // @ts-expect-error it has no reasons
  metrics.counterByReason('mm2ss_rtu_connects_total', () => ({}));
  // @ts-expect-error it is no metric of groups
  metrics.counter('mm2ss_log_lines_dropped_total', () => 1);
});
