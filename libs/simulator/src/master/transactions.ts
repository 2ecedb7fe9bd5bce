import { AsduView, BROADCAST_CA, Cause, TypeId } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import { commandType } from '../points/point-kind.js';
import type { ReceivedAsdu } from './received-asdu.js';

/** How a request ended. A refusal is a value, not an error. */
export interface Outcome {
  /**
   * `positive`: confirmed (or the object read arrived); `negative`: P/N = 1, COT 44-47 included; `timeout`: no answer;
   * `closed`: the connection was not started, or broke before the answer.
   */
  readonly result: 'positive' | 'negative' | 'timeout' | 'closed';
  /** Which of the two steps of a select-before-operate command this is the outcome of. */
  readonly step: 'select' | 'execute';
  /** COT of the answer that decided; undefined when there was none. */
  readonly cause: number | undefined;
  /** True when ACT_TERM came. */
  readonly terminated: boolean;
  /** From sending to the deciding answer, and to the end of the transaction, in milliseconds. */
  readonly confirmedAfterMs: number | undefined;
  readonly durationMs: number;
  /** What came in answer: confirmations, and for interrogations and reads the objects. */
  readonly answers: readonly ReceivedAsdu[];
}

export interface Expectation {
  /** Wait for ACT_TERM after a positive confirmation. */
  readonly termination: boolean;
  readonly timeoutMs: number;
  readonly step: 'select' | 'execute';
}

/** Ended transactions remembered, so that a late answer is told from one that was never asked for. */
const REMEMBERED = 64;

const CONFIRMATIONS: ReadonlySet<number> = new Set([Cause.ACT_CON, Cause.DEACT_CON]);
const UNKNOWN: ReadonlySet<number> = new Set([
  Cause.UNKNOWN_TYPE,
  Cause.UNKNOWN_CAUSE,
  Cause.UNKNOWN_CA,
  Cause.UNKNOWN_IOA,
]);

interface Transaction {
  readonly request: AsduView;
  readonly expectation: Expectation;
  readonly sentAt: number;
  readonly answers: ReceivedAsdu[];
  readonly resolve: (outcome: Outcome) => void;
  timer: unknown;
  confirmation: number | undefined;
  confirmedAt: number | undefined;
}

/** The requests of one master that wait for answers, and which answer belongs to which. */
export class Transactions {
  private pending: Transaction[] = [];
  private readonly ended: Transaction[] = [];

  constructor(private readonly clock: Clock) {}

  get count(): number {
    return this.pending.length;
  }

  /** Registers a request just sent. Always resolves. */
  begin(request: Uint8Array, expectation: Expectation): Promise<Outcome> {
    return new Promise((resolve) => {
      const transaction: Transaction = {
        request: new AsduView(request),
        expectation,
        sentAt: this.clock.now(),
        answers: [],
        resolve,
        timer: undefined,
        confirmation: undefined,
        confirmedAt: undefined,
      };
      this.pending.push(transaction);
      const expire = (): void =>
        this.end(transaction, transaction.confirmation === undefined ? 'timeout' : 'positive', false);
      transaction.timer = this.clock.setTimer(expire, expectation.timeoutMs);
    });
  }

  /**
   * Takes whatever came in. For answers in control types it says whether somebody asked: `matched`, `late` (the
   * transaction is over) or `stray` (nobody did). Monitored data is `data`.
   */
  take(asdu: ReceivedAsdu): 'matched' | 'late' | 'stray' | 'data' {
    const { view } = asdu;
    if (view.typeId <= MAX_MONITOR_TYPE || view.typeId === TypeId.M_EI_NA_1) {
      if (this.pending.length > 0) this.takeData(asdu);
      return 'data';
    }
    const terminating = view.cot === Cause.ACT_TERM;
    const candidates = this.pending.filter((transaction) => answers(view, transaction.request));
    // Identical requests in flight cannot be told apart: the oldest that waits for this kind of answer gets it.
    const transaction =
      candidates.find(({ confirmation }) => (confirmation !== undefined) === terminating) ?? candidates[0];
    if (transaction === undefined) {
      return this.ended.some(({ request }) => answers(view, request)) ? 'late' : 'stray';
    }
    transaction.answers.push(asdu);
    if (terminating) {
      this.end(transaction, view.negative ? 'negative' : 'positive', true);
      return 'matched';
    }
    transaction.confirmation = view.cot;
    transaction.confirmedAt = asdu.receivedAt;
    const negative = view.negative || UNKNOWN.has(view.cot);
    if (negative || !transaction.expectation.termination) {
      this.end(transaction, negative ? 'negative' : 'positive', false);
    }
    return 'matched';
  }

