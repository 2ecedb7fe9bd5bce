/** What a scrape of /metrics has, beside what the catalogue says that it has to have. */
import { type ExposedBy, metric, type MetricName, METRICS, metricsOf, seriesOf } from '@iec104mm2ss/observability';
import { expect } from 'vitest';

const NAMES = Object.keys(METRICS) as MetricName[];
const SERIES = new Map(NAMES.flatMap((name) => seriesOf(name).map((series) => [series, name] as const)));

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function parse(text: string): Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', inside = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const labels = [...inside.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text = '']) => [
        label,
        unescaped(text),
      ]);
      return { name, labels: Object.fromEntries(labels) as Record<string, string>, value: Number(value) };
    });
}

const unescaped = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));

/** Nothing is there that the catalogue does not have, or with other labels, another type or other buckets. */
export function expectCatalogued(text: string): void {
  for (const { name, labels, value } of parse(text)) {
    if (/^(process|nodejs)_/.test(name)) continue;
    const entry = SERIES.get(name);
    expect(entry, name).toBeDefined();
    const { labels: expected, boundsMs, values = {} } = metric(entry as MetricName);
    const le = name.endsWith('_bucket') ? ['le'] : [];
    expect(Object.keys(labels).sort(), name).toEqual([...expected, ...le].sort());
    if (labels['le'] !== undefined) {
      expect([...(boundsMs ?? []).map((ms) => String(ms / 1000)), '+Inf'], name).toContain(labels['le']);
    }
    for (const [label, list] of Object.entries(values)) expect(list, name).toContain(labels[label]);
    expect(value, name).not.toBeNaN();
  }
  for (const [, name = '', type] of text.matchAll(/^# TYPE (mm2ss_\S+) (\S+)$/gm)) {
    expect(metric(name as MetricName).type, name).toBe(type);
    expect(text).toContain(`# HELP ${name} ${metric(name as MetricName).help}\n`);
  }
}

/** The metrics that a scrape has, of those of the product. */
export function present(text: string): Set<MetricName> {
  return new Set(parse(text).flatMap(({ name }) => SERIES.get(name) ?? []));
}

/** Those that these parts have to expose from the start. */
export function due(...parts: readonly ExposedBy[]): MetricName[] {
  return parts.flatMap((part) => metricsOf(part)).filter((name) => metric(name).absent === undefined);
}

export function missing(text: string, ...parts: readonly ExposedBy[]): MetricName[] {
  const there = present(text);
  return due(...parts).filter((name) => !there.has(name));
}
