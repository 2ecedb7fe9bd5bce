import { MAX_SETTLED } from '@iec104mm2ss/wire';
import { FULL_REPORT } from './command-transaction.js';

/** How often each is said: a message may get lost. */
const TIMES = 3;

interface Note {
  readonly command: [session: number, command: number];
  left: number;
}

/**
 * Commands whose records are stored, for the connector. It lists what it sent to the next owner of the group, who otherwise
 * could not tell those of a gateway that is gone, too, from ones that nobody has answered. As many as it lists; the oldest give way.
 */
export class SettledNotes {
  private notes: Note[] = [];

  add(session: number, command: number): void {
    this.notes.push({ command: [session, command], left: TIMES });
    if (this.notes.length > FULL_REPORT) this.notes.shift();
  }

  /** What is to be said now, as session and number of each. */
  take(): [session: number, command: number][] {
    const said = this.notes.splice(0, MAX_SETTLED);
    for (const note of said) note.left--;
    this.notes.push(...said.filter(({ left }) => left > 0));
    return said.map(({ command }) => command);
  }
}
