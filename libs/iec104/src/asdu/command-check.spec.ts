import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCommand, commandObjects } from './command-check.js';
import { mirror } from './mirror.js';
import { typeName } from './type-table.js';

/** Octets of the elements behind the IOA, counted by hand from IEC 60870-5-101 clause 7.3 and 60870-5-104 clause 8. */
const PROCESS_COMMANDS: readonly (readonly [typeId: number, elements: number])[] = [
  [45, 1], // C_SC_NA_1: SCO
  [46, 1], // C_DC_NA_1: DCO
  [47, 1], // C_RC_NA_1: RCO
  [48, 3], // C_SE_NA_1: NVA 2, QOS 1
  [49, 3], // C_SE_NB_1: SVA 2, QOS 1
  [50, 5], // C_SE_NC_1: R32 4, QOS 1
  [51, 4], // C_BO_NA_1: BSI
  [58, 8], // C_SC_TA_1: SCO 1, CP56Time2a 7
  [59, 8], // C_DC_TA_1
  [60, 8], // C_RC_TA_1
  [61, 10], // C_SE_TA_1: NVA 2, QOS 1, CP56Time2a 7
  [62, 10], // C_SE_TB_1
  [63, 12], // C_SE_TC_1: R32 4, QOS 1, CP56Time2a 7
  [64, 11], // C_BO_TA_1: BSI 4, CP56Time2a 7
];
const SYSTEM_COMMANDS: readonly (readonly [typeId: number, elements: number])[] = [
  [100, 1], // C_IC_NA_1: QOI
  [101, 1], // C_CI_NA_1: QCC
  [103, 7], // C_CS_NA_1: CP56Time2a
  [104, 2], // C_TS_NA_1: FBP
  [105, 1], // C_RP_NA_1: QRP
  [106, 2], // C_CD_NA_1: CP16Time2a
  [107, 9], // C_TS_TA_1: TSC 2, CP56Time2a 7
  [110, 3], // P_ME_NA_1: NVA 2, QPM 1
  [111, 3], // P_ME_NB_1
  [112, 5], // P_ME_NC_1: R32 4, QPM 1
  [113, 1], // P_AC_NA_1: QPA
];
const CONFIRMED = [...PROCESS_COMMANDS, ...SYSTEM_COMMANDS];
/** C_RD_NA_1 has no elements, cause 5 and no confirmation. */
const READ = [102, 0] as const;
const FILES: readonly (readonly [typeId: number, elements: number])[] = [
  [120, 6], // F_FR_NA_1: NOF 2, LOF 3, FRQ 1
  [121, 7], // F_SR_NA_1: NOF 2, NOS 1, LOF 3, SRQ 1
  [122, 4], // F_SC_NA_1: NOF 2, NOS 1, SCQ 1
  [123, 5], // F_LS_NA_1: NOF 2, NOS 1, LSQ 1, CHS 1
  [124, 4], // F_AF_NA_1: NOF 2, NOS 1, AFQ 1
  [125, 4], // F_SG_NA_1: NOF 2, NOS 1, LOS 1, and as many octets as LOS says
];
/** Of the monitor direction only. F_DR_TA_1: NOF 2, LOF 3, SOF 1, CP56Time2a 7. */
const DIRECTORY = [126, 13] as const;

const BROADCAST = [100, 101, 103, 105];

interface Parts {
  readonly vsq?: number;
  readonly cot?: number;
  readonly ca?: number;
  /** Octets behind the data unit identifier; by default IOA 5 and the elements, all 0. */
  readonly body?: number;
}

function asdu([typeId, elements]: readonly [number, number], parts: Parts = {}): Uint8Array {
  const usual = typeId === 102 ? 5 : typeId >= 120 ? 13 : 6;
  const { vsq = 1, cot = usual, ca = 1, body = 3 + elements } = parts;
  const octets = new Uint8Array(6 + body);
  octets.set([typeId, vsq, cot, 9, ca & 0xff, ca >> 8]);
  if (body >= 3) octets.set([5, 0, 0], 6);
  return octets;
}

const OK = { ok: true };
const refused = (cause: number): object => ({ ok: false, cause, reason: expect.stringMatching(/./) });
const named = ([typeId, elements]: readonly [number, number]): readonly [string, readonly [number, number]] => [
  typeName(typeId),
  [typeId, elements],
];

