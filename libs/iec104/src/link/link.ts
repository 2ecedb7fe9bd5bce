import {
  APCI_OCTETS,
  MIN_LENGTH,
  SEQUENCE_MASK,
  START_OCTET,
  UFunction,
  receiveSequence,
  sendSequence,
  uFunctionName,
} from '../apci/apci.js';
import { apduEnd, copyOctets } from '../apci/apdus.js';
import { MAX_ASDU_OCTETS, MIN_ASDU_OCTETS, asduLengthError } from '../apci/asdu-length.js';
import { type BreachCode, Iec104Error, type LinkBreach, linkBreach, OFFENDING_OCTETS } from '../errors.js';
import type { LinkFigures } from './durations.js';
import { RunTimes } from './run-times.js';
import { OutputRegion } from './slab.js';

/**
 * The link: one IEC 60870-5-104 connection seen from one end, either end (clause 5 and 9).
 *
 * It knows sequence numbers, the window k, the acknowledgement rule w, the timers t1..t3 and the start/stop state. It
 * does not know sockets, clocks or ASDUs: time comes in as `now` (milliseconds on any monotonic scale), octets to be
 * written are pulled with `poll()`, what happened is pulled with `nextEvent()`. No method calls back, so nothing
 * re-enters. t0 (connection establishment) belongs to whoever opens the connection.
 *
 * Driver's loop: call inputs, then `poll()` once and write what it returns, drain `nextEvent()`, and call
 * `onTimeout(now)` when `nextDeadline()` has passed.
 *
 * What the peer sends never throws: it ends in the state `closed` and a `failed` event. What its user does wrong (the
 * other role's request, parameters out of range, confirming what was never received) throws at once.
 */

/** The controlling station (master) opens and starts the connection; the controlled station (RTU) answers. */
export type LinkRole = 'controlling' | 'controlled';

export type LinkState = 'stopped' | 'starting' | 'started' | 'stopping' | 'closed';

/** Parameters of one link (clause 9.6). Times in milliseconds, 1..255 s; k and w 1..32767. */
export interface LinkParameters {
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly t3Ms: number;
  readonly k: number;
  readonly w: number;
}

export interface LinkOptions extends LinkParameters {
  readonly role: LinkRole;
  /**
   * True: received I-format APDUs are acknowledged only as far as `confirm()` said. False (default): at once, by w, t2
   * or the next I-format APDU sent.
   */
  readonly holdAcknowledgements?: boolean;
  /**
   * With held acknowledgements: raise a `hold-limit` event when an APDU has been waiting this long. Default: never.
   */
  readonly holdLimitMs?: number;
  /** Counts what this link measures; links may share it. Default: nothing is counted. */
  readonly figures?: LinkFigures;
  /** Default: the link is tested by t3 and `test()` only. */
  readonly probes?: ProbeOptions;
}

/**
 * TESTFR act that nothing depends on: it only measures. One that is not answered closes no link, and there is none after it
 * until it is, or t3 asks.
 */
export interface ProbeOptions {
  readonly everyMs: number;
  /** The first one so much later than the link began: links that begin together do not test together. */
  readonly firstMs: number;
  /**
   * True: also while nothing passes. False: only right behind an I- or S-format APDU of the peer, so that a link which is to be
   * quiet is, and neither t3 nor the peer's idle time is moved.
   */
  readonly idleToo: boolean;
}

export type LinkEvent =
  | { readonly type: 'state'; readonly from: LinkState; readonly to: LinkState; readonly reason: string }
  /** APDUs up to the running number `upTo` have waited for `confirm()` as long as `holdLimitMs` allows. */
  | { readonly type: 'hold-limit'; readonly upTo: number }
  /** The peer did something against the rules that the link lives with. Told once for each kind of it. */
  | { readonly type: 'irregular'; readonly error: LinkBreach }
  /** The peer broke a rule or was silent: the connection must be closed. Always the last event. */
  | { readonly type: 'failed'; readonly error: LinkBreach };

