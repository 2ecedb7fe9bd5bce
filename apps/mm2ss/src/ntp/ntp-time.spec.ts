import type { NtpStatus } from '@iec104mm2ss/observability';
import { describe, expect, it } from 'vitest';
import { NtpTime } from './ntp-time.js';

const AT = Date.UTC(2026, 0, 1, 12);
const ANSWERED: NtpStatus = {
  state: 'ok',
  server: 'a',
  stratum: 2,
  offsetSeconds: 2,
  delaySeconds: 0.01,
  lastSuccessAt: new Date(AT).toISOString(),
  set: false,
  error: null,
};

function time(changes: Partial<NtpStatus>, laterMs = 0): NtpTime {
  const status = { ...ANSWERED, ...changes };
  return new NtpTime(() => status, { wallMs: () => AT + laterMs }, 60);
}

describe('the time by NTP', () => {
  it('is that of the server, whether or not the clock was set', () => {
    expect(time({}).synchronisedMs()).toBe(AT + 2_000);
    expect(time({ set: true }).synchronisedMs()).toBe(AT);
    expect(time({}).trouble()).toBe(undefined);
  });

  it('is known until three rounds have failed', () => {
    const failing = { state: 'unreachable', error: 'a: no answer' } as const;
    expect(time(failing, 179_000).synchronisedMs()).toBe(AT + 181_000);
    expect(time(failing, 179_000).trouble()).toBe(undefined);
    expect(time(failing, 181_000).synchronisedMs()).toBe(undefined);
    expect(time(failing, 181_000).trouble()).toBe('a: no answer');
  });

  it('is not known without a server or an answer; before the first round that is no trouble', () => {
    const never = { offsetSeconds: null, lastSuccessAt: null };
    expect(time({ ...never, state: 'off' }).trouble()).toBe('no ntp_server is configured');
    expect(time({ ...never, state: 'pending' }).trouble()).toBe(undefined);
    expect(time({ ...never, state: 'unreachable', error: 'e' }).trouble()).toBe('e');
    expect(time({ ...never, state: 'pending' }).synchronisedMs()).toBe(undefined);
  });
});
