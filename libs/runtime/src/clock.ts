/**
 * Time of one process, injected everywhere: tests and the simulated world have clocks of their own. `now` is the only
 * time that decides anything; `wallMs` is for people, for time tags and for numbers that must grow over restarts.
 */
export interface Clock {
  /** Monotonic milliseconds; steps of the wall clock do not move it. Means nothing in another process. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC; may step either way at any time. */
  wallMs(): number;
  /** Calls `callback` once, `delayMs` from now at the earliest. It does not keep the process alive by itself when `background` is true. */
  setTimer(callback: () => void, delayMs: number, background?: boolean): unknown;
  clearTimer(timer: unknown): void;
  /** Calls `callback` at the end of this turn, before any I/O or timer. */
  endOfTurn(callback: () => void): void;
  /** Calls `callback` after the sockets that are ready have been served. */
  soon(callback: () => void): void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer: (callback, delayMs, background = false) => {
    const timer = setTimeout(callback, delayMs);
    return background ? timer.unref() : timer;
  },
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
  endOfTurn: (callback) => process.nextTick(callback),
  soon: (callback) => void setImmediate(callback),
};

/** Resolves after `ms`. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(resolve, ms));
}

/** Something that goes on until it is stopped. */
export interface Stoppable {
  stop(): void;
}

/** Calls `callback` every `periodMs`; the next one is set when the last has returned, so they never pile up. */
export function every(clock: Clock, periodMs: number, callback: () => void): Stoppable {
  let stopped = false;
  let timer: unknown;
  const arm = (): void => {
    timer = clock.setTimer(fire, periodMs);
  };
  const fire = (): void => {
    try {
      callback();
    } finally {
      if (!stopped) arm();
    }
  };
  arm();
  return {
    stop: () => {
      stopped = true;
      clock.clearTimer(timer);
    },
  };
}