/** Defaults of clause 9.6 (and of the manual). */
export const DEFAULT_LINK_PARAMETERS: LinkParameters = { t1Ms: 15_000, t2Ms: 10_000, t3Ms: 20_000, k: 12, w: 8 };

/** What a controlled station had sent off when it confirmed STOPDT comes within this time, over slow paths, too. */
const TAIL_MS = 2_000;

/** From which state each state may be entered. */
const ALLOWED: Readonly<Record<LinkState, readonly LinkState[]>> = {
  stopped: ['starting', 'stopping', 'started'],
  starting: ['stopped', 'stopping'],
  started: ['starting', 'stopped'],
  stopping: ['started'],
  closed: ['stopped', 'starting', 'started', 'stopping'],
};

export class Link {
  readonly role: LinkRole;
  /** I-format APDUs sent on this link, as a running count (not modulo 2^15). */
  sent = 0;
  /** How many of `sent` the peer has acknowledged. */
  acknowledged = 0;
  /** U-format confirmations that were waited for. */
  answered = 0;
  /** I-format APDUs received on this link, as a running count. */
  received = 0;
  /** U-format APDUs that asked or confirmed nothing here and were ignored. */
  ignored = 0;
  /** Kinds of irregularities that were told. */
  private readonly told = new Set<string>();

  private readonly t1Ms: number;
  private readonly t2Ms: number;
  private readonly t3Ms: number;
  private readonly k: number;
  private readonly w: number;
  /** Unacknowledged received APDUs at which an S-format is due: w while started, else the first one. */
  private ackAfter = 1;
  private readonly hold: boolean;
  private readonly holdLimitMs: number;

  private current: LinkState = 'stopped';
  private readonly out = new OutputRegion();
  /** There is something in `out` beside TESTFR and S format. */
  private mixed = false;
  private readonly events: LinkEvent[] = [];

  /** Of `received`: how many may be acknowledged, and how many have been. */
  private confirmed = 0;
  private acked = 0;
  private ackDue = false;
  private holdReported = 0;

  /** Times of the unacknowledged APDUs, oldest first, in runs that share one time. */
  private readonly sentTimes = new RunTimes();
  private readonly receivedTimes = new RunTimes();

  /** Deadlines; Infinity = not armed. The I-format t1 and t2 follow from the run times above. */
  private t3At: number;
  private startAt = Infinity;
  private stopAt = Infinity;
  private testAt = Infinity;
  /** When the TESTFR act was sent that is not confirmed; with `testAt` its answer is due, without it is a probe. */
  private testSentAt = Infinity;
  private probeAt: number;
  private readonly probes: ProbeOptions | undefined;
  private readonly figures: LinkFigures | undefined;
  /** Until when data behind a STOPDT con is taken. */
  private tailUntil = -Infinity;
  /** Of `sent`: how many went before the TESTFR act under way, and before the last one confirmed. */
  private sentBeforeTest = 0;
  private tested = 0;

  /** @throws RangeError for k or w outside of 1..32767 and times that are not positive */
  constructor(options: LinkOptions, now: number) {
    for (const name of ['k', 'w'] as const) {
      const value = options[name];
      // More than 2^15 - 1 outstanding could not be told from none.
      if (!Number.isInteger(value) || value < 1 || value > SEQUENCE_MASK) throw outOfRange(name, value);
    }
    for (const name of ['t1Ms', 't2Ms', 't3Ms'] as const) {
      if (!(options[name] > 0)) throw outOfRange(name, options[name]);
    }
    this.role = options.role;
    this.t1Ms = options.t1Ms;
    this.t2Ms = options.t2Ms;
    this.t3Ms = options.t3Ms;
    this.k = options.k;
    this.w = options.w;
    this.hold = options.holdAcknowledgements ?? false;
    this.holdLimitMs = options.holdLimitMs ?? Infinity;
    this.t3At = now + options.t3Ms;
    this.figures = options.figures;
    this.probes = options.probes;
    this.probeAt = options.probes === undefined ? Infinity : now + options.probes.firstMs;
  }

  get state(): LinkState {
    return this.current;
  }

