/** The audience asked for the end (Ctrl-C). */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

/** Something of the story did not come about; the message says what. */
export class DemoFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DemoFailure';
  }
}

const LOOK_EVERY_MS = 20;
const DEFAULT_PATIENCE_MS = 20_000;

/** Waits, for conditions or for time, until interrupted or until the multiplexer has ended without being asked to. */
export class Patience {
  private interrupted = false;
  private failure: string | undefined;
  private wake: () => void = () => undefined;

  /** From now on every wait ends at once with `Interrupted`. */
  interrupt(): void {
    this.interrupted = true;
    this.wake();
  }

  /** From now on every wait ends at once with `DemoFailure`. */
  fail(reason: string): void {
    this.failure ??= reason;
    this.wake();
  }

  /** Allows waiting again after an interruption: for the end of the story. */
  resume(): void {
    this.interrupted = false;
  }

  async pause(ms: number): Promise<void> {
    const until = performance.now() + ms;
    do await this.tick(until - performance.now());
    while (performance.now() < until);
  }

  /** Resolves when the condition holds. @throws DemoFailure when it does not in time */
  async until(what: string, condition: () => boolean, patienceMs = DEFAULT_PATIENCE_MS): Promise<void> {
    const until = performance.now() + patienceMs;
    while (!condition()) {
      if (performance.now() > until) throw new DemoFailure(`waited ${patienceMs / 1000} s in vain: ${what}`);
      await this.tick(LOOK_EVERY_MS);
    }
  }

  private async tick(ms: number): Promise<void> {
    if (!this.interrupted && this.failure === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(ms, 0));
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (this.failure !== undefined) throw new DemoFailure(this.failure);
    if (this.interrupted) throw new Interrupted();
  }
}
