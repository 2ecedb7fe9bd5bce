import type { Logger } from '@iec104mm2ss/observability';
import type { RtuState } from '@iec104mm2ss/wire';
import { beforeEach, expect, it, vi } from 'vitest';
import { RtuStory, SAME_FAILURE_MS } from './rtu-story.js';

let now: number;
let told: string[];
let story: RtuStory;

beforeEach(() => {
  now = 0;
  told = [];
  const at = (level: string) =>
    vi.fn((fields: { reason: string }, message: string) => void told.push(`${level} ${message}: ${fields.reason}`));
  const logger = { info: at('info'), warn: at('warn'), debug: vi.fn() } as unknown as Logger;
  story = new RtuStory(logger, () => now);
});

function steps(...all: readonly (readonly [RtuState, RtuState, string])[]): void {
  for (const [from, to, reason] of all) story.step({ peer: '[::1]:2404', epoch: 1, from, to, reason });
}

const REFUSED = [
  ['disconnected', 'connecting', 'trying'],
  ['connecting', 'disconnected', 'ECONNREFUSED'],
] as const;

it('tells one story at info', () => {
  steps(
    ...REFUSED,
    ...REFUSED,
    ['disconnected', 'connecting', 'trying'],
    ['connecting', 'connected', 'TCP connection established'],
    ['connected', 'starting', 'STARTDT act sent'],
    ['starting', 'started', 'STARTDT con received'],
    ['started', 'stopping', 'STOPDT act sent'],
    ['stopping', 'connected', 'STOPDT con received'],
    ['connected', 'disconnected', 'peer_closed: closed by the peer'],
  );
  expect(told).toEqual([
    'info RTU is not reached: ECONNREFUSED',
    'info RTU connected: TCP connection established',
    'info RTU sends data: STARTDT con received',
    'info RTU sends no data: STOPDT con received',
    'info RTU link lost: peer_closed: closed by the peer',
  ]);
});

it('says again that an RTU is not reached when the reason is another one, after a while, and after a link', () => {
  steps(...REFUSED, ...REFUSED, ['connecting', 'disconnected', 'ETIMEDOUT'], ...REFUSED);
  expect(told).toHaveLength(2);
  now += SAME_FAILURE_MS;
  steps(...REFUSED, ...REFUSED);
  expect(told).toHaveLength(3);
  steps(['connecting', 'connected', ''], ['connected', 'disconnected', ''], ...REFUSED);
  expect(told).toHaveLength(6);
});

it('names a breach with its octets and clause', () => {
  const warn = vi.fn();
  const breaches = new RtuStory({ warn } as unknown as Logger, () => 0);
  breaches.breach('[::1]:2404', 3, { code: 'LINK_ROLE', message: 'what', clause: '5.3', octets: '68 04 07 00 00 00' });
  const fields = { peer: '[::1]:2404', link_epoch: 3, reason: 'LINK_ROLE', clause: '5.3', octets: '68 04 07 00 00 00' };
  expect(warn).toHaveBeenCalledWith(expect.objectContaining(fields), 'the RTU breaks the protocol: what');
});
