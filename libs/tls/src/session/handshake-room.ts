/**
 * How many handshakes of one process may be under way at once: each costs it some milliseconds of a core, and a flood of them
 * would take the time of those that are served. Others wait, within the time limit of their own.
 */
export class HandshakeRoom {
  private taken = 0;
  /** Places taken, by who has them. */
  private readonly takenBy = new Map<string, number>();
  private readonly waiting = new Map<() => void, string>();

  constructor(private readonly limit: number) {}

  get underWay(): number {
    return this.taken;
  }

  get queued(): number {
    return this.waiting.size;
  }

  /**
   * Calls `begin` once there is room, perhaps at once. One source gets a quarter of it at most.
   *
   * @param source who comes: an address
   * @returns gives the place back, or up; may be called more than once
   */
  enter(source: string, begin: () => void): () => void {
    let state: 'waits' | 'inside' | 'left' = 'waits';
    const goIn = (): void => {
      state = 'inside';
      this.take(source, 1);
      begin();
    };
    if (this.hasRoomFor(source)) goIn();
    else this.waiting.set(goIn, source);
    return () => {
      const wasInside = state === 'inside';
      state = 'left';
      this.waiting.delete(goIn);
      if (!wasInside) return;
      this.take(source, -1);
      this.letIn();
    };
  }

  private letIn(): void {
    for (const [goIn, source] of this.waiting) {
      if (this.taken >= this.limit) return;
      if (!this.hasRoomFor(source)) continue;
      this.waiting.delete(goIn);
      goIn();
    }
  }

  private hasRoomFor(source: string): boolean {
    return this.taken < this.limit && (this.takenBy.get(source) ?? 0) < Math.max(1, this.limit / 4);
  }

  private take(source: string, places: 1 | -1): void {
    this.taken += places;
    const own = (this.takenBy.get(source) ?? 0) + places;
    if (own > 0) this.takenBy.set(source, own);
    else this.takenBy.delete(source);
  }
}
