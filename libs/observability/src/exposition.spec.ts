import { Histogram } from 'prom-client';
import { expect, it } from 'vitest';
import { type HistogramName, METRICS } from './catalogue/index.js';
import { durationHistogram, numericCounter } from './numeric-metric.js';
import { createRegistry } from './registry.js';

const NAME = 'mm2ss_link_test_seconds';
/** Characters that are escaped. */
const ODD = 'a\\b"c';
/** As the catalogue has its buckets: shorter than 5 ms, not longer than 50, longer than all. */
const durations = ([first = 0, third = 0, longest = 0]: number[], sumMs: number, name: HistogramName = NAME) => {
  const { boundsMs } = METRICS[name];
  const counts = new Array<number>(boundsMs.length + 1).fill(0);
  [counts[0], counts[3], counts[boundsMs.length]] = [first, third, longest];
  return { boundsMs, counts, sumMs };
};
const labels = (group: string, side = 'rtu') => ({ group, name: 'x', side });

it('a histogram reads like one of prom-client that has observed the same', async () => {
  const ours = createRegistry({ processMetrics: false });
  durationHistogram(ours, NAME, () => [{ labels: labels(ODD), durations: durations([1, 2, 1], 3 + 30 + 40 + 9_000) }]);
  const theirs = createRegistry({ processMetrics: false });
  const help = 'TESTFR act to TESTFR con, every 10 s: the way there and back. An alert: 95 % above 0.05.';
  const labelNames = ['group', 'name', 'side'];
  const histogram = new Histogram({
    name: NAME,
    help,
    labelNames,
    buckets: METRICS[NAME].boundsMs.map((ms) => ms / 1000),
    registers: [theirs],
  });
  for (const seconds of [0.003, 0.03, 0.04, 9]) histogram.observe(labels(ODD), seconds);
  const linesOf = (text: string): string[] =>
    text.split('\n').map((line) => line.replace(/\{(.*)\}/, (_, all: string) => `{${all.split(',').sort().join()}}`));
  expect(linesOf(await ours.metrics()).filter(Boolean)).toEqual(linesOf(await theirs.metrics()).filter(Boolean));
});

it('several sources share one metric; what is gone at a scrape is not there', async () => {
  const registry = createRegistry({ processMetrics: false });
  let groups = ['1', '2'];
  durationHistogram(registry, NAME, () =>
    groups.map((group) => ({ labels: labels(group), durations: durations([0, 0, 0], 0) })),
  );
  durationHistogram(registry, NAME, () => [{ labels: labels('1', 'master'), durations: durations([0, 0, 4], 900) }]);
  const counts = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith(`${NAME}_count`));
  expect(await counts()).toEqual([
    `${NAME}_count{group="1",name="x",side="rtu"} 0`,
    `${NAME}_count{group="2",name="x",side="rtu"} 0`,
    `${NAME}_count{group="1",name="x",side="master"} 4`,
  ]);
  groups = [];
  expect(await counts()).toHaveLength(1);
  expect((await registry.metrics()).match(/# TYPE/g)).toHaveLength(1);
});

it('a histogram without labels has none but le', async () => {
  const registry = createRegistry({ processMetrics: false });
  durationHistogram(registry, 'mm2ss_event_loop_lag_seconds', () => [
    { labels: {}, durations: durations([0, 0, 4], 900, 'mm2ss_event_loop_lag_seconds') },
  ]);
  const text = await registry.metrics();
  expect(text).toContain('mm2ss_event_loop_lag_seconds_bucket{le="+Inf"} 4\nmm2ss_event_loop_lag_seconds_sum 0.9\n');
});

it('a source that is broken costs the others nothing, and is counted', async () => {
  const registry = createRegistry({ processMetrics: false });
  durationHistogram(registry, NAME, () => {
    throw new Error('broken');
  });
  durationHistogram(registry, NAME, () => [{ labels: labels('1'), durations: durations([0, 0, 4], 900) }]);
  const text = await registry.metrics();
  expect(text).toContain(`${NAME}_count{group="1",name="x",side="rtu"} 4`);
  expect(await registry.metrics()).toContain(`mm2ss_metrics_collect_failures_total{metric="${NAME}"} `);
});

it('a histogram that is counted by other bounds than those of the catalogue is no part of it', async () => {
  const registry = createRegistry({ processMetrics: false });
  const others = { boundsMs: [...METRICS[NAME].boundsMs], counts: [0, 0, 0, 0, 0, 0, 0, 0, 0], sumMs: 0 };
  durationHistogram(registry, NAME, () => [{ labels: labels('1'), durations: others }]);
  expect(await registry.metrics()).not.toContain('_bucket');
  expect(await registry.metrics()).toContain(`mm2ss_metrics_collect_failures_total{metric="${NAME}"} `);
});

it('a scrape of many series lets others have their turn, and is the same text', async () => {
  const registry = createRegistry({ processMetrics: false });
  const many = Array.from({ length: 30_000 }, (_, index) => String(index));
  numericCounter(registry, 'mm2ss_rtu_connects_total', () =>
    many.map((group) => ({ labels: { group, name: 'x' }, value: 1 })),
  );
  durationHistogram(registry, NAME, () =>
    many.slice(0, 3_000).map((group) => ({ labels: labels(group), durations: durations([1, 0, 4], 900) })),
  );
  let turns = 0;
  let ended = false;
  const turn = (): void => {
    turns++;
    if (!ended) setImmediate(turn);
  };
  setImmediate(turn);
  const text = await registry.metrics();
  ended = true;
  expect(turns).toBeGreaterThan(3);
  expect(text.trimStart()).toBe(registry.exposition.text());
  expect(text.match(/# TYPE/g)).toHaveLength(2);
  expect(text.split('\n')).toHaveLength(2 + 2 * 2 + 30_000 + 3_000 * (METRICS[NAME].boundsMs.length + 3));
});
