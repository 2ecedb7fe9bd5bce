import { encodeLogRecord } from '@iec104mm2ss/bus';
import { Cause, encodeAsdu, epochMsToCp56, iFormat, mirror, singleCommand } from '@iec104mm2ss/iec104';
import { describe, expect, it } from 'vitest';
import { loggedAsdus, RepeatFilter } from './repeat-filter.js';

const timed = (id: number): Uint8Array =>
  encodeAsdu({
    type: 'M_SP_TB_1',
    cot: Cause.SPONT,
    ca: 1,
    objects: [{ ioa: 100, value: (id & 1) === 1, time: epochMsToCp56(1_700_000_000_000 + id) }],
  });
const untimed = (value: boolean): Uint8Array =>
  encodeAsdu({ type: 'M_SP_NA_1', cot: Cause.SPONT, ca: 1, objects: [{ ioa: 100, value }] });

/** APDUs back to back, numbered anew as on a new link. */
const apdus = (...asdus: Uint8Array[]): Uint8Array => Buffer.concat(asdus.map((asdu, ns) => iFormat(ns, 0, asdu)));

const history = (first: number, ...asdus: Uint8Array[]): ReturnType<typeof loggedAsdus> => {
  const octets = apdus(...asdus);
  return loggedAsdus([encodeLogRecord(1, first, asdus.length, 0, octets, 0, octets.length)], first);
};

const skipAll = (filter: RepeatFilter, ...asdus: Uint8Array[]): { octets: Uint8Array; at: number } => {
  const octets = apdus(...asdus);
  return { octets, at: filter.skip(octets, 0, octets.length) };
};

describe('loggedAsdus', () => {
  it('numbers the ASDUs of records and leaves out those before the position', () => {
    const all = history(10, timed(0), timed(1), timed(2));
    expect(all.map(({ position }) => position)).toEqual([10, 11, 12]);
    const octets = apdus(timed(0), timed(1), timed(2));
    const record = encodeLogRecord(1, 10, 3, 0, octets, 0, octets.length);
    expect(loggedAsdus([record], 12).map(({ position }) => position)).toEqual([12]);
  });
});

describe('RepeatFilter', () => {
  it('skips what the RTU repeats, however it is cut, and nothing that follows', () => {
    const filter = new RepeatFilter(history(10, timed(0), timed(1), timed(2)));
    const first = skipAll(filter, timed(1));
    expect(first.at).toBe(first.octets.length);
    expect(filter.isActive).toBe(true);
    const second = skipAll(filter, timed(2), timed(3));
    expect(second.at).toBe(apdus(timed(2)).length);
    expect(filter).toMatchObject({ repeated: 2, isActive: false });
    expect([0, 1, 2].map((count) => filter.positionAfter(count))).toEqual([11, 12, 13]);
    expect([11, 12, 13, 20].map((position) => filter.repeatedBefore(position))).toEqual([0, 1, 2, 2]);
    expect(skipAll(filter, timed(0)).at, 'it is over').toBe(0);
  });

  it('skips nothing when the RTU does not repeat', () => {
    const filter = new RepeatFilter(history(10, timed(0), timed(1)));
    expect(skipAll(filter, timed(5), timed(0)).at).toBe(0);
    expect(filter).toMatchObject({ repeated: 0, isActive: false });
  });

  it('does not take an ASDU without time tag for the beginning of a repetition', () => {
    const filter = new RepeatFilter(history(10, untimed(true), timed(1)));
    expect(skipAll(filter, untimed(true)).at).toBe(0);
    expect(filter.isActive).toBe(false);
  });

  it('takes one without time tag in the midst of a repetition', () => {
    const filter = new RepeatFilter(history(10, timed(0), untimed(true), timed(2)));
    const { octets, at } = skipAll(filter, timed(0), untimed(true), timed(2));
    expect(at).toBe(octets.length);
    expect(filter.repeated).toBe(3);
  });

  it('ends at the first ASDU that differs in one octet', () => {
    const filter = new RepeatFilter(history(10, timed(0), untimed(true), timed(2)));
    expect(skipAll(filter, timed(0), untimed(false), timed(2)).at).toBe(apdus(timed(0)).length);
    expect(filter).toMatchObject({ repeated: 1, isActive: false });
  });

  it('passes over answers that the RTU does not repeat, and over nothing else', () => {
    const answers = [
      mirror(singleCommand(1, 5, true), Cause.ACT_CON, false),
      encodeAsdu({ type: 'M_SP_NA_1', cot: Cause.INROGEN, ca: 1, objects: [{ ioa: 100, value: true }] }),
      encodeAsdu({ type: 'M_SP_NA_1', cot: Cause.REQ, ca: 1, objects: [{ ioa: 100, value: true }] }),
    ];
    const filter = new RepeatFilter(history(10, timed(0), ...answers, timed(1), timed(2), ...answers));
    const { at } = skipAll(filter, timed(0), timed(1), timed(2), timed(3));
    expect(at).toBe(apdus(timed(0), timed(1), timed(2)).length);
    expect(filter).toMatchObject({ repeated: 3, isActive: false });
    expect([0, 1, 2, 3].map((count) => filter.positionAfter(count))).toEqual([10, 11, 15, 16]);
    expect([10, 11, 14, 15, 16].map((position) => filter.repeatedBefore(position))).toEqual([0, 1, 1, 2, 3]);

    const other = new RepeatFilter(history(10, timed(0), timed(1), timed(2)));
    expect(skipAll(other, timed(0), timed(2)).at).toBe(apdus(timed(0)).length);
  });

  it('is not active without a history', () => {
    expect(new RepeatFilter([]).isActive).toBe(false);
  });
});
