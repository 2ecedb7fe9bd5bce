import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseObserve } from './observe-cell.js';
import { parseConfiguration } from './parse-configuration.js';
import { parseRights } from './rights-cell.js';

const subjects = (text: string): string[] => {
  const parsed = parseRights(text);
  return parsed.ok ? (parsed.value ?? []).map(({ subject }) => subject) : [parsed.reason];
};

describe('the column rights', () => {
  it('has the most specific entries first, whatever their order', () => {
    expect(subjects('*=none;10.0.0.0/8=monitor;A=control;10.1.1.0/24=clock;10.1.1.5=all;cn:scada-a=reset')).toEqual([
      'cn:scada-a',
      'A',
      '10.1.1.5',
      '10.1.1.0/24',
      '10.0.0.0/8',
      '*',
    ]);
  });

  it('takes identities as they are compared', () => {
    expect(subjects(`DNS:Scada-A.Example=all;SHA256:${'AB:'.repeat(31)}CD=all;uri:urn:x=y=all;cn:Scada A=all`)).toEqual(
      ['dns:scada-a.example', `sha256:${'ab'.repeat(31)}cd`, 'uri:urn:x=y', 'cn:Scada A'],
    );
  });

  it.each([
    ['A=control;A=monitor', 'A and A are the same: given twice'],
    ['*=none;*=all', '* and * are the same: given twice'],
    ['cn:a=all;CN: a=none', 'cn:a and cn:a are the same: given twice'],
    ['10.1.1.0/24=all;10.1.1.7/24=none', '10.1.1.0/24 and 10.1.1.7/24 are the same: given twice'],
    ['10.1.1.5=all;::ffff:10.1.1.5=none', '10.1.1.5 and ::ffff:10.1.1.5 are the same: given twice'],
    ['control', '"control" is not WHO=RIGHTS; nearest valid form: *=control'],
    [
      'A=contrl',
      '"contrl" is none of monitor, control, clock, parameters, files, reset, all, none; nearest valid form: control',
    ],
    ['A=', '"" is none of monitor, control'],
    ['A=none+control', '"none" goes with nothing else'],
    ['A=control@', 'control@ without an object'],
    ['A=control@6100-5000', '6100-5000 ends before it begins; nearest valid form: 5000-6100'],
    ['A=control@16777216', '16777216 is not in 0..16777215'],
    ['A=control@ca:0', '0 is not in 1..65535'],
    ['A=clock@5000', 'clock is about whole stations, so it has no object addresses; nearest valid form: clock'],
    ['A=reset@ca:3,5000', 'nearest valid form: reset@ca:3'],
    ['A=all@5000', '"all" is none of'],
    [';', 'no NAME=RIGHTS given'],
  ])('refuses %s', (text, reason) => {
    const parsed = parseRights(text);
    expect(parsed.ok ? '' : parsed.reason).toContain(reason);
  });
});

/** What is wrong with a row that has these cells. */
function problems(cells: Readonly<Record<string, string>>): string[] {
  const row = { id: '1', 'sys name': 'R', 'port no': '2404', 'rtu no': '1', hosts: '10.9.9.9:2404', ...cells };
  const csv = [Object.keys(row), Object.values(row)]
    .map((line) => line.map((cell) => `"${cell}"`).join(','))
    .join('\n');
  const { problems: found } = parseConfiguration(csv);
  return found
    .filter(({ field }) => field !== 'row')
    .map(({ field, severity, reason }) => `${field} ${severity}: ${reason}`);
}

describe('rights in a row', () => {
  it('of a name that masters does not have refuse it', () => {
    expect(problems({ masters: 'Main=10.1.1.5', rights: 'Mian=control' })).toEqual([
      'rights skipped: "Mian" is no name of masters, no address and no cn:, dns:, uri: or sha256: identity; nearest valid form: Main',
    ]);
  });

  it.each(['A=10.1.1.0/24;B=10.1.1.5;C=10.2.2.2', 'A=cn:x;B=cn:x,cn:y;C=cn:c', 'A=10.1.1.1,dns:x.y;B=dns:x.y;C=cn:c'])(
    'where %s: two masters are one peer, rules about their names refuse it, as who is meant is not clear',
    (masters) => {
      const cells = { masters, ...(masters.includes(':') ? { 'tls port': '19998', plain: 'Y' } : {}) };
      expect(problems({ ...cells, rights: 'A=control;B=monitor' })).toEqual([
        expect.stringContaining('rights skipped: whose rights count is not clear: masters A and B both claim'),
      ]);
      for (const clock of ['A', 'B']) {
        expect(problems({ ...cells, clock })).toEqual([
          expect.stringContaining('clock skipped: who may set the clock is not clear: masters A and B both claim'),
        ]);
      }
      // C is certain, and without a rule it is only who gets what it missed.
      for (const clock of ['C', '']) {
        expect(problems({ ...cells, clock })).toEqual([expect.stringContaining('masters warning: masters A and B')]);
      }
    },
  );

  it('that do not go with the column clock are warned of', () => {
    const cells = { masters: 'A=10.1.1.5;B=10.1.1.6', rights: 'A=control;B=clock' };
    expect(problems({ ...cells, clock: 'A' })).toEqual(['clock warning: A has no right to clock, so nobody sets it']);
    expect(problems({ ...cells, clock: 'B' })).toEqual([]);
  });

  it('of certificates are warned of where nobody shows one', () => {
    expect(problems({ rights: 'cn:a=control' })).toEqual([
      'rights warning: cn:a: without a tls port no master shows a certificate',
    ]);
  });
});

/** Pieces of cells, put together in any way. */
const piece = fc.constantFrom(
  ...[
    'A',
    '*',
    '=',
    ';',
    '+',
    '@',
    ',',
    '-',
    ':',
    '/',
    ' ',
    'ca:',
    'cn:',
    'sha256:',
    'control',
    'clock',
    'none',
    'all',
  ],
  ...['10.1.1.5', '::1', '/24', '0', '5000', '16777216', 'link', 'bus', 'release', 'min', 'Y', '\u0000', '\u{1f600}'],
);

it('whatever is written in rights and observe is read, or refused with a reason', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      for (const parsed of [parseRights(pieces.join('')), parseObserve(pieces.join(''))]) {
        if (!parsed.ok) expect(parsed.reason).not.toBe('');
      }
    }),
    { numRuns: 2_000 },
  );
});
