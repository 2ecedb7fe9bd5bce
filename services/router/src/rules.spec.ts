import { describe, expect, it } from 'vitest';
import { Cause, TYPES, TypeId } from '@iec104mm2ss/iec104';
import {
  Audience,
  audienceOf,
  endsWithTermination,
  isFileTransfer,
  isInterrogation,
  isProcessCommand,
  otherTimeTag,
} from './rules.js';

const CAUSES = Array.from({ length: 64 }, (_, cause) => cause);
const TYPE_IDS = Array.from({ length: 256 }, (_, typeId) => typeId);
const UNASKED = [1, 2, 3, 4, 11, 12];
const INTERROGATED = CAUSES.filter((cot) => cot >= 20 && cot <= 41);
const ANSWERS = [6, 7, 8, 9, 10, 44, 45, 46, 47];
const RESERVED_CAUSES = CAUSES.filter((cot) => ![...UNASKED, 5, ...INTERROGATED, ...ANSWERS].includes(cot));
const OPAQUE = TYPE_IDS.filter((id) => id >= 127 || !TYPES.some(({ typeId }) => typeId === id));
const FILES = TYPE_IDS.filter((id) => id >= 120 && id <= 126);
/** What is neither a file nor the end of initialization. */
const OTHERS = TYPE_IDS.filter((id) => !FILES.includes(id) && id !== TypeId.M_EI_NA_1);

function expectAll(
  types: readonly number[],
  causes: readonly number[],
  audience: Audience,
  toOriginator = false,
): void {
  for (const typeId of types) {
    for (const cot of causes) {
      expect(audienceOf(typeId, cot, toOriginator), `type ${typeId} cause ${cot}`).toBe(audience);
    }
  }
}

describe('the audience of an ASDU', () => {
  it('is everybody for what a station says unasked, whatever the type', () => {
    expectAll(OTHERS, UNASKED, Audience.ALL);
    expectAll(OTHERS, UNASKED, Audience.ALL, true);
  });

  it('is everybody for objects of interrogations, whatever the type, or who asked for them', () => {
    expectAll(OTHERS, INTERROGATED, Audience.ALL);
    expectAll(OTHERS, INTERROGATED, Audience.ASKED, true);
  });

  it('is everybody for what was requested, or who asked for it; of an opaque type it may answer one of its own', () => {
    expectAll(OPAQUE, [Cause.REQ], Audience.ASKED);
    const known = OTHERS.filter((id) => !OPAQUE.includes(id) && id !== TypeId.C_RD_NA_1);
    expectAll(known, [Cause.REQ], Audience.ALL);
    expectAll(known, [Cause.REQ], Audience.ASKED, true);
    expectAll([TypeId.C_RD_NA_1], [Cause.REQ], Audience.ORIGINATOR);
  });

  it('is the originator of the command that it answers; process information too, with such a cause', () => {
    const isInformation = (id: number): boolean => id <= 44;
    const others = OTHERS.filter((id) => !isInformation(id));
    expectAll(others, ANSWERS, Audience.ORIGINATOR);
    expectAll(OTHERS.filter(isInformation), ANSWERS, Audience.ASKED);
  });

  it('is everybody for process information with a cause that nobody knows', () => {
    const processInformation = TYPE_IDS.filter((id) => id <= 44);
    expectAll(processInformation, RESERVED_CAUSES, Audience.ALL);
  });

  it('is, for causes that nobody knows, whose request of that type is under way, else everybody; of known types nobody', () => {
    const above = OTHERS.filter((id) => id > 44);
    expectAll(
      above.filter((id) => OPAQUE.includes(id)),
      RESERVED_CAUSES,
      Audience.ASKED,
    );
    expectAll(
      above.filter((id) => !OPAQUE.includes(id)),
      RESERVED_CAUSES,
      Audience.ORIGINATOR,
    );
  });

  it('of a file is who transfers it; a directory may come unasked', () => {
    const files = FILES.filter((id) => id !== TypeId.F_DR_TA_1);
    expectAll(FILES, [...ANSWERS, Cause.FILE], Audience.ORIGINATOR);
    expectAll(files, [...UNASKED, Cause.REQ, ...INTERROGATED], Audience.ASKED);
    expectAll([TypeId.F_DR_TA_1], [...UNASKED, ...INTERROGATED], Audience.ALL);
    expectAll([TypeId.F_DR_TA_1], [Cause.REQ], Audience.ASKED);
  });

  it('of the end of initialization is nobody: the gateway sends its own; with any other cause it is none', () => {
    expectAll([TypeId.M_EI_NA_1], [Cause.INIT], Audience.NOBODY);
    const others = CAUSES.filter((cot) => cot !== Cause.INIT && !ANSWERS.includes(cot));
    expectAll([TypeId.M_EI_NA_1], others, Audience.ALL);
    expectAll([TypeId.M_EI_NA_1], ANSWERS, Audience.ORIGINATOR);
  });
});

describe('types', () => {
  it('are sorted by what they are', () => {
    const numbers = (test: (typeId: number) => boolean) => TYPE_IDS.filter(test);
    expect(numbers(isProcessCommand)).toEqual([45, 46, 47, 48, 49, 50, 51, 58, 59, 60, 61, 62, 63, 64]);
    expect(numbers((id) => otherTimeTag(id) !== id)).toEqual(numbers(isProcessCommand));
    expect(numbers(isProcessCommand).map(otherTimeTag).map(otherTimeTag)).toEqual(numbers(isProcessCommand));
    expect(otherTimeTag(TypeId.C_SE_NC_1)).toBe(TypeId.C_SE_TC_1);
    expect(numbers(isFileTransfer)).toEqual([120, 121, 122, 123, 124, 125, 126, 127]);
    expect(numbers(isInterrogation)).toEqual([100, 101]);
    expect(numbers(endsWithTermination)).toEqual(numbers((id) => isProcessCommand(id) || isInterrogation(id)));
  });
});
