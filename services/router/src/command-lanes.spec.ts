import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BROADCAST_CA, clockSync, epochMsToCp56, interrogation, singleCommand } from '@iec104mm2ss/iec104';
import { CommandLanes } from './command-lanes.js';
import { newTransaction, type Transaction } from './command-transaction.js';

const NOON = epochMsToCp56(Date.UTC(2026, 5, 1, 12));

class Bench {
  readonly started: Transaction[] = [];
  readonly active = new Set<Transaction>();
  ready = true;
  readonly lanes = new CommandLanes({
    ready: () => this.ready,
    mayJoin: (next, other) => next.typeId !== 100 && next.owner === other.owner,
    start: (transaction) => {
      this.started.push(transaction);
      this.active.add(transaction);
    },
  });
  private count = 0;

  add(session: number, asdu: Uint8Array): Transaction {
    const asker = { session, command: 1, ownOa: 0, since: 0, master: undefined, unstated: false };
    const deadlines = { connectorFence: 1, connectorDeadline: 0, deadline: 0 };
    const transaction = newTransaction(++this.count, { asker, oa: session, asdu, ...deadlines });
    this.lanes.enqueue(transaction);
    return transaction;
  }

  remove(transaction: Transaction): void {
    this.active.delete(transaction);
    this.lanes.remove(transaction);
    this.lanes.pump([transaction]);
  }
}

/** Two commands that must not be under way at the same time. */
function conflict(a: Transaction, b: Transaction): boolean {
  if (a === b) return false;
  if (a.typeId !== 100 && a.owner === b.owner) return false;
  if (a.typeId !== b.typeId) return false;
  if (a.typeId === 45) return a.ca === b.ca && a.ioa === b.ioa;
  return a.ca === b.ca || a.ca === BROADCAST_CA || b.ca === BROADCAST_CA;
}

const commands = fc.record({
  session: fc.integer({ min: 1, max: 3 }),
  asdu: fc.oneof(
    fc.constantFrom(1, 2, 3, BROADCAST_CA).map((ca) => interrogation(ca)),
    fc.constantFrom(1, 2, BROADCAST_CA).map((ca) => clockSync(ca, NOON)),
    fc.constantFrom(500, 501).map((ioa) => singleCommand(1, ioa, true)),
  ),
});
const step = fc.oneof(
  { weight: 3, arbitrary: commands },
  { weight: 2, arbitrary: fc.nat().map((leaves) => ({ leaves })) },
);

describe('whatever comes and goes', () => {
  it('conflicting commands are never under way together, keep their order, and all of them get their turn', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const bench = new Bench();
        const all: Transaction[] = [];
        const gone = new Set<Transaction>();
        const leave = (transaction: Transaction): void => {
          gone.add(transaction);
          bench.remove(transaction);
          for (const a of bench.active) for (const b of bench.active) expect(conflict(a, b)).toBe(false);
        };
        for (const each of steps) {
          if ('asdu' in each) all.push(bench.add(each.session, each.asdu));
          else {
            // Some that are active end, some that wait give up.
            const there = all.filter((transaction) => !gone.has(transaction));
            const transaction = there[each.leaves % Math.max(1, there.length)];
            if (transaction !== undefined) leave(transaction);
          }
          for (const a of bench.active) for (const b of bench.active) expect(conflict(a, b)).toBe(false);
        }
        for (;;) {
          const [next] = bench.active;
          if (next === undefined) break;
          leave(next);
        }
        const startedAt = new Map(bench.started.map((transaction, index) => [transaction, index]));
        expect(all.filter((transaction) => !startedAt.has(transaction) && !gone.has(transaction))).toEqual([]);
        const ran = all.filter((transaction) => startedAt.has(transaction));
        for (const [index, later] of ran.entries()) {
          for (const earlier of ran.slice(0, index)) {
            if (!conflict(earlier, later)) continue;
            expect(startedAt.get(earlier) as number).toBeLessThan(startedAt.get(later) as number);
          }
        }
        expect(bench.lanes.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('while nothing may go', () => {
  it('all wait, and go in the order they came when it is over', () => {
    const bench = new Bench();
    bench.ready = false;
    const waiting = [
      bench.add(1, interrogation(BROADCAST_CA)),
      bench.add(1, singleCommand(1, 500, true)),
      bench.add(2, interrogation(1)),
      bench.add(2, singleCommand(1, 501, true)),
    ];
    expect(bench.started).toEqual([]);
    bench.ready = true;
    bench.lanes.pumpAll();
    expect(bench.started).toEqual([waiting[0], waiting[1], waiting[3]]);
  });
});
