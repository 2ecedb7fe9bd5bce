/** That an RTU does not confirm is learnt of those that do not, and of no other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BROADCAST_CA, Cause, counterInterrogation, interrogation, singleCommand } from '@iec104mm2ss/iec104';
import { CONFIRMATION_LATE_MS, STATIONS_QUIET_MS, type Transaction } from './command-transaction.js';
import { Bench } from './transactions-bench.js';

const A = 1;
const PATIENCE = 60_000;
const KINDS: [name: string, make: (ca: number) => Uint8Array][] = [
  ['C_IC', (ca) => interrogation(ca)],
  ['C_CI', (ca) => counterInterrogation(ca)],
  ['C_CI, freeze', (ca) => counterInterrogation(ca, 5, 1)],
  ['C_SC', (ca) => singleCommand(ca === BROADCAST_CA ? 1 : ca, 500, true)],
];
const TYPES = [45, 100, 101];

const learnt = (bench: Bench): number[] => TYPES.filter((typeId) => bench.transactions.habits.isUnconfirmed(typeId));

describe.each(KINDS)('%s', (_name, make) => {
  it('to all stations that was confirmed and ended by some of them is not taken for one without confirmation', () => {
    const bench = new Bench();
    bench.command(A, make(BROADCAST_CA));
    for (const ca of [1, 2]) {
      bench.answer(make(ca), Cause.ACT_CON);
      bench.answer(make(ca), Cause.ACT_TERM);
    }
    bench.pass(STATIONS_QUIET_MS + CONFIRMATION_LATE_MS);
    expect(bench.transactions.size).toBe(0);
    expect(learnt(bench)).toEqual([]);
  });

  it('of which an earlier owner of the group may have seen the confirmation neither', () => {
    const bench = new Bench();
    const floor = { ...bench.link };
    bench.transactions.restore(bench.newCommand(A, make(1)), { ageMs: 50, floor, answersMissed: false, isLost: false });
    bench.answer(make(1), Cause.ACT_TERM);
    bench.pass(CONFIRMATION_LATE_MS);
    expect(learnt(bench)).toEqual([]);
  });

  it('that ends without any is, until one is confirmed, whosever that is', () => {
    for (const contradicts of ['its own', 'late', 'of nobody']) {
      const bench = new Bench();
      bench.command(A, make(1));
      bench.answer(make(1), Cause.ACT_TERM);
      bench.pass(CONFIRMATION_LATE_MS);
      expect(learnt(bench)).toEqual([make(1)[0]]);
      if (contradicts === 'its own') bench.command(A, make(1));
      bench.answer(make(contradicts === 'of nobody' ? 9 : 1), Cause.ACT_CON);
      expect(learnt(bench), contradicts).toEqual([]);
    }
  });
});

/** An interrogation of all stations that ends long after it was given up, beside one of a station that is not confirmed yet. */
const plain = { session: 1, isRestored: false };
const LATE_END = [
  { ...plain, kind: 0, ca: 1, afterMs: 0, confirmMs: 0, terminateMs: 0 },
  { ...plain, kind: 0, ca: BROADCAST_CA, afterMs: 0, confirmMs: 12_813, terminateMs: 16_939 },
  { ...plain, kind: 1, ca: 1, afterMs: 17_841, confirmMs: 0, terminateMs: 0 },
  { ...plain, kind: 0, ca: 1, afterMs: 3_160, confirmMs: 7_251, terminateMs: 0 },
  { ...plain, kind: 1, ca: 1, afterMs: 9_250, confirmMs: 9_432, terminateMs: 69 },
];

it('an RTU that confirms everything is never taken for one that does not, whoever asks for what, and however late it is', () => {
  const plan = fc.record({
    session: fc.integer({ min: 1, max: 3 }),
    kind: fc.nat(KINDS.length - 1),
    ca: fc.constantFrom(1, 2, BROADCAST_CA),
    isRestored: fc.boolean(),
    afterMs: fc.oneof(fc.constant(0), fc.nat(6_000), fc.nat(40_000)),
    /** Of the RTU, between the command and ACT_CON, and ACT_TERM. */
    confirmMs: fc.oneof(fc.nat(100), fc.nat(14_000)),
    terminateMs: fc.oneof(fc.nat(100), fc.nat(20_000)),
  });
  fc.assert(
    fc.property(fc.array(plan, { maxLength: 12 }), (plans) => {
      const bench = new Bench();
      const said: { at: number; asdu: Uint8Array; cause: number }[] = [];
      const delays = new Map<number, (typeof plans)[number]>();
      let sent = 0;
      const send = (): void => {
        for (; sent < bench.forwarded.length; sent++) {
          const transaction = bench.sent(bench.forwarded[sent] as Transaction);
          answer(transaction.asdu, delays.get(transaction.number) ?? (plans[0] as (typeof plans)[number]));
        }
      };
      const answer = (asdu: Uint8Array, { confirmMs, terminateMs }: (typeof plans)[number]): void => {
        const cas = asdu[4] === 0xff && asdu[5] === 0xff ? [1, 2] : [asdu[4] as number];
        for (const ca of cas) {
          const own = new Uint8Array(asdu);
          own.set([ca, 0], 4);
          said.push({ at: bench.now + confirmMs, asdu: own, cause: Cause.ACT_CON });
          said.push({ at: bench.now + confirmMs + terminateMs, asdu: own, cause: Cause.ACT_TERM });
        }
      };
      const pass = (ms: number): void => {
        for (const until = bench.now + ms; bench.now < until;) {
          bench.pass(Math.min(250, until - bench.now));
          send();
          said.sort((a, b) => a.at - b.at);
          while (said[0] !== undefined && said[0].at <= bench.now) {
            const next = said.shift();
            if (next !== undefined) bench.answer(next.asdu, next.cause);
            send();
            expect(learnt(bench)).toEqual([]);
          }
        }
      };
      for (const each of plans) {
        const { session, kind, ca, isRestored, afterMs } = each;
        const asdu = (KINDS[kind] as (typeof KINDS)[number])[1](ca);
        if (isRestored && bench.forwarded.length === 0) {
          const floor = { ...bench.link };
          const before = { ageMs: 100, floor, answersMissed: false, isLost: false };
          const transaction = bench.transactions.restore(bench.newCommand(session, asdu), before);
          answer(transaction.asdu, { ...each, confirmMs: 0 });
        } else delays.set(bench.begin(session, asdu, PATIENCE).number, each);
        send();
        pass(afterMs);
      }
      pass(60_000);
      expect(learnt(bench)).toEqual([]);
    }),
    { examples: [[LATE_END]] },
  );
});
