import { describe, expect, it } from 'vitest';
import { MAX_SELECTIONS, MAX_SELECTIONS_PER_SESSION, SELECT_TIMEOUT_MS, Selections } from './selections.js';

const A = 1;
const B = 2;
const C = 3;

describe('a selected object', () => {
  it('belongs to who selected it until it is released', () => {
    const selections = new Selections();
    expect(selections.holder(1, 500, 0)).toBeUndefined();
    selections.hold(1, 500, A, 0);
    expect(selections.holder(1, 500, 1)).toBe(A);
    selections.release(1, 500, B);
    expect(selections.holder(1, 500, 1), 'released by another').toBe(A);
    selections.release(1, 500, A);
    expect(selections.holder(1, 500, 1)).toBeUndefined();
  });

  it('is told from others by CA and IOA', () => {
    const selections = new Selections();
    selections.hold(1, 0xffffff, A, 0);
    expect(selections.holder(2, 0, 0)).toBeUndefined();
    expect(selections.holder(1, 0xfffffe, 0)).toBeUndefined();
    expect(selections.holder(0xffff, 0xffffff, 0)).toBeUndefined();
    expect(selections.holder(1, 0xffffff, 0)).toBe(A);
  });

  it('is free after the time-out, which begins anew with every select', () => {
    const selections = new Selections();
    selections.hold(1, 500, A, 0);
    selections.hold(1, 500, A, 10_000);
    expect(selections.holder(1, 500, SELECT_TIMEOUT_MS)).toBe(A);
    expect(selections.holder(1, 500, 10_000 + SELECT_TIMEOUT_MS - 1)).toBe(A);
    expect(selections.holder(1, 500, 10_000 + SELECT_TIMEOUT_MS)).toBeUndefined();
    selections.hold(1, 500, B, 50_000);
    expect(selections.holder(1, 500, 50_001)).toBe(B);
  });

  it('is free when the RTU is gone', () => {
    const selections = new Selections();
    selections.hold(1, 502, B, 0);
    selections.clear();
    expect(selections.holder(1, 502, 1)).toBeUndefined();
  });

  it('is one of so many of its session, and of all: what is over makes room', () => {
    const selections = new Selections();
    for (let ioa = 0; ioa < MAX_SELECTIONS_PER_SESSION; ioa++) expect(selections.hold(1, ioa, A, ioa)).toBe(true);
    expect(selections.hold(1, 0xffff, A, 1_000)).toBe(false);
    expect(selections.hasRoom(A, 1_000)).toBe(false);
    expect(selections.hold(1, 0, A, 1_000), 'one it has').toBe(true);
    expect(selections.hold(1, 0xffff, B, 1_000)).toBe(true);
    expect(selections.hold(1, 0xfffe, A, 1 + SELECT_TIMEOUT_MS), 'one is over').toBe(true);
    for (let session = 10; selections.size < MAX_SELECTIONS; session++) {
      for (let ioa = 0; ioa < MAX_SELECTIONS_PER_SESSION; ioa++) selections.hold(session, ioa, session, 2_000);
    }
    expect(selections.hold(9, 9, C, 2_000)).toBe(false);
    expect(selections.hold(9, 9, C, 2_000 + SELECT_TIMEOUT_MS)).toBe(true);
    selections.expire(2_000 + SELECT_TIMEOUT_MS);
    expect(selections.size).toBeLessThan(3);
  });
});
