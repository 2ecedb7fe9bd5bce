import { describe, expect, it } from 'vitest';
import { LinkOrdinals } from './link-ordinals.js';

describe('the APDUs of a link', () => {
  it('that are new have ordinals in a row', () => {
    const link = new LinkOrdinals();
    link.add(10, 3);
    link.add(13, 2);
    expect([9, 10, 11, 15, 99].map((ordinal) => link.countBefore(ordinal))).toEqual([0, 0, 1, 5, 5]);
    expect([1, 5].map((count) => link.endOf(count))).toEqual([11, 15]);
  });

  it('that are repeated have the ordinals of their first time, with holes where answers were left out', () => {
    const link = new LinkOrdinals();
    link.add(4, 1);
    link.add(5, 1);
    link.add(8, 1);
    link.add(12, 2);
    expect([0, 1, 2, 3, 4, 5].map((count) => link.endOf(count))).toEqual([0, 5, 6, 9, 13, 14]);
    expect([4, 5, 6, 8, 9, 12, 13, 14].map((ordinal) => link.countBefore(ordinal))).toEqual([0, 1, 2, 2, 3, 3, 4, 5]);
  });

  it('count only from the first one on: one that is safe behind one that is not has to wait', () => {
    const link = new LinkOrdinals();
    link.add(20, 2);
    link.add(3, 2);
    link.add(22, 1);
    expect(link.countBefore(10)).toBe(0);
    expect(link.countBefore(21)).toBe(1);
    expect(link.endOf(4)).toBe(22);
    expect(link.countBefore(22)).toBe(4);
    expect(link.countBefore(23)).toBe(5);
    expect(link.endOf(5)).toBe(23);
  });

  it('have no end when there are none', () => {
    const link = new LinkOrdinals();
    expect(link.countBefore(100)).toBe(0);
    expect(link.endOf(0)).toBe(0);
  });
});
