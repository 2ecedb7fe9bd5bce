/**
 * How many handshakes of one process may be under way at once: each costs it some milliseconds of a core, and a flood of them
 * would take the time of those that are served. Others wait, within the time limit of their own.
 */
export class HandshakeRoom {
  private taken = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly limit: number) {}

  get underWay(): number {
    return this.taken;
  }

  get queued(): number {
    return this.waiting.size;
  }

  /**
   * Calls `begin` once there is room, perhaps at once.
   *
   * @returns gives the place back, or up; may be called more than once
   */
  enter(begin: () => void): () => void {
    let state: 'waits' | 'inside' | 'left' = 'waits';
    const goIn = (): void => {
      state = 'inside';
      this.taken++;
      begin();
    };
    if (this.taken < this.limit) goIn();
    else this.waiting.add(goIn);
    return () => {
      if (state === 'inside') {
        this.taken--;
        this.letIn();
      }
      state = 'left';
      this.waiting.delete(goIn);
    };
  }

  private letIn(): void {
    const [next] = this.waiting;
    if (next === undefined || this.taken >= this.limit) return;
    this.waiting.delete(next);
    next();
  }
}
