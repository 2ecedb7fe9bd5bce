import { describe, expect, it } from 'vitest';
import { Iec104Error } from '../errors.js';
import { AsduView, Cause, decodeAsdu, encodeAsdu, explainAsdu, mirror, toHex, toJson, typeByName } from './index.js';
import type { Asdu, AsduInput, Cp56Time } from './index.js';

/*
 * Golden vectors, derived by hand from the octet layouts of IEC 60870-5-101 clause 7.2.6 and 7.3. Spaces separate
 * fields. Every vector is decoded, encoded, mirrored, explained and turned into JSON.
 */

const TIME: Cp56Time = {
  year: 26,
  month: 11,
  day: 5,
  dayOfWeek: 4,
  hour: 10,
  minute: 11,
  milliseconds: 12345,
  iv: false,
  su: false,
  substituted: false,
};
// ms 12345 = 0x3039 -> 39 30; minute 11 = 0b; hour 10 = 0a; day 5 + Thursday 4 << 5 = 85; month 11 = 0b; year 26 = 1a
const TIME_HEX = '39300b0a850b1a';
const CP24_HEX = '39300b';
const TIME24 = { minute: 11, milliseconds: 12345, iv: false, substituted: false };
const GOOD = { iv: false, nt: false, sb: false, bl: false };
const GOOD_OV = { ...GOOD, ov: false };
const GOOD_EI = { ...GOOD, ei: false };
const HEAD = { sq: false, negative: false, test: false, oa: 0 };

interface Vector {
  what: string;
  hex: string;
  asdu: Asdu;
}

/** Keeps `asdu` typed while a vector's type name gives the TypeID. */
function vector(what: string, hex: string, asdu: AsduInput): Vector {
  const typeId = typeByName(asdu.type)?.typeId;
  return { what, hex, asdu: { ...HEAD, ...(typeId === undefined ? {} : { typeId }), ...asdu } as Asdu };
}

