import { describe, expect, it } from 'vitest';
import {
  type EndedLink,
  HostRotation,
  MAX_BRIEF_PAUSE_MS,
  MAX_ROUND_PAUSE_MS,
  NEXT_HOST_PAUSE_MS,
  ROUND_PAUSE_MS,
} from './host-rotation.js';

const endpoint = (host: string) => ({ host, port: 2404 });
const [A, B, C] = ['a', 'b', 'c'].map(endpoint) as [
  ReturnType<typeof endpoint>,
  ReturnType<typeof endpoint>,
  ReturnType<typeof endpoint>,
];
/** Exactly the middle of the jitter. */
const middle = (): number => 0.5;

const IDLE: EndedLink = { livedMs: 2_000, exchanged: false, faulty: false, ours: false };

describe('the hosts of an RTU', () => {
  it('are tried one by one, again from the first, with a pause after each round', () => {
    const hosts = new HostRotation([A, B, C], middle);
    const seen: [string, number][] = [];
    for (let i = 0; i < 7; i++) seen.push([hosts.current.host, hosts.failed()]);
    expect(seen).toEqual([
      ['a', NEXT_HOST_PAUSE_MS],
      ['b', NEXT_HOST_PAUSE_MS],
      ['c', ROUND_PAUSE_MS],
      ['a', NEXT_HOST_PAUSE_MS],
      ['b', NEXT_HOST_PAUSE_MS],
      ['c', 2 * ROUND_PAUSE_MS],
      ['a', NEXT_HOST_PAUSE_MS],
    ]);
  });

  it('wait longer after every round, up to a limit', () => {
    const hosts = new HostRotation([A], middle);
    const pauses = Array.from({ length: 2_000 }, () => hosts.failed());
    expect(pauses.slice(0, 6)).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    expect(Math.max(...pauses)).toBe(MAX_ROUND_PAUSE_MS);
  });

  it('are tried at random moments, so that many groups do not come at once', () => {
    const pauses = [0, 0.25, 0.999].map((random) => new HostRotation([A], () => random).failed());
    expect(pauses[0]).toBe(750);
    expect(pauses[1]).toBe(875);
    expect(pauses[2]).toBeLessThan(1_250);
    expect(pauses[2]).toBeGreaterThan(1_240);
  });

  it('begin a new count with one that accepted, which is tried first again', () => {
    const hosts = new HostRotation([A, B], middle);
    hosts.failed();
    hosts.failed();
    hosts.failed();
    expect(hosts.current).toBe(B);
    expect(hosts.roundEnded).toBe(true);
    const pause = hosts.ended(IDLE);
    expect(hosts.roundEnded).toBe(false);
    expect(pause).toBeGreaterThanOrEqual(NEXT_HOST_PAUSE_MS);
    expect(pause).toBeLessThan(ROUND_PAUSE_MS);
    expect(hosts.current).toBe(B);
    expect(hosts.failed()).toBe(NEXT_HOST_PAUSE_MS);
    expect(hosts.current).toBe(A);
    expect(hosts.roundEnded).toBe(false);
    expect(hosts.failed()).toBe(ROUND_PAUSE_MS);
    expect(hosts.roundEnded).toBe(true);
  });
});

describe('after a link', () => {
  const pausesOf = (link: Partial<EndedLink>, hosts = new HostRotation([A], middle)): number[] =>
    Array.from({ length: 8 }, () => hosts.ended({ ...IDLE, ...link }));

  it.each([
    ['that the RTU closed when it was idle for 2 s', { livedMs: 2_000 }],
    ['that the RTU closed when it was idle for 20 s', { livedMs: 20_000 }],
    ['that was ended here', { livedMs: 10, ours: true }],
  ])('%s the RTU is connected again at once, each time', (_what, link) => {
    for (const pause of pausesOf(link)) expect(pause).toBe(125);
  });

  it('that was closed at once the RTU is not hammered', () => {
    expect(pausesOf({ livedMs: 5 })).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000]);
  });

  it('that ended at once but was of use the pauses grow, and are small', () => {
    const pauses = pausesOf({ livedMs: 50, exchanged: true });
    expect(pauses.slice(0, 5)).toEqual([250, 500, 1_000, 2_000, 4_000]);
    expect(pauses.at(-1)).toBe(MAX_BRIEF_PAUSE_MS);
  });

  it('on which the RTU broke the protocol the pauses grow, unless it had lasted', () => {
    expect(pausesOf({ livedMs: 5_000, exchanged: true, faulty: true }).slice(0, 4)).toEqual([
      1_000, 2_000, 4_000, 8_000,
    ]);
    for (const pause of pausesOf({ livedMs: 100_000, exchanged: true, faulty: true })) expect(pause).toBe(1_000);
  });

  it('of an RTU that suspends who was idle it is tried less and less, and at once again when that is over', () => {
    const hosts = new HostRotation([A], middle);
    expect(hosts.ended({ ...IDLE, livedMs: 20_000 })).toBe(125);
    expect([1, 2, 3].map(() => hosts.ended({ ...IDLE, livedMs: 5 }))).toEqual([1_000, 2_000, 4_000]);
    expect(hosts.ended({ ...IDLE, livedMs: 20_000 })).toBe(125);
    expect(hosts.ended({ ...IDLE, livedMs: 5 })).toBe(1_000);
  });
});
