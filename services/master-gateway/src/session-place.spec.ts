import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IGNORED, MISSED, SessionPlace } from './session-place.js';

const G = 100;

function begun(from = 10, generation = G): SessionPlace {
  const place = new SessionPlace();
  place.started(1);
  place.begin(1, generation, from);
  return place;
}

const of = ({ generation, expected, starting, live }: SessionPlace): unknown[] => [
  generation,
  expected,
  starting,
  live,
];

describe('a session that starts', () => {
  it('passes over everything until the router answers its STARTED, with its number', () => {
    const place = new SessionPlace();
    place.started(5);
    expect(place.data(G, 0, 0, 3)).toBe(IGNORED);
    expect(place.data(G + 1, 50, 50, 3)).toBe(IGNORED);
    expect(place.join(G, 0, 0)).toBe(IGNORED);
    expect(place.mark(G, 0, 9)).toBe(IGNORED);
    place.begin(0, G, 3);
    place.begin(4, G, 3);
    expect(of(place)).toEqual([0, 0, 5, false]);
    place.begin(5, G, 3);
    expect(of(place)).toEqual([G, 3, 0, false]);
    expect(place.data(G, 3, 3, 2)).toBe(0);
  });

  it('begins where the router says, wherever it was before', () => {
    const place = begun(50);
    place.data(G, 50, 50, 10);
    place.stopped(false);
    place.started(7);
    expect(of(place)).toEqual([0, 0, 7, false]);
    place.begin(7, G, 20);
    expect(of(place)).toEqual([G, 20, 0, false]);
  });
});

describe('a session whose data transfer ended', () => {
  it('remembers how far everything was sent, also while it catches up once more', () => {
    const place = begun(50);
    place.data(G, 50, 50, 10);
    place.stopped(false);
    place.started(7);
    expect(place.had).toEqual({ generation: G, position: 60 });
    place.begin(7, G, 20);
    place.data(G, 20, 20, 10);
    place.stopped(false);
    expect(place.had).toEqual({ generation: G, position: 60 });
  });

  it('does not count what it could not send any more', () => {
    const place = begun(50);
    place.data(G, 50, 50, 10);
    place.stopped(true);
    expect(place.had).toBeUndefined();
  });
});

describe('data of the session’s generation', () => {
  it('is taken once: what it has is skipped, whole messages and parts of them', () => {
    const place = begun(10);
    expect(place.data(G, 10, 10, 5)).toBe(0);
    expect(place.data(G, 10, 10, 5)).toBe(IGNORED);
    expect(place.data(G, 8, 8, 4)).toBe(IGNORED);
    expect(place.data(G, 12, 12, 6)).toBe(3);
    expect(place.expected).toBe(18);
  });

  it('accounts for what lies between `from` and its first position', () => {
    const place = begun(10);
    expect(place.data(G, 10, 14, 1)).toBe(0);
    expect(place.data(G, 15, 15, 1)).toBe(0);
    expect(place.expected).toBe(16);
  });

  it('shows a gap, and moves nothing then', () => {
    const place = begun(10);
    expect(place.data(G, 11, 11, 1)).toBe(MISSED);
    expect(place.join(G, 12, 12)).toBe(MISSED);
    expect(place.mark(G, 13, 20)).toBe(MISSED);
    expect(of(place)).toEqual([G, 10, 0, false]);
  });

  it('that the router was asked for is passed over until it answers', () => {
    const place = begun(10);
    place.join(G, 10, 10);
    place.resync(4);
    expect(of(place)).toEqual([G, 10, 4, false]);
    expect(place.data(G, 10, 10, 1)).toBe(IGNORED);
    place.begin(4, G, 10);
    expect(place.data(G, 10, 10, 1)).toBe(0);
  });
});

