import { Cause, TypeId } from '@iec104mm2ss/iec104';
import type { MasterSimulator, ReceivedAsdu } from '@iec104mm2ss/simulator';
import type { EventLedger, LedgerEntry } from './event-ledger.js';
import { Latencies } from './latencies.js';

const EVENT_CAUSES: ReadonlySet<number> = new Set([Cause.SPONT, Cause.RETREM, Cause.RETLOC]);
const LAST_MONITOR_TYPE = 44;

/** What must not happen to a master, counted. */
export interface Faults {
  /** Events it did not get although its data transfer was started all the time. */
  missing: number;
  /** Events that came after younger ones, though the RTU has not sent them again. */
  outOfOrder: number;
  /** ASDUs the RTU never sent as they arrived. */
  altered: number;
}

/** Checks what one master receives from one RTU against what the RTU sent. */
export class SessionWatch {
  readonly faults: Faults = { missing: 0, outOfOrder: 0, altered: 0 };
  /** Events received, repeats after a reconnection included. */
  events = 0;
  /** Events that came a second time after a reconnection, of the master or of the RTU: delivery is at least once. */
  repeats = 0;
  /** Events sent while this master was away. */
  whileAway = 0;
  /** Answers in control types: ACT_CON, ACT_TERM and the like. */
  answers = 0;
  readonly latencies = new Latencies();
  readonly recent = new Latencies();

  /** Number of the event that must come next; undefined before the first one since the start. */
  private expected: number | undefined;
  private next = 0;
  /** How often each event came since the start, where that is more than once. */
  private readonly again = new Map<number, number>();
  private repeatedUpTo = 0;
  private startedAt = Infinity;
  private createdAtStart = 0;

  constructor(
    readonly name: string,
    readonly master: MasterSimulator,
    private readonly ledger: EventLedger,
  ) {
    master.on('asdu', (asdu) => this.take(asdu));
    master.on('started', () => {
      this.expected = undefined;
      this.again.clear();
      this.repeatedUpTo = 0;
      this.startedAt = performance.now();
      this.createdAtStart = ledger.total;
    });
    master.on('disconnected', () => (this.startedAt = Infinity));
  }

  /** True when it has every event there is. */
  get caughtUp(): boolean {
    return this.master.started && (this.expected ?? this.createdAtStart) >= this.ledger.total;
  }

  /** To be called when nothing more is to come: what a started master still lacks is missing. */
  close(): void {
    if (!this.master.started) return;
    this.faults.missing += Math.max(this.ledger.total - (this.expected ?? this.createdAtStart), 0);
  }

  private take(asdu: ReceivedAsdu): void {
    const { typeId, cot } = asdu.view;
    if (typeId > LAST_MONITOR_TYPE) {
      if (typeId !== TypeId.M_EI_NA_1) this.answers++;
      return;
    }
    if (!EVENT_CAUSES.has(cot)) return;
    this.events++;
    const entry = this.ledger.received(asdu.octets);
    if (entry === undefined) {
      this.faults.altered++;
      return;
    }
    const { sequence, createdAt } = entry;
    if (this.expected === undefined) this.begin(sequence);
    else if (sequence > this.expected) this.faults.missing += sequence - this.expected;
    else if (sequence < this.expected && !this.mayRepeat(entry)) this.faults.outOfOrder++;
    if (sequence < this.next) this.repeats++;
    this.expected = Math.max(this.expected ?? 0, sequence + 1);
    this.next = Math.max(this.next, this.expected);
    // An event from before the start waited for the master, not on its way to it.
    if (createdAt >= this.startedAt) {
      this.latencies.add(asdu.receivedAt - createdAt);
      this.recent.add(asdu.receivedAt - createdAt);
    }
  }

  /** The RTU has sent it again, as its link broke, and this is not once more than that; those come in their order, too. */
  private mayRepeat({ sequence, sent }: LedgerEntry): boolean {
    const count = (this.again.get(sequence) ?? 1) + 1;
    this.again.set(sequence, count);
    const isInOrder = sequence >= this.repeatedUpTo || count > 2;
    this.repeatedUpTo = sequence + 1;
    return count <= sent && isInOrder;
  }

  /** The first event since the start of data transfer: older ones may be repeats, younger ones must all come. */
  private begin(sequence: number): void {
    this.faults.missing += Math.max(sequence - this.createdAtStart, 0);
    this.whileAway += Math.max(Math.min(sequence, this.createdAtStart) - this.next, 0);
  }
}