describe.each(CONFIRMED.map(named))('%s from a master', (_name, type) => {
  const [typeId, elements] = type;
  const causes = typeId === 106 ? [3, 6] : [6, 8];

  it('passes with one object, and activation or deactivation', () => {
    for (const cot of causes) {
      expect(checkCommand(asdu(type, { cot }))).toEqual(OK);
      // T is not looked at, nor are OA and values.
      expect(checkCommand(asdu(type, { cot: cot | 0x80 }))).toEqual(OK);
      expect(checkCommand(asdu(type, { cot }).fill(0xff, 6))).toEqual(OK);
    }
  });

  it('is refused with its negative confirmation when it has P/N = 1', () => {
    for (const cot of causes) {
      const confirmation = cot === 8 ? 9 : 7;
      for (const bits of [0x40, 0xc0])
        expect(checkCommand(asdu(type, { cot: cot | bits }))).toEqual(refused(confirmation));
    }
    expect(checkCommand(asdu(type, { cot: 7 | 0x40 })), 'and with 45 first').toEqual(refused(45));
  });

  it('is refused with 45 for any other cause', () => {
    for (let cot = 0; cot < 64; cot++) {
      if (!causes.includes(cot)) expect(checkCommand(asdu(type, { cot })), `cause ${cot}`).toEqual(refused(45));
    }
  });

  it('is refused with its negative confirmation for a VSQ or a length that does not fit', () => {
    for (const cot of causes) {
      const confirmation = cot === 8 ? 9 : 7;
      const two = { vsq: 2, body: 2 * (3 + elements) };
      const sequence = { vsq: 0x82, body: 3 + 2 * elements };
      for (const parts of [two, sequence, { vsq: 0x81 }, { vsq: 0 }, { vsq: 0x7f }, { vsq: 2 }, { body: 0 }]) {
        expect(checkCommand(asdu(type, { cot, ...parts })), JSON.stringify(parts)).toEqual(refused(confirmation));
      }
      for (const body of [2 + elements, 4 + elements, 3, 2 * (3 + elements), 243]) {
        expect(checkCommand(asdu(type, { cot, body })), `${body} octets`).toEqual(refused(confirmation));
      }
    }
  });

  it('is refused with 46 for CA 0, and for all stations where the standard has none', () => {
    expect(checkCommand(asdu(type, { ca: 0 }))).toEqual(refused(46));
    expect(checkCommand(asdu(type, { ca: 0xffff }))).toEqual(BROADCAST.includes(typeId) ? OK : refused(46));
    for (const ca of [1, 0xff, 0xff00, 0xfffe]) expect(checkCommand(asdu(type, { ca }))).toEqual(OK);
  });
});

describe('C_RD_NA_1 from a master', () => {
  it('passes with cause 5 only', () => {
    for (let cot = 0; cot < 64; cot++) {
      expect(checkCommand(asdu(READ, { cot })), `cause ${cot}`).toEqual(cot === 5 ? OK : refused(45));
    }
  });

  it('is refused with 47 when it does not name one object, for it has no confirmation', () => {
    for (const parts of [{ vsq: 0 }, { vsq: 2, body: 6 }, { vsq: 0x81 }, { body: 0 }, { body: 2 }, { body: 4 }]) {
      expect(checkCommand(asdu(READ, parts)), JSON.stringify(parts)).toEqual(refused(47));
    }
  });

  it('is refused with 46 for CA 0 and for all stations', () => {
    for (const ca of [0, 0xffff]) expect(checkCommand(asdu(READ, { ca }))).toEqual(refused(46));
  });
});

describe.each(FILES.map(named))('%s from a master', (_name, type) => {
  const [typeId, elements] = type;

  it('passes with cause 13, with the causes of a refusal, and the call of the directory with 5', () => {
    const causes = [13, 44, 45, 46, 47, ...(typeId === 122 ? [5] : [])];
    for (let cot = 0; cot < 64; cot++) {
      expect(checkCommand(asdu(type, { cot })), `cause ${cot}`).toEqual(causes.includes(cot) ? OK : refused(45));
      // Either side may refuse.
      if (causes.includes(cot)) expect(checkCommand(asdu(type, { cot: cot | 0x40 }))).toEqual(OK);
    }
  });

  it('passes when its length is what TypeID and VSQ say', () => {
    if (typeId === 125) {
      const segment = asdu(type, { body: 3 + elements + 200 });
      segment[6 + 3 + elements - 1] = 200; // LOS
      expect(checkCommand(segment)).toEqual(OK);
      segment[6 + 3 + elements - 1] = 201;
      expect(checkCommand(segment)).toEqual(refused(47));
    } else {
      expect(checkCommand(asdu(type, { vsq: 2, body: 2 * (3 + elements) }))).toEqual(OK);
      expect(checkCommand(asdu(type, { vsq: 0x82, body: 3 + 2 * elements }))).toEqual(OK);
    }
  });

  it('is refused with 47 otherwise, for it has no confirmation', () => {
    for (const parts of [{ vsq: 0 }, { vsq: 2 }, { vsq: 0x82 }, { body: 0 }, { body: 3 }, { body: 4 + elements }]) {
      expect(checkCommand(asdu(type, parts)), JSON.stringify(parts)).toEqual(refused(47));
    }
  });

  it('is refused with 46 for CA 0 and for all stations', () => {
    for (const ca of [0, 0xffff]) expect(checkCommand(asdu(type, { ca }))).toEqual(refused(46));
  });
});