describe('JOIN and MARK', () => {
  it('account for positions that were for nobody, or for others', () => {
    const place = begun(10);
    expect(place.mark(G, 9, 15)).toBe(0);
    expect(place.expected).toBe(15);
    expect(place.join(G, 12, 20)).toBe(0);
    expect(of(place)).toEqual([G, 20, 0, true]);
  });

  it('never take a session back', () => {
    const place = begun(10);
    place.data(G, 10, 10, 10);
    expect(place.join(G, 12, 15)).toBe(0);
    expect(place.mark(G, 12, 15)).toBe(0);
    expect(of(place)).toEqual([G, 20, 0, true]);
  });
});

describe('another generation of the log', () => {
  it('that is later shows that its BEGIN was lost; that is earlier is passed over', () => {
    const place = begun(10);
    expect(place.data(G + 1, 10, 10, 1)).toBe(MISSED);
    expect(place.join(G + 1, 10, 10)).toBe(MISSED);
    expect(place.mark(G + 1, 5, 6)).toBe(MISSED);
    expect(place.data(G - 1, 10, 10, 1)).toBe(IGNORED);
    expect(place.join(G - 1, 10, 10)).toBe(IGNORED);
    expect(of(place)).toEqual([G, 10, 0, false]);
  });

  it('that begins is asked for, from the place in the former one: only the router knows how far that holds', () => {
    const place = begun(10);
    place.join(G, 10, 30);
    expect(place.begin(0, G + 1, 20)).toBe(MISSED);
    expect(of(place)).toEqual([G, 30, 0, false]);
    place.resync(3);
    expect(place.begin(0, G + 1, 20), 'unasked, again').toBe(IGNORED);
    expect(place.begin(3, G + 1, 20)).toBe(0);
    expect(of(place)).toEqual([G + 1, 20, 0, false]);
    expect(place.data(G + 1, 20, 20, 1)).toBe(0);
  });

  it('that is earlier is asked for too: the later one may be lost', () => {
    const place = begun(10);
    expect(place.begin(0, G - 1, 8)).toBe(MISSED);
    place.resync(3);
    place.begin(3, G - 1, 8);
    expect(of(place)).toEqual([G - 1, 8, 0, false]);
  });
});

describe('another owner of the group', () => {
  it('begins in the same generation: what the session has is not taken twice', () => {
    const place = begun(10);
    place.join(G, 10, 10);
    place.data(G, 10, 10, 10);
    place.ownerChanged();
    expect(place.live).toBe(false);
    expect(place.begin(0, G, 15)).toBe(0);
    expect(of(place)).toEqual([G, 20, 0, false]);
    expect(place.data(G, 15, 15, 6)).toBe(5);
  });
});

describe('what was acknowledged', () => {
  it('begins where the session started', () => {
    const place = begun(10);
    expect(place.acknowledged(-1, 0)).toBe(10);
    expect(place.acknowledged(17, G)).toBe(17);
  });

  it('of an earlier generation counts as far as that still holds', () => {
    const place = begun(10);
    place.data(G, 10, 10, 30);
    place.resync(2);
    place.begin(2, G + 1, 25);
    expect(place.acknowledged(18, G)).toBe(18);
    expect(place.acknowledged(40, G)).toBe(25);
    expect(place.acknowledged(26, G + 1)).toBe(26);
  });

  it('is no more than what holds, when the log lost what was before the start', () => {
    const place = begun(10);
    place.resync(2);
    place.begin(2, G + 1, 4);
    expect(place.acknowledged(-1, 0)).toBe(4);
  });

  it('is nothing before the session has started', () => {
    expect(new SessionPlace().acknowledged(-1, 0)).toBe(0);
  });
});

describe('what the RTU sent', () => {
  it('is accounted for when the session expects the next position', () => {
    const place = begun(10);
    expect(place.accountsFor(G, 11)).toBe(false);
    place.mark(G, 10, 11);
    expect(place.accountsFor(G, 11)).toBe(true);
    expect(place.accountsFor(G + 1, 0)).toBe(false);
    expect(place.accountsFor(G - 1, 99)).toBe(true);
    place.resync(3);
    expect(place.accountsFor(G, 11)).toBe(false);
  });
});

/**
 * A router with one session, over a bus that loses messages: a log whose positions are for all or for others, which now
 * and then loses its end and goes on in a later generation.
 */
