const OBJECTS_PER_STATION = 0x1000000;

function objectKey(ca: number, ioa: number): number {
  return ca * OBJECTS_PER_STATION + ioa;
}

/** CA of an `objectKey`. */
function stationOf(key: number): number {
  return Math.floor(key / OBJECTS_PER_STATION);
}

interface Owned {
  readonly session: number;
  /** OA its master used. */
  readonly ownOa: number;
  until: number;
}

export interface OwnershipLimits {
  /** How long an object stays with its session when nothing is heard. */
  readonly holdMs: number;
  readonly perSession: number;
  /** Of all sessions together. */
  readonly total: number;
}

/** Which session has which object (CA and IOA) for a limited time. Bounded; times are monotonic. */
export class ObjectOwners {
  private readonly objects = new Map<number, Owned>();
  /** Keys of the objects of each session. */
  private readonly bySession = new Map<number, Set<number>>();

  constructor(private readonly limits: OwnershipLimits) {}

  get size(): number {
    return this.objects.size;
  }

  owner(ca: number, ioa: number, now: number): Owned | undefined {
    const owned = this.objects.get(objectKey(ca, ioa));
    return owned !== undefined && owned.until > now ? owned : undefined;
  }

  /** Gives the object to `session`, whoever had it, or lets it keep it. False when that has too many. */
  take(ca: number, ioa: number, session: number, now: number, ownOa = 0): boolean {
    const key = objectKey(ca, ioa);
    if (this.objects.get(key)?.session !== session && !this.hasRoom(session, now)) return false;
    this.remove(key);
    this.put(key, { session, ownOa, until: now + this.limits.holdMs });
    return true;
  }

  /** True when `session` could take one more object. */
  hasRoom(session: number, now: number): boolean {
    const { perSession, total } = this.limits;
    const keys = this.bySession.get(session);
    if (keys !== undefined && keys.size >= perSession) for (const key of keys) this.removeIfOver(key, now);
    if (this.objects.size >= total) this.expire(now);
    return (this.bySession.get(session)?.size ?? 0) < perSession && this.objects.size < total;
  }

  /** Gives all objects for which `which` holds to `session`, for what is left of their time and whatever it has. */
  give(session: number, which: (owner: number, ca: number, ioa: number) => boolean): void {
    for (const [key, { session: owner, ownOa, until }] of [...this.objects]) {
      if (!which(owner, stationOf(key), key % OBJECTS_PER_STATION)) continue;
      this.remove(key);
      this.put(key, { session, ownOa, until });
    }
  }

  /** Something was heard of the object. */
  touch(owned: Owned, now: number): void {
    owned.until = now + this.limits.holdMs;
  }

  release(ca: number, ioa: number, session: number): void {
    const key = objectKey(ca, ioa);
    if (this.objects.get(key)?.session === session) this.remove(key);
  }

  /** The only session that has objects of this station, by one of them. */
  onlyOneAt(ca: number, now: number): Owned | undefined {
    let found: Owned | undefined;
    for (const [key, owned] of this.objects) {
      if (stationOf(key) !== ca || owned.until <= now) continue;
      if (found !== undefined && found.session !== owned.session) return undefined;
      found = owned;
    }
    return found;
  }

  expire(now: number): void {
    for (const key of this.objects.keys()) this.removeIfOver(key, now);
  }

  forget(session: number): void {
    for (const key of this.bySession.get(session) ?? []) this.objects.delete(key);
    this.bySession.delete(session);
  }

  clear(): void {
    this.objects.clear();
    this.bySession.clear();
  }

  private put(key: number, owned: Owned): void {
    this.objects.set(key, owned);
    const keys = this.bySession.get(owned.session);
    if (keys === undefined) this.bySession.set(owned.session, new Set([key]));
    else keys.add(key);
  }

  private removeIfOver(key: number, now: number): void {
    if ((this.objects.get(key)?.until ?? Infinity) <= now) this.remove(key);
  }

  private remove(key: number): void {
    const owned = this.objects.get(key);
    if (owned === undefined) return;
    this.objects.delete(key);
    const keys = this.bySession.get(owned.session);
    keys?.delete(key);
    if (keys?.size === 0) this.bySession.delete(owned.session);
  }
}
