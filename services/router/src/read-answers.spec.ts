import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cause, encodeAsdu, mirror, readCommand } from '@iec104mm2ss/iec104';
import {
  ANSWER_TIMEOUT_MS,
  FIRST_ANSWER_MS,
  INTERROGATION_TIMEOUT_MS,
  SILENT_MS,
  type Transaction,
} from './command-transaction.js';
import { Bench } from './transactions-bench.js';

const A = 1;
const B = 2;
const C = 3;
const PATIENCE = 60_000;
const read = (ioa: number, ca = 1): Uint8Array => readCommand(ca, ioa);

/** Objects with COT 5; several have an address each. */
function objects(ioas: readonly number[], ca = 1): Uint8Array {
  return encodeAsdu({
    type: 'M_ME_NC_1',
    cot: Cause.REQ,
    ca,
    objects: ioas.map((ioa) => ({ ioa, value: 1 })),
  } as never);
}

/** A sequence of elements from this object on. */
function sequence(first: number, count: number): Uint8Array {
  return Uint8Array.of(1, 0x80 | count, Cause.REQ, 0, 1, 0, first & 0xff, first >> 8, 0, ...new Uint8Array(count));
}

/** Who gets them. */
function readers(bench: Bench, asdu: Uint8Array): number[] | undefined {
  const { position, ...record } = bench.link;
  return bench.transactions.answers
    .readAnswered(asdu, position, record)
    ?.map(({ session }) => session)
    .sort((a, b) => a - b);
}

describe('an object that was read', () => {
  it('is for who asked for it, and ends the read', () => {
    const bench = new Bench();
    bench.command(A, read(500));
    bench.command(B, read(501));
    expect(readers(bench, objects([500]))).toEqual([A]);
    expect(bench.take().at(-1)).toBe('1 answered');
    expect(readers(bench, objects([501]))).toEqual([B]);
    expect(bench.transactions.size).toBe(0);
  });

  it('of another station, or that nobody has asked for, is for all', () => {
    const bench = new Bench();
    bench.command(A, read(500));
    expect(readers(bench, objects([500], 2))).toBeUndefined();
    expect(readers(bench, objects([502]))).toBeUndefined();
    expect(readers(bench, objects([500]))).toEqual([A]);
  });

  it.each([
    ['with others, each with its address', objects([498, 500, 502])],
    ['with others, in a sequence', sequence(490, 20)],
    ['as private type', Uint8Array.of(136, 1, Cause.REQ, 0, 1, 0, 0xf4, 1, 0, 7)],
  ])('may come %s', (_how, asdu) => {
    const bench = new Bench();
    bench.command(A, read(500));
    expect(readers(bench, asdu)).toEqual([A]);
    expect(bench.transactions.size).toBe(0);
  });

  it('together with one that another master has read is for both', () => {
    const bench = new Bench();
    bench.command(A, read(500));
    bench.command(B, read(501));
    bench.command(C, read(600));
    expect(readers(bench, sequence(500, 2))).toEqual([A, B]);
    expect(bench.transactions.size).toBe(1);
  });

  it('by several masters at once is for each of them in turn', () => {
    const bench = new Bench();
    bench.command(A, read(500));
    for (const session of [B, C]) bench.begin(session, read(500), PATIENCE);
    for (const session of [A, B, C]) {
      bench.sent(bench.forwarded.at(-1) as Transaction);
      expect(readers(bench, objects([500]))).toEqual([session]);
    }
    expect(bench.transactions.size).toBe(0);
  });

  it('twice by one master answers one read after the other', () => {
    const bench = new Bench();
    for (let i = 0; i < 2; i++) bench.command(A, read(500));
    for (const left of [1, 0]) {
      expect(readers(bench, objects([500]))).toEqual([A]);
      expect(bench.transactions.size).toBe(left);
    }
  });

  it('that comes late is still for who asked', () => {
    const bench = new Bench();
    bench.command(A, read(500));
    bench.pass(ANSWER_TIMEOUT_MS + 2_000);
    expect(bench.take().at(-1)).toBe('1 no answer');
    expect(readers(bench, objects([500]))).toEqual([A]);
  });

  it('that comes when another master has asked meanwhile is for both: nobody knows whose it is', () => {
    const bench = new Bench();
    bench.command(A, read(500));
    bench.begin(B, read(500), PATIENCE);
    bench.pass(FIRST_ANSWER_MS);
    bench.sent(bench.forwarded[1] as Transaction);
    expect(readers(bench, objects([500]))).toEqual([A, B]);
    expect(readers(bench, objects([500])), 'the other one').toEqual([A, B]);
  });

  it('is for all who asked while any of their reads may get its object late, however many', () => {
    const bench = new Bench();
    for (let i = 0; i < 2; i++) bench.command(A, read(500));
    bench.begin(B, read(500), PATIENCE);
    bench.pass(ANSWER_TIMEOUT_MS);
    bench.sent(bench.forwarded[2] as Transaction);
    for (const which of ['first', 'second', 'third']) {
      expect(readers(bench, objects([500])), `the ${which}`).toEqual([A, B]);
    }
    expect(bench.transactions.size).toBe(0);
  });

  it('that comes once more is for who had it last, for a while', () => {
    const bench = new Bench();
    bench.command(A, read(500));
    readers(bench, objects([500]));
    bench.pass(1_000);
    bench.command(B, read(500));
    readers(bench, objects([500]));
    expect(readers(bench, objects([500]))).toEqual([B]);
    bench.pass(INTERROGATION_TIMEOUT_MS);
    expect(readers(bench, objects([500]))).toBeUndefined();
  });

  it('by a master that has left since is for all', () => {
    const bench = new Bench();
    bench.command(A, read(500));
    bench.transactions.forget(A);
    expect(readers(bench, objects([500]))).toBeUndefined();
  });

  it('before an ACT_CON that is superfluous, or after it, is for who asked', () => {
    for (const causes of [
      ['con', 'object'],
      ['object', 'con'],
    ]) {
      const bench = new Bench();
      bench.command(A, read(500));
      for (const cause of causes) {
        if (cause === 'con') expect(bench.answer(read(500), Cause.ACT_CON)).toEqual([A]);
        else expect(readers(bench, objects([500]))).toEqual([A]);
      }
    }
  });

  it('before the log or the link that the read was sent with is none to it', () => {
    const bench = new Bench();
    bench.command(A, read(500));
    const { answers } = bench.transactions;
    expect(answers.readAnswered(objects([500]), 0, { epoch: 2, generation: 1 })).toBeUndefined();
    expect(answers.readAnswered(objects([500]), 0, { epoch: 1, generation: 0 })).toBeUndefined();
    expect(bench.transactions.size).toBe(1);
  });
});

