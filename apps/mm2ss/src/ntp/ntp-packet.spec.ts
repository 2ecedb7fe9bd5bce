import { describe, expect, it } from 'vitest';
import { decodeReply, encodeRequest, NtpError, readTimestamp, writeTimestamp } from './ntp-packet.js';

const COOKIE = Buffer.from('0123456789abcdef', 'hex');
const SENT_AT = Date.parse('2026-11-21T10:00:00Z');

/** A good answer of stratum 2 that received at +300 ms and sent at +310 ms of our clock. */
function reply(change: (octets: Buffer) => void = () => undefined): Buffer {
  const octets = Buffer.alloc(48);
  octets[0] = (4 << 3) | 4;
  octets[1] = 2;
  octets.set(COOKIE, 24);
  writeTimestamp(octets, 32, SENT_AT + 300);
  writeTimestamp(octets, 40, SENT_AT + 310);
  change(octets);
  return octets;
}
const decode = (octets: Buffer, elapsedMs = 50) =>
  decodeReply(octets, { cookie: COOKIE, sentAtMs: SENT_AT, elapsedMs });

describe('encodeRequest', () => {
  it('is 48 octets: LI 0, VN 4, mode 3 (client) = 0x23, and nothing of ours but the cookie', () => {
    const expected = Buffer.alloc(48);
    expected[0] = 0x23;
    expected.set(COOKIE, 40);
    expect(encodeRequest(COOKIE)).toEqual(expected);
  });
});

describe('time stamps', () => {
  // 0x83AA7E80 = 2208988800 s from 1900-01-01 to 1970-01-01; 0x80000000 of the fraction is half a second.
  it.each([
    ['83aa7e8000000000', 0],
    ['83aa7e8080000000', 500],
    ['ffffffff00000000', Date.parse('2036-02-07T06:28:15Z')],
    ['0000000080000000', Date.parse('2036-02-07T06:28:16.500Z')],
  ])('%s', (hex, unixMs) => {
    expect(readTimestamp(Buffer.from(hex, 'hex'), 0)).toBe(unixMs);
    const written = Buffer.alloc(8);
    writeTimestamp(written, 0, unixMs);
    expect(written.toString('hex')).toBe(hex);
  });

  it('all zero is no time', () => expect(readTimestamp(Buffer.alloc(8), 0)).toBeUndefined());
});

describe('decodeReply', () => {
  it('computes offset and delay as RFC 5905 clause 8', () => {
    // T1 = 0, T2 = 300, T3 = 310, T4 = 50: offset ((300 - 0) + (310 - 50)) / 2 = 280, delay (50 - 0) - (310 - 300) = 40.
    const sample = decode(reply())!;
    expect(sample.stratum).toBe(2);
    expect(sample.offsetMs).toBeCloseTo(280, 2);
    expect(sample.delayMs).toBeCloseTo(40, 2);
  });

  it('never gives a negative delay, whatever the two clocks round to', () => {
    expect(decode(reply(), 9)!.delayMs).toBe(0);
  });

  it.each<[string, (octets: Buffer) => void]>([
    ['mode 3 (a request)', (octets) => (octets[0] = 0x23)],
    ['mode 5 (broadcast)', (octets) => (octets[0] = 0x25)],
    ['another origin', (octets) => octets.writeUInt8(octets.readUInt8(31) ^ 1, 31)],
  ])('ignores %s', (_, change) => expect(decode(reply(change))).toBeUndefined());

  it('ignores what is too short, takes what is longer (extension fields)', () => {
    expect(decode(reply().subarray(0, 47))).toBeUndefined();
    expect(decode(Buffer.concat([reply(), Buffer.alloc(20)]))).toBeDefined();
  });

  it.each<[string, (octets: Buffer) => void]>([
    ['not synchronised', (octets) => (octets[0] = 0xe4)],
    ['stratum 16', (octets) => (octets[1] = 16)],
    ['version 5', (octets) => (octets[0] = (5 << 3) | 4)],
    ['root distance 16000 ms', (octets) => octets.writeUInt32BE(16 << 16, 8)],
    ['no time', (octets) => octets.fill(0, 32, 40)],
    ['no time', (octets) => octets.fill(0, 40, 48)],
    ['transmit time before receive time', (octets) => writeTimestamp(octets, 40, SENT_AT + 299)],
  ])('refuses: %s', (reason, change) => {
    const answer = reply(change);
    expect(() => decode(answer)).toThrow(reason);
    expect(() => decode(answer)).toThrow(expect.objectContaining({ failure: 'invalid' }) as NtpError);
  });

  it('reads a kiss of death, with nothing unprintable in it', () => {
    const kiss = (code: string) => () =>
      decode(
        reply((octets) => {
          octets[0] = 0xe4;
          octets[1] = 0;
          octets.write(code, 12, 'latin1');
        }),
      );
    expect(kiss('RATE')).toThrow(expect.objectContaining({ failure: 'kiss', kissCode: 'RATE' }) as NtpError);
    expect(kiss('A\n\0B')).toThrow(expect.objectContaining({ kissCode: 'AB' }) as NtpError);
  });
});
