import { describe, expect, it } from 'vitest';
import { DEFAULT_PEER_LIMITS, isExcess, NO_PEER_LIMITS, PeerBounds } from './peer-bounds.js';

const T1_MS = 15_000;
const bounds = (): PeerBounds => new PeerBounds(DEFAULT_PEER_LIMITS, T1_MS, 0);

/** How often something may be done before it is too much, `perSecond` times a second for `seconds`. */
function allowed(act: (now: number) => unknown, perSecond: number, seconds: number): number {
  for (let i = 0; i < perSecond * seconds; i++) if (act((i / perSecond) * 1_000) !== undefined) return i;
  return Infinity;
}

describe('what brings nothing', () => {
  it.each([
    ['U-format APDUs', 'uFrame', 20, 'u_flood'],
    ['S-format APDUs that acknowledge nothing', 'idleSFrame', 50, 's_flood'],
  ] as const)('%s: as many as a peer may need are taken for ever, a flood ends', (_, what, perSecond, code) => {
    const peer = bounds();
    expect(allowed((now) => peer[what](now), perSecond, 3_600)).toBe(Infinity);
    const hostile = bounds();
    expect(allowed((now) => hostile[what](now), 10_000, 10)).toBeLessThan(perSecond * 10 + 20);
    expect(hostile[what](10_000)).toBeUndefined();
    expect(allowed(() => hostile[what](10_000), 1, 1_000)).toBeLessThan(1_000);
    for (let i = 0; i < 1_000; i++) hostile[what](10_000);
    expect(hostile[what](10_000)).toMatchObject({ code });
    expect(isExcess(code)).toBe(true);
  });

  it('reads that complete no APDU are bounded: a serial line behind a converter sends octet by octet, a flood is faster', () => {
    const serial = bounds();
    expect(allowed((now) => serial.read(false, 1, now), 1_920, 60)).toBe(Infinity);
    const hostile = bounds();
    expect(allowed((now) => hostile.read(false, 1, now), 50_000, 10)).toBeLessThan(25_000);
    const chunks = bounds();
    expect(
      allowed((now) => chunks.read(true, 0, now), 100_000, 3),
      'with whole APDUs',
    ).toBe(Infinity);
  });

  it('nothing of that is bounded where no limits are given', () => {
    const peer = new PeerBounds(NO_PEER_LIMITS, T1_MS, 0);
    expect(allowed(() => peer.uFrame(0) ?? peer.idleSFrame(0) ?? peer.read(false, 1, 0), 100_000, 1)).toBe(Infinity);
  });
});

describe('an APDU that is not complete', () => {
  it('has t1 from its first octet on, however often another octet comes', () => {
    const peer = bounds();
    expect(peer.halfFrameAt).toBe(Infinity);
    peer.read(false, 2, 1_000);
    for (let now = 2_000; now < 15_000; now += 1_000) peer.read(false, 3, now);
    expect(peer.halfFrameAt).toBe(1_000 + T1_MS);
    peer.read(true, 4, 15_500);
    expect(peer.halfFrameAt, 'that one is complete, the next has begun').toBe(15_500 + T1_MS);
    peer.readAgain(40_000);
    expect(peer.halfFrameAt, 'nothing was read meanwhile').toBe(40_000 + T1_MS);
    peer.read(true, 0, 41_000);
    expect(peer.halfFrameAt).toBe(Infinity);
  });
});
