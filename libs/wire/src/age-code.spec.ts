import { iFormat } from '@iec104mm2ss/iec104';
import { expect, it } from 'vitest';
import { ageCode, ageOf } from './age-code.js';
import { dataAge, decodeOut, encodeOut, OutKind, type OutMessage } from './out-message.js';

it.each([
  [-5, 1, 0],
  [0, 1, 0],
  [1, 12, 1],
  [3, 23, 3],
  [50, 63, 48.7],
  [1_000, 110, 961],
  [60_000, 175, 57_714],
  [8_900_000, 254, 8_404_000],
  [1e12, 255, 8_951_000],
])('%d ms is octet %d', (ms, code, back) => {
  expect(ageCode(ms)).toBe(code);
  expect(Math.abs((ageOf(code) as number) - back)).toBeLessThanOrEqual(back / 200);
});

it('what comes out is what went in, or up to 7 % less', () => {
  for (let ms = 0; ms < 8_000_000; ms += 1 + Math.floor(ms / 50)) {
    const age = ageOf(ageCode(ms)) as number;
    expect(age).toBeLessThanOrEqual(ms + 1e-6);
    expect(age).toBeGreaterThanOrEqual(ms * 0.93 - 1e-6);
  }
});

it('0 is not known', () => {
  expect(ageOf(0)).toBeUndefined();
});

it('stands in the fourth octet of a message with ASDUs, and changes nothing else', () => {
  const apdu = iFormat(0, 0, new Uint8Array(6));
  const head = { kind: OutKind.DATA, fence: 1, generation: 2, from: 3, first: 3, count: 1 };
  const without = encodeOut(head, apdu);
  const message = encodeOut({ ...head, age: ageCode(3) }, apdu);
  expect([...message.subarray(0, 4)]).toEqual([2, 1, 0, 23]);
  expect([...without.subarray(0, 4)]).toEqual([2, 1, 0, 0]);
  expect(message.subarray(4)).toEqual(without.subarray(4));
  const value = decodeOut(message) as OutMessage;
  expect(dataAge(value)).toBe(3);
  expect(value).toMatchObject({ kind: OutKind.DATA, flags: 0, from: 3, count: 1 });
});
