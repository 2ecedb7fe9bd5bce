import { encodeLogRecord, recordFirst } from '@iec104mm2ss/bus';
import { describe, expect, it } from 'vitest';
import { RecentRecords } from './recent-records.js';

const record = (first: number, count: number): Uint8Array =>
  encodeLogRecord(1, first, count, 0, new Uint8Array(1_000), 0, 1_000);
const firsts = (records: readonly Uint8Array[]): number[] => records.map(recordFirst);

describe('recent records', () => {
  it('are read from any position they hold, inside a record too', () => {
    const recent = new RecentRecords(1e6);
    for (const [first, count] of [
      [10, 3],
      [13, 1],
      [14, 5],
      [30, 2],
    ] as const)
      recent.add(record(first, count));
    expect(firsts(recent.read(10, 10))).toEqual([10, 13, 14, 30]);
    expect(firsts(recent.read(12, 2))).toEqual([10, 13]);
    expect(firsts(recent.read(13, 1))).toEqual([13]);
    expect(firsts(recent.read(18, 10))).toEqual([14, 30]);
    expect(firsts(recent.read(19, 10)), 'in a hole').toEqual([30]);
    expect(firsts(recent.read(31, 10))).toEqual([30]);
  });

  it('hold nothing before their first and after their last', () => {
    const recent = new RecentRecords(1e6);
    expect(recent.read(0, 10)).toEqual([]);
    recent.add(record(10, 3));
    expect(recent.read(9, 10)).toEqual([]);
    expect(recent.read(13, 10)).toEqual([]);
  });

  it('lose the oldest when there are too many', () => {
    const recent = new RecentRecords(10_000);
    for (let first = 0; first < 1_000; first += 2) recent.add(record(first, 2));
    expect(recent.read(980, 10)).toEqual([]);
    expect(firsts(recent.read(985, 3))).toEqual([984, 986, 988]);
    expect(firsts(recent.read(984, 100))).toHaveLength(8);
  });

  it('are not kept without room', () => {
    const recent = new RecentRecords(0);
    recent.add(record(0, 1));
    expect(recent.read(0, 1)).toEqual([]);
  });
});
