import type { Bus } from './bus.js';

/** Messages with a fence not known yet that wait for the lease to be read. */
const MAX_WAITING = 256;

interface Waiting {
  readonly fence: number;
  readonly run: () => void;
}

/**
 * Which fence is in force, for those who obey the holder of a lease. Messages carry the fence of their sender; one that is
 * larger than known counts only when the stored lease says so. Until it was read such messages wait, in order.
 */
export class FenceGuard {
  /** The largest fence that the lease entry has confirmed; 0: none yet. */
  current = 0;
  private waiting: Waiting[] = [];
  private reading = false;

  /** @param onRaised called before the messages of the new holder are handled */
  constructor(
    private readonly bus: Bus,
    private readonly leaseKey: string,
    private readonly onRaised: (fence: number) => void = () => undefined,
  ) {}

  /** Runs `handle` now or when the lease has been read, unless `fence` turns out not to be in force: that is counted. */
  run(subject: string, fence: number, handle: () => void): void {
    if (fence === this.current && this.waiting.length === 0) {
      handle();
      return;
    }
    if (fence < this.current) {
      this.bus.drops.add(subject, 'FENCE', `fence ${fence}, in force is ${this.current}`);
      return;
    }
    if (this.waiting.length >= MAX_WAITING) {
      this.bus.drops.add(subject, 'FENCE', `${MAX_WAITING} messages wait for the lease ${this.leaseKey} to be read`);
      return;
    }
    this.waiting.push({
      fence,
      run: () => {
        if (fence === this.current) handle();
        else this.bus.drops.add(subject, 'FENCE', `fence ${fence}, in force is ${this.current}`);
      },
    });
    if (!this.reading) void this.read();
  }

  private async read(): Promise<void> {
    this.reading = true;
    let fence = this.current;
    try {
      fence = (await this.bus.leaseEntry(this.leaseKey)).fence;
    } catch {
      // It cannot be read now: what waits is dropped, and said again by its sender.
    }
    this.reading = false;
    const waiting = this.waiting.splice(0);
    if (fence > this.current) {
      this.current = fence;
      this.onRaised(fence);
    }
    for (const { run } of waiting) run();
  }
}
