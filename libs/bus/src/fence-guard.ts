import type { Bus } from './bus.js';

/** Messages with a fence not known yet that wait for the lease to be read. */
const MAX_WAITING = 256;

interface Waiting {
  readonly subject: string;
  readonly fence: number;
  readonly handle: () => void;
}

/**
 * Which fence is in force, for those who obey the holder of a lease. Messages carry the fence of their sender; another one
 * than known counts only when the stored lease says so. Until it was read such messages wait, in order. A smaller one may be
 * right, too: a store that was lost or restored, and a clock that is behind, make fences that are smaller than earlier ones.
 * Not everybody knows that, and a connector refuses what comes with a smaller fence than it has answered: so the entry is
 * raised above what was in force, and its holder takes the lease again.
 */
export class FenceGuard {
  /** The fence that the lease entry has confirmed last; 0: none yet. */
  current = 0;
  private waiting: Waiting[] = [];
  private reading = false;
  /** A fence that the lease did not agree with, and how many of its messages were dropped since without asking again. */
  private refused = 0;
  private refusals = 0;

  /** @param onRaised called with another fence, before the messages of the new holder are handled */
  constructor(
    private readonly bus: Bus,
    private readonly leaseKey: string,
    private readonly onRaised: (fence: number) => void = () => undefined,
  ) {}

  /** Runs `handle` now or when the lease has been read, unless `fence` turns out not to be in force: that is counted. */
  run(subject: string, fence: number, handle: () => void): void {
    if (fence === 0) {
      this.bus.drops.add(subject, 'FENCE', 'fence 0, which nobody ever holds');
      return;
    }
    if (fence === this.current && this.waiting.length === 0) {
      handle();
      return;
    }
    // A router that was held up sends much before it learns that it lost the lease: one look will do for many.
    if (fence === this.refused && ++this.refusals % MAX_WAITING !== 0) {
      this.bus.drops.add(subject, 'FENCE', `fence ${fence}, in force is ${this.current}`);
      return;
    }
    if (this.waiting.length >= MAX_WAITING) {
      this.bus.drops.add(subject, 'FENCE', `${MAX_WAITING} messages wait for the lease ${this.leaseKey} to be read`);
      return;
    }
    this.waiting.push({ subject, fence, handle });
    if (!this.reading) void this.read();
  }

  private async read(): Promise<void> {
    this.reading = true;
    let fence = this.current;
    try {
      fence = (await this.bus.leaseEntry(this.leaseKey, this.claimed())).fence;
    } catch {
      // It cannot be read now: what waits is dropped, and said again by its sender.
    }
    const { waiting } = this;
    // An entry with a smaller fence may be an old one; not if its holder speaks.
    if (fence > this.current || waiting.some((each) => each.fence === fence)) {
      if (fence < this.current) this.bus.raiseFence(this.leaseKey, this.current);
      this.change(fence);
    }
    // What comes while these are handled waits behind them.
    for (let count = waiting.length; count > 0; count--) {
      this.handle(waiting[0] as Waiting);
      waiting.shift();
    }
    this.reading = false;
    if (waiting.length > 0) void this.read();
  }

  /** The fence of what waits, if it is one only. */
  private claimed(): number | undefined {
    const [first] = this.waiting;
    return this.waiting.every(({ fence }) => fence === first?.fence) ? first?.fence : undefined;
  }

  private change(fence: number): void {
    if (fence === this.current) return;
    this.current = fence;
    this.refused = 0;
    this.refusals = 0;
    try {
      this.onRaised(fence);
    } catch (error) {
      this.bus.drops.add(this.leaseKey, 'HANDLER', String(error));
    }
  }

  private handle({ subject, fence, handle }: Waiting): void {
    if (fence !== this.current) {
      if (fence < this.current) this.refused = fence;
      this.bus.drops.add(subject, 'FENCE', `fence ${fence}, in force is ${this.current}`);
      return;
    }
    try {
      handle();
    } catch (error) {
      this.bus.drops.add(subject, 'HANDLER', String(error));
    }
  }
}
