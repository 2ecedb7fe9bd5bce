import { describe, expect, it } from 'vitest';
import { Cause, encodeAsdu, epochMsToCp56, explainAsdu, singleCommand } from './index.js';

const time = epochMsToCp56(Date.UTC(2026, 10, 5, 10, 11, 12, 345));

function lines(octets: Uint8Array, baseOffset?: number): string[] {
  return explainAsdu(octets, baseOffset).map(({ offset, length, text }) => `${offset}+${length} ${text}`);
}

describe('explainAsdu', () => {
  it('reads a measured value', () => {
    const objects = [{ ioa: 1001, value: 12.5, quality: { ov: true }, time: { ...time, iv: true } }];
    expect(lines(encodeAsdu({ type: 'M_ME_TF_1', cot: Cause.SPONT, ca: 47, objects }), 6)).toEqual([
      '6+1 TypeID 36 M_ME_TF_1 measured value, short float, CP56Time2a',
      '7+1 VSQ SQ=0, number 1: objects, each with its IOA',
      '8+1 COT 3 SPONT spontaneous, P/N=0, T=0',
      '9+1 OA 0 (not used)',
      '10+2 CA 47',
      '12+3 object 1 IOA 1001',
      '15+4 R32 value 12.5',
      '19+1 QDS IV=0 NT=0 SB=0 BL=0 OV=1',
      '20+7 CP56Time2a 2026-11-05T10:11:12.345 IV=1 SU=0 RES1=0, day of week 4 Thursday',
    ]);
  });

  it('reads a refused select', () => {
    const octets = singleCommand(65535, 1, true, {
      select: true,
      cot: Cause.ACT_CON,
      negative: true,
      test: true,
      oa: 9,
    });
    expect(lines(octets).slice(2)).toEqual([
      '2+1 COT 7 ACT_CON activation confirmation, P/N=1 negative, T=1 test',
      '3+1 OA 9',
      '4+2 CA 65535 (all stations)',
      '6+3 object 1 IOA 1',
      '9+1 SCO SCS=1 ON, QU=0 no additional definition, S/E=1 select',
    ]);
  });

  it('derives the addresses of a sequence', () => {
    const objects = [
      { ioa: 7, value: 1 - 2 ** -15 },
      { ioa: 8, value: -0.5 },
    ];
    expect(lines(encodeAsdu({ type: 'M_ME_NA_1', sq: true, cot: 20, ca: 1, objects })).slice(5)).toEqual([
      '6+3 object 1 IOA 7',
      '9+2 NVA value 0.999969482421875 (32767 / 32768)',
      '11+1 QDS IV=0 NT=0 SB=0 BL=0 OV=0',
      '12+0 object 2 IOA 8 (next in the sequence)',
      '12+2 NVA value -0.5 (-16384 / 32768)',
      '14+1 QDS IV=0 NT=0 SB=0 BL=0 OV=0',
    ]);
  });

  it('shows reserved bits and odd times', () => {
    const octets = new Uint8Array([30, 1, 3, 0, 1, 0, 1, 0, 0, 0x0f, 255, 255, 63, 31, 0, 0, 128]);
    expect(lines(octets).slice(6)).toEqual([
      '9+1 SIQ SPI=1 ON, IV=0 NT=0 SB=0 BL=0, reserved bits 0x0e',
      '10+7 CP56Time2a no calendar time (year 0 month 0 day 0 hour 31 minute 63 ms 65535) IV=0 SU=0 RES1=0, day of week 0 not used, reserved bits 0x40',
    ]);
  });

  it('explains the broken ones as far as they go', () => {
    expect(lines(new Uint8Array(3))).toEqual(['0+3 not an ASDU: 3 octets, at least 6 are needed']);
    expect(lines(new Uint8Array([1, 2, 3, 0, 1, 0, 1, 0, 0, 1, 2, 0])).slice(5)).toEqual([
      '6+3 object 1 IOA 1',
      '9+1 SIQ SPI=1 ON, IV=0 NT=0 SB=0 BL=0',
      '10+0 object 2 of 2 ends after the last octet',
      '10+2 does not fit TypeID and VSQ: 0200',
    ]);
    expect(lines(new Uint8Array([200, 1, 3, 0, 1, 0, 0xab])).at(-1)).toBe('6+1 opaque: ab');
    expect(lines(new Uint8Array([200, 1, 3, 0, 1, 0, 0xab])).at(0)).toBe('0+1 TypeID 200 TYPE_200 private range');
    expect(lines(new Uint8Array(250)).at(-1)).toBe('250+0 250 octets, but an ASDU has at most 249');
  });
});
