import { describe, expect, it } from 'vitest';
import {
  allGroups,
  controlSubject,
  GroupSubjects,
  journalSubject,
  leasePresenceSubject,
  presenceSubject,
} from './subjects.js';

describe('subjects', () => {
  it('of a group are these', () => {
    const {
      log,
      out,
      in: into,
      ack,
      confirmed,
      command,
      commandResult,
      commandQuery,
      state,
      owner,
      audit,
      decodedAll,
    } = new GroupSubjects('12');
    expect([
      log,
      out,
      into,
      ack,
      confirmed,
      command,
      commandResult,
      commandQuery,
      state,
      owner,
      audit,
      decodedAll,
    ]).toEqual(
      [
        'log',
        'out',
        'in',
        'ack',
        'confirmed',
        'cmd',
        'cmd.result',
        'cmd.query',
        'state',
        'owner',
        'audit',
        'decoded.>',
      ].map((kind) => `iec104.v1.12.${kind}`),
    );
    expect(new GroupSubjects('12').outTo(7)).toBe('iec104.v1.12.out.7');
    expect(new GroupSubjects('12').decoded('M_SP_NA_1')).toBe('iec104.v1.12.decoded.M_SP_NA_1');
    expect(new GroupSubjects('12').decoded('TYPE_200')).toBe('iec104.v1.12.decoded.TYPE_200');
  });

  it('of all groups and of the control plane are these', () => {
    expect(allGroups('decoded.>')).toBe('iec104.v1.*.decoded.>');
    expect(controlSubject('admit')).toBe('iec104.v1.ctl.admit');
    expect(controlSubject('log.level')).toBe('iec104.v1.ctl.log.level');
  });

  it('of presence are these', () => {
    expect(presenceSubject('gateway')).toBe('iec104.v1.ctl.presence.gateway');
    expect(leasePresenceSubject('router.12', 'router')).toBe('iec104.v1.ctl.presence.router.router.12');
    expect(leasePresenceSubject('connector.12')).toBe('iec104.v1.ctl.presence.lease.connector.12');
  });

  it('of a journal are those of its groups', () => {
    expect(journalSubject('audit', '12')).toBe(new GroupSubjects('12').audit);
    expect(journalSubject('audit', '12')).toBe('iec104.v1.12.audit');
  });

  it.each(['', 'a.b', '*', '>', 'a b', 'ä', 'a\n'])('are never made from %j', (text) => {
    expect(() => new GroupSubjects(text)).toThrow(RangeError);
    expect(() => new GroupSubjects('1').decoded(text)).toThrow(RangeError);
  });

  it.each(['', 'a..b', '*', 'a.>'])('of the control plane are never made from %j', (text) => {
    expect(() => controlSubject(text)).toThrow(RangeError);
  });
});
