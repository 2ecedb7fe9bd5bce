import type { FaultsLog } from './faults-log.ts';
import type { Violations } from './violations.ts';

/** For so long something may be why a master is disconnected: hold time and t1, or a queue that is full. */
const FAULT_LAG_MS = 30_000;
const ACT_LAG_MS = 60_000;
/** A command that breaks a rule is read so soon. */
const STRAY_LAG_MS = 2_000;
/** A master that catches up reads the log meanwhile. */
const BURST_MS = 2_000;
/** It has ended the connection itself. */
const OWN: ReadonlySet<string> = new Set(['left', 'dropped', 'vanished']);

export interface DisconnectWorld {
  readonly violations: Violations;
  readonly faults: FaultsLog;
  /** When the master, or another connection of the same one, did something unusual. */
  readonly actsOf: (master: string) => readonly number[];
  /** When it gave commands although another connection of the same master had taken over. */
  readonly straysOf: (master: string) => readonly number[];
  /** How many ASDUs its RTU has sent between two times. */
  readonly sentBetween: (from: number, to: number) => number;
  readonly buffsize: number;
}

/** At the end of a story: a master loses its connection only because something is wrong. */
export function checkDisconnects(
  master: string,
  closes: readonly { readonly at: number; readonly code: string }[],
  { violations, faults, actsOf, straysOf, sentBetween, buffsize }: DisconnectWorld,
): void {
  for (const { at, code } of closes) {
    if (OWN.has(code) || faults.between(at - FAULT_LAG_MS, at)) continue;
    if (actsOf(master).some((time) => time <= at && time >= at - ACT_LAG_MS)) continue;
    if (straysOf(master).some((time) => time <= at && time >= at - STRAY_LAG_MS)) continue;
    // More than is kept came at once: who catches up has lost what comes next, and has to go.
    if (sentBetween(at - BURST_MS, at) > buffsize) continue;
    violations.add('disconnect', `${master} was disconnected at ${at.toFixed(0)}: ${code}`);
  }
}