  /** I-format APDUs that may be sent now before the window k closes; 0 unless started. */
  get window(): number {
    return this.current === 'started' ? this.k - (this.sent - this.acknowledged) : 0;
  }

  /** I-format APDUs sent and not yet acknowledged by the peer. */
  get outstanding(): number {
    return this.sent - this.acknowledged;
  }

  /** How many of `sent` the peer has read for certain: acknowledged, or sent before a TESTFR act that it has confirmed. */
  get read(): number {
    return Math.max(this.acknowledged, this.tested);
  }

  /** Received I-format APDUs this end has not acknowledged yet. */
  get unacknowledged(): number {
    return this.received - this.acked;
  }

  // ---- inputs -------------------------------------------------------------------------------------------------------

  /** Controlling station: ask for data transfer. Only while stopped; in any other state nothing happens. */
  startDataTransfer(now: number): void {
    this.assertRole('controlling');
    if (this.current !== 'stopped') return;
    this.putU(UFunction.STARTDT_ACT);
    this.startAt = now + this.t1Ms;
    this.transition('starting', 'STARTDT act sent');
  }

  /**
   * Controlling station: end data transfer. What was received and is confirmed is acknowledged first. Only while started;
   * in any other state nothing happens: who changes his mind while starting asks again at the `state` event.
   */
  stopDataTransfer(now: number): void {
    this.assertRole('controlling');
    if (this.current !== 'started') return;
    if (this.confirmed > this.acked) this.putS();
    this.putU(UFunction.STOPDT_ACT);
    this.stopAt = now + this.t1Ms;
    this.transition('stopping', 'STOPDT act sent');
  }

  /**
   * Controlled station: another connection of the same master took over. Data transfer stops here without a word to the
   * peer, which may still acknowledge what it got and may start again.
   */
  deactivate(reason: string): void {
    this.assertRole('controlled');
    if (this.current === 'started') this.transition('stopped', reason);
  }

  /**
   * Tests the link now, without waiting for t3: once the peer confirms, `read` covers what was sent before. One test at a
   * time, as a second TESTFR act would re-arm the t1 of the first: while one is under way nothing happens. A probe that is under
   * way becomes the test: from now on its answer is due.
   */
  test(now: number): void {
    if (this.current === 'closed' || this.testAt !== Infinity) return;
    if (this.testSentAt === Infinity) this.putTest(now);
    this.testAt = now + this.t1Ms;
  }

  private putTest(now: number): void {
    this.putU(UFunction.TESTFR_ACT);
    this.sentBeforeTest = this.sent;
    this.testSentAt = now;
  }

  private probe(now: number): void {
    this.probeAt = now + (this.probes as ProbeOptions).everyMs;
    if (this.testSentAt === Infinity && this.current !== 'closed') this.putTest(now);
  }

  /**
   * Takes one whole APDU at `octets[at]`, as an `ApduFramer` returns them, and says what it was: its format, or
   * undefined when the link has failed. For 'I' the ASDU is `octets[at + 6 .. apduEnd(octets, at))`.
   *
   * Reserved bits of the control field are not looked at: established stacks ignore them too.
   */
  receive(octets: Uint8Array, at: number, now: number): 'I' | 'S' | 'U' | undefined {
    if (this.current === 'closed') return undefined;
    const format = this.take(octets, at, now);
    if (format !== undefined) return format;
    const failed = this.events.at(-1);
    if (failed?.type === 'failed') failed.error.octets = excerpt(octets, at);
    return undefined;
  }

  private take(octets: Uint8Array, at: number, now: number): 'I' | 'S' | 'U' | undefined {
    const length = octets[at + 1] as number;
    const control = octets[at + 2] as number;
    // Clause 5.2: what is received restarts t3. Sending does not: only an answer shows that the peer is alive.
    this.t3At = now + this.t3Ms;
    if (now >= this.probeAt && (control & 3) !== 3) this.probe(now);
    if ((control & 1) === 0) {
      if (length < MIN_LENGTH + MIN_ASDU_OCTETS) {
        return this.fail('APCI_LENGTH', `I-format APDU of length ${length} holds no ASDU`);
      }
      return this.receiveI(octets, at, now) ? 'I' : undefined;
    }
    if (length !== MIN_LENGTH) return this.fail('APCI_LENGTH', `S- or U-format APDU of length ${length}, must be 4`);
    if ((control & 3) === 1) {
      if (this.figures !== undefined) this.figures.received.s++;
      return this.acknowledge(receiveSequence(octets, at), now) ? 'S' : undefined;
    }
    if (this.figures !== undefined) this.figures.received.u++;
    return this.receiveU(octets, at, now) ? 'U' : undefined;
  }

