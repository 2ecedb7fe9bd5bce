import { GroupSelection } from '@iec104mm2ss/config';
import type { AuditRecord } from '@iec104mm2ss/router';
import { describe, expect, it } from 'vitest';
import { type AuditFilter, parseSince, passes, readRecord } from './audit-filter.js';

const ALL: AuditFilter = {
  groups: undefined,
  masters: [],
  types: [],
  cas: [],
  ioas: [],
  outcomes: [],
  since: undefined,
};

const RECORD: AuditRecord = {
  group: '111',
  at: '2026-11-21T10:00:00.000Z',
  session: 5,
  command: 1,
  peer: '10.1.1.5:40000',
  name: 'North',
  certificateName: 'scada-a',
  type: 'C_SC_NA_1',
  cause: 'ACT',
  ca: 32,
  ioa: 5000,
  select: true,
  objects: [{ ioa: 5000, value: true }],
  outcome: 'refused (COT 46)',
  durationMs: 3,
};

describe('an audit filter', () => {
  it.each<[Partial<AuditFilter>, boolean]>([
    [{}, true],
    [{ groups: GroupSelection.parse(['111']) }, true],
    [{ groups: GroupSelection.parse(['11']) }, false],
    [{ groups: GroupSelection.parse(['7', '100-200']) }, true],
    [{ masters: ['north'] }, true],
    [{ masters: ['10.1.1.5'] }, true],
    [{ masters: ['10.1.1.5:40000'] }, true],
    [{ masters: ['SCADA-A'] }, true],
    [{ masters: ['10.1.1'] }, false],
    [{ masters: ['south', 'north'] }, true],
    [{ types: ['C_SC_NA_1'] }, true],
    [{ types: ['C_DC_NA_1'] }, false],
    [{ cas: [32] }, true],
    [{ cas: [3] }, false],
    [{ ioas: [1, 5000] }, true],
    [{ ioas: [500] }, false],
    [{ outcomes: ['refused'] }, true],
    [{ outcomes: ['Refused (COT'] }, true],
    [{ outcomes: ['confirmed', 'terminated'] }, false],
    [{ since: Date.parse('2026-11-21T10:00:00Z') }, true],
    [{ since: Date.parse('2026-11-21T10:00:01Z') }, false],
    [{ groups: GroupSelection.parse(['111']), masters: ['north'], outcomes: ['sent'] }, false],
  ])('of %j lets the record pass: %s', (filter, expected) => {
    expect(passes(RECORD, { ...ALL, ...filter })).toBe(expected);
  });

  it('finds an IPv6 address, and an object behind the first', () => {
    const record = { ...RECORD, peer: '[fd00::5]:40000', objects: [{ ioa: 5000 }, { ioa: 5001 }] };
    expect(passes(record, { ...ALL, masters: ['fd00::5'] })).toBe(true);
    expect(passes(record, { ...ALL, ioas: [5001] })).toBe(true);
  });

  it('lets no record pass whose time cannot be read, when a time is asked for', () => {
    const record = { ...RECORD, at: 'yesterday' };
    expect(passes(record, ALL)).toBe(true);
    expect(passes(record, { ...ALL, since: 0 })).toBe(false);
  });
});

describe('a time as people type it', () => {
  const now = Date.parse('2026-11-21T10:00:00Z');
  it.each([
    ['90s', now - 90_000],
    ['15m', now - 900_000],
    ['2h', now - 7_200_000],
    ['7d', now - 7 * 86_400_000],
    ['2026-11-21T09:30:00Z', now - 1_800_000],
    ['2026-11-21', new Date(2026, 10, 21).getTime()],
    ['2026-11-21T10:00', new Date(2026, 10, 21, 10).getTime()],
    ['2026-11-21 10:00', new Date(2026, 10, 21, 10).getTime()],
    ['yesterday', undefined],
    ['15', undefined],
    ['15 minutes', undefined],
    ['2026-13-41', undefined],
    ['2026', undefined],
    ['', undefined],
  ])('"%s"', (text, time) => expect(parseSince(text, now)).toBe(time));
});

describe('an entry of the journal', () => {
  it('is a record', () => expect(readRecord(JSON.stringify(RECORD))).toEqual(RECORD));

  it('of a release that had fewer fields is a record', () => {
    const { group, at, type, outcome, ca } = RECORD;
    expect(readRecord(JSON.stringify({ group, at, type, outcome, ca }))).toMatchObject({
      group,
      name: null,
      ioa: null,
      durationMs: 0,
    });
  });

  it.each(['', 'null', '7', '[]', '{}', '{"group":"1"}', '{"group":1,"at":"","type":"","outcome":"","ca":1}', '{"a'])(
    'is no record: %s',
    (json) => expect(readRecord(json)).toBeUndefined(),
  );
});
