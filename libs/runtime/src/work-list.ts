/** Entries that a list keeps room for. */
const KEPT = 1024;

/**
 * What is to be done, in order: filled and worked off again and again. It keeps its room meanwhile, which an array that is
 * emptied gives back each time.
 */
export class WorkList<T extends object> {
  private items: (T | undefined)[] = [];
  private taken = 0;
  private added = 0;

  /** How many were added and not taken. */
  get length(): number {
    return this.added - this.taken;
  }

  add(item: T): void {
    this.items[this.added++] = item;
  }

  /** The next one, which it forgets; undefined when there is none left. */
  take(): T | undefined {
    if (this.taken < this.added) {
      const item = this.items[this.taken];
      this.items[this.taken++] = undefined;
      return item;
    }
    this.taken = 0;
    this.added = 0;
    if (this.items.length > KEPT) this.items = [];
    return undefined;
  }
}
