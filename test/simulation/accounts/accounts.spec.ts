import { AsduView, Cause, encodeAsdu, interrogation } from '@iec104mm2ss/iec104';
import { describe, expect, it } from 'vitest';
import { World } from '../world/world.ts';
import { checkAnswers } from './answer-account.ts';
import { asduKey } from './asdu-key.ts';
import { CommandBook, type GivenCommand, NEGATIVE } from './command-book.ts';
import { checkDisconnects } from './disconnect-account.ts';
import { FaultsLog } from './faults-log.ts';
import { Ledger } from './ledger.ts';
import { Violations } from './violations.ts';

const ALL_STATIONS = 65_535;

class Scene {
  time = 0;
  readonly violations = new Violations(new World(1));
  readonly faults = new FaultsLog();
  readonly book = new CommandBook(() => this.time, this.violations, this.faults);
  readonly ledger = new Ledger('1');

  ask(master: string, ca: number): GivenCommand {
    const command = this.book.give({ group: '1', master, session: 1, peer: master }, interrogation(ca), false);
    command.readAt = this.time;
    return command;
  }

  arrives(ca: number): void {
    this.book.arrived('1', interrogation(ca));
  }

  rtuSays(asdu: Uint8Array, command: GivenCommand): void {
    this.ledger.add(asdu, 'answer', this.time, command.id).sends = 1;
    command.rtuAnsweredAt ??= this.time;
    command.rtuAnswers.push(Cause.ACT_CON + (new AsduView(asdu).negative ? NEGATIVE : 0));
  }

  comesTo(master: string, asdu: Uint8Array, negative = false, byRtu = true): void {
    const by = { group: '1', master, session: 1 };
    this.book.answered(by, asdu, Cause.ACT_CON, byRtu ? { command: undefined } : undefined, negative);
  }

  answerViolations(): number {
    checkAnswers(this.book, new Map([['1', this.ledger]]), this.violations, this.faults);
    return this.violations.all.length;
  }
}

function confirmation(ca: number, negative: boolean): Uint8Array {
  return encodeAsdu({ type: 'C_IC_NA_1', cot: Cause.ACT_CON, negative, ca, objects: [{ ioa: 0, qoi: 20 }] });
}

describe('the account of answers', () => {
  it('takes the refusal of one station, of all that were asked, for no answer to what this one is asked too', () => {
    const scene = new Scene();
    const all = scene.ask('m1', ALL_STATIONS);
    const one = scene.ask('m1', 101);
    scene.arrives(ALL_STATIONS);
    scene.rtuSays(confirmation(101, true), all);
    scene.comesTo('m1', confirmation(101, true), true);
    scene.arrives(101);
    scene.rtuSays(confirmation(101, false), one);
    scene.comesTo('m1', confirmation(101, false));
    expect(scene.answerViolations()).toBe(0);
  });

  it.each([true, false])('finds an answer that comes twice and was sent once, P/N=1: %s', (negative) => {
    const scene = new Scene();
    const command = scene.ask('m1', 1);
    scene.arrives(1);
    scene.rtuSays(confirmation(1, negative), command);
    scene.comesTo('m1', confirmation(1, negative), negative);
    scene.comesTo('m1', confirmation(1, negative), negative);
    expect(scene.answerViolations()).toBe(1);
  });

  it.each([
    [['router crashed', 'bus stops'], 0],
    [['router crashed'], 1],
    [['bus stops'], 1],
  ])(
    'expects an answer once more when the log was written anew and a router was lost meanwhile: %j',
    (kinds, found) => {
      const scene = new Scene();
      const given = scene.ask('m1', 1);
      scene.arrives(1);
      scene.rtuSays(confirmation(1, false), given);
      scene.comesTo('m1', confirmation(1, false));
      for (const kind of kinds) scene.faults.begin(1_000, 2_000, kind, 'p1');
      scene.time = 3_000;
      scene.comesTo('m1', confirmation(1, false));
      expect(scene.answerViolations()).toBe(found);
    },
  );

  it('does not count what a station says to two equal commands as one answer', () => {
    const scene = new Scene();
    for (let i = 0; i < 2; i++) {
      const command = scene.ask('m1', 1);
      scene.arrives(1);
      scene.rtuSays(confirmation(1, false), command);
      scene.comesTo('m1', confirmation(1, false));
    }
    expect(asduKey(confirmation(1, false))).toBe(scene.ledger.at(0)?.key);
    expect(scene.answerViolations()).toBe(0);
  });
});

