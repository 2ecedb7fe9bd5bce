import { AsduView, Cause } from '@iec104mm2ss/iec104';
import { FakeClock } from '@iec104mm2ss/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { CommandOwnership } from './command-ownership.js';
import type { Transaction } from './command-transaction.js';
import { SELECT_TIMEOUT_MS } from './selections.js';

const [A, B] = [1, 2];
const IOA = 500;
/** C_SC_NA_1, on. */
const SELECT = Uint8Array.of(45, 1, Cause.ACT, 0, 1, 0, IOA & 0xff, IOA >> 8, 0, 0x81);
const EXECUTE = Uint8Array.of(45, 1, Cause.ACT, 0, 1, 0, IOA & 0xff, IOA >> 8, 0, 0x01);

let clock: FakeClock;
let ownership: CommandOwnership;
let gone: Set<number>;

beforeEach(() => {
  clock = new FakeClock(1_000.123);
  ownership = new CommandOwnership(clock, (session) => !gone.has(session));
  gone = new Set();
});

function handOver(owner: number, isSelect: boolean): Transaction {
  const transaction = { typeId: 45, ca: 1, ioa: IOA, cot: Cause.ACT, select: isSelect, owner, state: 'sent' };
  ownership.handedOver(transaction as unknown as Transaction);
  return transaction as unknown as Transaction;
}
const select = (owner: number): Transaction => handOver(owner, true);

const mayExecute = (session: number): boolean => ownership.problemOf(EXECUTE, session, 0) === undefined;

describe('a select that the RTU refuses', () => {
  it('gives its object free', () => {
    const only = select(A);
    expect(mayExecute(B)).toBe(false);
    ownership.refusedByRtu(only);
    expect(mayExecute(B)).toBe(true);
  });

  it('leaves the selection that its master has made before', () => {
    select(A);
    clock.advance(100);
    ownership.refusedByRtu(select(A));
    expect(mayExecute(B)).toBe(false);
  });

  it('leaves the selection of a master that has left, for what is left of its time', () => {
    select(A);
    gone.add(A);
    clock.advance(SELECT_TIMEOUT_MS - 1_000);
    ownership.refusedByRtu(select(B));
    expect(mayExecute(B)).toBe(false);
    clock.advance(1_000);
    expect(mayExecute(B)).toBe(true);
  });

  it('leaves the selection that its master has made since', () => {
    const first = select(A);
    clock.advance(100);
    select(A);
    ownership.refusedByRtu(first);
    expect(mayExecute(B)).toBe(false);
  });
});

describe('an execute', () => {
  it('ends the selection when the RTU has been sent it', () => {
    select(A);
    ownership.sent(handOver(A, false));
    expect(mayExecute(B)).toBe(true);
  });

  it.each([0, 100])('leaves a select that followed it, though it is known late that it was sent: %i ms', (ms) => {
    select(A);
    const execute = handOver(A, false);
    clock.advance(ms);
    select(A);
    ownership.sent(execute);
    expect(mayExecute(B)).toBe(false);
  });
});

describe('what a master that has left had selected', () => {
  it('may be selected anew, but is not executed for another master until the select is over', () => {
    select(A);
    ownership.forget(A);
    gone.add(A);
    expect(mayExecute(B)).toBe(false);
    expect(ownership.problemOf(SELECT, B, 0)).toBeUndefined();
    clock.advance(SELECT_TIMEOUT_MS);
    expect(mayExecute(B)).toBe(true);
  });

  it('belongs to the master that selects it anew', () => {
    select(A);
    gone.add(A);
    select(B);
    expect([mayExecute(B), mayExecute(A)]).toEqual([true, false]);
  });
});

describe('a file', () => {
  /** F_SC_NA_1: the call of a file. */
  const call = (cot: number): Uint8Array => Uint8Array.of(122, 1, cot, 0, 1, 0, 7, 0, 0, 1, 0, 0, 2);
  /** F_FR_NA_1 with this FRQ. */
  const ready = (frq: number): Uint8Array => Uint8Array.of(120, 1, 13, 0, 1, 0, 7, 0, 0, 1, 0, 100, 0, 0, frq);
  const mayCall = (session: number): boolean => ownership.problemOf(call(13), session, 0) === undefined;
  const receiver = (answer: Uint8Array): number | undefined => ownership.fileReceiver(new AsduView(answer))?.session;

  it.each([
    ['P/N = 1', call(13 | 0x40)],
    ['an unknown file', call(47)],
    ['a file that is not ready', ready(0x80)],
  ])('is free again once the RTU has refused it (%s), which is told to who asked', (_how, refusal) => {
    expect([mayCall(A), mayCall(B)]).toEqual([true, false]);
    expect(receiver(refusal)).toBe(A);
    expect(mayCall(B)).toBe(true);
  });

  it('stays with who transfers it', () => {
    mayCall(A);
    expect(receiver(ready(0))).toBe(A);
    expect(mayCall(B)).toBe(false);
  });
});

describe('a selection whose master may not have it any more', () => {
  it('is worth nothing to anybody until the RTU has forgotten it; it may be selected anew', () => {
    select(A);
    ownership.cancelSelections(() => false);
    expect(ownership.problemOf(EXECUTE, A, 0)?.reason).toBe('its selection was cancelled');
    expect(mayExecute(B)).toBe(false);
    expect(ownership.problemOf(SELECT, B, 0)).toBe(undefined);
    clock.advance(SELECT_TIMEOUT_MS);
    expect(mayExecute(B)).toBe(true);
  });

  it('is told by its master and object, and leaves the others', () => {
    select(A);
    const asked: number[][] = [];
    ownership.cancelSelections((...which) => asked.push(which) > 0);
    expect(asked).toEqual([[A, 1, IOA]]);
    expect(mayExecute(A)).toBe(true);
  });

  it('gives way to a select of its own that the RTU takes', () => {
    select(A);
    ownership.cancelSelections(() => false);
    select(A);
    expect(mayExecute(A)).toBe(true);
    expect(mayExecute(B)).toBe(false);
  });

  it('stays protected when a select that follows is refused', () => {
    select(A);
    ownership.cancelSelections(() => false);
    ownership.refusedByRtu(select(B));
    expect(mayExecute(A)).toBe(false);
    expect(mayExecute(B)).toBe(false);
  });

  it('is protected however many there are', () => {
    for (let ioa = 1; ioa <= 150; ioa++)
      for (const owner of [A, B]) {
        const transaction = { typeId: 45, ca: 1, ioa: ioa + owner * 1_000, cot: Cause.ACT, select: true, owner };
        ownership.handedOver(transaction as unknown as Transaction);
      }
    ownership.cancelSelections(() => false);
    for (const owner of [A, B]) {
      const ioa = 150 + owner * 1_000;
      const execute = Uint8Array.of(45, 1, Cause.ACT, 0, 1, 0, ioa & 0xff, ioa >> 8, 0, 0x01);
      expect(ownership.problemOf(execute, owner, 0)).toBeDefined();
    }
  });
});
