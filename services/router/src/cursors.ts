/** How far each named master has acknowledged the event log, and what was given up for those that are away. */
export class Cursors {
  /** Everything before its position was acknowledged by the master. */
  private readonly byName = new Map<string, number>();
  /** ASDUs given up for a master since it was last here. */
  private readonly givenUp = new Map<string, number>();

  /** `saved`: positions an earlier owner of the group left, none of them beyond `confirmed`. */
  constructor(names: readonly string[], saved: Readonly<Record<string, number>>, confirmed: number) {
    for (const name of names) this.byName.set(name, Math.min(saved[name] ?? confirmed, confirmed));
  }

  get positions(): Record<string, number> {
    return Object.fromEntries(this.byName);
  }

  /** The position of the one that is furthest behind; Infinity without named masters. */
  get oldest(): number {
    let oldest = Infinity;
    for (const position of this.byName.values()) if (position < oldest) oldest = position;
    return oldest;
  }

  position(name: string): number | undefined {
    return this.byName.get(name);
  }

  /** The master acknowledged everything before `position`. Nothing is kept for a nameless one. */
  advance(name: string | null, position: number): void {
    if (name !== null && position > (this.byName.get(name) ?? 0)) this.byName.set(name, position);
  }

  /** The master is back: how many ASDUs were given up for it meanwhile. */
  back(name: string | null): number {
    const count = (name === null ? undefined : this.givenUp.get(name)) ?? 0;
    if (name !== null) this.givenUp.delete(name);
    return count;
  }

  /** Gives up what lies before `limit`; tells for which masters, where they were, and whether it is their first loss. */
  giveUpBefore(limit: number): { name: string; position: number; count: number; first: boolean }[] {
    const losses = [];
    for (const [name, position] of this.byName) {
      if (position >= limit) continue;
      const count = limit - position;
      const before = this.givenUp.get(name) ?? 0;
      this.givenUp.set(name, before + count);
      this.byName.set(name, limit);
      losses.push({ name, position, count, first: before === 0 });
    }
    return losses;
  }
}
