/** What a named master will never get. */
export interface CursorLoss {
  readonly name: string;
  /** Where it was. */
  readonly position: number;
  readonly count: number;
  /** Its first loss since it was last here. */
  readonly first: boolean;
}

/**
 * For how long the position of a name that the file does not have is kept: another process may have read a newer file, and serve
 * the group again.
 */
export const UNKNOWN_KEPT_MS = 600_000;

/** How far each named master has acknowledged the event log, and what was given up for those that are away. */
export class Cursors {
  /** Everything before its position was acknowledged by the master. */
  private readonly byName = new Map<string, number>();
  /** ASDUs given up for a master since it was last here. */
  private readonly givenUp = new Map<string, number>();
  /** Names that the file does not have, and until when their positions are kept. They move for nobody. */
  private readonly unknown = new Map<string, number>();

  /** `saved`: positions an earlier owner of the group left, none of them beyond `confirmed`. */
  constructor(names: readonly string[], saved: Readonly<Record<string, number>>, confirmed: number, now: number) {
    for (const [name, position] of Object.entries(saved)) {
      this.byName.set(name, Math.min(position, confirmed));
      if (!names.includes(name)) this.unknown.set(name, now + UNKNOWN_KEPT_MS);
    }
    for (const name of names) if (!this.byName.has(name)) this.byName.set(name, confirmed);
  }

  /** The file names others now. `begin`: the position of a name that was not known before. */
  setNames(names: readonly string[], begin: (name: string) => number, now: number): void {
    for (const name of names) {
      this.unknown.delete(name);
      if (!this.byName.has(name)) this.byName.set(name, begin(name));
    }
    for (const name of this.byName.keys()) {
      if (!names.includes(name) && !this.unknown.has(name)) this.unknown.set(name, now + UNKNOWN_KEPT_MS);
    }
  }

  /** Forgets names that the file has not had for long. Call now and then. */
  tick(now: number): void {
    for (const [name, until] of this.unknown) {
      if (now < until) continue;
      this.unknown.delete(name);
      this.byName.delete(name);
      this.givenUp.delete(name);
    }
  }

  /** Names that the file does not have, whose positions are kept yet. */
  get unnamed(): string[] {
    return [...this.unknown.keys()];
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

  position(name: string | null): number | undefined {
    return name === null ? undefined : this.byName.get(name);
  }

  /** The master acknowledged everything before `position`. Nothing is kept for a nameless one. */
  advance(name: string | null, position: number): void {
    if (name !== null && position > (this.byName.get(name) ?? Infinity)) this.byName.set(name, position);
  }

  /** The master is back: how many ASDUs were given up for it meanwhile. */
  back(name: string | null): number {
    const count = (name === null ? undefined : this.givenUp.get(name)) ?? 0;
    if (name !== null) this.givenUp.delete(name);
    return count;
  }

  /** Gives up what lies before `limit`, for masters that are `here` what lies before `limitHere`; tells for which masters. */
  giveUpBefore(limit: number, limitHere: number, here: ReadonlySet<string>): CursorLoss[] {
    // Whether an unknown one has lost anything is told when somebody has its name again.
    const names = [...this.byName.keys()].filter((name) => !this.unknown.has(name));
    return names.flatMap((name) => this.giveUp(name, here.has(name) ? limitHere : limit) ?? []);
  }

  /** As `giveUpBefore`, for one master. */
  giveUp(name: string, limit: number): CursorLoss | undefined {
    const position = this.byName.get(name);
    if (position === undefined || position >= limit) return undefined;
    this.byName.set(name, limit);
    return this.lose(name, position, limit - position);
  }

  /**
   * The log goes on at `begins`: positions up to `end` are lost. What a master had not got of them it never gets.
   *
   * @param here masters that have a session: it knows what they got
   */
  cut(begins: number, end: number, here: ReadonlySet<string>): CursorLoss[] {
    const losses: CursorLoss[] = [];
    for (const [name, position] of this.byName) {
      const count = end - Math.max(position, begins);
      this.byName.set(name, Math.min(position, begins));
      if (count > 0 && !here.has(name) && !this.unknown.has(name)) losses.push(this.lose(name, position, count));
    }
    return losses;
  }

  private lose(name: string, position: number, count: number): CursorLoss {
    const before = this.givenUp.get(name) ?? 0;
    this.givenUp.set(name, before + count);
    return { name, position, count, first: before === 0 };
  }
}
