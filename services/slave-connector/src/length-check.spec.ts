import { iFormat } from '@iec104mm2ss/iec104';
import { describe, expect, it } from 'vitest';
import { LengthCheck } from './length-check.js';

const SERIAL = [
  [1, 1, 3, 5, 101, 0, 1],
  [1, 1, 20, 5, 100, 0, 1],
  [70, 1, 4, 5, 0, 0, 0],
];
const RIGHT = [1, 1, 3, 0, 1, 0, 100, 0, 0, 1];
const PRIVATE = [200, 1, 3, 5, 101, 0, 1];
const DAMAGED = [30, 1, 3, 0, 1, 0, 9, 0, 0];

function apdus(...asdus: readonly number[][]): Uint8Array {
  return Buffer.concat(asdus.map((asdu, index) => iFormat(index, 0, Uint8Array.from(asdu))));
}

/** The likeliest. */
const LENGTHS = { cot: 1, ca: 1, ioa: 2 };

describe('an RTU with the field lengths of a serial line', () => {
  it('is known by its second ASDU, in one read or in several', () => {
    const octets = apdus(...SERIAL);
    const first = octets.indexOf(0x68, 1);
    const found = new LengthCheck().take(octets, 0, octets.length);
    expect(found.map(({ at, certain }) => [at, certain])).toEqual([
      [0, false],
      [first, true],
    ]);
    expect(found[1]?.lengths[0]).toEqual(LENGTHS);
    const check = new LengthCheck();
    expect(check.take(octets, 0, first)).toEqual(found.slice(0, 1));
    expect(check.take(octets, first, octets.length)).toEqual(found.slice(1));
  });

  it('that was refused before is known by its first ASDU', () => {
    const octets = apdus(PRIVATE, ...SERIAL);
    const found = new LengthCheck(true).take(octets, 0, octets.length);
    expect(found.map(({ certain }) => certain)).toEqual([true]);
    const right = apdus(RIGHT, ...SERIAL);
    expect(new LengthCheck(true).take(right, 0, right.length)).toEqual([]);
  });

  it('is known behind ASDUs that prove nothing', () => {
    const octets = apdus(PRIVATE, DAMAGED, SERIAL[0] as number[], PRIVATE, SERIAL[1] as number[]);
    expect(new LengthCheck().take(octets, 0, octets.length).at(-1)).toMatchObject({ certain: true });
  });
});

describe('an RTU of 104', () => {
  it.each([
    ['at once', [RIGHT, ...SERIAL]],
    ['after one that is damaged in an odd way', [SERIAL[0] as number[], RIGHT, ...SERIAL]],
  ])('is believed %s', (_when, asdus) => {
    const octets = apdus(...asdus);
    const check = new LengthCheck();
    const odd = check.take(octets, 0, octets.length);
    expect([odd.some(({ certain }) => certain), check.active]).toEqual([false, false]);
  });

  it('is believed when a thousand ASDUs have proved nothing', () => {
    const check = new LengthCheck();
    const octets = apdus(PRIVATE);
    for (let i = 0; i < 1_000; i++) check.take(octets, 0, octets.length);
    expect(check.active).toBe(true);
    check.take(octets, 0, octets.length);
    expect(check.active).toBe(false);
  });
});
