import { expect, it } from 'vitest';
import { UsageError } from './errors.js';
import { parseCa, parseCause, parseIoa, parseLast, parseTypes } from './filter-flags.js';

it.each([
  ['M_SP_TB_1', 'M_SP_TB_1'],
  ['m_sp_tb_1', 'M_SP_TB_1'],
  [' c_sc_na_1 ', 'C_SC_NA_1'],
  ['45', 'C_SC_NA_1'],
  ['TYPE_45', 'C_SC_NA_1'],
  ['type_200', 'TYPE_200'],
  ['200', 'TYPE_200'],
])('--type %s is %s', (text, type) => {
  expect(parseTypes('--type', [text])).toEqual([type]);
});

it.each([
  ['M_SP_TB', /no such type; nearest: .*M_SP_TB_1/],
  ['C_SC_NA1', /nearest: C_SC_NA_1/],
  ['M_ME_TF_2', /nearest: .*M_ME_TF_1/],
  ['CSCNA1', /nearest: .*C_SC_NA_1/],
  ['TYPE_256', /there is no such type/],
  ['breaker', /as in M_SP_TB_1/],
  ['', /as in M_SP_TB_1/],
])('--type %s is refused with what is nearest', (text, message) => {
  expect(() => parseTypes('--type', ['M_SP_NA_1', text])).toThrow(message);
  expect(() => parseTypes('--type', [text])).toThrow(UsageError);
});

it('numbers are in their ranges, and the text says which', () => {
  expect([parseCa('--ca', '65535'), parseIoa('--ioa', '16777215'), parseLast('--last', '0')]).toEqual([
    65_535,
    16_777_215,
    Infinity,
  ]);
  expect(() => parseCa('--ca', '65536')).toThrow('--ca 65536: not a common address, 0..65535');
  expect(() => parseIoa('--ioa', 'x')).toThrow('--ioa x: not an information object address, 0..16777215');
  for (const text of ['-3', '1.5', 'all', '']) {
    expect(() => parseLast('--last', text)).toThrow(
      `--last ${text}: how many records to list, such as 100; 0 lists all`,
    );
  }
});

it.each([
  ['3', 'SPONT'],
  ['spont', 'SPONT'],
  [' ACT_CON', 'ACT_CON'],
  ['48', 'COT_48'],
  ['cot_48', 'COT_48'],
])('the cause %s is %s', (text, cause) => {
  expect(parseCause('cause', text)).toBe(cause);
});

it.each(['64', 'ACTCON', 'constructor', '', '-1'])('there is no cause %j', (text) => {
  expect(() => parseCause('cause', text)).toThrow(UsageError);
});
