import { describe, expect, it } from 'vitest';
import { Cause, doubleCommand, setpointFloat, singleCommand, TYPES, TypeId, typeInfo } from '@iec104mm2ss/iec104';
import {
  Audience,
  audienceOf,
  carriesOurOa,
  endsWithTermination,
  isFileTransfer,
  isInterrogation,
  isProcessCommand,
  isSelect,
  mayBeSentByMaster,
  sameRequest,
} from './rules.js';

const CAUSES = Array.from({ length: 64 }, (_, cause) => cause);
const TYPE_IDS = Array.from({ length: 256 }, (_, typeId) => typeId);

describe('the audience of an ASDU', () => {
  it('is everybody for TypeID 1-40 whatever the cause, nobody for M_EI_NA_1, the originator for all others', () => {
    for (const typeId of TYPE_IDS) {
      for (const cot of CAUSES) {
        const expected =
          typeId >= 1 && typeId <= 40 ? Audience.ALL : typeId === 70 ? Audience.NOBODY : Audience.ORIGINATOR;
        expect(audienceOf(typeId, cot, false), `type ${typeId} cause ${cot}`).toBe(expected);
      }
    }
  });

  it('with `interrogation` = originator is who asked for causes 20-41, and else the same', () => {
    for (const typeId of TYPE_IDS) {
      for (const cot of CAUSES) {
        const process = typeId >= 1 && typeId <= 40;
        const expected = process && cot >= 20 && cot <= 41 ? Audience.INTERROGATOR : audienceOf(typeId, cot, false);
        expect(audienceOf(typeId, cot, true), `type ${typeId} cause ${cot}`).toBe(expected);
      }
    }
  });

  it('includes every monitored type of the standard', () => {
    for (const { typeId, direction } of TYPES) {
      if (direction !== 'monitor' || typeId === TypeId.M_EI_NA_1 || isFileTransfer(typeId)) continue;
      expect(audienceOf(typeId, Cause.SPONT, false)).toBe(Audience.ALL);
    }
  });
});

describe('an OA of ours in process information', () => {
  it.each([
    [Cause.PERCYC, 7, false],
    [Cause.BACK, 7, false],
    [Cause.SPONT, 7, false],
    [Cause.REQ, 7, true],
    [Cause.RETREM, 7, true],
    [Cause.RETLOC, 7, true],
    [Cause.INROGEN, 7, true],
    [Cause.REQCO4, 7, true],
    [Cause.INROGEN, 0, false],
  ])('cause %i, OA %i: %s', (cot, oa, expected) => expect(carriesOurOa(cot, oa)).toBe(expected));
});

describe('types', () => {
  it('a master may send: none of the monitor direction, all commands, parameters, files and private ones', () => {
    for (const typeId of TYPE_IDS) {
      expect(mayBeSentByMaster(typeId), `type ${typeId}`).toBe(typeId >= 45 && typeId !== 70);
      if (typeInfo(typeId)?.direction === 'control') expect(mayBeSentByMaster(typeId)).toBe(true);
    }
  });

  it('are sorted by what they are', () => {
    const numbers = (test: (typeId: number) => boolean) => TYPE_IDS.filter(test);
    expect(numbers(isProcessCommand)).toEqual([45, 46, 47, 48, 49, 50, 51, 58, 59, 60, 61, 62, 63, 64]);
    expect(numbers(isFileTransfer)).toEqual([120, 121, 122, 123, 124, 125, 126, 127]);
    expect(numbers(isInterrogation)).toEqual([100, 101]);
    expect(numbers(endsWithTermination)).toEqual(numbers((id) => isProcessCommand(id) || isInterrogation(id)));
  });
});

/** Octets behind the IOA of each command type, less its time tag, and where S/E is among them. */
const LAYOUT: Readonly<Record<number, readonly [value: number, selectAt: number | undefined]>> = {
  45: [1, 0],
  46: [1, 0],
  47: [1, 0],
  48: [3, 2],
  49: [3, 2],
  50: [5, 4],
  51: [4, undefined],
  58: [1, 0],
  59: [1, 0],
  60: [1, 0],
  61: [3, 2],
  62: [3, 2],
  63: [5, 4],
  64: [4, undefined],
  100: [1, undefined],
  101: [1, undefined],
};

