/** How long an OA rests after its session ended: a late answer must not reach the next one that gets it. */
export const OA_REST_MS = 60_000;
const LARGEST_OA = 255;

/**
 * The OAs 1..255 of one group: each session has its own towards the RTU. The one that has rested longest is given out
 * first, so that reuse is as late as possible. Times in milliseconds of any one clock.
 */
export class OriginatorAddresses {
  private readonly free: { readonly oa: number; readonly since: number }[] = [];
  private readonly holders = new Map<number, number>();

  constructor() {
    for (let oa = 1; oa <= LARGEST_OA; oa++) this.free.push({ oa, since: -Infinity });
  }

  /** An OA for `session`, or undefined when none has rested long enough. */
  allocate(session: number, now: number): number | undefined {
    const next = this.free[0];
    if (next === undefined || now - next.since < OA_REST_MS) return undefined;
    this.free.shift();
    this.holders.set(next.oa, session);
    return next.oa;
  }

  /** Takes a given OA, when a session is known from an earlier owner of the group. False when somebody else has it. */
  claim(oa: number, session: number): boolean {
    const index = this.free.findIndex((entry) => entry.oa === oa);
    if (index < 0) return this.holders.get(oa) === session;
    this.free.splice(index, 1);
    this.holders.set(oa, session);
    return true;
  }

  /** The session has ended. `used`: the RTU was asked something with this OA, and may still answer. */
  release(oa: number, now: number, used = true): void {
    if (!this.holders.delete(oa)) return;
    if (used) this.free.push({ oa, since: now });
    else this.free.unshift({ oa, since: -Infinity });
  }

  /** OAs whose rest is not over yet, and since when they rest. */
  resting(now: number): [oa: number, since: number][] {
    return this.free.filter(({ since }) => now - since < OA_REST_MS).map(({ oa, since }) => [oa, since]);
  }

  /** Puts an OA to rest that an earlier owner of the group had given out. */
  rest(oa: number, since: number): void {
    const index = this.free.findIndex((entry) => entry.oa === oa);
    if (index < 0) return;
    this.free.splice(index, 1);
    this.free.push({ oa, since });
  }

  /** Session that has `oa`. */
  holder(oa: number): number | undefined {
    return this.holders.get(oa);
  }
}
