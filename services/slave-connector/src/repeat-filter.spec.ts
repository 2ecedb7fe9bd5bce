import {
  apduEnd,
  Cause,
  encodeAsdu,
  endOfInitialization,
  epochMsToCp56,
  iFormat,
  mirror,
  singleCommand,
} from '@iec104mm2ss/iec104';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventTags, isAnswer } from './event-tags.js';
import { type LoggedAsdu, RepeatFilter } from './repeat-filter.js';

const START = Date.UTC(2026, 0, 1);

interface EventOptions {
  readonly ioa?: number;
  readonly iv?: boolean;
  readonly oa?: number;
}

/** An event of an RTU whose clock shows `ms`. */
function timed(ms: number, value = true, { ioa = 100, iv = false, oa = 0 }: EventOptions = {}): Uint8Array {
  const objects = [{ ioa, value, time: epochMsToCp56(START + ms, { iv }) }];
  return encodeAsdu({ type: 'M_SP_TB_1', cot: Cause.SPONT, oa, ca: 1, objects });
}
const untimed = (value: boolean, ioa = 100): Uint8Array =>
  encodeAsdu({ type: 'M_SP_NA_1', cot: Cause.SPONT, ca: 1, objects: [{ ioa, value }] });
const interrogated = (value: boolean): Uint8Array =>
  encodeAsdu({ type: 'M_SP_NA_1', cot: Cause.INROGEN, ca: 1, objects: [{ ioa: 100, value }] });
const confirmation = mirror(singleCommand(1, 5, true), Cause.ACT_CON, false);

