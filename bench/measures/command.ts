/** From a master's sending C_SC_NA_1 to its reading ACT_CON; one command at a time, the masters in turn. */
import type { Field } from '../field.ts';
import { medianOf, show, table } from '../figures.ts';
import type { Percentiles } from '../latencies.ts';
import type { Options } from '../options.ts';
import type { System } from '../systems/system.ts';
import { casesOf, find, label, type Case } from './cases.ts';

const PAUSE_MS = 2;
const WARM_UP_SECONDS = 0.5;

async function once(field: Field, system: System, masters: number, seconds: number): Promise<Percentiles> {
  return field.session(`command: ${label({ system, masters })}`, system, masters, async () => {
    await field.masters.call('command', { seconds: WARM_UP_SECONDS, pauseMs: PAUSE_MS });
    return field.masters.call<Percentiles>('command', { seconds, pauseMs: PAUSE_MS }, 30_000 + seconds * 1000);
  });
}

export async function command(field: Field, systems: System[], options: Options): Promise<Case<Percentiles>[]> {
  const cases = casesOf<Percentiles>(systems);
  for (let i = 0; i < options.runs; i++) {
    for (const one of cases) one.runs.push(await once(field, one.system, one.masters, options.seconds));
  }
  return cases;
}

export function commandTable(cases: Case<Percentiles>[]): string {
  const yardstick = find(cases, 'haproxy', 1);
  return table(
    'Command round trip, us',
    ['', 'p50', 'p99', 'p99.9', 'p50 x haproxy', 'commands'],
    cases.map((one) => [
      label(one),
      ...(['p50Us', 'p99Us', 'p999Us'] as const).map((figure) => show(medianOf(one.runs, (run) => run[figure]))),
      show(
        medianOf(one.runs, (run, i) => run.p50Us / (yardstick?.runs[i]?.p50Us ?? NaN)),
        2,
      ),
      show(one.runs.reduce((sum, run) => sum + run.count, 0)),
    ]),
  );
}
