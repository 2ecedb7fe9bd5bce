/**
 * Why a message was dropped: a `WireErrorCode`, HANDLER when its handler threw, FENCE when its sender owns nothing,
 * SENDER when it is about what belongs to somebody else than who sent it; DISCONNECTED when it was published while the server could not be reached, MISSING when the server has lost it. Commands:
 * REPEATED when it was taken before, ASDU when the RTU must not see what it holds.
 */
export type DropReason = string;

export interface Drop {
  /** Last tokens of the subject, without group and session: `out`, `cmd.result`, `ctl.admit`. */
  readonly kind: string;
  readonly reason: DropReason;
  readonly count: number;
}

/** Messages that were dropped, counted by kind of subject and reason. */
export class DropCounter {
  private readonly counts = new Map<string, { kind: string; reason: DropReason; count: number }>();
  private readonly listeners: ((drop: Drop, detail: string) => void)[] = [];

  /** @param detail for people: what was wrong with this one */
  add(subject: string, reason: DropReason, detail: string): void {
    const kind = kindOf(subject);
    const key = `${kind} ${reason}`;
    let entry = this.counts.get(key);
    if (entry === undefined) {
      entry = { kind, reason, count: 0 };
      this.counts.set(key, entry);
    }
    entry.count++;
    for (const listener of this.listeners) listener(entry, detail);
  }

  /** Called for every drop: whoever logs it has to log rarely. */
  onDrop(listener: (drop: Drop, detail: string) => void): void {
    this.listeners.push(listener);
  }

  all(): Drop[] {
    return [...this.counts.values()].map((entry) => ({ ...entry }));
  }
}

/** Subjects whose further tokens are a session, a gateway, a type. */
const WITH_PARTICULARS = ['out', 'decoded', 'in', 'ack', 'listener', 'admit'];

/** `iec104.v1.<group>.out.<session>` is `out`, `iec104.v1.ctl.admit` is `ctl.admit`: labels of metrics are a closed set. */
function kindOf(subject: string): string {
  const [, , group = '', ...rest] = subject.split('.');
  if (group === 'ctl') return ['ctl', ...rest.slice(0, 1)].join('.');
  const [first = ''] = rest;
  if (WITH_PARTICULARS.includes(first)) return first;
  return rest.join('.') || 'other';
}
