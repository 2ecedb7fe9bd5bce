import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UFunction, sFormat, uFormat } from '../apci/apci.js';
import { DEFAULT_LINK_PARAMETERS, Link } from './link.js';
import { OutputRegion } from './slab.js';

function put(region: OutputRegion, octets: readonly number[]): void {
  const { octets: target, at } = region.reserve(octets.length);
  target.set(octets, at);
}

describe('OutputRegion', () => {
  it('returns what was written, once, in one piece', () => {
    const region = new OutputRegion();
    expect(region.take()).toBeUndefined();
    put(region, [1, 2, 3]);
    put(region, [4]);
    expect(region.length).toBe(4);
    expect(region.take()).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(region.length).toBe(0);
    expect(region.take()).toBeUndefined();
  });

  it('keeps its octets together when others write in between', () => {
    const [a, b] = [new OutputRegion(), new OutputRegion()];
    for (let i = 0; i < 5; i++) {
      put(a, [i, i]);
      put(b, [100 + i]);
    }
    expect(a.take()).toEqual(Uint8Array.of(0, 0, 1, 1, 2, 2, 3, 3, 4, 4));
    expect(b.take()).toEqual(Uint8Array.of(100, 101, 102, 103, 104));
  });

  it('takes more than a slab holds', () => {
    const region = new OutputRegion();
    const piece = Array.from({ length: 1_000 }, (_, i) => i & 0xff);
    for (let i = 0; i < 600; i++) put(region, piece);
    const octets = region.take();
    expect(octets).toHaveLength(600_000);
    for (let i = 0; i < 600_000; i += 999) expect(octets?.[i]).toBe((i % 1_000) & 0xff);
  });

  it('keeps no slab in memory when nothing is pending', () => {
    const region = new OutputRegion();
    put(region, [1, 2, 3]);
    const taken = region.take();
    // The one way to see it from outside: the array the region still points at.
    const held = Object.values(region).filter((value) => value instanceof Uint8Array);
    expect(held.map((array) => array.length)).toEqual([0]);
    expect(taken?.buffer.byteLength).toBeGreaterThan(1_000);
  });
});

describe('octets returned by poll() are never overwritten', () => {
  it('with many interleaved links of any output', () => {
    const operation = fc.record({
      link: fc.integer({ min: 0, max: 7 }),
      kind: fc.constantFrom('send', 'sendApdus', 'test', 'poll'),
      lengthOctets: fc.integer({ min: 6, max: 249 }),
      count: fc.integer({ min: 1, max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 120 }), (operations) => {
        const links = Array.from({ length: 8 }, () => startedLink());
        const written: { view: Uint8Array; copy: Uint8Array }[] = [];
        const take = (link: Link): void => {
          const view = link.poll();
          if (view !== undefined) written.push({ view, copy: Uint8Array.from(view) });
        };
        const expected = links.map(() => [] as number[]);
        const got = links.map(() => [] as number[]);
        let fill = 0;
        for (const { link: index, kind, lengthOctets, count } of operations) {
          const link = links[index] as Link;
          fill = (fill + 1) & 0xff;
          const asdu = new Uint8Array(lengthOctets).fill(fill);
          switch (kind) {
            case 'send':
              if (link.send(asdu, 0)) expected[index]?.push(lengthOctets, fill);
              break;
            case 'sendApdus': {
              const apdu = Uint8Array.of(0x68, lengthOctets + 4, 0, 0, 0, 0, ...asdu);
              const apdus = new Uint8Array(apdu.length * count);
              for (let i = 0; i < count; i++) apdus.set(apdu, i * apdu.length);
              const to = link.sendApdus(apdus, 0, apdus.length, 0);
              for (let at = 0; at < to; at += apdu.length) expected[index]?.push(lengthOctets, fill);
              break;
            }
            case 'test':
              link.receive(uFormat(UFunction.TESTFR_ACT), 0, 0);
              expected[index]?.push(0, 0);
              break;
            case 'poll': {
              const before = written.length;
              take(link);
              if (written.length > before) got[index]?.push(...contentOf(written.at(-1)?.view));
              link.receive(sFormat(link.sent), 0, 0);
              break;
            }
          }
        }
        links.forEach((link, index) => {
          const before = written.length;
          take(link);
          if (written.length > before) got[index]?.push(...contentOf(written.at(-1)?.view));
        });
        expect(got).toEqual(expected);
        for (const { view, copy } of written) expect(Buffer.compare(view, copy)).toBe(0);
        // No two of them share an octet.
        const ranges = written.map(({ view }) => ({
          buffer: view.buffer,
          from: view.byteOffset,
          to: view.byteOffset + view.length,
        }));
        for (const a of ranges) {
          for (const b of ranges) {
            if (a !== b && a.buffer === b.buffer) expect(a.to <= b.from || b.to <= a.from).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

function startedLink(): Link {
  const link = new Link({ ...DEFAULT_LINK_PARAMETERS, role: 'controlled', k: 1_000 }, 0);
  link.receive(uFormat(UFunction.STARTDT_ACT), 0, 0);
  link.poll();
  return link;
}

/** ASDU length and fill octet of every I-format APDU, 0 and 0 for a U-format. */
function contentOf(octets: Uint8Array | undefined): number[] {
  const content: number[] = [];
  if (octets === undefined) return content;
  for (let at = 0; at < octets.length; at += 2 + (octets[at + 1] as number)) {
    const length = (octets[at + 1] as number) - 4;
    content.push(length);
    content.push(length === 0 ? 0 : (octets[at + 6 + (length >> 1)] as number));
  }
  return content;
}
