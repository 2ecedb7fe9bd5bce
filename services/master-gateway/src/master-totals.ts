import type { MasterSession } from './master-session.js';

/** What was sent to one named master over this gateway. */
export interface MasterTotal {
  /** ASDUs. */
  sent: number;
  acknowledged: number;
  /** When it last acknowledged any, by the scheduler's clock; -Infinity: never. */
  acknowledgedAt: number;
}

type Counted = Pick<MasterSession, 'identity' | 'connection' | 'queue'>;

const none = (): MasterTotal => ({ sent: 0, acknowledged: 0, acknowledgedAt: -Infinity });

/** What a group's masters got, by name, and how long the longest queue was; sessions that have ended count on. */
export class MasterTotals {
  /** Of sessions that have ended, or have another name now. */
  private readonly byName = new Map<string, MasterTotal>();
  /** What of a session that is here was for a name that it had before. */
  private readonly before = new WeakMap<object, MasterTotal>();
  private highestQueue = 0;

  /** The session gets another name: what it was sent so far stays with the one it has. */
  renaming(session: Counted): void {
    const { name } = session.identity;
    if (name !== null) this.byName.set(name, sum(this.byName.get(name), this.ofName(session)));
    const { sent, acknowledged } = session.connection.link;
    this.before.set(session, { ...none(), sent, acknowledged });
  }

  ended(session: Counted): void {
    this.renaming(session);
    this.highestQueue = Math.max(this.highestQueue, session.queue.highWater);
  }

  /** Of the masters with these names. */
  all(names: Iterable<string>, sessions: Iterable<Counted>): ReadonlyMap<string, MasterTotal> {
    const totals = new Map<string, MasterTotal>();
    for (const name of names) totals.set(name, this.byName.get(name) ?? none());
    for (const session of sessions) {
      const total = totals.get(session.identity.name ?? '');
      if (total !== undefined) totals.set(session.identity.name ?? '', sum(total, this.ofName(session)));
    }
    return totals;
  }

  /** The most ASDUs that waited for one master at one time. */
  highWater(sessions: Iterable<Counted>): number {
    let highest = this.highestQueue;
    for (const { queue } of sessions) highest = Math.max(highest, queue.highWater);
    return highest;
  }

  /** What a session was sent since it has the name that it has. */
  private ofName(session: Counted): MasterTotal {
    const { link, lastAcknowledgedAt: acknowledgedAt } = session.connection;
    const before = this.before.get(session) ?? none();
    return { sent: link.sent - before.sent, acknowledged: link.acknowledged - before.acknowledged, acknowledgedAt };
  }
}

function sum(a: MasterTotal = none(), b: MasterTotal): MasterTotal {
  return {
    sent: a.sent + b.sent,
    acknowledged: a.acknowledged + b.acknowledged,
    acknowledgedAt: Math.max(a.acknowledgedAt, b.acknowledgedAt),
  };
}