const VECTORS: Vector[] = [
  // 01 type; 03 = SQ 0, three objects; 14 = cause 20; OA 0; CA 47 = 2f 00; IOA 1..3
  // SIQ 01 = SPI; 00 = nothing; f1 = IV 80 + NT 40 + SB 20 + BL 10 + SPI 01
  vector('three single points', '01 03 14 00 2f00 010000 01 020000 00 030000 f1', {
    type: 'M_SP_NA_1',
    cot: Cause.INROGEN,
    ca: 47,
    objects: [
      { ioa: 1, value: true, quality: GOOD },
      { ioa: 2, value: false, quality: GOOD },
      { ioa: 3, value: true, quality: { iv: true, nt: true, sb: true, bl: true } },
    ],
  }),
  // VSQ 82 = SQ 80 + two; IOA 0x123456 = 56 34 12 once; the second element is IOA 0x123457; SIQ 8e = IV + reserved 0e
  vector('a sequence of single points', '01 82 02 00 0100 563412 01 8e', {
    type: 'M_SP_NA_1',
    sq: true,
    cot: Cause.BACK,
    ca: 1,
    objects: [
      { ioa: 0x123456, value: true, quality: GOOD },
      { ioa: 0x123457, value: false, quality: { ...GOOD, iv: true, reserved: 0x0e } },
    ],
  }),
  // CP24: ms 39 30, minute 0b
  vector('single point, CP24Time2a', `02 01 03 00 0100 010000 01 ${CP24_HEX}`, {
    type: 'M_SP_TA_1',
    cot: Cause.SPONT,
    ca: 1,
    objects: [{ ioa: 1, value: true, quality: GOOD, time: TIME24 }],
  }),
  // DIQ 02 = DPI 2 on; 13 = BL 10 + DPI 3
  vector('double points', '03 02 03 00 0100 640000 02 650000 13', {
    type: 'M_DP_NA_1',
    cot: Cause.SPONT,
    ca: 1,
    objects: [
      { ioa: 100, value: 2, quality: GOOD },
      { ioa: 101, value: 3, quality: { ...GOOD, bl: true } },
    ],
  }),
  // VTI -64 = 1000000b in seven bits = 40, with T 80 = c0; QDS 01 = OV. VTI 63 = 3f, QDS 00
  vector('step positions', '05 02 03 00 0100 0a0000 c0 01 0b0000 3f 00', {
    type: 'M_ST_NA_1',
    cot: Cause.SPONT,
    ca: 1,
    objects: [
      { ioa: 10, value: -64, transient: true, quality: { ...GOOD, ov: true } },
      { ioa: 11, value: 63, transient: false, quality: GOOD_OV },
    ],
  }),
  // BSI 0xdeadbeef little-endian = ef be ad de, unsigned although bit 31 is set
  vector('bitstring', '07 01 03 00 0100 010000 efbeadde 00', {
    type: 'M_BO_NA_1',
    cot: Cause.SPONT,
    ca: 1,
    objects: [{ ioa: 1, value: 0xdeadbeef, quality: GOOD_OV }],
  }),
  // NVA 0.5 = 16384 = 0x4000 -> 00 40; -1 = 0x8000 -> 00 80; 1 - 2^-15 = 0x7fff -> ff 7f
  vector('normalized values', '09 83 01 00 0100 010000 0040 00 0080 00 ff7f 00', {
    type: 'M_ME_NA_1',
    sq: true,
    cot: Cause.PERCYC,
    ca: 1,
    objects: [
      { ioa: 1, value: 0.5, quality: GOOD_OV },
      { ioa: 2, value: -1, quality: GOOD_OV },
      { ioa: 3, value: 1 - 2 ** -15, quality: GOOD_OV },
    ],
  }),
  // SVA -2 = fffe -> fe ff; QDS 0f = OV 01 + reserved 0e
  vector('scaled value', '0b 01 03 00 0100 010000 feff 0f', {
    type: 'M_ME_NB_1',
    cot: Cause.SPONT,
    ca: 1,
    objects: [{ ioa: 1, value: -2, quality: { ...GOOD, ov: true, reserved: 0x0e } }],
  }),
  // 12.5 = 1.5625 * 2^3: exponent 130 = 10000010b, fraction 0.5625 = 1001b -> 0x41480000 -> 00 00 48 41
  vector('short float', '0d 01 03 05 2f00 e90300 00004841 00', {
    type: 'M_ME_NC_1',
    cot: Cause.SPONT,
    oa: 5,
    ca: 47,
    objects: [{ ioa: 1001, value: 12.5, quality: GOOD_OV }],
  }),
  // A signalling NaN 0x7f800001, which passing through a JavaScript number would turn into 0x7fc00001; -0 = 0x80000000;
  // 0x7f800000 is +infinity
  vector(
    'floats that are no ordinary numbers',
    '0d 84 03 00 0100 010000 0100807f 00 0000c07f 00 00000080 00 0000807f 00',
    {
      type: 'M_ME_NC_1',
      sq: true,
      cot: Cause.SPONT,
      ca: 1,
      objects: [
        { ioa: 1, value: NaN, valueBits: 0x7f800001, quality: GOOD_OV },
        { ioa: 2, value: NaN, quality: GOOD_OV },
        { ioa: 3, value: -0, quality: GOOD_OV },
        { ioa: 4, value: Infinity, quality: GOOD_OV },
      ],
    },
  ),
  // BCR -1 = ff ff ff ff; flags ff = IV 80 + CA 40 + CY 20 + sequence 31
  vector('integrated total', '0f 01 25 00 0100 010000 ffffffff ff', {
    type: 'M_IT_NA_1',
    cot: Cause.REQCOGEN,
    ca: 1,
    objects: [{ ioa: 1, value: -1, sequence: 31, quality: { iv: true, ca: true, cy: true } }],
  }),
  // SEP 0e = ES 2 + RES 04 + EI 08; CP16 500 = 0x01f4 -> f4 01
  vector('event of protection equipment', `11 01 03 00 0100 010000 0e f401 ${CP24_HEX}`, {
    type: 'M_EP_TA_1',
    cot: Cause.SPONT,
    ca: 1,
    objects: [{ ioa: 1, value: 2, quality: { ...GOOD_EI, ei: true, reserved: 4 }, elapsedMs: 500, time: TIME24 }],
  }),
  // SPE 63 = GS 01 + SL1 02 + SRD 20 + reserved 40; QDP 88 = IV 80 + EI 08
  vector('start events', `27 01 03 00 0100 010000 63 88 f401 ${TIME_HEX}`, {
    type: 'M_EP_TE_1',
    cot: Cause.SPONT,
    ca: 1,
    objects: [
      {
        ioa: 1,
        value: { gs: true, sl1: true, sl2: false, sl3: false, sie: false, srd: true, reserved: 0x40 },
        quality: { ...GOOD, iv: true, ei: true },
        elapsedMs: 500,
        time: TIME,
      },
    ],
  }),
  // OCI 09 = GC 01 + CL3 08; QDP 07 = reserved
  vector('output circuits', `28 01 03 00 0100 010000 09 07 f401 ${TIME_HEX}`, {
    type: 'M_EP_TF_1',
    cot: Cause.SPONT,
    ca: 1,
    objects: [
      {
        ioa: 1,
        value: { gc: true, cl1: false, cl2: false, cl3: true },
        quality: { ...GOOD_EI, reserved: 7 },
        elapsedMs: 500,
        time: TIME,
      },
    ],
  }),
  // ST 0x8001 -> 01 80; CD 0x8000 -> 00 80
  vector('packed single points', '14 01 03 00 0100 010000 0180 0080 00', {
    type: 'M_PS_NA_1',
    cot: Cause.SPONT,
    ca: 1,
    objects: [{ ioa: 1, value: 0x8001, changed: 0x8000, quality: GOOD_OV }],
  }),
  vector('short float with CP56Time2a', `24 01 03 00 2f00 e90300 00004841 00 ${TIME_HEX}`, {
    type: 'M_ME_TF_1',
    cot: Cause.SPONT,
    ca: 47,
    objects: [{ ioa: 1001, value: 12.5, quality: GOOD_OV, time: TIME }],
  }),
  // All bits of a CP56Time2a: ms 65535; ff = IV + RES1 + minute 63; SU + RES2 3 + hour 31; weekday 7 + day 31;
  // RES3 15 + month 15; RES4 1 + year 127. reserved = 3 | 15 << 2 | 1 << 6 = 127
  vector('every bit of a time tag', '1e 01 03 00 0100 010000 00 ffffffffffffff', {
    type: 'M_SP_TB_1',
    cot: Cause.SPONT,
    ca: 1,
    objects: [
      {
        ioa: 1,
        value: false,
        quality: GOOD,
        time: {
          year: 127,
          month: 15,
          day: 31,
          dayOfWeek: 7,
          hour: 31,
          minute: 63,
          milliseconds: 65535,
          iv: true,
          su: true,
          substituted: true,
          reserved: 127,
        },
      },
    ],
  }),
  // COT 86 = T 80 + cause 6; SCO 87 = S/E 80 + QU 1 << 2 + reserved 02 + SCS 01
  vector('select of a single command under test', '2d 01 86 07 0100 881300 87', {
    type: 'C_SC_NA_1',
    cot: Cause.ACT,
    test: true,
    oa: 7,
    ca: 1,
    objects: [{ ioa: 5000, value: true, qu: 1, select: true, reserved: 2 }],
  }),
  // DCO 0e = QU 3 << 2 + DCS 2; cause 7 with P/N 40 = 47
  vector('refused double command', '2e 01 47 00 0100 010000 0e', {
    type: 'C_DC_NA_1',
    cot: Cause.ACT_CON,
    negative: true,
    ca: 1,
    objects: [{ ioa: 1, value: 2, qu: 3, select: false }],
  }),
  // RCO 01 = lower
  vector('step command with time', `3c 01 06 00 0100 010000 01 ${TIME_HEX}`, {
    type: 'C_RC_TA_1',
    cot: Cause.ACT,
    ca: 1,
    objects: [{ ioa: 1, value: 1, qu: 0, select: false, time: TIME }],
  }),
  // QOS c5 = S/E 80 + QL 69 (0x45)
  vector('scaled set-point', '31 01 06 00 0100 010000 e803 c5', {
    type: 'C_SE_NB_1',
    cot: Cause.ACT,
    ca: 1,
    objects: [{ ioa: 1, value: 1000, ql: 69, select: true }],
  }),
  // COI 82 = local parameters changed 80 + remote reset 2
  vector('end of initialization', '46 01 04 00 0100 000000 82', {
    type: 'M_EI_NA_1',
    cot: Cause.INIT,
    ca: 1,
    objects: [{ ioa: 0, coi: 2, parametersChanged: true }],
  }),
  vector('station interrogation of all', '64 01 06 01 ffff 000000 14', {
    type: 'C_IC_NA_1',
    cot: Cause.ACT,
    oa: 1,
    ca: 65535,
    objects: [{ ioa: 0, qoi: 20 }],
  }),
  // QCC 45 = FRZ 1 << 6 + RQT 5
  vector('counter freeze', '65 01 06 00 0100 000000 45', {
    type: 'C_CI_NA_1',
    cot: Cause.ACT,
    ca: 1,
    objects: [{ ioa: 0, rqt: 5, frz: 1 }],
  }),
  vector('read command', '66 01 05 00 0100 e90300', {
    type: 'C_RD_NA_1',
    cot: Cause.REQ,
    ca: 1,
    objects: [{ ioa: 1001 }],
  }),
  vector('clock synchronization', `67 01 06 00 0100 000000 ${TIME_HEX}`, {
    type: 'C_CS_NA_1',
    cot: Cause.ACT,
    ca: 1,
    objects: [{ ioa: 0, time: TIME }],
  }),
  // FBP 0x55aa -> aa 55
  vector('test pattern', '68 01 06 00 0100 000000 aa55', {
    type: 'C_TS_NA_1',
    cot: Cause.ACT,
    ca: 1,
    objects: [{ ioa: 0, pattern: 0x55aa }],
  }),
  vector('delay acquisition', '6a 01 06 00 0100 000000 f401', {
    type: 'C_CD_NA_1',
    cot: Cause.ACT,
    ca: 1,
    objects: [{ ioa: 0, elapsedMs: 500 }],
  }),
  vector('test command with time', `6b 01 06 00 0100 000000 0201 ${TIME_HEX}`, {
    type: 'C_TS_TA_1',
    cot: Cause.ACT,
    ca: 1,
    objects: [{ ioa: 0, counter: 0x0102, time: TIME }],
  }),
  // QPM c1 = POP 80 + LPC 40 + KPA 1
  vector('parameter', '70 01 06 00 0100 010000 00004841 c1', {
    type: 'P_ME_NC_1',
    cot: Cause.ACT,
    ca: 1,
    objects: [{ ioa: 1, value: 12.5, kpa: 1, lpc: true, pop: true }],
  }),
  // NOF 0x0201; LOF 0x010203 -> 03 02 01; FRQ 81 = negative 80 + 1
  vector('file ready', '78 01 0d 00 0100 010000 0102 030201 81', {
    type: 'F_FR_NA_1',
    cot: Cause.FILE,
    ca: 1,
    objects: [{ ioa: 1, nof: 0x0201, lof: 0x010203, frq: 1, refused: true }],
  }),
  // SCQ 21 = error 2 << 4 + action 1
  vector('call file', '7a 01 0d 00 0100 010000 0102 03 21', {
    type: 'F_SC_NA_1',
    cot: Cause.FILE,
    ca: 1,
    objects: [{ ioa: 1, nof: 0x0201, nos: 3, scq: { action: 1, error: 2 } }],
  }),
  // LOS 3 and three octets; an empty segment behind it
  vector('segments', '7d 02 0d 00 0100 010000 0102 03 03 aabbcc 020000 0102 04 00', {
    type: 'F_SG_NA_1',
    cot: Cause.FILE,
    ca: 1,
    objects: [
      { ioa: 1, nof: 0x0201, nos: 3, segment: new Uint8Array([0xaa, 0xbb, 0xcc]) },
      { ioa: 2, nof: 0x0201, nos: 4, segment: new Uint8Array(0) },
    ],
  }),
  // SOF a5 = FA 80 + LFD 20 + status 5
  vector('directory', `7e 01 05 00 0100 010000 0102 030201 a5 ${TIME_HEX}`, {
    type: 'F_DR_TA_1',
    cot: Cause.REQ,
    ca: 1,
    objects: [
      {
        ioa: 1,
        nof: 0x0201,
        lof: 0x010203,
        sof: { status: 5, last: true, directory: false, active: true },
        time: TIME,
      },
    ],
  }),
  vector('query log', `7f 01 0d 00 0100 010000 0102 ${TIME_HEX} ffffffffffff1a`, {
    type: 'F_SC_NB_1',
    cot: Cause.FILE,
    ca: 1,
    objects: [
      {
        ioa: 1,
        nof: 0x0201,
        start: TIME,
        // year octet 1a: RES4 0, so reserved = 3 | 15 << 2 = 63
        stop: {
          year: 26,
          month: 15,
          day: 31,
          dayOfWeek: 7,
          hour: 31,
          minute: 63,
          milliseconds: 65535,
          iv: true,
          su: true,
          substituted: true,
          reserved: 63,
        },
      },
    ],
  }),
  vector('no object at all', '01 00 03 00 0100', { type: 'M_SP_NA_1', cot: Cause.SPONT, ca: 1, objects: [] }),
  // A private type keeps everything behind CA
  vector('private type', 'c8 85 ff ff 0100 0102030405', {
    type: 'OPAQUE',
    typeId: 200,
    sq: true,
    cot: 63,
    negative: true,
    test: true,
    oa: 255,
    ca: 1,
    count: 5,
    opaque: new Uint8Array([1, 2, 3, 4, 5]),
  }),
];

