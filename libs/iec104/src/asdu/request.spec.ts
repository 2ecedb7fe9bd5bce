import { describe, expect, it } from 'vitest';
import {
  bitstringCommand,
  counterInterrogation,
  doubleCommand,
  interrogation,
  setpointFloat,
  singleCommand,
} from './builders.js';
import { Cause } from './cause.js';
import { isSelect, Likeness, likeness, sameRequest } from './request.js';
import { typeInfo } from './type-table.js';

const TYPE_IDS = Array.from({ length: 256 }, (_, typeId) => typeId);

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

  it('repeats the value or does not, the qualifier or not, and S/E', () => {
    const { SAME, OTHER_QUALIFIER, OTHER_VALUE, OTHER } = Likeness;
    const on = singleCommand(1, 5, true, { qualifier: 3 });
    expect(likeness(on, singleCommand(1, 5, true, { qualifier: 3 }))).toBe(SAME);
    expect(likeness(on, singleCommand(1, 5, true))).toBe(OTHER_QUALIFIER);
    expect(likeness(on, singleCommand(1, 5, false, { qualifier: 3 }))).toBe(OTHER_VALUE);
    expect(likeness(on, singleCommand(1, 5, false))).toBe(OTHER_VALUE);
    expect(likeness(on, singleCommand(1, 5, true, { qualifier: 3, select: true }))).toBe(OTHER);
    const double = doubleCommand(1, 5, 2, { qualifier: 1 });
    expect(likeness(double, doubleCommand(1, 5, 2))).toBe(OTHER_QUALIFIER);
    expect(likeness(double, doubleCommand(1, 5, 1, { qualifier: 1 }))).toBe(OTHER_VALUE);
    const setpoint = setpointFloat(1, 5, 120, { qualifier: 4 });
    expect(likeness(setpoint, setpointFloat(1, 5, 120))).toBe(OTHER_QUALIFIER);
    expect(likeness(setpoint, setpointFloat(1, 5, 99.5, { qualifier: 4 }))).toBe(OTHER_VALUE);
    expect(likeness(setpoint, setpointFloat(1, 5, 99.5))).toBe(OTHER_VALUE);
    expect(likeness(setpoint, setpointFloat(1, 5, 120, { qualifier: 4, select: true }))).toBe(OTHER);
    expect(likeness(interrogation(1), interrogation(1, 0))).toBe(OTHER_QUALIFIER);
    expect(likeness(counterInterrogation(1), counterInterrogation(1, 1))).toBe(OTHER_QUALIFIER);
    expect(likeness(bitstringCommand(1, 5, 0xff), bitstringCommand(1, 5, 0x7f))).toBe(OTHER_VALUE);
    expect(likeness(on, on.subarray(0, 9)), 'too short').toBe(OTHER);
  });

  it('that is too short answers nothing', () => {
    for (const value of [true, false]) {
      const asked = singleCommand(1, 5, value);
      expect(sameRequest(asked, asked.subarray(0, 9))).toBe(false);
    }
  });
});