it('a refused read has had its answer: an object that comes then is for all', () => {
  const bench = new Bench();
  bench.command(A, read(500));
  bench.answer(read(500), Cause.UNKNOWN_IOA, 0, true);
  expect(readers(bench, objects([500]))).toBeUndefined();
});

it('a read that is mirrored with its own cause is over', () => {
  const bench = new Bench();
  bench.command(A, read(500));
  expect(bench.raw(mirror(read(500), Cause.REQ, false))).toEqual([A]);
  expect(bench.take().at(-1)).toBe('1 answered');
});

it('an RTU that answers reads again is not taken for silent any more', () => {
  const bench = new Bench();
  bench.command(A, read(500));
  bench.pass(ANSWER_TIMEOUT_MS);
  bench.command(A, read(500));
  readers(bench, objects([500]));
  bench.command(A, read(500));
  bench.begin(B, read(500), PATIENCE);
  bench.take();
  bench.pass(SILENT_MS);
  expect(bench.take()).toEqual([]);
});

it('requested objects reach only masters that asked for one of them, whoever else reads', () => {
  const plan = fc.record({
    session: fc.integer({ min: A, max: C }),
    ioa: fc.integer({ min: 500, max: 503 }),
    answer: fc.array(fc.integer({ min: 500, max: 504 }), { minLength: 1, maxLength: 3 }),
    afterMs: fc.oneof(fc.constant(0), fc.nat(6_000)),
  });
  fc.assert(
    fc.property(fc.array(plan, { maxLength: 20 }), (plans) => {
      const bench = new Bench();
      let sent = 0;
      const asked = new Map<number, Set<number>>();
      for (const { session, ioa, answer, afterMs } of plans) {
        bench.begin(session, read(ioa), PATIENCE);
        bench.pass(afterMs);
        for (; sent < bench.forwarded.length; sent++) {
          const { ioa: at, owner } = bench.sent(bench.forwarded[sent] as Transaction);
          asked.set(at, (asked.get(at) ?? new Set()).add(owner));
        }
        const got = readers(bench, objects([...new Set(answer)]));
        const may = new Set(answer.flatMap((at) => [...(asked.get(at) ?? [])]));
        for (const each of got ?? []) expect(may).toContain(each);
        if (got === undefined) expect([...bench.forwarded].filter(({ ioa: at }) => answer.includes(at))).toEqual([]);
      }
    }),
  );
});
