import { Readable } from 'node:stream';
import { iFormat, sFormat, uFormat } from '@iec104mm2ss/iec104';
import { Command } from 'commander';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Decoded, decode, formatDecoded, formatProblem, parseHex, registerDecode } from './decode.js';

const TESTFR = '68 04 43 00 00 00';
/** C_IC_NA_1 act, CA 1, QOI 20, in an I-format with N(S) 3, N(R) 128. */
const GI_ASDU = '64 01 06 00 01 00 00 00 00 14';
const GI = `68 0e 06 00 00 01 ${GI_ASDU}`;

const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

function problemsOf(input: string, bareAsdu = false): string[] {
  return decode(input, bareAsdu).problems.map(({ offset, code }) => `${offset} ${code}`);
}

describe('hexadecimal', () => {
  for (const text of [
    '680443000000',
    '68 04 43 00 00 00',
    '68:04:43:00:00:00',
    '0x68, 0x04, 0x43, 0x00, 0x00, 0x00',
    '0x680443000000',
    '0x680x040x430x000x000x00',
    '\\x68\\x04\\x43\\x00\\x00\\x00',
    '68-04-43-00-00-00',
    '  68 04\n43 00\r\n\t00 00\n',
    '{ 0x68, 0x4, 0x43, 0x0, 0x0, 0x0 };',
    '68 4 43 0 0 0',
    '6804 4300 0000',
    '0X68 0X04 0X43 0X00 0X00 0X00',
  ]) {
    it(JSON.stringify(text), () => {
      expect(hexOf(parseHex(text).octets)).toBe('680443000000');
      expect(parseHex(text).problem).toBeUndefined();
      expect(decode(text).problems).toEqual([]);
    });
  }

  it('is read up to what is not hexadecimal, which is named with its place', () => {
    expect(parseHex('68 04 4g')).toEqual({
      octets: Uint8Array.of(0x68, 4, 4),
      problem: { offset: 3, code: 'HEX', message: '"g" (character 8) is not hexadecimal' },
    });
    expect(parseHex('680')).toEqual({
      octets: Uint8Array.of(0x68),
      problem: { offset: 1, code: 'HEX', message: 'a single digit, "0"; an octet has two' },
    });
    expect(parseHex('68 04 \u{1f600}').problem?.message).toBe('"\u{1f600}" (character 7) is not hexadecimal');
    expect(parseHex('x68').problem?.offset).toBe(0);
  });

  it('any octets with any separators', () => {
    const separator = fc.constantFrom('', ' ', ':', ', ', '\n', ' 0x', '-');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(255), separator)), (parts) => {
        const text = parts.map(([octet, after]) => octet.toString(16).padStart(2, '0') + after).join('');
        // A prefix in front of nothing is nothing.
        expect([...parseHex(text).octets]).toEqual(parts.map(([octet]) => octet));
      }),
    );
  });
});

describe('APDUs', () => {
  it('one of each format, one after the other', () => {
    const decoded = decode(`${TESTFR} ${GI} 68 04 01 00 0a 00`);
    expect(decoded.problems).toEqual([]);
    expect(decoded.apdus.map(({ fields: _, asdu, ...apdu }) => ({ ...apdu, asdu: asdu?.type }))).toEqual([
      { offset: 0, length: 6, format: 'U', function: 'TESTFR act', asdu: undefined },
      { offset: 6, length: 16, format: 'I', ns: 3, nr: 128, asdu: 'C_IC_NA_1' },
      { offset: 22, length: 6, format: 'S', nr: 5, asdu: undefined },
    ]);
    expect(formatDecoded(decoded)).toBe(
      [
        'APDU 1, octets 0-5, U-format TESTFR act:',
        '     0  68                       start',
        '     1  04                       length 4',
        '     2  43                       U-format, TESTFR act',
        '     3  00 00 00                 not used',
        '',
        'APDU 2, octets 6-21, I-format N(S) 3 N(R) 128 C_IC_NA_1 ACT:',
        '     6  68                       start',
        '     7  0e                       length 14',
        '     8  06 00                    I-format, N(S) 3',
        '    10  00 01                    N(R) 128',
        '    12  64                       TypeID 100 C_IC_NA_1 interrogation command',
        '    13  01                       VSQ SQ=0, number 1: objects, each with its IOA',
        '    14  06                       COT 6 ACT activation, P/N=0, T=0',
        '    15  00                       OA 0 (not used)',
        '    16  01 00                    CA 1',
        '    18  00 00 00                 object 1 IOA 0',
        '    21  14                       QOI 20 station interrogation',
        '',
        'APDU 3, octets 22-27, S-format N(R) 5:',
        '    22  68                       start',
        '    23  04                       length 4',
        '    24  01                       S-format',
        '    25  00                       not used',
        '    26  0a 00                    N(R) 5',
        '',
      ].join('\n'),
    );
  });

  it('reserved bits are pointed out, but are no problem: the link does not look at them either', () => {
    const decoded = decode('68 04 05 01 0b 00 68 04 43 00 01 00');
    expect(decoded.problems).toEqual([]);
    expect(decoded.apdus.flatMap(({ fields }) => fields.map(({ text }) => text))).toEqual([
      'start',
      'length 4',
      'S-format, reserved bits set',
      'not used, but not 0',
      'N(R) 5, reserved bit set',
      'start',
      'length 4',
      'U-format, TESTFR act',
      'not used, but not 0',
    ]);
  });

  it('long fields take several lines', () => {
    const text = formatDecoded(
      decode(
        hexOf(
          iFormat(
            0,
            0,
            Uint8Array.from({ length: 26 }, (_, i) => (i === 0 ? 200 : i)),
          ),
        ),
      ),
    );
    expect(text).toContain('    12  06 07 08 09 0a 0b 0c 0d  opaque');
    expect(text).toContain('\n    20  0e 0f 10 11 12 13 14 15\n    28  16 17 18 19\n');
  });
});

