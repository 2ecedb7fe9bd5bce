/** Label of masters without a name: no name of the column `masters` has this character. */
export const UNNAMED = '*';

/**
 * What masters did not get, by master, as positions of the log: events, and among them what was for others, as who got that is
 * not known for so long. No event is missing in the count. Names come from the configuration.
 */
export class Losses {
  private readonly byMaster = new Map<string, number>();
  /** How often there was a gap in what a master gets. */
  private readonly times = new Map<string, number>();

  add(name: string | null, count: number): void {
    const master = name ?? UNNAMED;
    this.byMaster.set(master, (this.byMaster.get(master) ?? 0) + count);
    this.times.set(master, (this.times.get(master) ?? 0) + 1);
  }

  get total(): number {
    let total = 0;
    for (const count of this.byMaster.values()) total += count;
    return total;
  }

  /** Of masters with a name. */
  get named(): number {
    return this.total - (this.byMaster.get(UNNAMED) ?? 0);
  }

  all(): [master: string, count: number][] {
    return [...this.byMaster];
  }

  /** What those with these names and those without a name did not get, and who is not named any more; 0 where nothing. */
  counts(names: Iterable<string>): [master: string, count: number][] {
    return everyMaster(names, this.byMaster);
  }

  /** How often. */
  gaps(names: Iterable<string>): [master: string, count: number][] {
    return everyMaster(names, this.times);
  }
}

function everyMaster(names: Iterable<string>, counts: ReadonlyMap<string, number>): [master: string, count: number][] {
  const masters = new Set([...names, UNNAMED, ...counts.keys()]);
  return Array.from(masters, (master) => [master, counts.get(master) ?? 0]);
}
