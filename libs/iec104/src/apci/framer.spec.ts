import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Iec104Error } from '../errors.js';
import { ApduFramer } from './framer.js';

const octets = (text: string): Uint8Array => Uint8Array.from(text.split(' '), (digits) => parseInt(digits, 16));
const hex = (array: Uint8Array): string => Array.from(array, (octet) => octet.toString(16).padStart(2, '0')).join(' ');

const TESTFR = '68 04 43 00 00 00';
const I = '68 0e 00 00 00 00 64 01 06 00 01 00 00 00 00 14';

describe('whole APDUs', () => {
  it('are returned as a view of the chunk, nothing copied', () => {
    const framer = new ApduFramer();
    const chunk = octets(`${TESTFR} ${I} ${TESTFR}`);
    const result = framer.feed(chunk);
    expect(hex(result)).toBe(hex(chunk));
    expect(result.buffer).toBe(chunk.buffer);
    expect(framer.pendingOctets).toBe(0);
  });

  it('are returned without the incomplete one behind them', () => {
    const framer = new ApduFramer();
    expect(hex(framer.feed(octets(`${TESTFR} 68 0e 00`)))).toBe(TESTFR);
    expect(framer.pendingOctets).toBe(3);
    expect(hex(framer.feed(octets(`${I.slice(9)} ${TESTFR} 68`)))).toBe(`${I} ${TESTFR}`);
    expect(framer.pendingOctets).toBe(1);
  });

  it('may arrive octet by octet', () => {
    const framer = new ApduFramer();
    const results = Array.from(octets(I), (octet) => hex(framer.feed(Uint8Array.of(octet))));
    expect(results).toEqual([...Array<string>(15).fill(''), I]);
  });

  it('may be as long as an APDU can be, cut before the last octet', () => {
    const apdu = new Uint8Array(255).fill(0x68);
    apdu[1] = 253;
    const framer = new ApduFramer();
    expect(framer.feed(apdu.subarray(0, 254))).toHaveLength(0);
    expect(framer.pendingOctets).toBe(254);
    expect(hex(framer.feed(apdu.subarray(254)))).toBe(hex(apdu));
  });

  it('do not depend on an earlier chunk after the call: what is kept is a copy', () => {
    const framer = new ApduFramer();
    const first = octets(I).subarray(0, 9);
    framer.feed(first);
    first.fill(0xff);
    const result = framer.feed(octets(I).subarray(9));
    framer.feed(octets(`${I} 68 0e ff ff ff`));
    expect(hex(result)).toBe(I);
  });
});

describe('malformed input', () => {
  for (const { what, input, before, code, message } of [
    { what: 'wrong start octet', input: '67', before: '', code: 'APCI_START', message: '0x67' },
    {
      what: 'wrong start octet after an APDU',
      input: `${TESTFR} 00`,
      before: TESTFR,
      code: 'APCI_START',
      message: '0x00',
    },
    { what: 'length octet 0', input: '68 00', before: '', code: 'APCI_LENGTH', message: 'length octet 0' },
    { what: 'length octet 3', input: '68 03 43 00 00', before: '', code: 'APCI_LENGTH', message: 'length octet 3' },
    { what: 'length octet 254', input: `${I} 68 fe`, before: I, code: 'APCI_LENGTH', message: 'length octet 254' },
    { what: 'length octet 255', input: '68 ff', before: '', code: 'APCI_LENGTH', message: 'length octet 255' },
  ]) {
    it(`${what}: ${code}, and what came before is returned`, () => {
      const framer = new ApduFramer();
      expect(hex(framer.feed(octets(input)))).toBe(before);
      expect(framer.error).toBeInstanceOf(Iec104Error);
      expect(framer.error?.code).toBe(code);
      expect(framer.error?.message).toContain(message);
    });
  }

  it('accepts every length octet from 4 to 253 and no other', () => {
    for (let length = 0; length < 256; length++) {
      const framer = new ApduFramer();
      const apdu = new Uint8Array(2 + length);
      apdu.set([0x68, length]);
      const legal = length >= 4 && length <= 253;
      expect(framer.feed(apdu).length, `length ${length}`).toBe(legal ? apdu.length : 0);
      expect(framer.error?.code).toBe(legal ? undefined : 'APCI_LENGTH');
    }
  });

  it('ends the stream: nothing that follows is returned', () => {
    const framer = new ApduFramer();
    framer.feed(octets('00'));
    const error = framer.error;
    expect(framer.feed(octets(TESTFR))).toHaveLength(0);
    expect(framer.feed(octets('68 ff'))).toHaveLength(0);
    expect(framer.error).toBe(error);
  });
});

describe('chunking', () => {
  const apdu = fc.uint8Array({ minLength: 4, maxLength: 253 }).map((body) => Uint8Array.of(0x68, body.length, ...body));
  const fault = fc.oneof(
    fc.constant(new Uint8Array(0)),
    fc
      .integer({ min: 0, max: 255 })
      .filter((octet) => octet !== 0x68)
      .map((octet) => Uint8Array.of(octet, 0x68, 4)),
    fc.constantFrom(0, 1, 2, 3, 254, 255).map((length) => Uint8Array.of(0x68, length, 0x68, 4, 0x43, 0, 0, 0)),
    apdu.map((whole) => whole.subarray(0, whole.length - 1)),
  );

  it('does not matter: the same APDUs and the same error for any cuts', () => {
    fc.assert(
      fc.property(
        fc.array(apdu, { maxLength: 8 }),
        fault,
        fc.array(fc.integer({ min: 0, max: 2100 }), { maxLength: 40 }),
        (apdus, tail, cutsAnywhere) => {
          const good = concat(apdus);
          const stream = concat([good, tail]);
          const cuts = [0, ...cutsAnywhere.filter((cut) => cut <= stream.length).sort((a, b) => a - b), stream.length];
          const reference = new ApduFramer();
          const expected = reference.feed(stream);
          expect(hex(expected)).toBe(hex(good));

          const framer = new ApduFramer();
          const results: Uint8Array[] = [];
          for (let i = 1; i < cuts.length; i++) {
            const chunk = stream.slice(cuts[i - 1], cuts[i]);
            const result = framer.feed(chunk);
            assertWholeApdus(result);
            results.push(Uint8Array.from(result));
            // The chunk is the socket's again.
            chunk.fill(0x68);
          }
          expect(hex(concat(results))).toBe(hex(good));
          expect(framer.error?.code).toBe(reference.error?.code);
          expect(framer.error?.message).toBe(reference.error?.message);
          expect(framer.pendingOctets).toBe(reference.pendingOctets);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('lets only APCI errors appear on garbage', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (chunks) => {
        const framer = new ApduFramer();
        for (const chunk of chunks) assertWholeApdus(framer.feed(chunk));
        expect([undefined, 'APCI_START', 'APCI_LENGTH']).toContain(framer.error?.code);
      }),
    );
  });
});

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function assertWholeApdus(run: Uint8Array): void {
  let at = 0;
  while (at < run.length) {
    expect(run[at]).toBe(0x68);
    at += 2 + (run[at + 1] as number);
  }
  expect(at).toBe(run.length);
}
