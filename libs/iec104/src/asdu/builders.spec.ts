import { describe, expect, it } from 'vitest';
import {
  bitstringCommand,
  Cause,
  clockSync,
  counterInterrogation,
  doubleCommand,
  endOfInitialization,
  epochMsToCp56,
  Frz,
  interrogation,
  Qrp,
  readCommand,
  resetProcess,
  setpointFloat,
  setpointNormalized,
  setpointScaled,
  singleCommand,
  stepCommand,
  testCommand,
  toHex,
} from './index.js';

const time = epochMsToCp56(Date.UTC(2026, 10, 5, 10, 11, 12, 345));
const TIME_HEX = '39300b0a850b1a';

// Header: type, VSQ 01, cause, OA, CA 47 = 2f00; then IOA and elements, see asdu-codec.spec.ts for the bits.
const CASES: [string, Uint8Array, string][] = [
  ['interrogation', interrogation(47), '64 01 06 00 2f00 000000 14'],
  ['deactivation', interrogation(47, 21, { cot: Cause.DEACT, oa: 3 }), '64 01 08 03 2f00 000000 15'],
  ['refused under test', interrogation(47, 20, { cot: 7, negative: true, test: true }), '64 01 c7 00 2f00 000000 14'],
  ['counterInterrogation', counterInterrogation(47), '65 01 06 00 2f00 000000 05'],
  ['with freeze', counterInterrogation(47, 1, Frz.FREEZE_AND_RESET), '65 01 06 00 2f00 000000 81'],
  ['readCommand', readCommand(47, 1001), '66 01 05 00 2f00 e90300'],
  ['clockSync', clockSync(47, time), `67 01 06 00 2f00 000000 ${TIME_HEX}`],
  ['resetProcess', resetProcess(47, Qrp.CLEAR_EVENT_BUFFER), '69 01 06 00 2f00 000000 02'],
  ['testCommand', testCommand(47, 258, time), `6b 01 06 00 2f00 000000 0201 ${TIME_HEX}`],
  ['endOfInitialization', endOfInitialization(47), '46 01 04 00 2f00 000000 00'],
  ['after changes', endOfInitialization(47, 1, { parametersChanged: true }), '46 01 04 00 2f00 000000 81'],
  ['singleCommand', singleCommand(47, 5000, true), '2d 01 06 00 2f00 881300 01'],
  ['select', singleCommand(47, 5000, false, { select: true, qualifier: 1 }), '2d 01 06 00 2f00 881300 84'],
  ['timed', singleCommand(47, 5000, true, { time }), `3a 01 06 00 2f00 881300 01 ${TIME_HEX}`],
  ['doubleCommand', doubleCommand(47, 5000, 2), '2e 01 06 00 2f00 881300 02'],
  ['timed', doubleCommand(47, 5000, 2, { time }), `3b 01 06 00 2f00 881300 02 ${TIME_HEX}`],
  ['stepCommand', stepCommand(47, 5000, 1, { select: true }), '2f 01 06 00 2f00 881300 81'],
  ['timed', stepCommand(47, 5000, 1, { time }), `3c 01 06 00 2f00 881300 01 ${TIME_HEX}`],
  ['setpointNormalized', setpointNormalized(47, 5000, -0.5), '30 01 06 00 2f00 881300 00c0 00'],
  ['timed', setpointNormalized(47, 5000, -0.5, { time }), `3d 01 06 00 2f00 881300 00c0 00 ${TIME_HEX}`],
  ['setpointScaled', setpointScaled(47, 5000, -2, { qualifier: 1 }), '31 01 06 00 2f00 881300 feff 01'],
  ['timed', setpointScaled(47, 5000, -2, { time }), `3e 01 06 00 2f00 881300 feff 00 ${TIME_HEX}`],
  ['setpointFloat', setpointFloat(47, 5000, 12.5, { select: true }), '32 01 06 00 2f00 881300 00004841 80'],
  ['timed', setpointFloat(47, 5000, 12.5, { time }), `3f 01 06 00 2f00 881300 00004841 00 ${TIME_HEX}`],
  ['bitstringCommand', bitstringCommand(47, 5000, 0xdeadbeef), '33 01 06 00 2f00 881300 efbeadde'],
  ['timed', bitstringCommand(47, 5000, 1, { time }), `40 01 06 00 2f00 881300 01000000 ${TIME_HEX}`],
];

describe('builders', () => {
  it.each(CASES)('%s: %#', (_, octets, hex) => {
    expect(toHex(octets)).toBe(hex.replaceAll(' ', ''));
  });

  it('refuse what does not fit', () => {
    const range: unknown = expect.objectContaining({ code: 'ASDU_VALUE_RANGE' });
    expect(() => interrogation(65536)).toThrow(range);
    expect(() => interrogation(1, 256)).toThrow(range);
    expect(() => doubleCommand(1, 1, 4)).toThrow(range);
    expect(() => singleCommand(1, 1, true, { qualifier: 32 })).toThrow(range);
    expect(() => setpointScaled(1, 1, 40000)).toThrow(range);
  });
});