describe('a bare ASDU', () => {
  it('is explained from its first octet', () => {
    const decoded = decode(GI_ASDU, true);
    expect(decoded.problems).toEqual([]);
    expect(decoded.apdus).toHaveLength(1);
    expect(decoded.apdus[0]?.asdu).toMatchObject({ type: 'C_IC_NA_1', cause: 'ACT', ca: 1 });
    expect(formatDecoded(decoded)).toMatch(/^ASDU, octets 0-9, C_IC_NA_1 ACT:\n {5}0 {2}64 {23}TypeID 100/);
  });

  it('that is too short, too long or not what it announces', () => {
    expect(problemsOf('64 01 06', true)).toEqual(['0 ASDU_TOO_SHORT']);
    expect(problemsOf(`${GI_ASDU} 99`, true)).toEqual(['10 ASDU_LENGTH_MISMATCH']);
    expect(problemsOf('00'.repeat(250), true)).toEqual(['250 ASDU_TOO_LONG']);
    expect(formatDecoded(decode('64 01 06', true))).toContain('ASDU, octets 0-2:');
  });
});

describe('malformed input: what precedes is explained, the octet is named', () => {
  for (const { what, input, problem, message, apdus } of [
    { what: 'nothing', input: ' ', problem: '0 EMPTY', message: 'nothing to decode', apdus: 0 },
    { what: 'not hexadecimal', input: `${TESTFR} zz`, problem: '6 HEX', message: '"z" (character 19)', apdus: 1 },
    { what: 'not hexadecimal within an APDU', input: '68 04 xy', problem: '2 HEX', message: '"x"', apdus: 1 },
    { what: 'wrong start', input: `${GI} 67 04`, problem: '16 APCI_START', message: '0x67 instead of 0x68', apdus: 1 },
    { what: 'length 3', input: `${TESTFR} 68 03 00`, problem: '7 APCI_LENGTH', message: 'length octet 3', apdus: 2 },
    { what: 'length 254', input: '68 fe', problem: '1 APCI_LENGTH', message: 'allowed are 4..253', apdus: 1 },
    { what: 'ends after the start', input: `${TESTFR} 68`, problem: '7 INCOMPLETE', message: 'start octet', apdus: 2 },
    { what: 'ends after the length', input: '68 0e', problem: '2 INCOMPLETE', message: '0 are there', apdus: 1 },
    { what: 'ends in N(S)', input: '68 0e 06', problem: '3 INCOMPLETE', message: '14 octets', apdus: 1 },
    { what: 'ends in the ASDU', input: GI.slice(0, -9), problem: '13 INCOMPLETE', message: '11 are there', apdus: 1 },
    { what: 'no function', input: `68 04 03 00 00 00 ${GI}`, problem: '2 APCI_CONTROL', message: '0x03', apdus: 2 },
    {
      what: 'I-format without ASDU',
      input: `68 04 00 00 00 00 ${GI}`,
      problem: '1 APCI_LENGTH',
      message: 'no ASDU',
      apdus: 2,
    },
    {
      what: 'I-format, short ASDU',
      input: '68 06 00 00 00 00 64 01',
      problem: '1 APCI_LENGTH',
      message: 'no ASDU',
      apdus: 1,
    },
    {
      what: 'S-format of length 5',
      input: `68 05 01 00 00 00 ff ${GI}`,
      problem: '1 APCI_LENGTH',
      message: 'must be 4',
      apdus: 2,
    },
    {
      what: 'ASDU with an octet too many',
      input: `68 0f 06 00 00 01 ${GI_ASDU} 99 ${TESTFR}`,
      problem: '16 ASDU_LENGTH_MISMATCH',
      message: 'C_IC_NA_1',
      apdus: 2,
    },
    {
      what: 'ASDU with an octet too few',
      input: `68 0d 06 00 00 01 ${GI_ASDU.slice(0, -3)} ${TESTFR}`,
      problem: '12 ASDU_LENGTH_MISMATCH',
      message: 'C_IC_NA_1',
      apdus: 2,
    },
  ]) {
    it(what, () => {
      const decoded = decode(input);
      expect(decoded.problems.map(({ offset, code }) => `${offset} ${code}`)).toEqual([problem]);
      expect(decoded.problems.map(formatProblem).join()).toContain(message);
      expect(decoded.apdus).toHaveLength(apdus);
      if (apdus > 0) expect(formatDecoded(decoded)).toContain('start');
    });
  }

  it('several problems are all named', () => {
    expect(problemsOf('68 04 03 00 00 00 68 05 01 00 00 00 ff 68 ff')).toEqual([
      '2 APCI_CONTROL',
      '7 APCI_LENGTH',
      '14 APCI_LENGTH',
    ]);
  });

  it('never throws, and explains each octet once, in order, up to the problem that ends it', () => {
    const apdu = fc.oneof(
      fc.uint8Array({ minLength: 6, maxLength: 60 }).map((asdu) => iFormat(1, 2, asdu)),
      fc.nat(32767).map(sFormat),
      fc.constantFrom(0x07, 0x83).map((fn) => uFormat(fn as 0x07)),
      fc.uint8Array({ maxLength: 10 }),
    );
    fc.assert(
      fc.property(fc.array(apdu, { maxLength: 5 }), fc.boolean(), (apdus, bareAsdu) => {
        const octets = Buffer.concat(apdus);
        const decoded = decode(octets.toString('hex'), bareAsdu);
        let at = 0;
        for (const { fields, offset, length } of decoded.apdus) {
          expect(offset).toBe(at);
          for (const field of fields) {
            expect(field.offset).toBe(at);
            expect(field.hex).toBe(octets.subarray(at, at + field.length).toString('hex'));
            at += field.length;
          }
          expect(at).toBe(offset + length);
        }
        if (decoded.problems.length === 0) expect(at).toBe(octets.length);
        else expect(decoded.problems.every(({ offset }) => offset <= octets.length)).toBe(true);
        formatDecoded(decoded);
        expect(JSON.parse(JSON.stringify(decoded))).toEqual(decoded);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the command', () => {
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin') as PropertyDescriptor;

  afterEach(() => {
    vi.restoreAllMocks();
    Object.defineProperty(process, 'stdin', stdin);
    process.exitCode = undefined;
  });

  async function run(...args: string[]): Promise<{ out: string; err: string; exitCode: unknown }> {
    let [out, err] = ['', ''];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
    const program = new Command('mm2ss').exitOverride();
    registerDecode(program);
    await program.parseAsync(['decode', ...args], { from: 'user' });
    return { out, err, exitCode: process.exitCode };
  }

  it('explains its arguments: exit code 0', async () => {
    const { out, err, exitCode } = await run(...TESTFR.split(' '));
    expect([out.split('\n')[0], err, exitCode]).toEqual(['APDU 1, octets 0-5, U-format TESTFR act:', '', 0]);
  });

  it('names the octet at fault on stderr, after the explanation: exit code 1', async () => {
    const { out, err, exitCode } = await run(`${TESTFR} 00`);
    expect(out).toContain('TESTFR act');
    expect(err).toBe('mm2ss: octet 6: start octet 0x00 instead of 0x68; the rest is not explained\n');
    expect(exitCode).toBe(1);
  });

  it('reads stdin for -', async () => {
    Object.defineProperty(process, 'stdin', { ...stdin, get: () => Readable.from(['68 04 4', '3 00 00\n', '00']) });
    const { out, exitCode } = await run('-');
    expect([out.split('\n')[0], exitCode]).toEqual(['APDU 1, octets 0-5, U-format TESTFR act:', 0]);
  });

  it('--asdu', async () => {
    const { out, exitCode } = await run('--asdu', GI_ASDU);
    expect([out.split('\n')[0], exitCode]).toEqual(['ASDU, octets 0-9, C_IC_NA_1 ACT:', 0]);
  });

  it('--json has the problems inside', async () => {
    const { out, err, exitCode } = await run('--json', `${GI} 68 04`);
    const decoded = JSON.parse(out) as Decoded;
    expect(decoded.apdus[0]).toMatchObject({
      offset: 0,
      length: 16,
      format: 'I',
      ns: 3,
      nr: 128,
      asdu: { objects: [{ ioa: 0, qoi: 20 }] },
    });
    expect(decoded.apdus[0]?.fields[2]).toEqual({ offset: 2, length: 2, hex: '0600', text: 'I-format, N(S) 3' });
    expect(decoded.problems).toEqual([expect.objectContaining({ offset: 18, code: 'INCOMPLETE' })]);
    expect([err, exitCode]).toEqual(['', 1]);
  });
});
