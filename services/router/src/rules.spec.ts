import { describe, expect, it } from 'vitest';
import { Cause, TYPES, TypeId } from '@iec104mm2ss/iec104';
import {
  Audience,
  audienceOf,
  carriesOurOa,
  endsWithTermination,
  isFileTransfer,
  isInterrogation,
  isProcessCommand,
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
  it('are sorted by what they are', () => {
    const numbers = (test: (typeId: number) => boolean) => TYPE_IDS.filter(test);
    expect(numbers(isProcessCommand)).toEqual([45, 46, 47, 48, 49, 50, 51, 58, 59, 60, 61, 62, 63, 64]);
    expect(numbers(isFileTransfer)).toEqual([120, 121, 122, 123, 124, 125, 126, 127]);
    expect(numbers(isInterrogation)).toEqual([100, 101]);
    expect(numbers(endsWithTermination)).toEqual(numbers((id) => isProcessCommand(id) || isInterrogation(id)));
  });
});
