import type { Cast } from './cast.js';
import type { Patience } from './patience.js';
import { DemoFailure } from './patience.js';
import { type Record, milliseconds } from './story.js';
import { columns, paint, type Terminal } from './terminal.js';

const SETTLE_MS = 10_000;
const HEADER = [
  'RTU',
  'events',
  'to no master',
  'deliveries',
  'missing',
  'disorder',
  'altered',
  'repeats',
  'while away',
  'p50 ms',
  'p99 ms',
];

/** Ends the events and waits until every master that is started has all of them, if that comes about in time. */
export async function settle({ groups }: Cast, patience: Patience): Promise<void> {
  for (const { rtu } of groups) rtu.stopEvents();
  // Interrupted in the middle of the outage: the events of the RTU are not lost, only still there.
  for (const { rtu } of groups) await rtu.start();
  const settled = (): boolean =>
    groups.every(
      ({ sessions, ledger }) =>
        ledger.total === 0 || (ledger.undelivered === 0 && sessions.every(({ caughtUp }) => caughtUp)),
    );
  try {
    await patience.until('everything delivered', settled, SETTLE_MS);
  } catch (error) {
    // What is still missing is what the verdict is about.
    if (!(error instanceof DemoFailure)) throw error;
  }
  for (const { sessions } of groups) for (const session of sessions) session.close();
}

/** Prints the summary; true when nothing was lost, out of order, altered or leaked. */
export function judge({ groups }: Cast, record: Record, terminal: Terminal): boolean {
  let faults = record.failedRequests;
  const rows = [HEADER];
  let strays = 0;
  for (const { config, rtu, ledger, sessions } of groups) {
    const total = (count: (session: (typeof sessions)[number]) => number): number =>
      sessions.reduce((all, session) => all + count(session), 0);
    const missing = total((session) => session.faults.missing);
    const outOfOrder = total((session) => session.faults.outOfOrder);
    const altered = total((session) => session.faults.altered);
    strays += total(({ master }) => master.counts.strays);
    faults += ledger.undelivered + missing + outOfOrder + altered + rtu.counts.overflow;
    const worst = (share: number): number | undefined => {
      const values = sessions.map(({ latencies }) => latencies.percentile(share)).filter((ms) => ms !== undefined);
      return values.length === 0 ? undefined : Math.max(...values);
    };
    rows.push([
      config.name,
      String(ledger.total),
      String(ledger.undelivered),
      String(total(({ events }) => events)),
      String(missing),
      String(outOfOrder),
      String(altered),
      String(total(({ repeats }) => repeats)),
      String(total(({ whileAway }) => whileAway)),
      milliseconds(worst(0.5)),
      milliseconds(worst(0.99)),
    ]);
  }
  // What arrived at a master without a request of its own is a stray too.
  const leaked = Math.max(strays, record.leaks);
  faults += leaked;
  terminal.scene('Summary');
  const [head = '', ...body] = columns(rows).map((line) => `          ${line}`);
  for (const line of [paint('dim', head), ...body]) terminal.line(line);
  terminal.detail(`deliveries: to all five masters together; while away: events sent while a master was not started`);
  terminal.detail(
    `requests ${record.requests}, failed ${record.failedRequests}; answers at a wrong master ${leaked}; ` +
      `events kept through the outage ${record.recovered}`,
  );
  terminal.detail(
    faults === 0
      ? paint(['bold', 'green'], 'nothing lost, nothing out of order, nothing leaked')
      : paint(['bold', 'red'], `${faults} faults`),
  );
  return faults === 0;
}
