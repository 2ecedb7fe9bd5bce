import type { History, HistorySeries, OverviewRow } from '@iec104mm2ss/console-api';

const STEP_MS = 5_000;
/** 15 minutes. */
const SAMPLES = 180;

const SERIES: readonly HistorySeries[] = [
  'fromRtu',
  'toMasters',
  'commands',
  'unconfirmed',
  'queue',
  'mastersStarted',
  'mastersConnected',
];

/** The last quarter of an hour of every group, a value each five seconds. What was not known is NaN. */
export class OverviewHistory {
  /** By group: the series one behind the other, each a ring. */
  private readonly groups = new Map<string, Float32Array>();
  /** Times of the samples, ms since 1970, in the same places; 0: none. */
  private readonly times = new Float64Array(SAMPLES);
  private next = 0;
  private lastAt = -Infinity;

  /** Takes a sample when it is time for one. @param now by a clock that never steps */
  record(rows: readonly OverviewRow[], now: number, wallMs: number): void {
    if (now - this.lastAt < STEP_MS * 0.9) return;
    this.lastAt = now;
    const at = this.next % SAMPLES;
    this.times[at] = wallMs;
    const wanted = new Set(rows.map(({ id }) => id));
    for (const id of this.groups.keys()) if (!wanted.has(id)) this.groups.delete(id);
    for (const row of rows) {
      const values = this.groups.get(row.id) ?? new Float32Array(SAMPLES * SERIES.length).fill(Number.NaN);
      this.groups.set(row.id, values);
      // What was heard from somebody who is silent now is no value of now.
      const known = row.silent.length === 0;
      for (const [index, name] of SERIES.entries()) {
        values[index * SAMPLES + at] = known ? (row[name] ?? Number.NaN) : Number.NaN;
      }
    }
    this.next++;
  }

  of(group: string): History {
    const values = this.groups.get(group);
    const count = values === undefined ? 0 : Math.min(this.next, SAMPLES);
    const places = Array.from({ length: count }, (_, index) => (this.next - count + index) % SAMPLES);
    const series = SERIES.map((name, index) => [name, places.map((at) => valueOf(values?.[index * SAMPLES + at]))]);
    return {
      stepSeconds: STEP_MS / 1_000,
      from: places.length === 0 ? null : new Date(this.times[places[0] as number] as number).toISOString(),
      times: places.map((at) => this.times[at] as number),
      series: Object.fromEntries(series) as History['series'],
    };
  }
}

function valueOf(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : Math.round(value * 10) / 10;
}
