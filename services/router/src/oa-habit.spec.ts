import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OaHabit, type OaUse, PROOFS_AFTER_CONTRADICTION } from './oa-habit.js';

const A = 10;
const B = 20;

/** An RTU that gets commands and answers them, with the OA that `style` says. */
class Station {
  readonly habit = new OaHabit();
  private lastOa = 0;

  constructor(private readonly style: 'mirrors' | 'last' | 'constant' | 'zero') {}

  asked(oa: number): OaUse {
    this.lastOa = oa;
    return { oa, sentOrder: this.habit.sent(oa) };
  }

  answers(command: OaUse): void {
    const oa = { mirrors: command.oa, last: this.lastOa, constant: A, zero: 0 }[this.style];
    this.habit.answered(command, oa);
  }
}

describe('that an RTU mirrors OAs', () => {
  it('is proven by an answer that comes after that to a later command of somebody else', () => {
    const station = new Station('mirrors');
    const interrogation = station.asked(A);
    station.answers(interrogation);
    expect(station.habit.behaviour).toBe('unknown');
    station.answers(station.asked(B));
    station.answers(interrogation);
    expect(station.habit.behaviour).toBe('mirrors');
  });

  it('is not proven by any number of right OAs one after the other', () => {
    const station = new Station('last');
    for (let i = 0; i < 100; i++) for (const oa of [A, B]) station.answers(station.asked(oa));
    expect(station.habit.behaviour).toBe('unknown');
  });

  it('is not proven while the RTU may have seen that OA last', () => {
    const station = new Station('last');
    const first = station.asked(A);
    station.answers(station.asked(B));
    // On its way when the answer to the first one comes.
    station.asked(A);
    station.answers(first);
    expect(station.habit.behaviour).toBe('unknown');
  });

  it.each(['last', 'constant', 'zero'] as const)('is never believed of one that does not (%s)', (style) => {
    const step = fc.record({ oa: fc.constantFrom(A, B, 30), answers: fc.array(fc.nat(5), { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const station = new Station(style);
        const asked: OaUse[] = [];
        for (const { oa, answers } of steps) {
          asked.push(station.asked(oa));
          for (const back of answers) {
            const command = asked.at(-1 - back);
            if (command !== undefined) station.answers(command);
          }
          expect(station.habit.behaviour).not.toBe('mirrors');
        }
      }),
    );
  });

  it('is unlearnt with the first other one, and believed again after many proofs in a row', () => {
    const { habit } = new Station('mirrors');
    const ask = (oa: number): OaUse => ({ oa, sentOrder: habit.sent(oa) });
    const prove = (): void => {
      const first = ask(A);
      habit.answered(ask(B), B);
      habit.answered(first, A);
    };
    prove();
    habit.answered(ask(A), 0);
    expect(habit.behaviour).toBe('opaque');
    for (let i = 1; i < PROOFS_AFTER_CONTRADICTION; i++) prove();
    expect(habit.behaviour).toBe('opaque');
    habit.answered(ask(A), B);
    for (let i = 1; i < PROOFS_AFTER_CONTRADICTION; i++) prove();
    expect(habit.behaviour).toBe('opaque');
    prove();
    expect(habit.behaviour).toBe('mirrors');
  });
});

it('keeps nothing of a command but its OA and its place', () => {
  const habit = new OaHabit();
  const command = { oa: A, sentOrder: habit.sent(A), asdu: new Uint8Array(200) };
  habit.answered(command, A);
  expect(Object.values(habit)).not.toContain(command);
});

describe('the OA of commands that the RTU had before', () => {
  it.each(['mirrors', 'last'] as const)('does not come with answers to later ones (%s)', (style) => {
    const station = new Station(style);
    const [first, second] = [station.asked(A), station.asked(B)];
    expect(station.habit.speaksAgainst(second, A)).toBe(true);
    expect(station.habit.speaksAgainst(first, A)).toBe(false);
    expect(station.habit.speaksAgainst(first, B), 'an RTU that writes the last one').toBe(false);
    station.asked(A);
    expect(station.habit.speaksAgainst(second, A), 'the last one again').toBe(false);
  });

  it('says nothing where the RTU writes what it likes, nor where it was in no command', () => {
    const station = new Station('constant');
    station.asked(A);
    const second = station.asked(B);
    expect(station.habit.speaksAgainst(second, 77)).toBe(false);
    station.answers(second);
    expect(station.habit.speaksAgainst(second, A)).toBe(false);
  });
});