class LossyRouter {
  /** What each position holds now; undefined: it is for others. */
  log: (string | undefined)[] = [];
  generation = 1;
  private sent = 0;
  private accounted = 0;
  private live = false;
  private made = 0;
  /** Where the log went on in each generation after the first. */
  private readonly cuts: { readonly generation: number; readonly begins: number }[] = [];

  /** What the session was given, by the value of each position. */
  readonly got: string[] = [];

  constructor(
    private readonly place: SessionPlace,
    private readonly lost: () => boolean,
  ) {}

  append(forOthers: boolean): void {
    const position = this.log.length;
    this.log.push(forOthers ? undefined : `${this.made++}`);
    if (!this.live) return;
    this.sent = position + 1;
    if (!forOthers) this.data(position, this.sent);
  }

  /** The log lost everything from `end` on. */
  loseEnd(end: number): void {
    this.log = this.log.slice(0, end);
    this.generation++;
    this.cuts.push({ generation: this.generation, begins: end });
    this.live = false;
    this.sent = Math.min(this.sent, end);
    this.accounted = Math.min(this.accounted, end);
    if (!this.lost()) this.follow(this.place.begin(0, this.generation, end));
    this.catchUp();
  }

  /** The gateway states the session: the router answers what is unanswered, and sends again what has not come. */
  statement(): void {
    const { starting, generation, expected } = this.place;
    const behind = generation < this.generation || expected < this.accounted;
    if (starting > 0) this.begin(starting, generation === 0 ? 0 : this.present());
    else if (behind) this.begin(0, this.present());
    else this.catchUp();
  }

  private begin(number: number, from: number): void {
    this.sent = from;
    this.accounted = from;
    this.live = false;
    if (!this.lost()) this.follow(this.place.begin(number, this.generation, from));
    this.catchUp();
  }

  /** Sends up to the end of the log, then the JOIN. */
  private catchUp(): void {
    if (this.live) return;
    for (; this.sent < this.log.length; this.sent++) {
      if (this.log[this.sent] !== undefined) this.data(this.sent, this.sent + 1);
    }
    this.live = true;
    if (!this.lost()) this.follow(this.place.join(this.generation, this.accounted, this.sent));
    this.accounted = this.sent;
  }

  private present(): number {
    const later = this.cuts.filter(({ generation }) => generation > this.place.generation);
    return Math.min(this.place.expected, ...later.map(({ begins }) => begins));
  }

  private data(first: number, end: number): void {
    const from = this.accounted;
    this.accounted = end;
    if (this.lost() || (this.live && !this.place.live)) return;
    const known = this.place.data(this.generation, from, first, end - first);
    if (known === 0) this.got.push(this.log[first] as string);
    else this.follow(known);
  }

  private follow(outcome: number): void {
    if (outcome === MISSED) this.place.resync(1);
  }
}

it('nothing is skipped and nothing comes twice, whatever the bus loses', () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ what: fc.constant('append' as const), forOthers: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('statement' as const) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('lose' as const), back: fc.nat(4) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(fc.boolean(), { minLength: 1 }), (steps, losses) => {
      let at = 0;
      let lossy = true;
      const place = new SessionPlace();
      place.started(1);
      const router = new LossyRouter(place, () => lossy && (losses[at++ % losses.length] as boolean));
      for (const each of steps) {
        if (each.what === 'append') router.append(each.forOthers);
        else if (each.what === 'statement') router.statement();
        else router.loseEnd(Math.max(0, router.log.length - each.back));
      }
      // The bus works again.
      lossy = false;
      for (let i = 0; i < 3; i++) router.statement();
      router.append(false);
      for (let i = 0; i < 3; i++) router.statement();
      const kept = router.log.filter((value) => value !== undefined);
      expect(new Set(router.got).size, 'nothing twice').toBe(router.got.length);
      const inLog = new Set(kept);
      expect(router.got.filter((value) => inLog.has(value))).toEqual(kept);
    }),
    { numRuns: 500 },
  );
});
