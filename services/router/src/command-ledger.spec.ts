import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandLedger, MAX_RETIRED, RETIRED_MS } from './command-ledger.js';

const A = 1;
const gone = (): boolean => false;

describe('a command', () => {
  it('is new, open when it came, settled when its record is stored', () => {
    const ledger = new CommandLedger();
    expect(ledger.standing(A, 1)).toBe('new');
    expect(ledger.take(A, 1)).toBe(true);
    expect(ledger.take(A, 1)).toBe(false);
    expect(ledger.standing(A, 1)).toBe('open');
    ledger.settle(A, 1);
    expect(ledger.standing(A, 1)).toBe('settled');
    expect(ledger.take(A, 1)).toBe(false);
    expect(ledger.standing(2, 1)).toBe('new');
  });

  it('that an earlier owner has probably recorded may be recorded after all', () => {
    const ledger = new CommandLedger();
    ledger.take(A, 1);
    ledger.end(A, 1, 'terminated');
    expect(ledger.standing(A, 1)).toEqual({ ended: 'terminated' });
    ledger.reopen(A, 1);
    expect(ledger.standing(A, 1)).toBe('open');
  });

  it('in a gap is new: the message that brought it was lost', () => {
    const ledger = new CommandLedger();
    for (const command of [1, 2, 5, 6, 9]) ledger.take(A, command);
    const isNew = (command: number): boolean => ledger.standing(A, command) === 'new';
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter(isNew)).toEqual([3, 4, 7, 8, 10]);
    expect(ledger.take(A, 7)).toBe(true);
    expect(ledger.take(A, 8)).toBe(true);
    expect(ledger.take(A, 3)).toBe(true);
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter(isNew)).toEqual([4, 10]);
  });

  it('is taken once whatever the order, as far as gaps are remembered', () => {
    const numbers = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 200 });
    fc.assert(
      fc.property(numbers, (commands) => {
        const ledger = new CommandLedger();
        const taken = new Set<number>();
        for (const command of commands) {
          expect(ledger.take(A, command)).toBe(!taken.has(command));
          taken.add(command);
        }
      }),
    );
  });

  it('far behind in a session with very many gaps is settled, and never done twice', () => {
    const ledger = new CommandLedger();
    for (let command = 1; command < 10_000; command += 2) ledger.take(A, command);
    for (let command = 1; command < 10_000; command += 2) ledger.settle(A, command);
    expect(ledger.standing(A, 2)).toBe('settled');
    expect(ledger.standing(A, 9_998)).toBe('new');
  });
});

describe('a session that is over', () => {
  it('is remembered for as long as its gateway states it, and a while longer', () => {
    const ledger = new CommandLedger();
    ledger.take(A, 1);
    ledger.expire(0, () => true);
    ledger.expire(1_000, gone);
    ledger.expire(1_000 + RETIRED_MS - 1, gone);
    expect(ledger.standing(A, 1)).toBe('open');
    ledger.stated(A, 1_000 + RETIRED_MS - 1);
    ledger.expire(1_000 + RETIRED_MS, gone);
    expect(ledger.size).toBe(1);
    ledger.expire(1_000 + 2 * RETIRED_MS, gone);
    expect(ledger.size).toBe(0);
  });

  it('is forgotten earlier when there are too many', () => {
    const ledger = new CommandLedger();
    for (let session = 1; session <= MAX_RETIRED + 5; session++) ledger.take(session, 1);
    ledger.expire(0, (session) => session === 1);
    expect(ledger.size).toBe(MAX_RETIRED + 1);
    expect(ledger.standing(1, 1)).toBe('open');
    expect(ledger.standing(2, 1)).toBe('new');
  });
});
