import type { LeaseEntry } from '@iec104mm2ss/wire';
import type { Lease, LeaseOptions } from '../bus.js';

/** Leases within one process: the first to come has it, the others wait in order. */
export class MemoryLeases {
  private readonly queues = new Map<string, MemoryLease[]>();
  private readonly fences = new Map<string, number>();

  /** @param dispatch runs a call later, outside of any handler (see the bus contract) */
  constructor(
    private readonly instance: string,
    private readonly dispatch: (tell: () => void) => void,
  ) {}

  add(options: LeaseOptions): Lease {
    const queue = this.queues.get(options.key) ?? [];
    this.queues.set(options.key, queue);
    const lease = new MemoryLease(options, () => this.leave(lease));
    queue.push(lease);
    if (queue.length === 1) this.grant(options.key);
    return lease;
  }

  entry(key: string): LeaseEntry {
    const held = this.queues.get(key)?.[0] !== undefined;
    return { holder: held ? this.instance : null, fence: this.fences.get(key) ?? 0 };
  }

  private leave(lease: MemoryLease): void {
    const queue = this.queues.get(lease.key) ?? [];
    const index = queue.indexOf(lease);
    if (index >= 0) queue.splice(index, 1);
    if (queue.length === 0) this.queues.delete(lease.key);
    else if (index === 0) this.grant(lease.key);
  }

  private grant(key: string): void {
    const lease = this.queues.get(key)?.[0];
    if (lease === undefined) return;
    const fence = (this.fences.get(key) ?? 0) + 1;
    this.fences.set(key, fence);
    this.dispatch(() => lease.grant(fence));
  }
}

class MemoryLease implements Lease {
  fence = 0;
  private released = false;

  constructor(
    private readonly options: LeaseOptions,
    private readonly leave: () => void,
  ) {}

  get key(): string {
    return this.options.key;
  }

  /** Nobody outside of this process can take it. */
  get certain(): boolean {
    return this.fence > 0;
  }

  get heldUp(): boolean {
    return false;
  }

  onCertain(): void {
    // It is never in doubt.
  }

  grant(fence: number): void {
    // Given back before it was told that it has it.
    if (this.released) return;
    this.fence = fence;
    this.options.onAcquired(fence);
  }

  release(): Promise<void> {
    const held = this.fence > 0;
    this.released = true;
    this.fence = 0;
    if (held) this.options.onLost('released');
    this.leave();
    return Promise.resolve();
  }
}