  /** The connection broke: everything pending ends. */
  closeAll(): void {
    for (const transaction of [...this.pending]) this.end(transaction, 'closed', false);
    this.ended.length = 0;
  }

  private takeData(asdu: ReceivedAsdu): void {
    const { view } = asdu;
    for (const transaction of [...this.pending]) {
      const { request } = transaction;
      if (request.ca !== view.ca && request.ca !== BROADCAST_CA) continue;
      if (request.typeId === TypeId.C_RD_NA_1 && view.cot === Cause.REQ && view.ioa === request.ioa) {
        transaction.answers.push(asdu);
        transaction.confirmation = view.cot;
        transaction.confirmedAt = asdu.receivedAt;
        this.end(transaction, 'positive', false);
        return;
      }
      if (isAnswerOf(request, view.cot)) transaction.answers.push(asdu);
    }
  }

  private end(transaction: Transaction, result: Outcome['result'], terminated: boolean): void {
    this.pending = this.pending.filter((other) => other !== transaction);
    this.clock.clearTimer(transaction.timer);
    this.ended.push(transaction);
    if (this.ended.length > REMEMBERED) this.ended.shift();
    const { sentAt, confirmedAt, confirmation, answers, expectation } = transaction;
    transaction.resolve({
      result,
      step: expectation.step,
      cause: confirmation ?? (terminated ? Cause.ACT_TERM : undefined),
      terminated,
      confirmedAfterMs: confirmedAt === undefined ? undefined : confirmedAt - sentAt,
      durationMs: this.clock.now() - sentAt,
      answers,
    });
  }
}

/** Last TypeID of process information in monitor direction. */
const MAX_MONITOR_TYPE = 44;
/** Offset of an object's first element, behind the data unit identifier and the IOA. */
const ELEMENT_OFFSET = 9;

/** Whether `answer` is a confirmation, termination or COT 44-47 of `request`. */
function answers(answer: AsduView, request: AsduView): boolean {
  if (answer.typeId !== request.typeId || answer.ioa !== request.ioa) return false;
  if (answer.ca !== request.ca && request.ca !== BROADCAST_CA) return false;
  if (answer.oa !== request.oa && answer.oa !== 0) return false;
  const { cot } = answer;
  if (!CONFIRMATIONS.has(cot) && cot !== Cause.ACT_TERM && !UNKNOWN.has(cot)) return false;
  if ((cot === Cause.DEACT_CON) !== (request.cot === Cause.DEACT) && !UNKNOWN.has(cot)) return false;
  // A process command is mirrored to the bit; a clock synchronization may come back with the station's time.
  return commandType(answer.typeId) === undefined || sameObjects(answer.octets, request.octets);
}

function sameObjects(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = ELEMENT_OFFSET; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether data with this cause is what an interrogation asked for. */
function isAnswerOf(request: AsduView, cot: number): boolean {
  const qualifier = request.octets[ELEMENT_OFFSET] ?? 0;
  if (request.typeId === TypeId.C_IC_NA_1) return cot === qualifier;
  if (request.typeId !== TypeId.C_CI_NA_1) return false;
  const rqt = qualifier & 0x3f;
  return cot === (rqt === 5 ? Cause.REQCOGEN : Cause.REQCOGEN + rqt);
}
