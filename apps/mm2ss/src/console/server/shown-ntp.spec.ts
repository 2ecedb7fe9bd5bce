import type { NtpStatus } from '@iec104mm2ss/observability';
import { expect, it } from 'vitest';
import { shownNtp } from './shown-ntp.js';

const OK: NtpStatus = {
  state: 'ok',
  server: '192.0.2.1',
  stratum: 2,
  offsetSeconds: 0.004,
  delaySeconds: 0.001,
  lastSuccessAt: '2026-11-27T12:00:00Z',
  set: false,
  error: null,
};

it.each<[string, Partial<NtpStatus>, string]>([
  ['no server is configured', { state: 'off' }, 'off'],
  ['none has answered yet', { state: 'pending' }, 'trying'],
  ['none answers any more', { state: 'unreachable', error: '192.0.2.1: no answer' }, 'trying'],
  ['the clock was set', { set: true, offsetSeconds: 40 }, 'synchronised'],
  ['the clock is right by itself', {}, 'synchronised'],
  ['nobody sets the clock, and it is off', { offsetSeconds: -40 }, 'not set'],
  ['what the server says is not believed', { offsetSeconds: 4000, error: 'an offset above 1000 s' }, 'not set'],
  ['it may not be set', { offsetSeconds: 4, error: 'no privilege to set the clock: needs root' }, 'no privilege'],
])('when %s that is shown', (_, ntp, shown) => {
  expect(shownNtp({ ...OK, ...ntp }).shown).toBe(shown);
});