  /**
   * Sends one ASDU (6..249 octets, copied) as an I-format APDU. False, and nothing is sent, when the window is closed or
   * data transfer is not started.
   *
   * @throws Iec104Error `ASDU_TOO_SHORT`, `ASDU_TOO_LONG`
   */
  send(asdu: Uint8Array, now: number): boolean {
    if (asdu.length < MIN_ASDU_OCTETS || asdu.length > MAX_ASDU_OCTETS) throw asduLengthError(asdu.length);
    if (this.window <= 0) return false;
    this.mixed = true;
    const { octets, at } = this.out.reserve(APCI_OCTETS + asdu.length);
    octets[at] = START_OCTET;
    octets[at + 1] = asdu.length + 4;
    octets.set(asdu, at + APCI_OCTETS);
    this.number(octets, at, this.confirmed & SEQUENCE_MASK);
    this.countSent(1, now);
    return true;
  }

  /**
   * Sends as many of the I-format APDUs in `octets[from..end)` as the window allows: they are copied in one piece and
   * only their control fields are written anew. Returns where the first one not sent begins (`end` when all were).
   *
   * The octets must hold whole I-format APDUs, as an `ApduFramer` and a `Link` have passed them: they are not checked.
   */
  sendApdus(octets: Uint8Array, from: number, end: number, now: number): number {
    const window = this.window;
    let count = 0;
    let to = from;
    while (count < window && to < end) {
      to = apduEnd(octets, to);
      count++;
    }
    if (count === 0) return from;
    this.mixed = true;
    const place = this.out.reserve(to - from);
    const target = place.octets;
    let at = place.at;
    const stop = at + (to - from);
    copyOctets(octets, from, to, target, at);
    const nr = this.confirmed & SEQUENCE_MASK;
    for (let ns = this.sent; at < stop; ns++) {
      target[at + 2] = (ns << 1) & 0xff;
      target[at + 3] = (ns >> 7) & 0xff;
      target[at + 4] = (nr << 1) & 0xff;
      target[at + 5] = nr >> 7;
      at = apduEnd(target, at);
    }
    this.countSent(count, now);
    return to;
  }

  /**
   * With held acknowledgements: the first `upTo` received I-format APDUs (running count) are safe. Never moves back.
   *
   * @throws RangeError when so many were never received
   */
  confirm(upTo: number, now: number): void {
    if (!(upTo <= this.received)) throw new RangeError(`confirm(${upTo}) of ${this.received} received`);
    if (upTo <= this.confirmed || this.current === 'closed') return;
    this.confirmed = upTo;
    // Once w are waiting, every step forward counts: the peer's window may be closed.
    if (this.received - this.acked >= this.ackAfter) this.ackDue = true;
    else if (this.t2At() <= now) this.ackDue = true;
    this.finishStopping();
  }

  /** Acts on every deadline that has passed. */
  onTimeout(now: number): void {
    if (this.current === 'closed') return;
    if (this.sentTimes.oldest() + this.t1Ms <= now) {
      this.fail('LINK_T1_I', `no acknowledgement of ${this.outstanding} I-format APDU(s) within t1`);
    } else if (this.startAt <= now) this.fail('LINK_T1_U', 'no STARTDT con within t1');
    else if (this.stopAt <= now) this.fail('LINK_T1_U', 'no STOPDT con within t1');
    else if (this.testAt <= now) this.fail('LINK_T1_U', 'no TESTFR con within t1');
    if (this.state === 'closed') return;
    if (this.t2At() <= now) this.ackDue = true;
    if (this.t3At <= now) {
      // A peer that has not answered a probe for so long may answer this.
      if (this.testAt === Infinity && this.testSentAt + this.t1Ms <= now) this.testSentAt = Infinity;
      this.test(now);
      this.t3At = Infinity;
    }
    if (this.probes?.idleToo === true && this.probeAt <= now) this.probe(now);
    if (this.holdAt() <= now) {
      const upTo = this.receivedTimes.countDue(now, this.holdLimitMs);
      this.holdReported = upTo;
      this.events.push({ type: 'hold-limit', upTo });
    }
  }

