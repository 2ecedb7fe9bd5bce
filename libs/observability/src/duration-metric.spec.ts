import { Histogram } from 'prom-client';
import { expect, it } from 'vitest';
import { durationHistogram, metricsText } from './duration-metric.js';
import { createRegistry } from './registry.js';

const DESCRIPTION = { name: 'mm2ss_x_seconds', help: 'X.', labelNames: ['group'] };
/** Characters that are escaped. */
const ODD = 'a\\b"c';
const durations = (counts: number[], sumMs: number) => ({ boundsMs: [5, 50], counts, sumMs });

it('reads like a histogram of prom-client that has observed the same', async () => {
  const ours = createRegistry({ processMetrics: false });
  durationHistogram(ours, DESCRIPTION, () => [
    { labels: { group: ODD }, durations: durations([1, 2, 1], 3 + 20 + 30 + 70) },
  ]);
  const theirs = createRegistry({ processMetrics: false });
  const { name, help, labelNames } = DESCRIPTION;
  const histogram = new Histogram({ name, help, labelNames, buckets: [0.005, 0.05], registers: [theirs] });
  for (const seconds of [0.003, 0.02, 0.03, 0.07]) histogram.observe({ group: ODD }, seconds);
  const linesOf = (text: string): string[] =>
    text
      .split('\n')
      .map((line) => line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').sort().join()}}`));
  expect(linesOf(await metricsText(ours)).filter(Boolean)).toEqual(linesOf(await theirs.metrics()).filter(Boolean));
});

it('several sources share one metric; what is gone at a scrape is not there', async () => {
  const registry = createRegistry({ processMetrics: false });
  let groups = ['1', '2'];
  durationHistogram(registry, DESCRIPTION, () =>
    groups.map((group) => ({ labels: { group, side: 'rtu' }, durations: durations([0, 0, 0], 0) })),
  );
  durationHistogram(registry, DESCRIPTION, () => [
    { labels: { group: '1', side: 'master' }, durations: durations([0, 0, 4], 900) },
  ]);
  const counts = async (): Promise<string[]> =>
    (await metricsText(registry)).split('\n').filter((line) => line.startsWith('mm2ss_x_seconds_count'));
  expect(await counts()).toEqual([
    'mm2ss_x_seconds_count{group="1",side="rtu"} 0',
    'mm2ss_x_seconds_count{group="2",side="rtu"} 0',
    'mm2ss_x_seconds_count{group="1",side="master"} 4',
  ]);
  groups = [];
  expect(await counts()).toHaveLength(1);
  expect((await metricsText(registry)).match(/# TYPE/g)).toHaveLength(1);
});

it('a source that is broken costs the others nothing, and is counted', async () => {
  const registry = createRegistry({ processMetrics: false });
  durationHistogram(registry, DESCRIPTION, () => {
    throw new Error('broken');
  });
  durationHistogram(registry, DESCRIPTION, () => [{ labels: { group: '1' }, durations: durations([0, 0, 4], 900) }]);
  expect(await metricsText(registry)).toContain('mm2ss_x_seconds_count{group="1"} 4');
  expect(await metricsText(registry)).toContain('mm2ss_metrics_collect_failures_total{metric="mm2ss_x_seconds"} 1');
});