function octetsOf(hex: string): Uint8Array {
  const digits = hex.replaceAll(' ', '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    parseInt(digits.slice(index * 2, index * 2 + 2), 16),
  );
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof Iec104Error) return error.code;
    throw error;
  }
  return 'no error';
}

describe.each(VECTORS)('$what', ({ hex, asdu }) => {
  const octets = octetsOf(hex);

  it('decodes', () => {
    expect(decodeAsdu(octets)).toEqual(asdu);
  });

  it('encodes', () => {
    expect(toHex(encodeAsdu(asdu))).toBe(toHex(octets));
  });

  it('is mirrored with only cause and P/N changed', () => {
    const reply = mirror(octets, Cause.ACT_TERM, true);
    expect(decodeAsdu(reply)).toEqual({ ...asdu, cot: Cause.ACT_TERM, negative: true });
    expect(toHex(mirror(reply, asdu.cot, asdu.negative))).toBe(toHex(octets));
  });

  it('has the same header in a view at an offset', () => {
    const buffer = new Uint8Array(octets.length + 9).fill(0xee);
    buffer.set(octets, 4);
    const view = new AsduView(buffer, 4, octets.length);
    const { typeId, sq, cot, negative, test, oa, ca } = asdu;
    expect(view).toMatchObject({ typeId, sq, cot, negative, test, oa, ca });
    if (asdu.type !== 'OPAQUE') {
      expect(view.count).toBe(asdu.objects.length);
      expect(view.ioa).toBe(asdu.objects[0]?.ioa);
    }
    expect(toHex(view.subarray())).toBe(toHex(octets));
  });

  it('is explained without a gap or an overlap', () => {
    let at = 6;
    for (const field of explainAsdu(octets, 6)) {
      expect(field.offset).toBe(at);
      expect(field.text).not.toMatch(/undefined|not fit/);
      at += field.length;
    }
    expect(at).toBe(octets.length + 6);
  });

  it('survives JSON', () => {
    const json = toJson(asdu);
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    expect(json.objects).toHaveLength(asdu.type === 'OPAQUE' ? 0 : asdu.objects.length);
  });
});