  /** When `onTimeout` has to be called next; Infinity when never. */
  nextDeadline(): number {
    if (this.current === 'closed') return Infinity;
    return Math.min(
      this.sentTimes.oldest() + this.t1Ms,
      this.startAt,
      this.stopAt,
      this.testAt,
      this.t3At,
      this.probes?.idleToo === true ? this.probeAt : Infinity,
      this.t2At(),
      this.holdAt(),
    );
  }

  // ---- effects ------------------------------------------------------------------------------------------------------

  /** Octets to write now, or undefined. They belong to the caller and are never changed afterwards. */
  poll(): Uint8Array | undefined {
    if (this.ackDue && this.current !== 'closed') {
      this.ackDue = false;
      if (this.confirmed > this.acked) this.putS();
    }
    this.mixed = false;
    return this.out.take();
  }

  /**
   * As `poll`, but only what keeps the link without asking for anything: TESTFR and acknowledgements (S format). Undefined
   * while there is something else that has to go first.
   */
  pollUpkeep(): Uint8Array | undefined {
    return this.mixed ? undefined : this.poll();
  }

  nextEvent(): LinkEvent | undefined {
    return this.events.length === 0 ? undefined : this.events.shift();
  }

  // ---- inside -------------------------------------------------------------------------------------------------------

  private receiveI(octets: Uint8Array, at: number, now: number): boolean {
    if (!this.isReceiving(now)) {
      this.fail('LINK_NOT_STARTED', `I-format APDU in state ${this.current}`);
      return false;
    }
    const ns = sendSequence(octets, at);
    if (ns !== (this.received & SEQUENCE_MASK)) {
      this.fail('LINK_SEQUENCE', `N(S) ${ns} instead of ${this.received & SEQUENCE_MASK}`);
      return false;
    }
    if (!this.acknowledge(receiveSequence(octets, at), now)) return false;
    if (this.current === 'starting') this.irregular('LINK_NOT_STARTED', 'data before STARTDT con', octets, at);
    else if (this.current === 'stopped') this.irregular('LINK_NOT_STARTED', 'data after STOPDT con', octets, at);
    this.received++;
    if (this.figures !== undefined) this.figures.received.i++;
    this.receivedTimes.add(this.received, now);
    if (!this.hold) this.confirmed = this.received;
    const waiting = this.received - this.acked;
    if (waiting >= this.ackAfter) {
      if (this.confirmed > this.acked) this.ackDue = true;
      else if (waiting > SEQUENCE_MASK) {
        // Beyond every legal k, and N(R) could no longer say which of them it means.
        this.fail(
          'LINK_SEQUENCE',
          `${waiting} I-format APDUs without an acknowledgement, k is at most ${SEQUENCE_MASK}`,
        );
        return false;
      }
    }
    return true;
  }

  /** Takes an N(R); everything before it is acknowledged. */
  private acknowledge(nr: number, now: number): boolean {
    const steps = (nr - this.acknowledged) & SEQUENCE_MASK;
    if (steps > this.sent - this.acknowledged) {
      this.fail(
        'LINK_ACKNOWLEDGE',
        `N(R) ${nr} is outside ${this.acknowledged & SEQUENCE_MASK}..${this.sent & SEQUENCE_MASK}`,
      );
      return false;
    }
    if (steps > 0) {
      const { acknowledged: before, figures } = this;
      this.acknowledged += steps;
      if (figures !== undefined) this.sentTimes.measure(before, this.acknowledged, now, figures.acknowledgements);
      this.sentTimes.drop(this.acknowledged);
      this.finishStopping();
    }
    return true;
  }

