import { describe, expect, it } from 'vitest';
import { numericCounter, numericGauge } from './numeric-metric.js';
import { createRegistry, secondsHistogram } from './registry.js';

const bare = () => createRegistry({ processMetrics: false });

describe('createRegistry', () => {
  it('has the process metrics under their usual names, and says what runs', async () => {
    const text = await createRegistry({ release: '0.1.0' }).metrics();
    expect(text).toMatch(/^process_cpu_user_seconds_total /m);
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m);
    expect(text).toMatch(/^mm2ss_event_loop_active_seconds_total [\d.e-]+$/m);
    // They would need samples, which wake an idle process.
    expect(text).not.toContain('nodejs_eventloop_lag_p99_seconds');
    expect(text).toMatch(/^mm2ss_build_info\{release="0\.1\.0",node="[\d.]+"\} 1$/m);
  });

  it('is its own registry each time', async () => {
    const [a, b] = [bare(), bare()];
    numericCounter(a, { name: 'mm2ss_x_total', help: 'x' }, () => [{ labels: {}, value: 1 }]);
    expect(await b.metrics()).not.toContain('mm2ss_x_total');
  });
});

describe('numericCounter', () => {
  const description = { name: 'mm2ss_asdus_total', help: 'ASDUs.', labelNames: ['group'] as const };

  it('reads the numbers at the scrape, not before', async () => {
    const registry = bare();
    const count = { received: 0 };
    let reads = 0;
    numericCounter(registry, { ...description }, () => {
      reads++;
      return [{ labels: { group: '111' }, value: count.received }];
    });
    count.received = 41;
    count.received++;
    expect(reads).toBe(0);
    expect(await registry.metrics()).toContain('mm2ss_asdus_total{group="111"} 42\n');
    count.received++;
    expect(await registry.metrics()).toContain('mm2ss_asdus_total{group="111"} 43\n');
  });

  it('is shared by several sources, adds equal labels up, and lets a source go', async () => {
    const registry = bare();
    const source = (group: string, value: number) => () => [{ labels: { group }, value }];
    numericCounter(registry, { ...description }, source('111', 1));
    numericCounter(registry, { ...description }, source('222', 2));
    const stop = numericCounter(registry, { ...description }, source('222', 5));
    expect(await registry.metrics()).toContain('mm2ss_asdus_total{group="111"} 1\nmm2ss_asdus_total{group="222"} 7\n');
    stop();
    expect(await registry.metrics()).toContain('mm2ss_asdus_total{group="222"} 2\n');
  });

  it('keeps the rest of the scrape when one source fails, and counts that', async () => {
    const registry = bare();
    numericCounter(registry, { ...description }, () => {
      throw new Error('gone');
    });
    numericCounter(registry, { ...description }, () => [{ labels: { group: '111' }, value: 3 }]);
    await registry.metrics();
    const text = await registry.metrics();
    expect(text).toContain('mm2ss_asdus_total{group="111"} 3\n');
    expect(text).toMatch(/^mm2ss_metrics_collect_failures_total\{metric="mm2ss_asdus_total"\} [1-9]$/m);
  });

  it('refuses names and label sets that would not fit together', () => {
    const registry = bare();
    const none = () => [];
    expect(() => numericCounter(registry, { name: 'asdus_total', help: 'x' }, none)).toThrow('must be mm2ss_');
    expect(() => numericCounter(registry, { name: 'mm2ss_asdus', help: 'x' }, none)).toThrow('_total');
    expect(() => numericGauge(registry, { name: 'mm2ss_queue_total', help: 'x' }, none)).toThrow('not end in _total');
    numericCounter(registry, { ...description }, none);
    expect(() => numericCounter(registry, { name: description.name, help: 'x' }, none)).toThrow('already a counter');
  });
});

describe('numericGauge', () => {
  it('goes up and down, and a value nobody knows is absent', async () => {
    const registry = bare();
    let offset: number | undefined;
    numericGauge(registry, { name: 'mm2ss_ntp_offset_seconds', help: 'x' }, () =>
      offset === undefined ? [] : [{ labels: {}, value: offset }],
    );
    expect(await registry.metrics()).not.toMatch(/^mm2ss_ntp_offset_seconds /m);
    offset = -0.25;
    expect(await registry.metrics()).toMatch(/^mm2ss_ntp_offset_seconds -0\.25$/m);
    offset = undefined;
    expect(await registry.metrics()).not.toMatch(/^mm2ss_ntp_offset_seconds /m);
  });
});

describe('secondsHistogram', () => {
  it('resolves a command on one machine as well as one over a slow link', async () => {
    const registry = bare();
    const name = 'mm2ss_command_duration_seconds';
    const histogram = secondsHistogram(registry, { name, help: 'x', labelNames: ['group'] as const });
    for (const seconds of [0.0002, 0.3, 12]) histogram.observe({ group: '111' }, seconds);
    const text = await registry.metrics();
    expect(text).toContain(`${name}_bucket{le="0.00025",group="111"} 1\n`);
    expect(text).toContain(`${name}_bucket{le="0.5",group="111"} 2\n`);
    expect(text).toContain(`${name}_bucket{le="30",group="111"} 3\n`);
    expect(() => secondsHistogram(registry, { name: 'mm2ss_command_ms', help: 'x' })).toThrow('_seconds');
  });
});
