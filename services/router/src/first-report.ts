import type { Clock } from '@iec104mm2ss/runtime';
import {
  COMMAND_DEADLINE_MS,
  type CommandReport,
  type PendingCommandStatement,
  SENT_REMEMBERED_MS,
} from '@iec104mm2ss/wire';
import { ANSWER_TIMEOUT_MS, FULL_REPORT } from './command-transaction.js';
import { INTERROGATION_DEADLINE_MS, isInterrogation } from './rules.js';

/** What a statement says may be that much older than it says: a busy gateway, server and router take their time with it. */
const STATEMENT_DELAY_MS = 8_000;

/**
 * What the connector had sent when this owner of the group asked it first, and what that says of commands that gateways
 * state and that never came here.
 */
export class FirstReport {
  private report: { readonly at: number; readonly fence: number; readonly complete: boolean } | undefined;

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** The connector was asked. */
  get isKnown(): boolean {
    return this.report !== undefined;
  }

  /** It was asked so long ago that nothing of before can be doubted any more. */
  isOld(now: number): boolean {
    return this.report !== undefined && now - this.report.at >= 2 * SENT_REMEMBERED_MS;
  }

  take({ fence, sent }: CommandReport): void {
    this.report = { at: this.clock.now(), fence, complete: sent.length < FULL_REPORT };
  }

  /** The connector has not been asked yet, but may be before it is too late: the command is stated again. */
  isYoung(asdu: Uint8Array, ageMs: number): boolean {
    return this.report === undefined && ageMs < longestMs(asdu) + ANSWER_TIMEOUT_MS;
  }

  /** Whether an earlier owner may have had it sent; undefined: not known yet. */
  mayHaveBeenSent({ ageMs, connectorFence }: PendingCommandStatement): boolean | undefined {
    if (this.report === undefined) return undefined;
    // Since the report only what came here was sent.
    if (this.cameSince({ ageMs })) return false;
    // The report lists all that this connector sent within a certain time.
    const { at, fence, complete } = this.report;
    const listedMs = SENT_REMEMBERED_MS + this.clock.now() - at;
    return !complete || connectorFence !== fence || ageMs + STATEMENT_DELAY_MS > listedMs;
  }

  /** The command came after the connector was asked: no earlier owner can have had it sent. */
  cameSince({ ageMs }: Pick<PendingCommandStatement, 'ageMs'>): boolean {
    const at = this.report?.at ?? Infinity;
    return ageMs + STATEMENT_DELAY_MS < this.clock.now() - at;
  }
}

/** Deadlines of interrogations are long. */
function longestMs(asdu: Uint8Array): number {
  return isInterrogation(asdu[0] as number) ? INTERROGATION_DEADLINE_MS : COMMAND_DEADLINE_MS;
}
