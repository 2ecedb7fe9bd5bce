import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isOneFile } from '../program-files.js';
import { ERROR_PRIVILEGE_NOT_HELD, serviceManager } from '../windows/service-manager.js';

/** Moves this host's clock. */
export interface ClockSetter {
  /** Adds `offsetMs` to the clock, or rejects with ClockSetError. */
  adjust(offsetMs: number): Promise<void>;
}

/** The clock was not set; the message says why and what would be needed. */
export class ClockSetError extends Error {
  readonly code = 'ERR_CLOCK_SET';

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ClockSetError';
  }
}

/** What the system's clock is set with; replaced in tests. */
export interface ClockSystem {
  readonly platform: NodeJS.Platform;
  run(command: string, args: readonly string[]): Promise<void>;
  /** Text of /proc/self/status. */
  processStatus(): Promise<string>;
  /** Windows's own function, where the program has it; throws an Error with `errno`. */
  readonly adjustClock?: ((milliseconds: number) => void) | undefined;
}

/** How the message begins where the process may not set the clock; the console tells that from other reasons. */
export const NO_PRIVILEGE = 'no privilege to set the clock';

const COMMAND_LIMIT_MS = 10_000;
/** Bit of CAP_SYS_TIME in a Linux capability set. */
const CAP_SYS_TIME = 25n;

const SYSTEM: ClockSystem = {
  platform: process.platform,
  async run(command, args) {
    await promisify(execFile)(command, args, { timeout: COMMAND_LIMIT_MS, env: { ...process.env, LC_ALL: 'C' } });
  },
  processStatus: () => readFile('/proc/self/status', 'utf8'),
  ...(isOneFile && process.platform === 'win32' ? { adjustClock: (ms) => serviceManager().adjustClock(ms) } : {}),
};

/**
 * Sets the clock with the system's own command, by a difference and not to a time, so that the time the command needs
 * to start does not count: GNU `date` on Linux (root or CAP_SYS_TIME), `Set-Date -Adjust` on Windows (administrator), where
 * iec104mm2ss.exe does without a command.
 */
export class SystemClockSetter implements ClockSetter {
  constructor(private readonly system: ClockSystem = SYSTEM) {}

  async adjust(offsetMs: number): Promise<void> {
    const { platform } = this.system;
    if (platform === 'linux') return this.adjustLinux(offsetMs);
    if (platform === 'win32') return this.adjustWindows(offsetMs);
    throw new ClockSetError(`setting the clock is not supported on ${platform}; use the system's time service`);
  }

  private async adjustLinux(offsetMs: number): Promise<void> {
    if (!(await this.mayAdjustLinux())) {
      throw new ClockSetError(`${NO_PRIVILEGE}: needs root or the capability CAP_SYS_TIME`);
    }
    await this.run('date', ['-u', `--set=${signed(offsetMs / 1000)} seconds`]);
  }

  private async adjustWindows(offsetMs: number): Promise<void> {
    if (this.system.adjustClock !== undefined) return this.adjustItself(offsetMs, this.system.adjustClock);
    const ticks = Math.round(offsetMs * 10_000);
    const command = `Set-Date -Adjust ([TimeSpan]::FromTicks(${ticks})) -ErrorAction Stop`;
    return this.run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', command]);
  }

  private adjustItself(offsetMs: number, adjustClock: (milliseconds: number) => void): void {
    try {
      adjustClock(offsetMs);
    } catch (error) {
      const { errno, message } = error as NodeJS.ErrnoException;
      throw new ClockSetError(
        errno === ERROR_PRIVILEGE_NOT_HELD
          ? `${NO_PRIVILEGE}: needs an administrator, or a service of LocalSystem`
          : `Windows could not set the clock: ${message}`,
        error,
      );
    }
  }

  private async run(command: string, args: readonly string[]): Promise<void> {
    try {
      await this.system.run(command, args);
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string };
      throw new ClockSetError(`${command} could not set the clock: ${(stderr || message).trim()}`, error);
    }
  }

  private async mayAdjustLinux(): Promise<boolean> {
    const effective = /^CapEff:\s*([0-9a-f]+)$/im.exec(await this.system.processStatus())?.[1];
    return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_SYS_TIME) & 1n) === 1n;
  }
}

function signed(seconds: number): string {
  return `${seconds < 0 ? '-' : '+'}${Math.abs(seconds).toFixed(6)}`;
}