describe('decodeAsdu', () => {
  it('narrows by type', () => {
    const asdu = decodeAsdu(octetsOf('0d 01 03 00 0100 010000 00004841 00'));
    if (asdu.type !== 'M_ME_NC_1') throw new Error(`not a float: ${asdu.type}`);
    const value: number | undefined = asdu.objects[0]?.value;
    const overflow: boolean | undefined = asdu.objects[0]?.quality.ov;
    expect([value, overflow]).toEqual([12.5, false]);
  });

  it('shares no memory with its input', () => {
    const segment = octetsOf('7d 01 0d 00 0100 010000 0102 03 01 aa');
    const opaque = octetsOf('c8 01 03 00 0100 aa');
    const decoded = [decodeAsdu(segment), decodeAsdu(opaque)];
    segment.fill(0);
    opaque.fill(0);
    expect(decoded).toMatchObject([
      { objects: [{ segment: new Uint8Array([0xaa]) }] },
      { opaque: new Uint8Array([0xaa]) },
    ]);
  });

  it('wraps the address of a sequence at the last one', () => {
    const octets = octetsOf('01 82 03 00 0100 ffffff 00 00');
    const asdu = decodeAsdu(octets);
    expect(asdu).toMatchObject({ objects: [{ ioa: 0xffffff }, { ioa: 0 }] });
    expect(encodeAsdu(asdu)).toEqual(octets);
  });

  it.each([
    ['', 'ASDU_TOO_SHORT'],
    ['01 01 03 00 01', 'ASDU_TOO_SHORT'],
    ['01 01 03 00 0100', 'ASDU_LENGTH_MISMATCH'],
    ['01 01 03 00 0100 0100', 'ASDU_LENGTH_MISMATCH'],
    ['01 01 03 00 0100 010000', 'ASDU_LENGTH_MISMATCH'],
    ['01 01 03 00 0100 010000 01 01', 'ASDU_LENGTH_MISMATCH'],
    ['01 82 03 00 0100 010000 01', 'ASDU_LENGTH_MISMATCH'],
    ['01 00 03 00 0100 010000', 'ASDU_LENGTH_MISMATCH'],
    ['7d 01 0d 00 0100 010000 0102 03', 'ASDU_LENGTH_MISMATCH'],
    ['7d 01 0d 00 0100 010000 0102 03 02 aa', 'ASDU_LENGTH_MISMATCH'],
    [`c8 01 03 00 0100 ${'00'.repeat(244)}`, 'ASDU_TOO_LONG'],
  ])('refuses %s', (hex, code) => {
    expect(codeOf(() => decodeAsdu(octetsOf(hex)))).toBe(code);
  });

  it('takes the longest ASDU', () => {
    const octets = octetsOf(`c8 01 03 00 0100 ${'00'.repeat(243)}`);
    expect(encodeAsdu(decodeAsdu(octets))).toEqual(octets);
  });
});

