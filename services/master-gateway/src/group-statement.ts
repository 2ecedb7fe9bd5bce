import { Beat } from '@iec104mm2ss/runtime';
import { encodeStatement, encodeStatementMessage, MAX_STATED_COMMANDS, STATEMENT_PERIOD_MS } from '@iec104mm2ss/wire';
import type { GroupSessions } from './group-sessions.js';

/** Statements that differences cause are at least this far apart. */
export const STATEMENT_GAP_MS = 100;
/**
 * Commands stated of all sessions together, so that a statement is no larger than a broker's messages may be (1 MB): what is
 * left out is stated when older ones are settled. Each session may state some.
 */
const MAX_COMMANDS_OF_ALL = 1_000;
const MIN_COMMANDS_OF_EACH = 2;

/** When the gateway states what it has of one group. */
export class StatementTimer {
  /** When the next one is due; Infinity while there is nothing to state. */
  dueAt = Infinity;
  private lastAt = -Infinity;
  private readonly beat: Beat;

  constructor(group: string) {
    this.beat = new Beat(STATEMENT_PERIOD_MS, group);
  }

  /** There is something to state. */
  want(now: number): void {
    this.dueAt = Math.min(this.dueAt, this.beat.after(now));
  }

  /** Something is different from what the router thinks. */
  wantSoon(now: number): void {
    this.dueAt = Math.min(this.dueAt, Math.max(now, this.lastAt + STATEMENT_GAP_MS));
  }

  /** @param more there will be something to state the next time */
  stated(now: number, more: boolean): void {
    this.lastAt = now;
    this.dueAt = more ? this.beat.after(now) : Infinity;
  }
}

/** The `.in` message that states all sessions of a group and those that ended a short while ago. */
export function statementOf(group: string, gateway: string, masters: GroupSessions, now: number): Buffer {
  const { sessions, closed } = masters;
  let withCommands = closed.withCommands;
  for (const { pending } of sessions.values()) if (pending.size > 0) withCommands++;
  const share = Math.floor(MAX_COMMANDS_OF_ALL / Math.max(1, withCommands));
  const limit = Math.min(MAX_STATED_COMMANDS, Math.max(MIN_COMMANDS_OF_EACH, share));
  const statement = {
    group,
    gateway,
    sessions: Array.from(sessions.values(), (session) => session.statement(limit)),
    closed: closed.statement(limit, now),
  };
  return encodeStatementMessage(encodeStatement(statement));
}
