/** Label of masters without a name. */
export const UNNAMED = 'unnamed';

/**
 * What masters did not get, by master, as positions of the log: events, and among them what was for others, as who got that is
 * not known for so long. No event is missing in the count. Names come from the configuration.
 */
export class Losses {
  private readonly byMaster = new Map<string, number>();

  add(name: string | null, count: number): void {
    const master = name ?? UNNAMED;
    this.byMaster.set(master, (this.byMaster.get(master) ?? 0) + count);
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
}