describe('encodeAsdu', () => {
  const base = { cot: Cause.SPONT, ca: 1 };

  it('takes what is left out as zero', () => {
    const octets = encodeAsdu({ type: 'M_SP_TB_1', ...base, objects: [{ ioa: 1, value: true, time: TIME }] });
    expect(toHex(octets)).toBe(`1e0103000100010000${'01'}${TIME_HEX}`);
  });

  it('rounds a normalized value to the nearest step', () => {
    const octets = encodeAsdu({ type: 'M_ME_ND_1', ...base, objects: [{ ioa: 1, value: 0.1 }] });
    // 0.1 * 32768 = 3276.8 -> 3277 = 0x0ccd
    expect(toHex(octets).slice(-4)).toBe('cd0c');
  });

  const ioa = 1;
  const wrong: [string, unknown, string][] = [
    ['null', null, 'ASDU_VALUE_RANGE'],
    ['an unknown name', { type: 'M_XX_NA_1', ...base, objects: [] }, 'ASDU_TYPE'],
    ['a TypeID of another name', { type: 'M_SP_NA_1', typeId: 3, ...base, objects: [] }, 'ASDU_TYPE'],
    ['no objects', { type: 'M_SP_NA_1', ...base }, 'ASDU_VALUE_RANGE'],
    ['a null object', { type: 'M_SP_NA_1', ...base, objects: [null] }, 'ASDU_VALUE_RANGE'],
    ['no value', { type: 'M_SP_NA_1', ...base, objects: [{ ioa }] }, 'ASDU_VALUE_RANGE'],
    ['a text for a bit', { type: 'C_SC_NA_1', ...base, objects: [{ ioa, value: 'false' }] }, 'ASDU_VALUE_RANGE'],
    [
      'null for a bit',
      { type: 'C_SC_NA_1', ...base, objects: [{ ioa, value: true, select: null }] },
      'ASDU_VALUE_RANGE',
    ],
    ['0 for a bit', { type: 'C_SC_NA_1', ...base, objects: [{ ioa, value: 0 }] }, 'ASDU_VALUE_RANGE'],
    ['IOA 2^24', { type: 'C_RD_NA_1', ...base, objects: [{ ioa: 0x1000000 }] }, 'ASDU_VALUE_RANGE'],
    ['a CA above 65535', { type: 'C_RD_NA_1', cot: 5, ca: 65536, objects: [{ ioa }] }, 'ASDU_VALUE_RANGE'],
    ['cause 64', { type: 'C_RD_NA_1', cot: 64, ca: 1, objects: [{ ioa }] }, 'ASDU_VALUE_RANGE'],
    ['OA 256', { type: 'C_RD_NA_1', ...base, oa: 256, objects: [{ ioa }] }, 'ASDU_VALUE_RANGE'],
    ['double point 4', { type: 'M_DP_NA_1', ...base, objects: [{ ioa, value: 4 }] }, 'ASDU_VALUE_RANGE'],
    ['step 64', { type: 'M_ST_NA_1', ...base, objects: [{ ioa, value: 64 }] }, 'ASDU_VALUE_RANGE'],
    ['normalized 1', { type: 'M_ME_ND_1', ...base, objects: [{ ioa, value: 1 }] }, 'ASDU_VALUE_RANGE'],
    ['normalized NaN', { type: 'M_ME_ND_1', ...base, objects: [{ ioa, value: NaN }] }, 'ASDU_VALUE_RANGE'],
    ['scaled 0.5', { type: 'M_ME_NB_1', ...base, objects: [{ ioa, value: 0.5 }] }, 'ASDU_VALUE_RANGE'],
    ['float 1e39', { type: 'M_ME_NC_1', ...base, objects: [{ ioa, value: 1e39 }] }, 'ASDU_VALUE_RANGE'],
    ['no time', { type: 'M_SP_TB_1', ...base, objects: [{ ioa, value: true }] }, 'ASDU_VALUE_RANGE'],
    [
      'a reserved bit outside of its mask',
      { type: 'M_SP_NA_1', ...base, objects: [{ ioa, value: true, quality: { reserved: 0x10 } }] },
      'ASDU_VALUE_RANGE',
    ],
    [
      'a gap in a sequence',
      {
        type: 'M_SP_NA_1',
        sq: true,
        ...base,
        objects: [
          { ioa: 1, value: true },
          { ioa: 3, value: true },
        ],
      },
      'ASDU_VALUE_RANGE',
    ],
    [
      'more than fits',
      { type: 'C_RD_NA_1', ...base, objects: Array.from({ length: 82 }, () => ({ ioa })) },
      'ASDU_TOO_LONG',
    ],
    [
      '128 elements',
      {
        type: 'M_SP_NA_1',
        sq: true,
        ...base,
        objects: Array.from({ length: 128 }, (_, i) => ({ ioa: i, value: true })),
      },
      'ASDU_VALUE_RANGE',
    ],
    [
      'a segment that is no octets',
      { type: 'F_SG_NA_1', ...base, objects: [{ ioa, nof: 1, nos: 1 }] },
      'ASDU_VALUE_RANGE',
    ],
    ['opaque without octets', { type: 'OPAQUE', typeId: 200, ...base, count: 1 }, 'ASDU_VALUE_RANGE'],
    [
      'an opaque that is no octets',
      { type: 'OPAQUE', typeId: 200, ...base, count: 1, opaque: [0n] },
      'ASDU_VALUE_RANGE',
    ],
  ];

  it.each(wrong)('refuses %s', (_, asdu, code) => {
    expect(codeOf(() => encodeAsdu(asdu as AsduInput))).toBe(code);
  });
});