  /**
   * The controlled station may send until its STOPDT con, and once it has the STARTDT act: some do before their con, which
   * must still come within t1. What it had sent off when it confirmed STOPDT may come behind that, and may be in the same
   * segment: how octets are cut decides nothing (docs/decisions/out-of-turn.md).
   */
  private isReceiving(now: number): boolean {
    if (this.current === 'started') return true;
    if (this.role !== 'controlling') return false;
    return this.current === 'starting' || this.current === 'stopping' || now < this.tailUntil;
  }

  private receiveU(octets: Uint8Array, at: number, now: number): boolean {
    const fn = octets[at + 2] as number;
    switch (fn) {
      case UFunction.TESTFR_ACT:
        this.putU(UFunction.TESTFR_CON);
        return true;
      case UFunction.TESTFR_CON:
        this.testConfirmed(now);
        return true;
      case UFunction.STARTDT_ACT:
        if (this.role !== 'controlled') return this.failRole(fn);
        if (this.current === 'stopping') {
          // Its STOPDT act is still to be confirmed: answering both would leave the two ends in different states.
          this.ignored++;
          return true;
        }
        this.putU(UFunction.STARTDT_CON);
        if (this.current === 'stopped') this.transition('started', 'STARTDT act received');
        return true;
      case UFunction.STOPDT_ACT:
        if (this.role !== 'controlled') return this.failRole(fn);
        if (this.confirmed > this.acked) this.putS();
        if (this.current === 'started') this.transition('stopping', 'STOPDT act received');
        if (this.current === 'stopped') this.putU(UFunction.STOPDT_CON);
        this.finishStopping();
        return true;
      case UFunction.STARTDT_CON:
        if (this.role === 'controlling' && this.current === 'starting') {
          this.answered++;
          this.startAt = Infinity;
          this.transition('started', 'STARTDT con received');
        } else this.confirmedUnasked(octets, at, now);
        return true;
      case UFunction.STOPDT_CON:
        if (this.role === 'controlling' && this.current === 'stopping') {
          this.answered++;
          this.stopAt = Infinity;
          this.tailUntil = now + TAIL_MS;
          this.transition('stopped', 'STOPDT con received');
        } else this.confirmedUnasked(octets, at, now);
        return true;
      default:
        this.fail('APCI_CONTROL', `U-format control octet 0x${fn.toString(16).padStart(2, '0')} is none of the six`);
        return false;
    }
  }

  private testConfirmed(now: number): void {
    if (this.testSentAt === Infinity) this.ignored++;
    else {
      this.answered++;
      this.tested = this.sentBeforeTest;
      this.figures?.tests.add(now - this.testSentAt);
    }
    this.testSentAt = Infinity;
    this.testAt = Infinity;
  }

  /**
   * STARTDT con or STOPDT con that nobody asked for. A controlled station says by it what it will do from now on, so this end
   * follows: else it would take itself for started and hear nothing, or close the link at the first event. Of a controlling
   * station it says nothing.
   */
  private confirmedUnasked(octets: Uint8Array, at: number, now: number): void {
    const fn = octets[at + 2] as number;
    this.irregular('LINK_ROLE', `${uFunctionName(fn)} that was not asked for`, octets, at);
    if (this.role === 'controlling' && this.current === 'stopped' && fn === UFunction.STARTDT_CON) {
      this.transition('started', 'STARTDT con came unasked');
    } else if (this.role === 'controlling' && this.current === 'started' && fn === UFunction.STOPDT_CON) {
      this.tailUntil = now + TAIL_MS;
      this.transition('stopped', 'STOPDT con came unasked');
    } else this.ignored++;
  }

