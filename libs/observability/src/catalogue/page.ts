import {
  type ExposedBy,
  isOfTls,
  METRICS,
  METRICS_BY_SUBJECT,
  metric,
  type MetricEntry,
  type MetricName,
} from './index.js';

/** How many values a label has that has no closed list, and is no name of a group or master. */
const VALUES: Readonly<Record<string, number | Partial<Record<ExposedBy, number>>>> = {
  side: 1,
  direction: 2,
  format: 3,
  limit: { router: 3, gateway: 4 },
  role: 1,
  queue: { connector: 2, gateway: 1 },
  class: 9,
  outcome: 4,
  state: 2,
  rule: 3,
};

/** Beside each named master they tell of all others together. */
const TELL_OF_OTHERS: readonly string[] = ['mm2ss_master_events_lost_total', 'mm2ss_master_gaps_total'];

/** Series of a group and of each of its named masters that one part has from the start. */
export function seriesOfGroup(part: ExposedBy): { readonly group: number; readonly master: number } {
  let group = 0;
  let master = 0;
  for (const name of Object.keys(METRICS) as MetricName[]) {
    const entry = metric(name);
    if (!entry.exposedBy.includes(part) || !entry.labels.includes('group') || entry.absent !== undefined) continue;
    if (entry.labels.includes('master')) master += 1;
    else group += entry.labels.reduce((count, label) => count * valuesOf(part, entry, label), bucketsOf(entry));
    if (TELL_OF_OTHERS.includes(name)) group += 1;
  }
  return { group, master };
}

/** Of a group without TLS. */
function valuesOf(part: ExposedBy, { values }: MetricEntry, label: string): number {
  const listed = values?.[label]?.filter((value) => !isOfTls(value)).length;
  const number = listed ?? VALUES[label] ?? 1;
  return typeof number === 'number' ? number : (number[part] ?? 1);
}

/** A histogram has a series for each bucket, one of them without bound, and two more. */
function bucketsOf({ boundsMs }: MetricEntry): number {
  return boundsMs === undefined ? 1 : boundsMs.length + 3;
}

/** The tables of docs/metrics.md, as Markdown that is not formatted yet. */
export function metricsTables(): string {
  return [
    ...Object.entries(METRICS_BY_SUBJECT).map(([subject, entries]) => `## ${subject}\n\n${tableOf(entries)}`),
    `## Reasons\n\nEach is there from the start, as 0; \`tls_...\` in groups with TLS.\n\n${reasonsTable()}`,
  ].join('\n');
}

function reasonsTable(): string {
  const rows = (Object.keys(METRICS) as MetricName[]).flatMap((name) => {
    const reasons = metric(name).values?.['reason'];
    return reasons === undefined ? [] : `| \`${name}\` | ${reasons.map((reason) => `\`${reason}\``).join(', ')} |`;
  });
  return ['| metric | reasons |', '| --- | --- |', ...rows, ''].join('\n');
}

function tableOf(entries: Readonly<Record<string, MetricEntry>>): string {
  const rows = Object.entries(entries).map(
    ([name, { type, unit, labels, help, exposedBy, absent, boundsMs, values }]) => {
      const buckets = boundsMs === undefined ? '' : ` Buckets: ${boundsMs.map((ms) => ms / 1000).join(', ')} s.`;
      const away = absent === undefined ? '' : ` Absent: ${absent}.`;
      const listed = values === undefined ? '' : ' All reasons: [below](#reasons).';
      const labelled = labels.length === 0 ? '' : `{${labels.join(',')}}`;
      return `| \`${name}${labelled}\` | ${type}, ${unit} | ${exposedBy.join(', ')} | ${help}${buckets}${listed}${away} |`;
    },
  );
  return ['| metric | is | of | says |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}

/** How many series there are: for docs/metrics.md. */
export function cardinalityTable(): string {
  const rows = (['connector', 'router', 'gateway'] as const).map((part) => {
    const { group, master } = seriesOfGroup(part);
    return `| ${part} | ${group} | ${master} |`;
  });
  return ['| part | series a group | more for each named master |', '| --- | --- | --- |', ...rows, ''].join('\n');
}
