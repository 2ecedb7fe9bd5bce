/** What is asked of a group: stores its state if that has changed. True when it is being written now. */
export interface Saved {
  saveChanged(): boolean;
}

/**
 * Has the states of all groups of a process saved in turn, a few at a time: events change each of them all the time, each is
 * written to disk before the next, and the events wait for the same disk.
 */
export class StateSaves {
  private next = 0;

  /** @param atATime so many are written at each tick, at most */
  constructor(private readonly atATime: number) {}

  tick(groups: readonly Saved[]): void {
    let saved = 0;
    let looked = 0;
    while (looked < groups.length && saved < this.atATime) {
      const group = groups[(this.next + looked++) % groups.length] as Saved;
      if (group.saveChanged()) saved++;
    }
    this.next = groups.length === 0 ? 0 : (this.next + looked) % groups.length;
  }
}
