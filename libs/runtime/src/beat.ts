/**
 * The moments at which one of many says something again and again: its own within the period, by its name. Hundreds that were
 * started together would say it together, and everything else would wait meanwhile.
 */
export class Beat {
  private readonly phase: number;

  constructor(
    private readonly periodMs: number,
    name: string,
  ) {
    this.phase = hash(name) % periodMs;
  }

  /** The next moment after `now`, a period later at most. */
  after(now: number): number {
    const since = (now - this.phase) % this.periodMs;
    return now + this.periodMs - (since < 0 ? since + this.periodMs : since);
  }
}

/** FNV-1a: names that differ in one character lie far apart. */
function hash(name: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
