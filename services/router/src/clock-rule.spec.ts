import type { ClockSetting } from '@iec104mm2ss/config';
import { AsduView, Cause, clockSync, epochMsToCp56, mirror } from '@iec104mm2ss/iec104';
import { groupConfig } from '@iec104mm2ss/testing';
import { describe, expect, it } from 'vitest';
import { ClockRule, type ClockVerdict } from './clock-rule.js';

const NOW = Date.UTC(2026, 5, 1, 12);
const HOUR_MS = 3_600_000;

interface World {
  readonly clock?: ClockSetting;
  readonly now?: number | undefined;
  readonly zoneMs?: number;
}

function judge(asdu: Uint8Array, world: World = {}, name: string | null = null): ClockVerdict {
  const { clock = { kind: 'forward' }, zoneMs = 0 } = world;
  const now = 'now' in world ? world.now : NOW;
  const time = { synchronisedMs: () => now, zoneMs: () => zoneMs, trouble: () => undefined };
  return new ClockRule({ config: groupConfig({ clock, rtuNumber: 300 }) }, time).judge(asdu, name);
}

const at = (ms: number, su = false): Uint8Array => clockSync(300, epochMsToCp56(ms, { su }));
/** C_CD_NA_1 with a delay of 1 ms. */
const DELAY = Uint8Array.of(106, 1, Cause.ACT, 0, 44, 1, 0, 0, 0, 1, 0);

describe('a clock synchronisation', () => {
  it('passes within a minute of the synchronised time, either way, and no further', () => {
    for (const off of [-60_000, 0, 60_000]) expect(judge(at(NOW + off))).toBe(undefined);
    for (const off of [-60_001, 60_001, -HOUR_MS, HOUR_MS, 365 * 24 * HOUR_MS]) {
      expect(judge(at(NOW + off)), String(off)).toMatchObject({ refused: expect.stringContaining('off the') });
    }
  });

  it('may be in UTC or in the local time of this host, with SU or without', () => {
    expect(judge(at(NOW + 2 * HOUR_MS), { zoneMs: 2 * HOUR_MS })).toBe(undefined);
    expect(judge(at(NOW), { zoneMs: 2 * HOUR_MS })).toBe(undefined);
    expect(judge(at(NOW, true))).toBe(undefined);
    expect(judge(at(NOW + 2 * HOUR_MS), { zoneMs: HOUR_MS })).toMatchObject({ refused: expect.any(String) });
  });

  it('passes whatever it says while the time is not known here', () => {
    expect(judge(at(NOW + HOUR_MS), { now: undefined })).toBe(undefined);
  });

  it('that names no time of the calendar is refused', () => {
    expect(judge(clockSync(300, { ...epochMsToCp56(NOW), day: 0 }))).toMatchObject({ refused: expect.any(String) });
  });

  it('is given by the named master only', () => {
    const clock: ClockSetting = { kind: 'master', name: 'A' };
    expect(judge(at(NOW), { clock }, 'A')).toBe(undefined);
    for (const other of ['B', 'a', null]) {
      expect(judge(at(NOW), { clock }, other)).toEqual({ refused: 'only A may set the clock' });
      expect(judge(DELAY, { clock }, other)).toMatchObject({ refused: expect.any(String) });
    }
  });

  it('is given by nobody', () => {
    for (const asdu of [at(NOW), DELAY]) {
      expect(judge(asdu, { clock: { kind: 'refuse' } }, 'A')).toEqual({ refused: 'clock = refuse' });
    }
  });

  it('is answered here, of all stations with the address of this one', () => {
    const clock: ClockSetting = { kind: 'local' };
    const command = at(NOW + 5_000);
    expect(judge(command, { clock })).toMatchObject({ answer: mirror(command, Cause.ACT_CON, false) });
    const toAll = judge(clockSync(65535, epochMsToCp56(NOW)), { clock });
    expect(toAll !== undefined && 'answer' in toAll && new AsduView(toAll.answer).ca).toBe(300);
    expect(judge(at(NOW), { clock, now: undefined })).toMatchObject({
      refused: expect.stringContaining('not synchronised'),
    });
    expect(judge(at(NOW + 61_000), { clock })).toMatchObject({ refused: expect.any(String) });
    expect(judge(mirror(command, Cause.DEACT, false), { clock })).toMatchObject({ refused: expect.any(String) });
    expect(judge(DELAY, { clock })).toMatchObject({ refused: expect.any(String) });
  });
});