/** APDUs back to back, numbered anew as on a new link. */
const apdus = (asdus: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat(asdus.map((asdu, ns) => iFormat(ns, 0, asdu)));

/** The log's end, from ordinal `first` on. */
const history = (first: number, ...asdus: Uint8Array[]): LoggedAsdu[] =>
  asdus.map((asdu, index) => ({ ordinal: first + index, asdu }));

/** What became of each ASDU of the link, in its order: new, or the ordinal that it has in the log. */
type Outcome = 'new' | number;

class Sifted {
  readonly outcomes: Outcome[] = [];
  /** Octets of the new ones. */
  readonly fresh: string[] = [];
  readonly receivedAt: number[] = [];
  readonly runs: number[] = [];
  readonly filter: RepeatFilter;

  constructor(logged: readonly LoggedAsdu[]) {
    this.filter = new RepeatFilter(logged, {
      fresh: (octets, start, end, count, receivedAt) => {
        let at = start;
        for (; at < end; at = apduEnd(octets, at)) {
          this.outcomes.push('new');
          this.fresh.push(Buffer.from(octets.subarray(at + 6, apduEnd(octets, at))).toString('hex'));
          this.receivedAt.push(receivedAt);
        }
        expect(at).toBe(end);
        this.runs.push(count);
        expect(this.runs.reduce((sum, each) => sum + each, 0)).toBe(this.fresh.length);
      },
      repeated: (ordinal) => this.outcomes.push(ordinal),
    });
  }

  take(...asdus: Uint8Array[]): this {
    const octets = apdus(asdus);
    this.filter.take(octets, 0, octets.length, 0);
    return this;
  }
}

const sift = (logged: readonly LoggedAsdu[], ...asdus: Uint8Array[]): Outcome[] => {
  const sifted = new Sifted(logged).take(...asdus);
  sifted.filter.giveUp();
  return sifted.outcomes;
};

describe('what an RTU sends first on a new link', () => {
  it('is repeated when it is a run that reaches the end of the log, however it is cut', () => {
    const sifted = new Sifted(history(10, timed(0), timed(1), timed(2)));
    sifted.take(timed(1));
    expect(sifted.outcomes).toEqual([]);
    expect(sifted.filter).toMatchObject({ active: true, holding: 1 });
    sifted.take(timed(2), timed(3));
    expect(sifted.outcomes).toEqual([11, 12, 'new']);
    expect(sifted.filter).toMatchObject({ active: false, holding: 0, heldNew: 0 });
    expect(sifted.take(timed(0)).outcomes, 'it is over').toEqual([11, 12, 'new', 'new']);
  });

  it('is new when the RTU does not repeat', () => {
    const sifted = new Sifted(history(10, timed(0), timed(1))).take(timed(5), timed(0));
    expect(sifted.outcomes).toEqual(['new', 'new']);
    expect(sifted.runs).toEqual([2]);
    expect(sifted.filter).toMatchObject({ active: false, heldNew: 0 });
  });

  it('is new, in order, when the run breaks off before the end of the log', () => {
    const sifted = new Sifted(history(10, timed(0), timed(1), timed(2)));
    sifted.take(timed(0), timed(1)).take(timed(7), timed(2));
    expect(sifted.outcomes).toEqual(['new', 'new', 'new', 'new']);
    const hex = (asdu: Uint8Array) => Buffer.from(asdu).toString('hex');
    expect(sifted.fresh).toEqual([timed(0), timed(1), timed(7), timed(2)].map(hex));
    expect(sifted.runs).toEqual([2, 2]);
    expect(sifted.filter).toMatchObject({ active: false, holding: 0, heldNew: 2 });
  });

  it('is new when nothing more comes before the end of the log is reached', () => {
    const sifted = new Sifted(history(10, timed(0), timed(1), timed(2)));
    const octets = apdus([timed(0)]);
    sifted.filter.take(octets, 0, octets.length, 77);
    sifted.filter.giveUp();
    expect(sifted.outcomes).toEqual(['new']);
    expect(sifted.receivedAt).toEqual([77]);
    expect(sifted.take(timed(1), timed(2)).outcomes).toEqual(['new', 'new', 'new']);
  });

  it('is repeated although the log has some of it twice from an earlier time', () => {
    const logged = history(10, timed(0), timed(1), timed(0), timed(1), timed(2));
    expect(sift(logged, timed(0), timed(1), timed(2), timed(3))).toEqual([12, 13, 14, 'new']);
  });

  it('is repeated with another originator address too', () => {
    const logged = history(10, timed(0), timed(1, true, { oa: 5 }));
    expect(sift(logged, timed(0, true, { oa: 7 }), timed(1))).toEqual([10, 11]);
  });

  it('is new when it is one event: another one may be just like it', () => {
    expect(sift(history(10, timed(0), timed(1)), timed(1), timed(2))).toEqual(['new', 'new']);
  });

  it('is repeated when the run has two different tags, several in one ASDU too', () => {
    const objects = [1, 2].map((ms) => ({ ioa: ms, value: true, time: epochMsToCp56(START + ms) }));
    const several = encodeAsdu({ type: 'M_SP_TB_1', cot: Cause.SPONT, ca: 1, objects });
    expect(sift(history(10, timed(0), several), several, timed(2))).toEqual([11, 'new']);
    expect(sift(history(10, timed(0), timed(1), timed(1, false)), timed(1), timed(1, false))).toEqual(['new', 'new']);
    expect(sift(history(10, timed(0), timed(1), timed(1, false)), timed(0), timed(1), timed(1, false))).toEqual([
      10, 11, 12,
    ]);
  });
});

describe('time tags prove nothing', () => {
  const same = (...values: boolean[]) => values.map((value) => timed(5, value));

  it('when all events of the log have the same one', () => {
    const pulse = same(true, false);
    expect(sift(history(10, ...pulse), ...pulse)).toEqual(['new', 'new']);
    expect(sift(history(10, ...pulse, ...pulse), ...pulse)).toEqual(['new', 'new']);
    expect(new RepeatFilter(history(10, ...pulse), { fresh: () => undefined, repeated: () => undefined }).active).toBe(
      false,
    );
  });

  it('when the clock has stopped: all events of the run have the same one', () => {
    const pulse = same(true, false);
    expect(sift(history(10, timed(0), timed(1), ...pulse), ...pulse)).toEqual(['new', 'new']);
    expect(sift(history(10, timed(0), timed(1), ...pulse), ...same(false))).toEqual(['new']);
  });

  it('when an RTU without a clock has followed one with a clock', () => {
    expect(sift(history(10, timed(50), timed(60), timed(5)), timed(5))).toEqual(['new']);
  });

  it('when IV is set, or there is none', () => {
    const invalid = [0, 1, 2].map((ms) => timed(ms, true, { iv: true }));
    expect(sift(history(10, ...invalid), ...invalid)).toEqual(['new', 'new', 'new']);
    const plain = [untimed(true), untimed(false)];
    expect(sift(history(10, ...plain), ...plain)).toEqual(['new', 'new']);
  });
});

describe('ASDUs without a usable time tag', () => {
  it('are new before the run, and do not keep it from being recognised', () => {
    const logged = history(10, untimed(true), timed(0), timed(1));
    expect(sift(logged, endOfInitialization(1, 0), untimed(true), timed(0), timed(1))).toEqual(['new', 'new', 11, 12]);
  });

  it('are new behind the run, also when the log ends with the same', () => {
    const logged = history(10, timed(0), timed(1), untimed(true), confirmation);
    expect(sift(logged, timed(0), timed(1), untimed(true), confirmation)).toEqual([10, 11, 'new', 'new']);
  });

  it('are old between two events of the run when they are what the log has there', () => {
    const logged = history(10, timed(0), untimed(true), untimed(false), timed(2));
    expect(sift(logged, timed(0), untimed(true), untimed(false), timed(2))).toEqual([10, 11, 12, 13]);
  });

  it('are new between two events of the run when they are not just what the log has there', () => {
    const logged = history(10, timed(0), untimed(true), untimed(false), timed(2));
    expect(sift(logged, timed(0), untimed(true), timed(2))).toEqual([10, 'new', 13]);
    expect(sift(logged, timed(0), untimed(true), untimed(true), timed(2))).toEqual([10, 'new', 'new', 13]);
    expect(sift(logged, timed(0), untimed(true), untimed(false), untimed(true), timed(2))).toEqual([
      10,
      ...(['new', 'new', 'new'] as const),
      13,
    ]);
  });

  it('may be missing in the repetition', () => {
    const logged = history(10, timed(0), untimed(true), timed(1), endOfInitialization(1, 0), timed(2));
    expect(sift(logged, timed(0), timed(1), timed(2))).toEqual([10, 12, 14]);
  });

  it('may come first only so often', () => {
    const sifted = new Sifted(history(10, timed(0), timed(1)));
    for (let i = 0; i < 1_024; i++) sifted.take(untimed(true));
    expect(sifted.filter.active).toBe(true);
    sifted.take(untimed(true));
    expect(sifted.filter.active).toBe(false);
  });

  it('that are held with the run are bounded', () => {
    const sifted = new Sifted(history(10, timed(0), timed(1))).take(timed(0));
    for (let i = 0; i < 1_026; i++) sifted.take(untimed(true));
    expect(sifted.filter).toMatchObject({ active: false, holding: 0 });
    expect(sifted.outcomes).toHaveLength(1_027);
  });
});

describe('answers', () => {
  const answers = [confirmation, interrogated(true), interrogated(false)];

  it('may be left out of the repetition, all or some of them', () => {
    const logged = history(10, timed(0), ...answers, timed(1), timed(2), ...answers);
    expect(sift(logged, timed(0), timed(1), timed(2), timed(3))).toEqual([10, 14, 15, 'new']);
    expect(sift(logged, timed(0), interrogated(false), timed(1), timed(2))).toEqual([10, 13, 14, 15]);
  });

  it('with time tags are no end that a run has to reach', () => {
    const time = epochMsToCp56(START + 9);
    const counter = encodeAsdu({
      type: 'M_IT_TB_1',
      cot: Cause.REQCOGEN,
      ca: 1,
      objects: [{ ioa: 9, value: 1, time }],
    });
    expect(isAnswer(counter)).toBe(true);
    expect(sift(history(10, timed(0), timed(1), counter), timed(0), timed(1), timed(2))).toEqual([10, 11, 'new']);
  });
});

it('without a history everything is new', () => {
  expect(new Sifted([]).filter.active).toBe(false);
  expect(sift([], timed(0))).toEqual(['new']);
});

// ---- properties -----------------------------------------------------------------------------------------------------

/** What an RTU may send, in small ranges, so that the same octets come again and again. */
type Kind = 'event' | 'invalid' | 'plain' | 'answer' | 'init';
interface Step {
  readonly kind: Kind;
  readonly value: boolean;
  readonly ioa: number;
  readonly tickMs: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Kind>('event') },
    { weight: 1, arbitrary: fc.constantFrom<Kind>('invalid', 'plain', 'answer', 'init') },
  ),
  value: fc.boolean(),
  ioa: fc.integer({ min: 100, max: 101 }),
  tickMs: fc.nat(2),
});

