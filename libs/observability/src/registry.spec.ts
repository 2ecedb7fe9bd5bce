import { Gauge } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { numericCounter, numericGauge } from './numeric-metric.js';
import { createRegistry } from './registry.js';

const bare = () => createRegistry({ processMetrics: false });
const NAME = 'mm2ss_rtu_asdus_received_total';
const labels = (group: string) => ({ group, name: 'x' });

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
    numericCounter(a, NAME, () => [{ labels: labels('1'), value: 1 }]);
    expect(await b.metrics()).not.toContain(NAME);
  });

  it('takes only what the catalogue has, with its labels', () => {
    const registry = bare();
    // @ts-expect-error no such metric
    numericCounter(registry, 'mm2ss_made_up_total', () => []);
    // @ts-expect-error it is a gauge
    numericCounter(registry, 'mm2ss_rtu_up', () => []);
    // @ts-expect-error it has the labels group and name
    numericGauge(registry, 'mm2ss_rtu_up', () => [{ labels: { group: '1' }, value: 1 }]);
  });
});

it('a label that the catalogue does not have is not written', async () => {
  const registry = bare();
  numericGauge(registry, 'mm2ss_rtu_up', () => [{ labels: { ...labels('1'), peer: '10.0.0.1' }, value: 1 }]);
  expect(await registry.metrics()).toContain('mm2ss_rtu_up{group="1",name="x"} 1\n');
});

describe('numericCounter', () => {
  it('reads the numbers at the scrape, not before', async () => {
    const registry = bare();
    const count = { received: 0 };
    let reads = 0;
    numericCounter(registry, NAME, () => {
      reads++;
      return [{ labels: labels('111'), value: count.received }];
    });
    count.received = 41;
    count.received++;
    expect(reads).toBe(0);
    expect(await registry.metrics()).toContain(`${NAME}{group="111",name="x"} 42\n`);
    count.received++;
    expect(await registry.metrics()).toContain(`${NAME}{group="111",name="x"} 43\n`);
  });

  it('is read once for all scrapes that come while it is written, and anew for the next one', async () => {
    const registry = bare();
    let reads = 0;
    numericCounter(registry, NAME, () => [{ labels: labels('111'), value: ++reads }]);
    const texts = await Promise.all(Array.from({ length: 40 }, () => registry.metrics()));
    expect(reads).toBe(1);
    expect(new Set(texts).size).toBe(1);
    expect(await registry.metrics()).toContain(`${NAME}{group="111",name="x"} 2\n`);
  });

  it('is read anew after a scrape that failed', async () => {
    const registry = bare();
    const collect = (): never => {
      throw new Error('gone');
    };
    registry.registerMetric(new Gauge({ name: 'broken', help: 'x', registers: [], collect }));
    await expect(registry.metrics()).rejects.toThrow('gone');
    registry.removeSingleMetric('broken');
    await expect(registry.metrics()).resolves.toBe('\n');
  });

  it('is shared by several sources, adds equal labels up, and lets a source go', async () => {
    const registry = bare();
    const source = (group: string, value: number) => () => [{ labels: labels(group), value }];
    numericCounter(registry, NAME, source('111', 1));
    numericCounter(registry, NAME, source('222', 2));
    const stop = numericCounter(registry, NAME, source('222', 5));
    const lines = `${NAME}{group="111",name="x"} 1\n${NAME}{group="222",name="x"}`;
    expect(await registry.metrics()).toContain(`# TYPE ${NAME} counter\n${lines} 7\n`);
    stop();
    expect(await registry.metrics()).toContain(`${lines} 2\n`);
  });

  it('keeps the rest of the scrape when one source fails, and counts that', async () => {
    const registry = bare();
    numericCounter(registry, NAME, () => {
      throw new Error('gone');
    });
    numericCounter(registry, NAME, () => [{ labels: labels('111'), value: 3 }]);
    await registry.metrics();
    const text = await registry.metrics();
    expect(text).toContain(`${NAME}{group="111",name="x"} 3\n`);
    expect(text).toMatch(new RegExp(`^mm2ss_metrics_collect_failures_total\\{metric="${NAME}"\\} [1-9]$`, 'm'));
  });
});

describe('numericGauge', () => {
  it('goes up and down, and a value nobody knows is absent', async () => {
    const registry = bare();
    let offset: number | undefined;
    numericGauge(registry, 'mm2ss_ntp_offset_seconds', () =>
      offset === undefined ? [] : [{ labels: {}, value: offset }],
    );
    expect(await registry.metrics()).not.toContain('mm2ss_ntp_offset_seconds');
    offset = -0.25;
    expect(await registry.metrics()).toMatch(/^mm2ss_ntp_offset_seconds -0\.25$/m);
    offset = undefined;
    expect(await registry.metrics()).not.toContain('mm2ss_ntp_offset_seconds');
  });

  it('of equal labels the last one read counts, and what is no number is written as Prometheus does', async () => {
    const registry = bare();
    numericGauge(registry, 'mm2ss_rtu_up', () => [
      { labels: labels('a\\"\n'), value: 1 },
      { labels: labels('a\\"\n'), value: Infinity },
      { labels: labels('b'), value: NaN },
    ]);
    const text = await registry.metrics();
    expect(text).toContain('mm2ss_rtu_up{group="a\\\\\\"\\n",name="x"} +Inf\nmm2ss_rtu_up{group="b",name="x"} NaN\n');
  });
});
