import type { Subscription } from '@iec104mm2ss/bus';
import { type ClosedSessionStatement, SENT_REMEMBERED_MS } from '@iec104mm2ss/wire';
import type { PendingCommands } from './pending-commands.js';

/**
 * Sessions of one group that are remembered. When more end within SENT_REMEMBERED_MS the oldest are forgotten: a router
 * that takes over then still rests their OAs, as it rests those of all sessions that it does not know, but it cannot say
 * why they ended, nor write the audit records that their commands may lack.
 */
export const MAX_CLOSED = 512;

export interface ClosedSession {
  readonly facts: Omit<ClosedSessionStatement, 'agoMs' | 'commands'>;
  readonly commands: PendingCommands;
}

interface Remembered extends ClosedSession {
  readonly closedAt: number;
  /** To what the router says of its commands, while there are any. */
  subscription: Subscription | undefined;
}

/** The sessions of one group that ended a short while ago, oldest first: they are stated, so that none is left behind. */
export class ClosedSessions {
  private readonly sessions: Remembered[] = [];

  get size(): number {
    return this.sessions.length;
  }

  /** How many have commands that are not settled. */
  get withCommands(): number {
    let count = 0;
    for (const { commands } of this.sessions) if (commands.size > 0) count++;
    return count;
  }

  /** @param subscription to what the router says of its commands; ended here */
  add(session: ClosedSession, subscription: Subscription, now: number): void {
    this.sessions.push({ ...session, closedAt: now, subscription });
    if (this.sessions.length > MAX_CLOSED) this.forget(1);
    this.expire(now);
  }

  /** Forgets those that ended long enough ago. */
  expire(now: number): void {
    let count = 0;
    while (count < this.sessions.length && (this.sessions[count]?.closedAt ?? now) + SENT_REMEMBERED_MS <= now) count++;
    if (count > 0) this.forget(count);
    for (const session of this.sessions) if (session.commands.size === 0) unsubscribe(session);
  }

  clear(): void {
    this.forget(this.sessions.length);
  }

  /** @param commandLimit commands stated of each, at most */
  statement(commandLimit: number, now: number): ClosedSessionStatement[] {
    return this.sessions.map(({ facts, commands, closedAt }) => ({
      ...facts,
      agoMs: now - closedAt,
      commands: commands.statement(commandLimit, now),
    }));
  }

  private forget(count: number): void {
    for (const session of this.sessions.splice(0, count)) unsubscribe(session);
  }
}

function unsubscribe(session: Remembered): void {
  session.subscription?.unsubscribe();
  session.subscription = undefined;
}
