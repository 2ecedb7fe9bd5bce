/** From an event's happening in the RTU to a master's having read it, at fixed rates. */
import type { Field } from '../field.ts';
import { medianOf, show, table } from '../figures.ts';
import type { Percentiles } from '../latencies.ts';
import type { Options } from '../options.ts';
import { delay } from '../programs.ts';
import type { System } from '../systems/system.ts';
import { casesOf, find, label, type Case } from './cases.ts';

export const RATES = [100, 1000, 5000];
const WARM_UP_MS = 700;

/** Cases of one rate. */
export interface LatencyAtRate {
  perSecond: number;
  cases: Case<Percentiles>[];
}

async function once(field: Field, system: System, masters: number, perSecond: number, seconds: number) {
  const where = `latency at ${perSecond}/s: ${label({ system, masters })}`;
  return field.session(where, system, masters, async () => {
    await field.events(system, perSecond, async () => {
      await delay(WARM_UP_MS);
      await field.masters.call('record', { on: true });
      // At the lowest rate twice as long: its 99th percentile stands on few samples.
      await delay(seconds * 1000 * (perSecond < 1000 ? 2 : 1));
      await field.masters.call('record', { on: false });
    });
    return field.masters.call<Percentiles>('percentiles');
  });
}

export async function latency(field: Field, systems: System[], options: Options): Promise<LatencyAtRate[]> {
  const all = RATES.map((perSecond) => ({ perSecond, cases: casesOf<Percentiles>(systems) }));
  for (let i = 0; i < options.runs; i++) {
    for (const { perSecond, cases } of all) {
      for (const one of cases) {
        one.runs.push(await once(field, one.system, one.masters, perSecond, options.seconds));
      }
    }
  }
  return all;
}

type Figure = 'p50Us' | 'p99Us' | 'p999Us';

/** What a system adds to the direct connection of the same round. */
export function added(cases: Case<Percentiles>[], one: Case<Percentiles>, figure: Figure): number {
  const base = find(cases, 'direct', 1);
  return medianOf(one.runs, (run, i) => run[figure] - (base?.runs[i]?.[figure] ?? NaN));
}

function ratioToHaproxy(cases: Case<Percentiles>[], one: Case<Percentiles>): number {
  const yardstick = find(cases, 'haproxy', 1);
  return medianOf(one.runs, (run, i) => run.p50Us / (yardstick?.runs[i]?.p50Us ?? NaN));
}

export function latencyTable(all: LatencyAtRate[]): string {
  return table(
    'Latency of events, us (added: over direct)',
    ['', 'ASDU/s', 'p50', 'p99', 'p99.9', 'added p50', 'added p99', 'added p99.9', 'p50 x haproxy', 'samples'],
    all.flatMap(({ perSecond, cases }) =>
      cases.map((one) => [
        label(one),
        show(perSecond),
        ...(['p50Us', 'p99Us', 'p999Us'] as const).map((figure) => show(medianOf(one.runs, (run) => run[figure]))),
        ...(['p50Us', 'p99Us', 'p999Us'] as const).map((figure) =>
          one.system.name === 'direct' ? '' : show(added(cases, one, figure)),
        ),
        show(ratioToHaproxy(cases, one), 2),
        show(one.runs.reduce((sum, run) => sum + run.count, 0)),
      ]),
    ),
  );
}
