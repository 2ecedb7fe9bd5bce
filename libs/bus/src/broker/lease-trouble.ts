import type { Clock } from '@iec104mm2ss/runtime';

/** How often it is reported that entries cannot be read or written. */
const REPORT_MS = 5_000;

/** Reports that the entries of leases cannot be read or written, not each time. */
export class LeaseTrouble {
  private reportedAt = -Infinity;

  constructor(
    private readonly world: { readonly clock: Pick<Clock, 'now'>; readonly trouble: (message: string) => void },
  ) {}

  report(what: string, error: unknown): void {
    const now = this.world.clock.now();
    if (now - this.reportedAt < REPORT_MS) return;
    this.reportedAt = now;
    this.world.trouble(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
