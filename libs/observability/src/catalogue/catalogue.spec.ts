import { describe, expect, it } from 'vitest';
import { METRICS, METRICS_BY_SUBJECT, metric, type MetricName, seriesOf } from './index.js';

const NAMES = Object.keys(METRICS) as MetricName[];

describe.each(NAMES)('%s', (name) => {
  const { type, unit, labels, help, boundsMs } = metric(name);

  it('is named as Prometheus asks for', () => {
    expect(name).toMatch(/^mm2ss_[a-z0-9]+(_[a-z0-9]+)*$/);
    expect(name.endsWith('_total'), 'counters, and only they, end in _total').toBe(type === 'counter');
    // What promtool's lint finds: types, abbreviated and non-base units, names of the suffixes of histograms.
    expect(name).not.toMatch(/_(counter|gauge|histogram|summary|bucket|count|sum)(_|$)/);
    expect(name).not.toMatch(
      /_(s|ms|us|ns|sec|secs|min|mins|milliseconds|minutes|hours|days|kb|mb|gb|kilobytes|percent)(_total)?$/,
    );
    expect(new Set(labels).size).toBe(labels.length);
    for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
    expect(labels).not.toContain('le');
  });

  it('has its unit in its name where it is one of time or size', () => {
    const base = name.replace(/_total$/, '');
    if (unit === 'seconds') expect(base).toMatch(/_seconds$/);
    if (unit === 'timestamp') expect(base).toMatch(/_seconds$/);
    if (unit === 'bytes') expect(base).toMatch(/_bytes$/);
    if (unit === 'info') expect(base).toMatch(/_info$/);
  });

  it('has buckets if it is a histogram, ascending, and a help that ends', () => {
    expect(boundsMs !== undefined).toBe(type === 'histogram');
    expect([...(boundsMs ?? [])].sort((a, b) => a - b)).toEqual([...(boundsMs ?? [])]);
    expect(help).toMatch(/^[A-Z0-9m].*[.]$/);
    expect(help).not.toContain('\n');
  });
});

it('no two metrics have a series of one name, and each has one subject', () => {
  const series = NAMES.flatMap((name) => seriesOf(name));
  expect(new Set(series).size).toBe(series.length);
  const bySubject = Object.values(METRICS_BY_SUBJECT).flatMap((entries) => Object.keys(entries));
  expect(bySubject.sort()).toEqual([...NAMES].sort());
});
