import { Likeness } from '@iec104mm2ss/iec104';
import { describe, expect, it } from 'vitest';
import { habitsStatus } from './habits-status.js';
import { FREEZE_KIND, RtuHabits, SELECTED_KIND } from './rtu-habits.js';

const SC = 45;
const SE = 50;
const GI = 100;
const LANE = 7;

describe('ACT_TERM', () => {
  it('is known of a type by itself; of one RTU that ends no command so, it is likely of all commands', () => {
    const habits = new RtuHabits();
    expect(habits.terminates(SC)).toBeUndefined();
    habits.notTerminated(SC, LANE);
    expect([habits.terminates(SC), habits.terminates(SE), habits.terminates(GI)]).toEqual([false, false, undefined]);
    habits.terminated(SE, LANE);
    expect([habits.terminates(SC), habits.terminates(SE), habits.terminates(46)]).toEqual([false, true, undefined]);
    expect([habits.terminatesAt(SE, LANE), habits.terminatesAt(SE, 8), habits.terminatesAt(SC, LANE)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(habits.terminates(SELECTED_KIND + SC), 'what is selected before is something else').toBeUndefined();
  });

  it('is unlearnt by the opposite: at once when it comes, at the second time when it does not', () => {
    const habits = new RtuHabits();
    habits.notTerminated(SC, LANE);
    habits.terminated(SC, LANE);
    expect(habits.terminates(SC)).toBe(true);
    habits.notTerminated(SC, LANE);
    expect(habits.terminates(SC)).toBeUndefined();
    habits.notTerminated(SC, LANE);
    expect(habits.terminates(SC)).toBe(false);
  });
});

describe('patience', () => {
  it('is that for the slowest of the last answers, between two bounds', () => {
    const habits = new RtuHabits();
    expect(habits.patienceMs(10_000)).toBe(10_000);
    habits.answered(1, 1_999);
    expect(habits.patienceMs(4_000)).toBe(4_000);
    habits.answered(1, 12_100);
    expect(habits.patienceMs(10_000)).toBe(19_500);
    expect(habits.patienceMs(4_000)).toBe(19_500);
    habits.answered(1, 90_000);
    expect(habits.patienceMs(10_000)).toBe(30_000);
  });

  it('shrinks when answers come sooner again', () => {
    const habits = new RtuHabits();
    habits.answered(1, 25_000);
    let before = Infinity;
    for (let i = 0; i < 40; i++) {
      habits.answered(1, 100);
      expect(habits.patienceMs(0)).toBeLessThanOrEqual(before);
      before = habits.patienceMs(0);
    }
    expect(before).toBe(0);
  });

  it('is short with what did not answer last time, of which a bounded number is remembered', () => {
    const habits = new RtuHabits();
    habits.notAnswered(7);
    expect(habits.isSilent(7)).toBe(true);
    habits.answered(7, 10);
    expect(habits.isSilent(7)).toBe(false);
    for (let lane = 0; lane < 10_001; lane++) habits.notAnswered(lane);
    expect([habits.isSilent(0), habits.isSilent(1), habits.isSilent(10_000)]).toEqual([false, true, true]);
  });
});

describe('what is known of an RTU', () => {
  it('goes to the next owner of its group, and can be read', () => {
    const before = new RtuHabits();
    before.terminated(SC, LANE);
    before.notTerminated(GI, LANE);
    before.notTerminated(FREEZE_KIND + 101, LANE);
    before.terminated(SELECTED_KIND + 46, LANE);
    before.notConfirmed(46, 0);
    before.repeated(SE, Likeness.OTHER_VALUE);
    before.repeated(SE, Likeness.OTHER_QUALIFIER);
    before.repeated(SC, Likeness.OTHER_QUALIFIER);
    before.repeated(47, Likeness.OTHER);
    before.answered(1, 11_500);
    const after = new RtuHabits();
    after.load('unknown', before.saved);
    expect(after.saved).toEqual(before.saved);
    expect(habitsStatus(after)).toEqual({
      originatorAddress: 'unknown',
      terminates: ['C_SC_NA_1', 'C_DC_NA_1 selected'],
      doesNotTerminate: ['C_IC_NA_1', 'C_CI_NA_1 freeze'],
      doesNotConfirm: ['C_DC_NA_1'],
      altersQualifier: ['C_SC_NA_1'],
      altersValue: ['C_SE_NC_1'],
      slowestAnswerMs: 12_000,
    });
  });

  it('of its OAs goes there, too, but not from a release that believed too soon that it mirrors them', () => {
    const loaded = (behaviour: 'unknown' | 'mirrors' | 'opaque', isNew: boolean) => {
      const habits = new RtuHabits();
      habits.load(behaviour, isNew ? new RtuHabits().saved : undefined);
      return habits.oa.behaviour;
    };
    expect([loaded('mirrors', true), loaded('mirrors', false)]).toEqual(['mirrors', 'unknown']);
    expect([loaded('opaque', true), loaded('opaque', false)]).toEqual(['opaque', 'opaque']);
  });

  it('of types without a confirmation is unlearnt by the first one', () => {
    const habits = new RtuHabits();
    habits.notConfirmed(SC, 0);
    expect(habits.isUnconfirmed(SC)).toBe(true);
    habits.confirmed(SC, 10);
    expect(habits.isUnconfirmed(SC)).toBe(false);
    habits.notConfirmed(SC, 10);
    expect(habits.isUnconfirmed(SC), 'it may have been its own').toBe(false);
    habits.notConfirmed(SC, 11);
    expect(habits.isUnconfirmed(SC)).toBe(true);
  });
});
