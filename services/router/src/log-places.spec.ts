import { describe, expect, it } from 'vitest';
import type { LogPlace } from '@iec104mm2ss/wire';
import { LogPlaces } from './log-places.js';

/** A log that answers with `valid`, when it is asked at all. */
function places(generation: number, valid?: number): { places: LogPlaces; asked: LogPlace[] } {
  const asked: LogPlace[] = [];
  const validUpTo = (place: LogPlace): Promise<number> => {
    asked.push(place);
    return valid === undefined ? Promise.reject(new Error('not to be asked')) : Promise.resolve(valid);
  };
  return { places: new LogPlaces({ validUpTo }, generation), asked };
}

describe('a place in the log', () => {
  it('of the present generation is what it says', async () => {
    const { places: known } = places(5);
    expect(known.present({ generation: 5, position: 70 })).toBe(70);
    expect(await known.resolve({ generation: 5, position: 70 })).toBe(70);
  });

  it('of an earlier generation ends where a later one began', () => {
    const { places: known } = places(5);
    known.cut(6, 100, 120);
    known.cut(8, 90, 95);
    expect(known.generation).toBe(8);
    expect(known.present({ generation: 5, position: 70 })).toBe(70);
    expect(known.present({ generation: 5, position: 110 })).toBe(90);
    expect(known.present({ generation: 6, position: 110 })).toBe(90);
    expect(known.present({ generation: 7, position: 92 }), 'one that nobody has seen').toBe(90);
    expect(known.present({ generation: 8, position: 92 })).toBe(92);
  });

  it('is not known when its generation is older than this owner, or yet to come: the log is asked', async () => {
    const { places: known, asked } = places(5, 33);
    expect(known.present({ generation: 4, position: 70 })).toBeUndefined();
    expect(known.present({ generation: 6, position: 70 })).toBeUndefined();
    expect(await known.resolve({ generation: 4, position: 70 })).toBe(33);
    expect(await known.resolve({ generation: 6, position: 20 })).toBe(20);
    expect(asked).toHaveLength(2);
  });

  it('at the beginning needs no question', async () => {
    expect(await places(5).places.resolve({ generation: 0, position: 0 })).toBe(0);
  });

  it('is cut also while the log is being asked', async () => {
    const { places: known } = places(5, 33);
    const resolved = known.resolve({ generation: 4, position: 70 });
    known.cut(6, 10, 40);
    expect(await resolved).toBe(10);
  });

  it('tells what is lost for ever behind it', () => {
    const { places: known } = places(5);
    known.cut(6, 100, 120);
    known.cut(7, 110, 110);
    known.cut(8, 90, 115);
    const lost = (generation: number, position: number): number => known.lostBehind({ generation, position });
    expect(lost(5, 120), 'had everything then').toBe(15);
    expect(lost(5, 80)).toBe(20 + 25);
    expect(lost(6, 120)).toBe(5);
    expect(lost(7, 115)).toBe(0);
    expect(lost(8, 50)).toBe(0);
  });

  it('is lost only as far as its writer says that it was stored, and wholly when that says nothing', () => {
    const { places: known } = places(5);
    known.heard(6, undefined);
    expect(known.lostEnd(6, 100, 120)).toBe(120);
    known.heard(6, 0);
    expect(known.lostEnd(6, 100, 120)).toBe(100);
    known.heard(7, 5);
    expect(known.lostEnd(7, 100, 120)).toBe(105);
    expect(known.lostEnd(7, 100, 103)).toBe(103);
    expect(known.lostEnd(8, 100, 120), 'of another writer').toBe(120);
  });

  it('is forgotten when it is too old, so that nothing grows', () => {
    const { places: known } = places(0);
    for (let generation = 1; generation <= 1_000; generation++) known.cut(generation, 10, 10);
    expect((known as unknown as { cuts: unknown[] }).cuts.length).toBeLessThan(100);
    expect(known.present({ generation: 5, position: 3 })).toBeUndefined();
    expect(known.present({ generation: 999, position: 30 })).toBe(10);
  });
});
