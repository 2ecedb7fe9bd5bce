import { type RouterState, SENT_REMEMBERED_MS } from '@iec104mm2ss/wire';

const LARGEST_OA = 255;
/** Rests are saved in whole steps, rounded down: the state is not written anew all the time, and no rest gets shorter. */
const SAVED_STEP_MS = 5_000;

type SavedAddress = RouterState['addresses'][number];

interface Free {
  readonly oa: number;
  /** Since when nobody has it; -Infinity: the RTU was never asked anything with it. */
  readonly since: number;
}

interface Held {
  readonly session: number;
  /** What `Free.since` was when it was given. */
  readonly since: number;
}

/**
 * The OAs 1..255 of one group: each session has its own towards the RTU. One that was used rests for SENT_REMEMBERED_MS
 * after its session ended, if that is possible: the RTU may still answer with it. Times are monotonic.
 */
export class OriginatorAddresses {
  /** By `since`: those never used come first, then what rested longest. */
  private readonly free: Free[] = [];
  private readonly held = new Map<number, Held>();

  constructor() {
    for (let oa = 1; oa <= LARGEST_OA; oa++) this.free.push({ oa, since: -Infinity });
  }

  /**
   * An OA for `session`: one never used, else the one that has rested longest. While all of them still rest, it is the
   * first that is not `answerable`, and if all are, the one that has rested longest: the OA alone says of no answer whose it
   * is, and rather an OA that rested for a shorter time than a group that admits nobody. Undefined when all are in use.
   */
  allocate(session: number, now: number, answerable: (oa: number) => boolean = () => true): number | undefined {
    if (this.free.length === 0) return undefined;
    const best = this.free.findIndex(({ oa, since }) => now - since >= SENT_REMEMBERED_MS || !answerable(oa));
    const [{ oa, since }] = this.free.splice(Math.max(best, 0), 1) as [Free];
    this.held.set(oa, { session, since });
    return oa;
  }

  /** Takes a given OA, for a session known from an earlier owner of the group. False when somebody else has it. */
  claim(oa: number, session: number): boolean {
    const index = this.free.findIndex((entry) => entry.oa === oa);
    if (index < 0) return this.holder(oa) === session;
    const [{ since }] = this.free.splice(index, 1) as [Free];
    this.held.set(oa, { session, since });
    return true;
  }

  /** The session has ended. `used`: the RTU was asked something with this OA, and may still answer. */
  release(oa: number, now: number, used = true): void {
    const held = this.held.get(oa);
    if (held === undefined) return;
    this.held.delete(oa);
    this.insert({ oa, since: used ? now : held.since });
  }

  /** Nobody has this OA, and the RTU was asked something with it at `since` at the latest. One in use stays in use. */
  rest(oa: number, since: number): void {
    const index = this.free.findIndex((entry) => entry.oa === oa);
    if (index < 0 || (this.free[index] as Free).since >= since) return;
    this.free.splice(index, 1);
    this.insert({ oa, since });
  }

  /** Session that has `oa`. */
  holder(oa: number): number | undefined {
    return this.held.get(oa)?.session;
  }

  /** OAs in use, and by which session. */
  inUse(): [oa: number, session: number][] {
    return [...this.held].map(([oa, { session }]) => [oa, session]);
  }

  /** What the next owner has to know: OAs in use and resting. It says nothing that depends on a wall clock. */
  saved(now: number): SavedAddress[] {
    const resting = this.free
      .filter(({ since }) => now - since < SENT_REMEMBERED_MS)
      .map(({ oa, since }) => ({ oa, session: 0, restedMs: step(now - since) }));
    const inUse = this.inUse().map(([oa, session]) => ({ oa, session, restedMs: 0 }));
    return [...resting, ...inUse];
  }

  /**
   * Takes over what an earlier owner saved, into a new object. Rests go on where they were when it was saved: how long
   * ago that is only wall clocks could tell. OAs in use stay with their sessions until these are released.
   */
  load(saved: readonly SavedAddress[], now: number): void {
    for (const { oa, session, restedMs } of saved) {
      if (session === 0) this.rest(oa, now - Math.min(Math.max(restedMs, 0), SENT_REMEMBERED_MS));
      else this.claim(oa, session);
    }
  }

  private insert(entry: Free): void {
    const index = this.free.findIndex(({ since }) => since > entry.since);
    this.free.splice(index < 0 ? this.free.length : index, 0, entry);
  }
}

function step(ms: number): number {
  return Math.max(0, Math.floor(ms / SAVED_STEP_MS) * SAVED_STEP_MS);
}
