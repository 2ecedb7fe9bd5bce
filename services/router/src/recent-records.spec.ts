import type { LogRecord } from '@iec104mm2ss/wire';
import { describe, expect, it } from 'vitest';
import { RecentRecords } from './recent-records.js';

const record = (first: number, count: number): LogRecord => ({
  epoch: 1,
  generation: 1,
  first,
  end: first + count,
  count,
  receivedAt: 0,
  octets: new Uint8Array(1_000),
  apdusAt: 0,
});
const firsts = (records: readonly LogRecord[]): number[] => records.map(({ first }) => first);

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

  it('end where the log goes on', () => {
    const recent = new RecentRecords(1e6);
    for (const first of [10, 12, 14]) recent.add(record(first, 2));
    recent.cut(13);
    expect(firsts(recent.read(10, 10))).toEqual([10]);
    recent.add(record(12, 3));
    expect(firsts(recent.read(11, 10))).toEqual([10, 12]);
    recent.cut(0);
    expect(firsts(recent.read(11, 10))).toEqual([]);
  });

  it('are not kept without room', () => {
    const recent = new RecentRecords(0);
    recent.add(record(0, 1));
    expect(recent.read(0, 1)).toEqual([]);
  });
});
