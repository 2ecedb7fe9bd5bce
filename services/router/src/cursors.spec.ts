import { expect, it } from 'vitest';
import { Cursors } from './cursors.js';

it('begins where an earlier owner left off, never beyond what is confirmed', () => {
  const cursors = new Cursors(['A', 'B', 'C'], { A: 10, B: 99, gone: 1 }, 50);
  expect(cursors.positions).toEqual({ A: 10, B: 50, C: 50 });
  expect(cursors.oldest).toBe(10);
  expect(cursors.position('gone')).toBeUndefined();
});

it('moves on only, and for named masters only', () => {
  const cursors = new Cursors(['A'], {}, 5);
  cursors.advance('A', 9);
  cursors.advance('A', 7);
  cursors.advance(null, 100);
  expect(cursors.positions).toEqual({ A: 9 });
});

it('without named masters holds nothing back', () => {
  expect(new Cursors([], {}, 5).oldest).toBe(Infinity);
});

it('counts what is given up for a master that is away, until it is back', () => {
  const cursors = new Cursors(['A', 'B'], { A: 10, B: 40 }, 50);
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
  const cursors = new Cursors(['A', 'B'], { A: 10, B: 10 }, 50);
  expect(cursors.giveUpBefore(30, 20, new Set(['B']))).toEqual([
    { name: 'A', position: 10, count: 20, first: true },
    { name: 'B', position: 10, count: 10, first: true },
  ]);
  expect(cursors.positions).toEqual({ A: 30, B: 20 });
});

it('counts what the log has lost for masters that are away, and goes back with it', () => {
  const cursors = new Cursors(['A', 'B', 'C'], { A: 10, B: 45, C: 20 }, 50);
  expect(cursors.cut(30, 48, new Set(['C']))).toEqual([
    { name: 'A', position: 10, count: 18, first: true },
    { name: 'B', position: 45, count: 3, first: true },
  ]);
  expect(cursors.positions).toEqual({ A: 10, B: 30, C: 20 });
  expect(cursors.back('A')).toBe(18);
});

it('gives up for one master what it cannot get any more', () => {
  const cursors = new Cursors(['A', 'B'], { A: 10, B: 10 }, 50);
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
  );
  expect(cursors.position('constructor')).toBe(5);
  expect(cursors.position('__proto__')).toBe(3);
  expect(cursors.position('toString')).toBeUndefined();
});
