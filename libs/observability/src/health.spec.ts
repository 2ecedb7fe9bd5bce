import { describe, expect, it } from 'vitest';
import { checkHealth, type Check, type HealthSource } from './health.js';

const source = (name: string, live: () => Check, ready: () => Check): HealthSource => ({ name, live, ready });
const ok = (): Check => ({ ok: true });

describe('checkHealth', () => {
  it('is ok when every source is, and when there is none', () => {
    expect(checkHealth([], 'live')).toEqual({ status: 'ok', checks: {} });
    expect(checkHealth([source('bus', ok, ok)], 'ready')).toEqual({ status: 'ok', checks: { bus: { ok: true } } });
  });

  it('asks the question asked, and one failing source fails the whole', () => {
    const router = source('router', ok, () => ({ ok: false, reason: 'owns no group yet' }));
    expect(checkHealth([source('bus', ok, ok), router], 'live').status).toBe('ok');
    expect(checkHealth([source('bus', ok, ok), router], 'ready')).toEqual({
      status: 'failing',
      checks: { bus: { ok: true }, router: { ok: false, reason: 'owns no group yet' } },
    });
  });

  it('takes a source that throws for a failing one', () => {
    const broken = source(
      'gateway',
      () => {
        throw new Error('no listener');
      },
      ok,
    );
    expect(checkHealth([broken], 'live').checks['gateway']).toEqual({ ok: false, reason: 'no listener' });
  });
});
