import { describe, expect, it } from 'vitest';
import { Cause, decodeAsdu, encodeAsdu, epochMsToCp56, toJson } from './index.js';
import type { AsduInput } from './index.js';

function jsonOf(asdu: AsduInput, utcOffsetMinutes?: number) {
  return toJson(decodeAsdu(encodeAsdu(asdu)), utcOffsetMinutes === undefined ? undefined : { utcOffsetMinutes });
}

const base = { cot: Cause.SPONT, ca: 47 };
const time = epochMsToCp56(Date.UTC(2026, 10, 5, 10, 11, 12, 345));

describe('toJson', () => {
  it('prints a measured value as people read it', () => {
    const objects = [{ ioa: 1001, value: 12.5, quality: { nt: true }, time }];
    expect(jsonOf({ type: 'M_ME_TF_1', ...base, objects })).toEqual({
      type: 'M_ME_TF_1',
      typeId: 36,
      cause: 'SPONT',
      cot: 3,
      negative: false,
      test: false,
      oa: 0,
      ca: 47,
      sq: false,
      objects: [
        {
          ioa: 1001,
          value: 12.5,
          quality: { iv: false, nt: true, sb: false, bl: false, ov: false },
          time: { iso: '2026-11-05T10:11:12.345', iv: false, su: false, substituted: false, dayOfWeek: 4 },
        },
      ],
    });
  });

  it('names the zone when it is known', () => {
    const asdu = jsonOf({ type: 'M_SP_TB_1', ...base, objects: [{ ioa: 1, value: true, time }] }, 330);
    expect(asdu.objects).toMatchObject([{ value: true, time: { iso: '2026-11-05T10:11:12.345+05:30' } }]);
  });

  it('keeps the fields of a time that is none', () => {
    const asdu = jsonOf({ type: 'C_CS_NA_1', ...base, objects: [{ ioa: 0, time: { ...time, month: 13 } }] });
    expect(asdu.objects).toMatchObject([{ time: { iso: null, month: 13, day: 5, iv: false } }]);
  });

  it('has text for a time without an hour', () => {
    const objects = [{ ioa: 1, value: true, time: { minute: 5, milliseconds: 1002, iv: true, substituted: false } }];
    expect(jsonOf({ type: 'M_SP_TA_1', ...base, objects }).objects).toMatchObject([
      { time: { iso: null, text: '--:05:01.002', iv: true, substituted: false } },
    ]);
  });

  it('names states of two bits', () => {
    const states = (type: 'M_DP_NA_1' | 'C_DC_NA_1' | 'C_RC_NA_1') =>
      [0, 1, 2, 3].map((value) => jsonOf({ type, ...base, objects: [{ ioa: 1, value }] }).objects[0]?.['state']);
    expect(states('M_DP_NA_1')).toEqual(['INTERMEDIATE', 'OFF', 'ON', 'INDETERMINATE']);
    expect(states('C_DC_NA_1')).toEqual(['NOT_PERMITTED', 'OFF', 'ON', 'NOT_PERMITTED']);
    expect(states('C_RC_NA_1')).toEqual(['NOT_PERMITTED', 'LOWER', 'HIGHER', 'NOT_PERMITTED']);
    expect(jsonOf({ type: 'M_ME_NB_1', ...base, objects: [{ ioa: 1, value: 1 }] }).objects[0]).not.toHaveProperty(
      'state',
    );
  });

  it.each([NaN, Infinity, -Infinity])('says %s in words', (value) => {
    const [object] = jsonOf({ type: 'M_ME_NC_1', ...base, objects: [{ ioa: 1, value }] }).objects;
    expect(object).toMatchObject({ value: null, special: String(value) });
  });

  it('prints octets as hexadecimal text and unknown names as numbers', () => {
    const opaque = new Uint8Array([0xde, 0xad]);
    expect(
      jsonOf({
        type: 'OPAQUE',
        typeId: 200,
        sq: true,
        cot: 50,
        negative: true,
        test: true,
        oa: 9,
        ca: 1,
        count: 3,
        opaque,
      }),
    ).toEqual({
      type: 'TYPE_200',
      typeId: 200,
      cause: 'COT_50',
      cot: 50,
      negative: true,
      test: true,
      oa: 9,
      ca: 1,
      sq: true,
      count: 3,
      objects: [],
      opaque: 'dead',
    });
    const objects = [{ ioa: 1, nof: 2, nos: 3, segment: opaque }];
    expect(jsonOf({ type: 'F_SG_NA_1', ...base, objects }).objects).toEqual([
      { ioa: 1, nof: 2, nos: 3, segment: 'dead' },
    ]);
  });
});