describe('F_DR_TA_1 from a master', () => {
  it('is refused with 44, whatever its cause and whatever it holds', () => {
    for (let cot = 0; cot < 64; cot++) {
      for (const parts of [{}, { vsq: 0 }, { vsq: 2, body: 32 }, { body: 0 }, { ca: 0 }]) {
        expect(checkCommand(asdu(DIRECTORY, { cot, ...parts }))).toEqual(refused(44));
      }
    }
  });
});

describe('any other type from a master', () => {
  const known = new Set([...CONFIRMED, READ, ...FILES].map(([typeId]) => typeId));

  it('is refused with 44 below 127, monitor types included', () => {
    for (let typeId = 0; typeId < 127; typeId++) {
      if (known.has(typeId)) continue;
      for (const body of [0, 4, 243]) {
        expect(checkCommand(asdu([typeId, 1], { body })), `type ${typeId}`).toEqual(refused(44));
      }
    }
  });

  it('passes from 127 on, whatever it holds', () => {
    const asdus = fc.uint8Array({ minLength: 6, maxLength: 249 });
    fc.assert(
      fc.property(fc.integer({ min: 127, max: 255 }), asdus, (typeId, octets) => {
        octets[0] = typeId;
        expect(checkCommand(octets)).toEqual(OK);
      }),
    );
  });
});

describe('the check of a command', () => {
  it('never passes a known command with more or less than one object, and every refusal can be sent', () => {
    const asdus = fc.uint8Array({ minLength: 6, maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 126 }), fc.constantFrom(0, 1, 2, 0x81), asdus, (typeId, vsq, octets) => {
        octets.set([typeId, vsq]);
        const result = checkCommand(octets);
        if (result.ok) {
          if (typeId < 120) expect(commandObjects(octets)).toHaveLength(1);
        } else {
          expect(mirror(octets, result.cause, true)[2]! & 0x7f).toBe(0x40 | result.cause);
          expect([7, 9, 44, 45, 46, 47]).toContain(result.cause);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('throws its own error for what no APDU can hold', () => {
    expect(() => checkCommand(new Uint8Array(5))).toThrow('an ASDU has at least 6 octets');
  });
});

describe('the objects of a command', () => {
  it.each([
    ['one', '2d 01 06 00 01 00 05 00 00 01', [5]],
    ['two with addresses of their own', '2d 02 06 00 01 00 05 00 00 01 ff ff ff 00', [5, 0xffffff]],
    ['a sequence', '2d 83 06 00 01 00 05 00 00 01 00 01', [5, 6, 7]],
    ['of two, one is cut off behind its address', '30 02 06 00 01 00 05 00 00 00 00 00 06 00 00', [5, 6]],
    ['none', '2d 00 06 00 01 00', []],
    ['no octet of one', '2d 01 06 00 01 00', []],
    ['no whole address', '2d 01 06 00 01 00 05 00', []],
    ['the first of a private type', 'c8 05 06 00 01 00 05 00 00 01 02 03 04 05 06', [5]],
    ['the one of a segment', '7d 01 0d 00 01 00 05 00 00 01 00 01 02 aa bb', [5]],
    ['those of a read command', '66 02 05 00 01 00 05 00 00 06 00 00', [5, 6]],
  ])('are known: %s', (_what, hex, ioas) => {
    const octets = Uint8Array.from(hex.split(' '), (digits) => parseInt(digits, 16));
    expect(commandObjects(octets)).toEqual(ioas.map((ioa) => ({ ca: 1, ioa })));
  });

  it('are never more than its octets can hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 249 }), (octets) => {
        expect(commandObjects(octets).length).toBeLessThanOrEqual(127);
      }),
    );
  });
});