/** The clock of an RTU: it goes, it never did, or it stops. */
type ClockHabit = 'goes' | 'none' | 'stops';

class ModelRtu {
  private nowMs = 1_000;

  constructor(
    private readonly clock: ClockHabit,
    private stopsAfter: number,
  ) {}

  make({ kind, value, ioa, tickMs }: Step): Uint8Array {
    const stands = this.clock === 'none' || (this.clock === 'stops' && this.stopsAfter-- <= 0);
    if (!stands) this.nowMs += tickMs;
    switch (kind) {
      case 'event':
        return timed(this.nowMs, value, { ioa });
      case 'invalid':
        return timed(this.nowMs, value, { ioa, iv: true });
      case 'plain':
        return untimed(value, ioa);
      case 'answer':
        return interrogated(value);
      case 'init':
        return endOfInitialization(1, 0);
    }
  }

  /** What it makes from now on is later, if its clock goes. */
  passTime(): void {
    if (this.clock === 'goes') this.nowMs++;
  }
}

/** What the RTU does with what was not acknowledged to it. */
type RepeatHabit = 'all' | 'no answers' | 'only tagged' | 'some' | 'nothing';

const world = fc.record({
  logged: fc.array(step, { maxLength: 24 }),
  fresh: fc.array(step, { maxLength: 12 }),
  ahead: fc.array(step, { maxLength: 3 }),
  unacknowledged: fc.nat(24),
  stopsAfter: fc.nat(24),
  clock: fc.oneof(
    { weight: 4, arbitrary: fc.constant<ClockHabit>('goes') },
    { weight: 1, arbitrary: fc.constantFrom<ClockHabit>('none', 'stops') },
  ),
  habit: fc.constantFrom<RepeatHabit>('all', 'no answers', 'only tagged', 'some', 'nothing'),
  kept: fc.infiniteStream(fc.boolean()),
  cuts: fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

/** An ASDU on the new link, and its ordinal in the log; undefined: it is a new one. */
interface OnLink {
  readonly asdu: Uint8Array;
  readonly ordinal: number | undefined;
}

function play({ logged, fresh, ahead, unacknowledged, clock, stopsAfter, habit, kept, cuts }: World) {
  // Who leaves out events in the midst of what he repeats is expected to make none that are just like them.
  const leavesOut = habit === 'some';
  const rtu = new ModelRtu(leavesOut && clock === 'stops' ? 'goes' : clock, stopsAfter);
  const log = logged.map((each, index) => ({ ordinal: 50 + index, asdu: rtu.make(each) }));
  const suffix = log.slice(Math.max(0, log.length - unacknowledged));
  const repeats: OnLink[] = suffix.filter(({ asdu }) => {
    switch (habit) {
      case 'all':
        return true;
      case 'no answers':
        return !isAnswer(asdu);
      case 'only tagged':
        return eventTags(asdu) !== undefined;
      case 'some':
        return kept.next().value as boolean;
      case 'nothing':
        return false;
    }
  });
  if (leavesOut) rtu.passTime();
  // What has no time tag may be sent before what is repeated.
  const first = ahead.map((each) => rtu.make({ ...each, kind: each.kind === 'event' ? 'plain' : each.kind }));
  const later = fresh.map((each) => rtu.make(each));
  const isNew = (asdu: Uint8Array): OnLink => ({ asdu, ordinal: undefined });
  const link = [...first.map(isNew), ...repeats, ...later.map(isNew)];
  const sifted = new Sifted(log);
  for (let at = 0; at < link.length;) {
    const length = cuts.next().value as number;
    sifted.take(...link.slice(at, at + length).map(({ asdu }) => asdu));
    at += length;
  }
  sifted.filter.giveUp();
  return { log, suffix, link, outcomes: sifted.outcomes, fresh: sifted.fresh };
}

it('no new event is ever taken for an old one, whatever the RTU has for a clock and however it repeats', () => {
  fc.assert(
    fc.property(world, (given) => {
      const { log, link, outcomes, fresh } = play(given);
      expect(outcomes).toHaveLength(link.length);
      outcomes.forEach((outcome, index) => {
        const { asdu, ordinal } = link[index] as OnLink;
        if (outcome === 'new') return;
        expect(ordinal, 'a new ASDU was taken for an old one').toBeDefined();
        expect(log.find((each) => each.ordinal === outcome)?.asdu).toEqual(asdu);
      });
      const ordinals = outcomes.filter((outcome) => outcome !== 'new');
      expect(ordinals).toEqual([...ordinals].sort((a, b) => a - b));
      // What is new keeps its order.
      const expected = link.filter((_, index) => outcomes[index] === 'new');
      expect(fresh).toEqual(expected.map(({ asdu }) => Buffer.from(asdu).toString('hex')));
    }),
    { numRuns: 3_000 },
  );
});

it('events with two time tags or more that an RTU repeats faithfully are never appended twice', () => {
  let recognised = 0;
  const faithful = world.filter(({ habit }) => habit !== 'some' && habit !== 'nothing');
  fc.assert(
    fc.property(faithful, (given) => {
      const { suffix, link, outcomes } = play({ ...given, clock: 'goes' });
      const tags = new Set(suffix.flatMap(({ asdu }) => eventTags(asdu)?.latest ?? []));
      if (tags.size < 2) return;
      recognised++;
      outcomes.forEach((outcome, index) => {
        const { asdu, ordinal } = link[index] as OnLink;
        if (ordinal !== undefined && eventTags(asdu) !== undefined) expect(outcome).not.toBe('new');
      });
    }),
    { numRuns: 2_000 },
  );
  expect(recognised).toBeGreaterThan(500);
});
