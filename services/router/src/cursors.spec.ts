import { expect, it } from 'vitest';
import { Cursors } from './cursors.js';

it('begins where an earlier owner left off, never beyond what is confirmed', () => {
  const cursors = new Cursors(['A', 'B', 'C'], { A: 10, B: 99 }, 50, 0);
  expect(cursors.positions).toEqual({ A: 10, B: 50, C: 50 });
  expect(cursors.oldest).toBe(10);
});

it('keeps the place of a name that the file does not have, for who reads a newer one, and for ten minutes', () => {
  const cursors = new Cursors(['A'], { A: 40, other: 10 }, 50, 1_000);
  expect(cursors.positions).toEqual({ A: 40, other: 10 });
  expect(cursors.oldest).toBe(10);
  // What is given up for it is told to who has its name again.
  expect(cursors.giveUpBefore(20, 20, new Set())).toEqual([]);
  cursors.tick(600_999);
  expect(cursors.positions).toEqual({ A: 40, other: 10 });
  cursors.tick(601_000);
  expect(cursors.positions).toEqual({ A: 40 });
  expect(cursors.oldest).toBe(40);
});

it('takes other names while it runs: those that stay keep their places, those that come back too', () => {
  const cursors = new Cursors(['A', 'B'], { A: 10, B: 20 }, 50, 0);
  cursors.setNames(['B', 'C'], () => 30, 0);
  expect(cursors.positions).toEqual({ A: 10, B: 20, C: 30 });
  cursors.setNames(['A', 'B'], () => 99, 5_000);
  cursors.tick(700_000);
  expect(cursors.positions).toEqual({ A: 10, B: 20 });
  expect(cursors.giveUpBefore(15, 15, new Set())).toEqual([{ name: 'A', position: 10, count: 5, first: true }]);
});

it('moves on only, and for named masters only', () => {
  const cursors = new Cursors(['A'], {}, 5, 0);
  cursors.advance('A', 9);
  cursors.advance('A', 7);
  cursors.advance(null, 100);
  expect(cursors.positions).toEqual({ A: 9 });
});

it('without named masters holds nothing back', () => {
  expect(new Cursors([], {}, 5, 0).oldest).toBe(Infinity);
});

it('counts what is given up for a master that is away, until it is back', () => {
  const cursors = new Cursors(['A', 'B'], { A: 10, B: 40 }, 50, 0);
  const nobody = new Set<string>();
  expect(cursors.giveUpBefore(30, 30, nobody)).toEqual([{ name: 'A', position: 10, count: 20, first: true }]);
  expect(cursors.giveUpBefore(35, 35, nobody)).toEqual([{ name: 'A', position: 30, count: 5, first: false }]);
  expect(cursors.positions).toEqual({ A: 35, B: 40 });
  expect(cursors.back('B')).toBe(0);
  expect(cursors.back('A')).toBe(25);
  expect(cursors.back('A')).toBe(0);
  expect(cursors.back(null)).toBe(0);
});

it('gives up less for a master that is here', () => {
  const cursors = new Cursors(['A', 'B'], { A: 10, B: 10 }, 50, 0);
  expect(cursors.giveUpBefore(30, 20, new Set(['B']))).toEqual([
    { name: 'A', position: 10, count: 20, first: true },
    { name: 'B', position: 10, count: 10, first: true },
  ]);
  expect(cursors.positions).toEqual({ A: 30, B: 20 });
});

it('counts what the log has lost for masters that are away, and goes back with it', () => {
  const cursors = new Cursors(['A', 'B', 'C'], { A: 10, B: 45, C: 20 }, 50, 0);
  expect(cursors.cut(30, 48, new Set(['C']))).toEqual([
    { name: 'A', position: 10, count: 18, first: true },
    { name: 'B', position: 45, count: 3, first: true },
  ]);
  expect(cursors.positions).toEqual({ A: 10, B: 30, C: 20 });
  expect(cursors.back('A')).toBe(18);
});

it('gives up for one master what it cannot get any more', () => {
  const cursors = new Cursors(['A', 'B'], { A: 10, B: 10 }, 50, 0);
  expect(cursors.giveUp('A', 30)).toEqual({ name: 'A', position: 10, count: 20, first: true });
  expect(cursors.giveUp('A', 30)).toBeUndefined();
  expect(cursors.giveUp('nobody', 30)).toBeUndefined();
  expect(cursors.positions).toEqual({ A: 30, B: 10 });
});

it('is not confused by masters with strange names', () => {
  const cursors = new Cursors(
    ['constructor', '__proto__'],
    JSON.parse('{"__proto__": 3}') as Record<string, number>,
    5,
    0,
  );
  expect(cursors.position('constructor')).toBe(5);
  expect(cursors.position('__proto__')).toBe(3);
  expect(cursors.position('toString')).toBeUndefined();
});
