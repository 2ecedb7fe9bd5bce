import { type Clock, Timers } from '@iec104mm2ss/runtime';
import type { LeaseStore } from './lease-store.js';

/** Pause before a fence that could not be raised is raised again. */
const AGAIN_MS = 500;

/** Raises the fences of leases that were set back, each until its entry says so. */
export class LeaseRaises {
  /** By key: what they have to be larger than. */
  private readonly wanted = new Map<string, number>();
  private readonly timers: Timers;
  private stopped = false;

  constructor(
    clock: Clock,
    private readonly store: Pick<LeaseStore, 'raise'>,
  ) {
    this.timers = new Timers(clock);
  }

  raise(key: string, above: number): void {
    if (this.stopped) return;
    const known = this.wanted.get(key);
    this.wanted.set(key, Math.max(known ?? 0, above));
    if (known === undefined) void this.run(key);
  }

  stop(): void {
    this.stopped = true;
    this.wanted.clear();
    this.timers.stop();
  }

  private async run(key: string): Promise<void> {
    for (;;) {
      const above = this.wanted.get(key);
      if (above === undefined) return;
      try {
        await this.store.raise(key, above);
        if (this.wanted.get(key) === above) this.wanted.delete(key);
      } catch {
        // Somebody else was faster, or the store is away.
        await this.timers.pause(AGAIN_MS);
      }
    }
  }
}
