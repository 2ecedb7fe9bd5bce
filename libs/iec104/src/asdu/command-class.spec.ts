import { describe, expect, it } from 'vitest';
import { commandClass } from './command-class.js';
import { TypeId } from './type-id.js';

/** The types of the control direction (IEC 60870-5-101 clause 7.2.1, 60870-5-104 clause 8), each in one class. */
const CLASSES = {
  monitor: [TypeId.C_IC_NA_1, TypeId.C_RD_NA_1, TypeId.C_TS_NA_1, TypeId.C_TS_TA_1],
  control: [45, 46, 47, 48, 49, 50, 51, 58, 59, 60, 61, 62, 63, 64],
  clock: [TypeId.C_CS_NA_1, TypeId.C_CD_NA_1],
  parameters: [110, 111, 112, 113],
  files: [120, 121, 122, 123, 124, 125, 126, 127],
  reset: [TypeId.C_RP_NA_1],
} as const;

const asdu = (typeId: number, qualifier = 0): Uint8Array => Uint8Array.of(typeId, 1, 6, 0, 1, 0, 0, 0, 0, qualifier);

describe('the class of a command', () => {
  it.each(Object.entries(CLASSES))('is %s for its types', (name, types) => {
    for (const typeId of types) expect(commandClass(asdu(typeId))).toBe(name);
  });

  it('is control for everything that it is not known of: private types, and what is no command', () => {
    const known = new Set<number>([...Object.values(CLASSES).flat(), TypeId.C_CI_NA_1]);
    for (let typeId = 0; typeId < 256; typeId++) {
      if (!known.has(typeId)) expect(commandClass(asdu(typeId))).toBe('control');
    }
  });

  it('of a counter interrogation depends on whether it only reads', () => {
    expect(commandClass(asdu(TypeId.C_CI_NA_1, 0x05))).toBe('monitor');
    for (const freeze of [0x45, 0x85, 0xc5]) expect(commandClass(asdu(TypeId.C_CI_NA_1, freeze))).toBe('control');
    expect(commandClass(asdu(TypeId.C_CI_NA_1).subarray(0, 9))).toBe('control');
  });
});
