import { expect, it } from 'vitest';
import { EventBuffer } from './event-buffer.js';

const octets = (n: number): Uint8Array => Uint8Array.of(n & 0xff, n >> 8);

it('keeps what was not released, under running numbers', () => {
  const buffer = new EventBuffer(10_000);
  for (let n = 0; n < 5000; n++) expect(buffer.push(octets(n))).toEqual({ sequence: n, dropped: false });
  buffer.release(3000);
  expect([buffer.first, buffer.next, buffer.length]).toEqual([3000, 5000, 2000]);
  expect(buffer.at(3000)).toEqual(octets(3000));
  expect(buffer.at(4999)).toEqual(octets(4999));
  expect(() => buffer.at(2999)).toThrow(RangeError);
  buffer.release(100);
  expect(buffer.first).toBe(3000);
  buffer.release(99_999);
  expect(buffer.length).toBe(0);
});

it('lets the oldest go when it is full', () => {
  const buffer = new EventBuffer(2);
  buffer.push(octets(0));
  buffer.push(octets(1));
  expect(buffer.push(octets(2))).toEqual({ sequence: 2, dropped: true });
  expect([buffer.first, buffer.length]).toEqual([1, 2]);
  expect(buffer.at(1)).toEqual(octets(1));
});
