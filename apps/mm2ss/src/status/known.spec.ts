import { describe, expect, it } from 'vitest';
import { encodeJson, decodeStatusAnswer, type StatusAnswer } from '@iec104mm2ss/wire';
import { type Known, KnownParts, statusAnswers } from './known.js';

const MAX_NATS_OCTETS = 1 << 20;

const process = {
  instance: 'pod-1',
  host: 'pod',
  parts: ['router', 'gateway'],
  release: '0',
  startedAt: 1,
  configuration: null,
  ntp: null,
};
const MASTER = {
  peer: '2001:db8:1111:2222:3333:4444:5555:6666:65535',
  name: 'a master with a long name',
  certificateName: 'a.master.with.a.long.name.example',
  gateway: 'a-gateway-with-a-long-name-1-01020304',
  since: '2026-01-01T00:00:00.000Z',
};

const known = (groups: number, masters: number): Known => ({
  process,
  known: ['router', 'gateway'].map((part) => ({
    part,
    groups: Array.from({ length: groups }, (_, index) => ({
      id: String(index),
      masters: Array.from({ length: masters }, (_each, session) => ({ session: String(session), ...MASTER })),
    })),
  })),
});

/** Over the bus, as octets. */
function sent(all: Known): StatusAnswer[] {
  return statusAnswers(all).map((answer) => {
    const octets = encodeJson(answer);
    expect(octets.length).toBeLessThan(MAX_NATS_OCTETS / 2);
    const decoded = decodeStatusAnswer(octets);
    if (decoded instanceof Error) throw decoded;
    return decoded;
  });
}

describe('what a process knows', () => {
  it.each([
    [0, 0],
    [1, 0],
    [500, 5],
    [3, 255],
    [2_000, 1],
  ])('of %d groups with %d masters is the same after it was cut into messages', (groups, masters) => {
    const all = known(groups, masters);
    const answers = sent(all);
    if (groups < 2) expect(answers).toHaveLength(1);
    else expect(answers.length).toBeGreaterThan(1);
    const parts = new KnownParts();
    const results = answers.map((answer) => parts.add(answer));
    expect(results.slice(0, -1).every((result) => result === undefined)).toBe(true);
    expect(results.at(-1)).toEqual(groups === 0 ? { process, known: [] } : all);
  });

  it('is complete only when every message is there, in whatever order they come and however often', () => {
    const all = known(500, 5);
    const answers = sent(all).reverse();
    const parts = new KnownParts();
    for (const answer of answers.slice(0, -1)) {
      expect(parts.add(answer)).toBeUndefined();
      expect(parts.add(answer)).toBeUndefined();
    }
    expect(parts.add(answers.at(-1) as StatusAnswer)).toEqual(all);
  });
});
