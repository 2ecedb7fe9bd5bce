/** How long a select protects its object when nothing ends it. RTUs use 10 to 60 s. */
export const SELECT_TIMEOUT_MS = 30_000;

/**
 * Who has selected which object (CA and IOA). A select belongs to the session that made it until execute, deselect,
 * time-out or disconnect. Times in ms since 1970-01-01 UTC.
 */
export class Selections {
  private readonly held = new Map<number, { readonly session: number; readonly until: number }>();

  /** Session that holds the object, undefined when nobody does. */
  holder(ca: number, ioa: number, now: number): number | undefined {
    const selection = this.held.get(key(ca, ioa));
    return selection !== undefined && selection.until > now ? selection.session : undefined;
  }

  hold(ca: number, ioa: number, session: number, now: number): void {
    this.held.set(key(ca, ioa), { session, until: now + SELECT_TIMEOUT_MS });
  }

  release(ca: number, ioa: number, session: number): void {
    if (this.held.get(key(ca, ioa))?.session === session) this.held.delete(key(ca, ioa));
  }

  forget(session: number): void {
    for (const [object, selection] of this.held) if (selection.session === session) this.held.delete(object);
  }

  clear(): void {
    this.held.clear();
  }
}

function key(ca: number, ioa: number): number {
  return ca * 0x1000000 + ioa;
}
