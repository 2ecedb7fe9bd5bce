import { expect, test } from 'vitest';

import { ambiguousMasters, parseNamedMasters, type ParsedMaster } from './named-masters.js';

function masters(text: string): readonly ParsedMaster[] {
  const parsed = parseNamedMasters(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
}

test('sources of one name, certificate names, blanks', () => {
  expect(masters('A=10.1.1.5; B = 10.1.2.0/24 , 10.1.3.7 ;C=cn:scada-c,CN: scada-d;')).toMatchObject([
    { name: 'A', sources: [{ text: '10.1.1.5' }], certificateNames: [] },
    { name: 'B', sources: [{ text: '10.1.2.0/24' }, { text: '10.1.3.7' }], certificateNames: [] },
    {
      name: 'C',
      sources: [],
      certificateNames: [
        { kind: 'cn', value: 'scada-c' },
        { kind: 'cn', value: 'scada-d' },
      ],
    },
  ]);
  expect(masters('')).toEqual([]);
});

test.each([
  [';', 'no NAME=ADDRESS given'],
  ['10.1.1.5', '"10.1.1.5" is not NAME=ADDRESS'],
  ['A=', 'master A has no address'],
  ['=10.1.1.5', 'the name "" is not'],
  ['A.B=10.1.1.5', 'the name "A.B" is not'],
  ['*=10.1.1.5', 'the name "*" is not'],
  [`${'A'.repeat(33)}=10.1.1.5`, 'is not 1..32 letters'],
  ['A=10.1.1.5;B=10.1.1.300', 'master B: "10.1.1.300" is not an IP address'],
  ['A=cn:', 'empty certificate name'],
  ['A=10.1.1.5;A=10.1.1.6', 'the name "A" is given twice'],
  ['A=10.1.1.5;a=10.1.1.6', 'the name "a" is given twice'],
])('%j is refused: %s', (text, reason) => {
  expect(parseNamedMasters(text)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) as string });
});

test.each([
  ['A=10.1.1.5;B=10.1.1.6', []],
  ['A=10.1.1.5,10.1.1.0/24', []],
  ['A=10.1.1.5;B=10.1.1.5', ['masters A and B both claim 10.1.1.5']],
  ['A=10.1.1.5;B=10.1.1.0/24', ['masters A and B both claim 10.1.1.5 (10.1.1.0/24)']],
  ['A=cn:x;B=cn:x,cn:y', ['masters A and B both claim cn:x']],
  ['A=10.1.1.5;B=10.1.1.6;C=10.1.1.4/31,10.1.1.6', ['masters A and C both claim 10.1.1.5 (10.1.1.4/31)', 'masters B and C both claim 10.1.1.6']], // prettier-ignore
])('ambiguity in %s', (text, reasons) => {
  expect(ambiguousMasters(masters(text)).map(({ reason }) => reason)).toEqual(reasons);
});
