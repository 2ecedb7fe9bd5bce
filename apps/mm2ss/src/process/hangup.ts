import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** By its name on Windows, where SIGHUP says that it is being closed, and nothing else. */
const TERMINAL = process.platform === 'win32' ? String.raw`\\.\CONIN$` : '/dev/tty';
const STANDARD_INPUT = 0;
const STANDARD_OUTPUT = 1;

/**
 * The terminal that the process was started on, if any. One that is gone ends it, as whoever closes a terminal expects; else
 * SIGHUP means what it means to a service: to read its configuration again.
 */
export class StartTerminal {
  private readonly there: boolean;

  /** Call it when the process starts. The arguments are for tests. */
  constructor(
    isTerminal: (descriptor: number) => boolean = isatty,
    private readonly canBeOpened: () => boolean = terminalCanBeOpened,
    private readonly platform = process.platform,
  ) {
    this.there = platform === 'win32' ? canBeOpened() : isTerminal(STANDARD_INPUT) || isTerminal(STANDARD_OUTPUT);
  }

  /** It was there and is no longer. */
  get gone(): boolean {
    return this.there && (this.platform === 'win32' || !this.canBeOpened());
  }
}

function terminalCanBeOpened(): boolean {
  try {
    closeSync(openSync(TERMINAL, 'r'));
    return true;
  } catch {
    return false;
  }
}