describe('whose the data of an interrogation is', () => {
  it('is not known when the RTU had an equal one of another master to answer, whichever came first', () => {
    const scene = new Scene();
    const first = scene.ask('m1', 1);
    scene.arrives(1);
    scene.time = 4_000;
    const second = scene.ask('m2', 1);
    scene.arrives(1);
    scene.time = 7_000;
    for (const { id } of [first, second]) expect(scene.book.askerOf(id, true)).toBeUndefined();
  });

  it('is not known when the RTU had an equal one to answer that may be of another master', () => {
    const scene = new Scene();
    const first = scene.ask('m1', 1);
    scene.arrives(1);
    // One of these is sent when the first one is given up: which one nobody sees.
    scene.ask('m1', 1);
    scene.ask('m2', 1);
    scene.arrives(1);
    expect(scene.book.askerOf(first.id, true)).toBeUndefined();
  });

  it('is not known of a third one either, as long as one of the two may still come', () => {
    const scene = new Scene();
    scene.ask('m2', 1);
    scene.ask('m1', 1);
    scene.arrives(1);
    const third = scene.ask('m1', 1);
    scene.arrives(1);
    expect(scene.book.askerOf(third.id, true)).toBeUndefined();
  });

  it('is known when one was answered before the other one came', () => {
    const scene = new Scene();
    const first = scene.ask('m1', 1);
    scene.arrives(1);
    scene.rtuSays(confirmation(1, false), first);
    scene.time = 4_000;
    const second = scene.ask('m2', 1);
    scene.arrives(1);
    expect(scene.book.askerOf(first.id, true)).toBe('m1/1');
    expect(scene.book.askerOf(second.id, true)).toBe('m2/1');
  });

  it('is known with one of another station open, if the RTU may mirror OAs', () => {
    const scene = new Scene();
    const first = scene.ask('m1', 1);
    scene.arrives(1);
    scene.ask('m2', 2);
    scene.arrives(2);
    expect(scene.book.askerOf(first.id, true)).toBe('m1/1');
    expect(scene.book.askerOf(first.id, false)).toBeUndefined();
  });
});

describe('the account of refusals', () => {
  /** The RTU refuses what m1 has asked all stations so many milliseconds after it came there, when m2 has asked one of them. */
  function refusedAfter(ms: number): number {
    const scene = new Scene();
    const all = scene.ask('m1', ALL_STATIONS);
    scene.arrives(ALL_STATIONS);
    scene.time = ms - 10;
    scene.ask('m2', 101);
    scene.arrives(101);
    scene.time = ms;
    scene.rtuSays(confirmation(101, true), all);
    scene.comesTo('m2', confirmation(101, true), true, false);
    return scene.violations.all.filter(({ rule }) => rule === 'refusal').length;
  }

  it('takes what the RTU refuses late for what may look like the answer to a question after it', () => {
    expect(refusedAfter(6_000)).toBe(0);
  });

  it('finds the answer to another question that is still awaited', () => {
    expect(refusedAfter(1_000)).toBe(1);
  });

  /** m2 gets what the RTU refuses m1, who has asked all stations, after its own question was confirmed after so many ms. */
  function refusedBehind(ms: number): number {
    const scene = new Scene();
    const own = scene.ask('m2', 101);
    scene.arrives(101);
    scene.time = ms - 10;
    const all = scene.ask('m1', ALL_STATIONS);
    scene.arrives(ALL_STATIONS);
    scene.time = ms;
    scene.rtuSays(confirmation(101, false), own);
    scene.comesTo('m1', confirmation(101, false));
    scene.rtuSays(confirmation(101, true), all);
    scene.comesTo('m2', confirmation(101, true), true, false);
    return scene.violations.all.filter(({ rule }) => rule === 'refusal').length;
  }

  it('takes the answer to a question that was given up for that to the next one, whose own looks like one to the first', () => {
    expect(refusedBehind(4_300)).toBe(0);
    expect(refusedBehind(1_000)).toBe(1);
  });

  it('does not know which of equal commands was refused when one of them may be what has come to the RTU', () => {
    const scene = new Scene();
    scene.ask('m3', 1);
    scene.arrives(1);
    scene.ask('m3', 1);
    scene.ask('m2', 1);
    scene.arrives(1);
    scene.comesTo('m3', confirmation(1, true), true, false);
    expect(scene.violations.all).toEqual([]);
  });
});

describe('the account of disconnections', () => {
  function disconnectedAt(at: number, straysAt: number[], sent = 0): number {
    const { violations, faults } = new Scene();
    const closes = [{ at, code: 'peer_closed' }];
    const world = { violations, faults, actsOf: () => [], straysOf: () => straysAt };
    checkDisconnects('m1', closes, { ...world, sentBetween: () => sent, buffsize: 30 });
    return violations.all.length;
  }

  it('knows that a master that catches up loses what comes next when more than is kept comes at once', () => {
    expect(disconnectedAt(100_000, [], 31)).toBe(0);
    expect(disconnectedAt(100_000, [], 30)).toBe(1);
  });

  it('knows that a command over a connection on standby breaks a rule', () => {
    expect(disconnectedAt(100_000, [99_999])).toBe(0);
    expect(disconnectedAt(100_000, [90_000])).toBe(1);
    expect(disconnectedAt(100_000, [])).toBe(1);
  });
});
