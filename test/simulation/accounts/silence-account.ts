import type { FaultsLog, Trouble } from './faults-log.ts';
import type { Ledger } from './ledger.ts';
import type { Violations } from './violations.ts';

/** Another router takes over within this time, and masters get what has come meanwhile. */
const LONGEST_MS = 3_000;
/** Whether a takeover is that quick is seen when nothing else is wrong for so long before and after. */
const BEFORE_MS = 10_000;
const AFTER_MS = 2 * LONGEST_MS;
/** A master that did not read, or came and went, has more to catch up with. */
const ACT_LAG_MS = 30_000;
const ROUTER_IS_AWAY = ['router crashed', 'router paused'];

/** When a master got events, and over which of its connections. */
export interface Arrival {
  readonly at: number;
  readonly session: number;
}

export interface SilenceWorld {
  readonly violations: Violations;
  readonly faults: FaultsLog;
  readonly ledger: Ledger;
  /** All processes with a router. */
  readonly routers: readonly string[];
  /** When the master, or another connection of the same one, did something unusual. */
  readonly acts: readonly number[];
}

/** At the end of a story: masters were not without the RTU's events for long when a router was lost, and others were there. */
export function checkSilence(master: string, arrivals: readonly Arrival[], world: SilenceWorld): void {
  const { faults, ledger, acts, violations } = world;
  const sent = ledger.entries
    .filter(({ kind, sends }) => kind === 'event' && sends > 0)
    .map(({ sentAt }) => sentAt)
    .sort((a, b) => a - b);
  const losses = faults.all.filter((trouble) => isJudged(trouble, world));
  for (let index = 1; index < arrivals.length; index++) {
    const before = arrivals[index - 1] as Arrival;
    const after = arrivals[index] as Arrival;
    if (after.at - before.at <= LONGEST_MS || after.session !== before.session) continue;
    const loss = losses.find(({ from }) => from >= before.at - LONGEST_MS && from <= after.at);
    if (loss === undefined || acts.some((at) => at <= after.at && at >= before.at - ACT_LAG_MS)) continue;
    const waitedMs = after.at - (sent.find((at) => at > before.at) ?? Infinity);
    if (waitedMs <= LONGEST_MS) continue;
    violations.add(
      'silence',
      `${master} was without events for ${waitedMs.toFixed(0)} ms: ${loss.kind} (${loss.what})`,
    );
  }
}

/** A router was away and nothing else was wrong; another one has been there for long. */
function isJudged({ kind, what, from }: Trouble, { faults, routers }: SilenceWorld): boolean {
  if (!ROUTER_IS_AWAY.includes(kind)) return false;
  const near = faults.all.filter(({ from: begun, until }) => begun <= from + AFTER_MS && until >= from - BEFORE_MS);
  if (near.some((trouble) => !ROUTER_IS_AWAY.includes(trouble.kind))) return false;
  return routers.some((router) => router !== what && near.every((trouble) => trouble.what !== router));
}
