import { expect, it } from 'vitest';
import { encodeAsdu, epochMsToCp56 } from '@iec104mm2ss/iec104';
import { describeAsdu } from './describe-asdu.js';

const time = epochMsToCp56(Date.UTC(2026, 10, 5, 10, 11, 12, 345));

it('one line per object', () => {
  const octets = encodeAsdu({
    type: 'M_SP_NA_1',
    cot: 20,
    ca: 47,
    sq: true,
    objects: [
      { ioa: 1000, value: true },
      { ioa: 1001, value: false, quality: { iv: true, nt: true } },
    ],
  });
  expect(describeAsdu(octets)).toEqual([
    'M_SP_NA_1 INROGEN CA 47 IOA 1000 = ON',
    'M_SP_NA_1 INROGEN CA 47 IOA 1001 = OFF [IV NT]',
  ]);
});

it('values, times, qualifiers, refusals', () => {
  const float = encodeAsdu({ type: 'M_ME_TF_1', cot: 3, ca: 47, objects: [{ ioa: 4200, value: 12.3, time }] });
  expect(describeAsdu(float)).toEqual(['M_ME_TF_1 SPONT CA 47 IOA 4200 = 12.3 at 2026-11-05T10:11:12.345']);
  const command = { type: 'C_DC_NA_1', cot: 7, negative: true, oa: 5, ca: 47 } as const;
  expect(describeAsdu(encodeAsdu({ ...command, objects: [{ ioa: 5100, value: 2, select: true, qu: 1 }] }))).toEqual([
    'C_DC_NA_1 ACT_CON NEGATIVE OA 5 CA 47 IOA 5100 = ON QU 1 select',
  ]);
  const interrogation = encodeAsdu({ type: 'C_IC_NA_1', cot: 10, ca: 47, objects: [{ ioa: 0, qoi: 20 }] });
  expect(describeAsdu(interrogation)).toEqual(['C_IC_NA_1 ACT_TERM CA 47 IOA 0 QOI 20']);
});

it('what cannot be decoded, in hexadecimal', () => {
  expect(describeAsdu(Uint8Array.of(200, 1, 6, 0, 47, 0, 1, 2, 3))).toHaveLength(1);
  expect(describeAsdu(Uint8Array.of(1, 2, 3, 0, 47, 0, 1, 0, 0, 1))[0]).toMatch(/cannot be decoded .*: 01 ?02/);
});
