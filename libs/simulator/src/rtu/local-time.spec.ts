import { cp56ToIso } from '@iec104mm2ss/iec104';
import { afterEach, describe, expect, it } from 'vitest';
import { localCp56 } from './local-time.js';

describe('the local time of the computer', () => {
  const zone = process.env['TZ'];
  afterEach(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  it.each([
    ['Europe/Berlin', '2026-03-29T00:59:59.500Z', '01:59:59.500', false],
    ['Europe/Berlin', '2026-03-29T01:00:00.000Z', '03:00:00.000', true],
    ['Europe/Berlin', '2026-10-25T00:30:00.000Z', '02:30:00.000', true],
    ['Europe/Berlin', '2026-10-25T01:30:00.000Z', '02:30:00.000', false],
    ['America/St_Johns', '2026-07-01T12:00:00.000Z', '09:30:00.000', true],
    ['Australia/Lord_Howe', '2026-01-01T00:00:00.000Z', '11:00:00.000', true],
    ['Australia/Sydney', '2026-07-01T00:00:00.000Z', '10:00:00.000', false],
    ['Asia/Riyadh', '2026-07-01T00:00:00.000Z', '03:00:00.000', false],
  ])('of %s at %s is %s, SU %s', (name, at, time, su) => {
    process.env['TZ'] = name;
    const tag = localCp56(Date.parse(at));
    expect([cp56ToIso(tag)?.slice(11, 23), tag.su]).toEqual([time, su]);
  });
});
