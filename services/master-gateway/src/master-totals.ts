import type { MasterSession } from './master-session.js';

/** What was sent to one named master over this gateway, ASDUs. */
export interface MasterTotal {
  sent: number;
  acknowledged: number;
}

type Counted = Pick<MasterSession, 'identity' | 'connection' | 'queue'>;

/** What a group's masters got, by name, and how long the longest queue was; sessions that have ended count on. */
export class MasterTotals {
  private readonly byName = new Map<string, MasterTotal>();
  private highestQueue = 0;

  ended(session: Counted): void {
    add(this.byName, session);
    this.highestQueue = Math.max(this.highestQueue, session.queue.highWater);
  }

  /** Of all with these names, and of those that have lost theirs. */
  all(names: Iterable<string>, sessions: Iterable<Counted>): ReadonlyMap<string, MasterTotal> {
    const totals = new Map<string, MasterTotal>();
    for (const name of names) totals.set(name, { sent: 0, acknowledged: 0 });
    for (const [name, total] of this.byName) totals.set(name, { ...total });
    for (const session of sessions) add(totals, session);
    return totals;
  }

  /** The most ASDUs that waited for one master at one time. */
  highWater(sessions: Iterable<Counted>): number {
    let highest = this.highestQueue;
    for (const { queue } of sessions) highest = Math.max(highest, queue.highWater);
    return highest;
  }
}

function add(totals: Map<string, MasterTotal>, { identity: { name }, connection: { link } }: Counted): void {
  if (name === null) return;
  const total = totals.get(name) ?? { sent: 0, acknowledged: 0 };
  total.sent += link.sent;
  total.acknowledged += link.acknowledged;
  totals.set(name, total);
}