/** A command of any type: header, IOA 300, as many octets as the type has. */
function command(typeId: number, fill: number): Uint8Array {
  const length = 9 + (typeInfo(typeId)?.elementOctets ?? 4);
  const asdu = new Uint8Array(length).fill(fill, 9);
  asdu.set([typeId, 1, Cause.ACT, 0, 1, 0, 44, 1, 0]);
  return asdu;
}

describe('S/E', () => {
  it('is where the type has it', () => {
    for (const typeId of TYPE_IDS.filter((id) => id >= 45)) {
      const at = LAYOUT[typeId]?.[1];
      const asdu = command(typeId, 0);
      expect(isSelect(asdu), `type ${typeId}`).toBe(false);
      if (at !== undefined) asdu[9 + at] = 0x80;
      expect(isSelect(asdu), `type ${typeId}`).toBe(at !== undefined);
      // All others set, S/E not.
      const others = command(typeId, 0xff);
      if (at !== undefined) others[9 + at] = 0x7f;
      expect(isSelect(others), `type ${typeId}`).toBe(false);
    }
  });

  it('is what the builders write', () => {
    expect(isSelect(singleCommand(1, 5, true, { select: true }))).toBe(true);
    expect(isSelect(singleCommand(1, 5, true))).toBe(false);
    expect(isSelect(setpointFloat(1, 5, -2.5, { select: true }))).toBe(true);
    expect(isSelect(setpointFloat(1, 5, -2.5))).toBe(false);
    expect(isSelect(doubleCommand(1, 5, 2, { qualifier: 31 }))).toBe(false);
  });

  it('is not looked for behind the end', () => expect(isSelect(Uint8Array.of(45, 1, 6, 0, 1, 0, 5, 0, 0))).toBe(false));
});

describe('an answer', () => {
  it('has to repeat every octet of value, qualifier and S/E, but not the time tag', () => {
    for (const typeId of TYPE_IDS.filter((id) => id >= 45 && id < 120)) {
      const compared = LAYOUT[typeId]?.[0] ?? 0;
      const asked = command(typeId, 0x55);
      for (let at = 9; at < asked.length; at++) {
        const answer = new Uint8Array(asked);
        answer[at] = 0x56;
        expect(sameRequest(asked, answer), `type ${typeId} octet ${at}`).toBe(at >= 9 + compared);
      }
    }
  });

  it('may differ in cause and OA', () => {
    const asked = singleCommand(1, 5, true, { oa: 3 });
    expect(sameRequest(asked, singleCommand(1, 5, true, { oa: 9, cot: Cause.ACT_CON, negative: true }))).toBe(true);
  });

  it('of cause ACT_TERM may carry S/E, no other may', () => {
    const asked = singleCommand(1, 5, true);
    const answer = (cot: number, value: boolean) => singleCommand(1, 5, value, { select: true, cot });
    expect(sameRequest(asked, answer(Cause.ACT_TERM, true))).toBe(true);
    expect(sameRequest(asked, answer(Cause.ACT_TERM, false))).toBe(false);
    expect(sameRequest(asked, answer(Cause.ACT_CON, true))).toBe(false);
    const bits = Uint8Array.of(51, 1, Cause.ACT, 0, 1, 0, 5, 0, 0, 0, 0, 0, 0);
    const other = new Uint8Array(bits);
    other.set([Cause.ACT_TERM], 2);
    other[9] = 0x80;
    expect(sameRequest(bits, other), 'a type without S/E').toBe(false);
  });

  it('that is too short answers nothing', () => {
    for (const value of [true, false]) {
      const asked = singleCommand(1, 5, value);
      expect(sameRequest(asked, asked.subarray(0, 9))).toBe(false);
    }
  });
});
