import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looksLikeProxyHeader, parseProxyHeader, type ProxyHeader } from './proxy-header.js';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const v1 = (line: string): Buffer => Buffer.from(`PROXY ${line}\r\n`, 'latin1');
const v2 = (hex: string): Buffer => Buffer.from(SIGNATURE + hex.replace(/ /g, ''), 'hex');
const of = (octets: Buffer): string => {
  const header = parseProxyHeader(octets);
  if (header.kind === 'source') return `${header.address} ${header.port} (${header.octets})`;
  if (header.kind === 'wrong') return `wrong: ${header.message}`;
  return header.kind === 'incomplete' ? 'incomplete' : `${header.kind} (${header.octets})`;
};

const TCP4 = '21 11 000c 0a010105 0a090909 8a2b 0964';
const TCP6 = `21 21 0024 20010db8000000000000000000000005 20010db8000000000000000000000001 8a2b 0964`;

describe('version 1', () => {
  it.each([
    ['TCP4 10.1.1.5 10.9.9.9 35371 2404', '10.1.1.5 35371 (41)'],
    ['TCP4 255.255.255.255 255.255.255.255 65535 65535', '255.255.255.255 65535 (56)'],
    ['TCP6 2001:DB8:0::0005 ::1 35371 2404', '2001:db8::5 35371 (44)'],
    ['TCP6 ::ffff:10.1.1.5 ::ffff:10.9.9.9 1 2', '10.1.1.5 1 (48)'],
    ['UNKNOWN', 'unknown (15)'],
    ['UNKNOWN ffff::1 ffff::2 65535 65535 whatever', 'unknown (52)'],
  ])('%s', (line, expected) => expect(of(v1(line))).toBe(expected));

  it.each([
    'TCP4  10.1.1.5 10.9.9.9 35371 2404',
    'TCP4 10.1.1.5 10.9.9.9 35371 2404 ',
    'TCP4 10.1.1.5 10.9.9.9 35371',
    'TCP4 10.1.1.05 10.9.9.9 35371 2404',
    'TCP4 10.1.1 10.9.9.9 35371 2404',
    'TCP4 2001:db8::5 10.9.9.9 35371 2404',
    'TCP6 10.1.1.5 10.9.9.9 35371 2404',
    'TCP6 2001:db8::5%eth0 ::1 35371 2404',
    'TCP4 10.1.1.5 10.9.9.9 035371 2404',
    'TCP4 10.1.1.5 10.9.9.9 65536 2404',
    'TCP4 10.1.1.5 10.9.9.9 -1 2404',
    'tcp4 10.1.1.5 10.9.9.9 35371 2404',
    'UDP4 10.1.1.5 10.9.9.9 35371 2404',
    'UNKNOWNS',
    '',
  ])('%j is wrong', (line) => expect(of(v1(line))).toMatch(/^wrong/));

  it('is wrong without CRLF in 107 octets, and with a bare LF', () => {
    expect(of(Buffer.from(`PROXY TCP4 ${'1'.repeat(95)}`))).toBe('incomplete');
    expect(of(Buffer.from(`PROXY TCP4 ${'1'.repeat(96)}`))).toBe('wrong: no CRLF in 107 octets');
    expect(of(Buffer.from('PROXY TCP4 10.1.1.5 10.9.9.9 35371 2404\n'))).toBe('incomplete');
  });
});

describe('version 2', () => {
  it.each([
    [TCP4, '10.1.1.5 35371 (28)'],
    [`${TCP4.replace('000c', '0013')} 04 0004 00000000`, '10.1.1.5 35371 (35)'],
    [TCP6, '2001:db8::5 35371 (52)'],
    ['21 00 0000', 'unknown (16)'],
    ['21 00 0003 010203', 'unknown (19)'],
    ['20 00 0000', 'local (16)'],
    [TCP4.replace('21 11', '20 11'), 'local (28)'],
  ])('%s', (hex, expected) => expect(of(v2(hex))).toBe(expected));

  it.each([
    ['22 11 000c 0a010105 0a090909 8a2b 0964', 'version and command'],
    ['11 11 000c 0a010105 0a090909 8a2b 0964', 'version and command'],
    ['21 12 000c 0a010105 0a090909 8a2b 0964', 'address family'],
    ['21 31 00d8', 'address family'],
    ['21 11 000b 0a010105 0a090909 8a2b 09', 'too few'],
    ['21 21 000c 0a010105 0a090909 8a2b 0964', 'too few'],
    ['21 11 ffff', 'octets of addresses and TLVs'],
    ['20 00 ffff', 'octets of addresses and TLVs'],
  ])('%s is wrong: %s', (hex, reason) => {
    expect(of(v2(hex))).toMatch(/^wrong: /);
    expect(of(v2(hex))).toContain(reason);
  });
});

describe('any octets', () => {
  const whole = [v1('TCP4 10.1.1.5 10.9.9.9 35371 2404'), v1('UNKNOWN'), v2(TCP4), v2(TCP6), v2('20 00 0000')];
  const anyHeader = fc.constantFrom(...whole);

  it('what follows a header is not looked at, and every beginning of one is incomplete', () => {
    fc.assert(
      fc.property(anyHeader, fc.uint8Array({ maxLength: 300 }), (header, rest) => {
        const parsed = parseProxyHeader(Buffer.concat([header, rest]));
        expect(parsed).toEqual(parseProxyHeader(header));
        for (let length = 0; length < header.length; length++) {
          expect(parseProxyHeader(header.subarray(0, length)).kind).toBe('incomplete');
        }
      }),
    );
  });

  it('are never read beyond their end, never throw, and are decided for good once they are', () => {
    const damaged = fc
      .tuple(anyHeader, fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }), fc.uint8Array({ maxLength: 40 }))
      .map(([header, changes, rest]) => {
        const octets = Buffer.concat([header, rest]);
        for (const [at, octet] of changes) if (at < octets.length) octets[at] = octet;
        return octets;
      });
    const random = fc.uint8Array({ maxLength: 400 }).map((octets) => Buffer.from(octets));
    fc.assert(
      fc.property(fc.oneof(damaged, random), (octets) => {
        let decided: ProxyHeader | undefined;
        for (let length = 0; length <= octets.length; length++) {
          const header = parseProxyHeader(octets.subarray(0, length));
          if (decided === undefined && header.kind !== 'incomplete') decided = header;
          if (decided !== undefined) expect(header.kind).toBe(decided.kind);
          if ('octets' in header) expect(header.octets).toBeLessThanOrEqual(length);
          if (header.kind === 'source') expect(header.port).toBeLessThanOrEqual(65_535);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('that begin as one are known by their first six', () => {
    expect(looksLikeProxyHeader(v1('UNKNOWN').toString('hex'))).toBe(true);
    expect(looksLikeProxyHeader(v2(TCP4).toString('hex'))).toBe(true);
    for (const hex of ['', '50524f58', '680407000000', '16030102000100']) expect(looksLikeProxyHeader(hex)).toBe(false);
  });
});