describe('mirror', () => {
  it('does not touch or share the command, even when it is a Node Buffer', () => {
    const command = Buffer.from(octetsOf('64 01 86 07 0100 000000 14'));
    const reply = mirror(command, Cause.ACT_CON, false);
    reply.fill(0, 6);
    expect(toHex(command)).toBe('640186070100000000' + '14');
    expect(toHex(reply.subarray(0, 6))).toBe('640187070100');
  });

  it('refuses what is no ASDU and no cause', () => {
    expect(codeOf(() => mirror(new Uint8Array(5), 7, false))).toBe('ASDU_TOO_SHORT');
    expect(codeOf(() => mirror(new Uint8Array(250), 7, false))).toBe('ASDU_TOO_LONG');
    expect(codeOf(() => mirror(new Uint8Array(10), 64, false))).toBe('ASDU_VALUE_RANGE');
  });
});

describe('AsduView', () => {
  it('refuses less than a header and windows outside of the buffer', () => {
    expect(codeOf(() => new AsduView(new Uint8Array(5)))).toBe('ASDU_TOO_SHORT');
    expect(codeOf(() => new AsduView(new Uint8Array(10), 5))).toBe('ASDU_TOO_SHORT');
    expect(codeOf(() => new AsduView(new Uint8Array(10), 2, 9))).toBe('ASDU_TOO_SHORT');
    expect(codeOf(() => new AsduView(new Uint8Array(10), -1, 9))).toBe('ASDU_TOO_SHORT');
  });

  it('has no IOA where the ASDU ends before it', () => {
    expect(new AsduView(new Uint8Array(9), 0, 8).ioa).toBeUndefined();
    expect(new AsduView(new Uint8Array(9)).ioa).toBe(0);
  });
});
