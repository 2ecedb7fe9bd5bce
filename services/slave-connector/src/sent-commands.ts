import { SENT_REMEMBERED_MS } from '@iec104mm2ss/wire';
import type { GivenCommand } from './rtu-commands.js';

/** As many as a report holds. */
export const MAX_SENT_REMEMBERED = 2_000;

export interface RememberedCommand {
  readonly command: GivenCommand;
  readonly sentAt: number;
  readonly epoch: number;
  /** Ordinal of the next ASDU from the RTU when it was sent: its answers have that one or later ones. */
  readonly ordinal: number;
  /** A router has said that it is settled. */
  settled?: true;
}

/** What the RTU was sent lately: it may still answer that, whoever routes it. The oldest give way. */
export class SentCommands {
  private remembered: RememberedCommand[] = [];

  add(entry: RememberedCommand): void {
    this.remembered.push(entry);
    if (this.remembered.length >= 2 * MAX_SENT_REMEMBERED) this.remembered.splice(0, MAX_SENT_REMEMBERED);
  }

  /** It turned out that this one never left. */
  remove(command: GivenCommand): void {
    this.remembered = this.remembered.filter((entry) => entry.command !== command);
  }

  /** A router says that these are settled, by session and number. */
  settle(commands: readonly (readonly [session: number, command: number])[]): void {
    const settled = new Set(commands.map(([session, command]) => keyOf(session, command)));
    for (const entry of this.remembered) {
      if (settled.has(keyOf(entry.command.session, entry.command.command))) entry.settled = true;
    }
  }

  /** Those that are remembered, oldest first. */
  at(now: number): readonly RememberedCommand[] {
    const oldest = now - SENT_REMEMBERED_MS;
    this.remembered = this.remembered.filter(({ sentAt }) => sentAt > oldest).slice(-MAX_SENT_REMEMBERED);
    return this.remembered;
  }
}

const keyOf = (session: number, command: number): string => `${session}.${command}`;
