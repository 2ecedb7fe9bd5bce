import type { Journal } from '@iec104mm2ss/bus';
import { describe, expect, it } from 'vitest';
import { type AuditFilter } from './audit-filter.js';
import { selectRecords } from './audit-selection.js';

const ALL: AuditFilter = {
  groups: undefined,
  masters: [],
  types: [],
  cas: [],
  ioas: [],
  outcomes: [],
  since: undefined,
};

/** A journal of `count` records, one a minute, and how much of it was read. */
class Records implements Journal {
  readonly reads: number[] = [];
  constructor(private readonly count: number) {}

  append(): Promise<void> {
    return Promise.reject(new Error('read only'));
  }

  async read(_group: string | undefined, maxEntries: number): Promise<Uint8Array[]> {
    this.reads.push(maxEntries);
    const from = Math.max(0, this.count - maxEntries);
    return Array.from({ length: this.count - from }, (_, index) => {
      const at = new Date((from + index) * 60_000).toISOString();
      return Buffer.from(JSON.stringify({ group: '1', at, type: 'C_SC_NA_1', outcome: 'sent', ca: from + index }));
    });
  }
}

const casOf = ({ found }: Awaited<ReturnType<typeof selectRecords>>): number[] => found.map(({ record }) => record.ca);

describe('the records asked for', () => {
  it('are the newest, and little is read for them', async () => {
    const records = new Records(50_000);
    expect(casOf(await selectRecords(records, ALL, 3))).toEqual([49_997, 49_998, 49_999]);
    expect(records.reads).toEqual([1_000]);
  });

  it('are looked for further back while they are too few', async () => {
    const records = new Records(50_000);
    expect(casOf(await selectRecords(records, { ...ALL, cas: [45_000, 49_999] }, 2))).toEqual([45_000, 49_999]);
    expect(records.reads).toEqual([1_000, 4_000, 16_000]);
  });

  it('are looked for to the oldest entry at most', async () => {
    const records = new Records(2_000);
    expect(casOf(await selectRecords(records, { ...ALL, cas: [99_999] }, 2))).toEqual([]);
    expect(records.reads).toEqual([1_000, 4_000]);
    const full = new Records(100_000);
    expect(casOf(await selectRecords(full, { ...ALL, cas: [3] }, 2))).toEqual([3]);
    expect(full.reads).toEqual([1_000, 4_000, 16_000, 64_000, 100_000]);
  });

  it('are looked for no further back than the time asked for', async () => {
    const records = new Records(50_000);
    const since = 49_990 * 60_000;
    expect(casOf(await selectRecords(records, { ...ALL, since }, 100))).toHaveLength(10);
    expect(records.reads).toEqual([1_000]);
  });

  it('are all when no number is given', async () => {
    const records = new Records(5_000);
    expect(casOf(await selectRecords(records, ALL, Infinity))).toHaveLength(5_000);
    expect(records.reads).toEqual([100_000]);
  });
});