  private irregular(code: BreachCode, message: string, octets: Uint8Array, at: number): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    const error = linkBreach(code, `${message} in state ${this.current}`);
    error.octets = excerpt(octets, at);
    this.events.push({ type: 'irregular', error });
  }

  /**
   * Clause 5.3: the controlled station confirms STOPDT only after its own I-format APDUs are acknowledged, and after it
   * has acknowledged what it received, which may be held.
   */
  private finishStopping(): void {
    if (this.current !== 'stopping' || this.role !== 'controlled') return;
    if (this.outstanding > 0 || this.confirmed < this.received) return;
    if (this.confirmed > this.acked) this.putS();
    this.putU(UFunction.STOPDT_CON);
    this.transition('stopped', 'STOPDT con sent');
  }

  private t2At(): number {
    return this.confirmed > this.acked && !this.ackDue ? this.receivedTimes.oldest() + this.t2Ms : Infinity;
  }

  private holdAt(): number {
    if (this.holdLimitMs === Infinity || this.received === this.holdReported) return Infinity;
    return this.receivedTimes.timeAfter(Math.max(this.holdReported, this.confirmed)) + this.holdLimitMs;
  }

  private number(octets: Uint8Array, at: number, nr: number): void {
    octets[at + 2] = (this.sent << 1) & 0xff;
    octets[at + 3] = (this.sent >> 7) & 0xff;
    octets[at + 4] = (nr << 1) & 0xff;
    octets[at + 5] = nr >> 7;
  }

  private countSent(count: number, now: number): void {
    this.sent += count;
    if (this.figures !== undefined) this.figures.sent.i += count;
    this.sentTimes.add(this.sent, now);
    this.markAcked();
  }

  /** What went out carried N(R) = confirmed: no S-format is owed for it. */
  private markAcked(): void {
    if (this.confirmed === this.acked) return;
    this.acked = this.confirmed;
    this.ackDue = false;
    this.receivedTimes.drop(this.acked);
  }

  private putS(): void {
    if (this.figures !== undefined) this.figures.sent.s++;
    const { octets, at } = this.out.reserve(APCI_OCTETS);
    const nr = this.confirmed & SEQUENCE_MASK;
    octets[at] = START_OCTET;
    octets[at + 1] = MIN_LENGTH;
    octets[at + 2] = 1;
    octets[at + 3] = 0;
    octets[at + 4] = (nr << 1) & 0xff;
    octets[at + 5] = nr >> 7;
    this.markAcked();
  }

  private putU(fn: UFunction): void {
    if (this.figures !== undefined) this.figures.sent.u++;
    if (fn !== UFunction.TESTFR_ACT && fn !== UFunction.TESTFR_CON) this.mixed = true;
    const { octets, at } = this.out.reserve(APCI_OCTETS);
    octets[at] = START_OCTET;
    octets[at + 1] = MIN_LENGTH;
    octets[at + 2] = fn;
    octets[at + 3] = 0;
    octets[at + 4] = 0;
    octets[at + 5] = 0;
  }

  private transition(to: LinkState, reason: string): void {
    const from = this.current;
    if (!ALLOWED[to].includes(from)) throw new Error(`link state ${from} -> ${to} (${reason}) is not allowed`);
    this.current = to;
    // The peer's STOPDT con may wait for our acknowledgement: it goes out at once.
    this.ackAfter = to === 'started' || to === 'starting' ? this.w : 1;
    this.events.push({ type: 'state', from, to, reason });
  }

  private failRole(fn: number): false {
    this.fail('LINK_ROLE', `${uFunctionName(fn)} is not for the ${this.role} station`);
    return false;
  }

  private fail(code: BreachCode, message: string): undefined {
    const error = linkBreach(code, message);
    this.transition('closed', message);
    this.events.push({ type: 'failed', error });
    return undefined;
  }

  private assertRole(role: LinkRole): void {
    if (this.role !== role) throw new Iec104Error('LINK_ROLE', `only the ${role} station may do that`);
  }
}

/** The APDU at `at`, or as much of it as is worth keeping. */
function excerpt(octets: Uint8Array, at: number): Uint8Array {
  return octets.slice(at, Math.min(apduEnd(octets, at), at + OFFENDING_OCTETS));
}

function outOfRange(name: string, value: number): RangeError {
  return new RangeError(`link parameter ${name} is ${value}`);
}
