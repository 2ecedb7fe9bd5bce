import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseConfiguration } from '@iec104mm2ss/config';
import { describe, expect, it } from 'vitest';
import { formatCheck, isGood } from './check.js';

const HEADER = 'id;sys name;port no;rtu no;max conn;idletime;t1;t2;t3;w;k;buffsize;logevents;same ip;hosts;filter';
const ROW = '7;Süd;2404;32;3;90;16;11;21;8;12;500;N;old;"[2001:db8::5]:2404;rtu-7:2405";10.1.0.0/16';

function check(text: string | Uint8Array): string {
  return formatCheck(parseConfiguration(text));
}

describe('mm2ss check', () => {
  it('says how the file was read, and of each group what is in force', () => {
    expect(check(`${HEADER}\n${ROW}\n`)).toBe(
      [
        '1 group load:',
        '  7 Süd (row 2): port 2404, RTU 32 at [2001:db8::5]:2404, rtu-7:2405',
        '    masters: at most 3, same IP: old, from 10.1.0.0/16',
        '    k 12, w 8, t1 16 s, t2 11 s, t3 21 s, buffsize 500',
        'Read as UTF-8, cells separated by semicolons, header in row 1.',
        '',
      ].join('\n'),
    );
  });

  it('names the encoding, and the order of columns without a header', () => {
    const text = check(Buffer.from(`${ROW}\n`, 'latin1'));
    expect(text).toContain('7 Süd (row 1)');
    expect(text).toContain(
      "Read as Windows-1252, cells separated by semicolons, no header row: columns in the manual's order.",
    );
  });

  it("shows the RTU's side where it differs", () => {
    const text = check(`${HEADER};rtu t1;rtu t2;ack\n${ROW};2;1;stored\n`);
    expect(text).toContain('\n    towards the RTU: k 12, w 8, t1 2 s, t2 1 s, t3 21 s\n');
  });

  it('shows who may do what, and the rules of observe mode and the clock', () => {
    const columns = 'masters;rights;observe;clock';
    const cells =
      '"A=10.1.1.5;B=10.1.1.6";"A=control@5000-5999,6100+clock;B=none;10.2.0.0/16=monitor";"link:3/min,bus";A';
    const text = check(`${HEADER.replace(';filter', '')};${columns}\n${ROW.slice(0, ROW.lastIndexOf(';'))};${cells}\n`);
    expect(text.split('\n').slice(4, 12)).toEqual([
      '    rights of    monitor  control         clock  parameters  files  reset',
      '    A            yes      5000-5999,6100  yes    no          no     no',
      '    B            refused',
      '    10.2.0.0/16  yes      no              no     no          no     no',
      '    all others   refused',
      "    observe mode: when the RTU's link is lost 3 times in 60 s, or the bus fails; until it is switched off",
      "    the RTU's clock is set by A only",
      'Read as UTF-8, cells separated by semicolons, header in row 1.',
    ]);
  });

  it('of the example in docs/rights.md shows what is written there', () => {
    const text = readFileSync(resolve(import.meta.dirname, '../../../../docs/rights.md'), 'utf8');
    const [, csv = '', , output = ''] = text.split('```');
    const file = csv.replace('csv\n', '');
    const shown = output.trim().split('\n').slice(2);
    expect(shown.length).toBeGreaterThan(5);
    const lines = check(file)
      .split('\n')
      .map((each) => each.trim());
    for (const line of shown) expect(lines).toContain(line.trim());
  });

  it('says who may connect with TLS, and which port is closed', () => {
    const columns = `${HEADER};tls port;masters;tls profile;plain;rtu names`;
    const row = ROW.replace('"[2001:db8::5]:2404;rtu-7:2405"', '"tls://[2001:db8::5]:2404"');
    const only = check(`${columns}\n${row};19998;A=cn:a;modern;;cn:rtu-7\n`);
    expect(only).toContain('7 Süd (row 2): port 19998 with TLS only, RTU 32 at tls://[2001:db8::5]:2404');
    expect(only).toContain('\n    TLS (modern) for masters with cn:a\n    TLS (modern) to an RTU with cn:rtu-7\n');
    expect(check(`${columns}\n${row};19998;A=cn:a;;Y;cn:rtu-7\n`)).toContain('port 2404 without TLS, 19998 with TLS');
  });

  it.each([
    ['an empty file', '', 'row 1: the file is empty'],
    ['a header alone', HEADER, 'row 1: no group: no row below this header has a number in the column id'],
    ['no table', 'hello', 'row 1: no header row'],
  ])('of %s says why nothing loads', (_what, text, reason) => {
    expect(check(text)).toContain(`0 groups load:\n`);
    expect(check(text)).toContain(`Not loaded, at fault:\n  ${reason}`);
    expect(isGood(parseConfiguration(text))).toBe(false);
  });
});
