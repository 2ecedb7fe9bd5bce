import { parseSyslogMessage } from '@iec104mm2ss/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EventLine, MAX_MESSAGE_OCTETS, syslogMessage } from './syslog-message.js';

const ORIGIN = { hostName: 'gate-1', processId: 42, release: '0.1.0' };
const LINE: EventLine = {
  level: 'warn',
  time: '2026-11-26T10:00:00.123Z',
  group: '111',
  peer: '10.1.1.5:4711',
  reason: 'filter',
  event: 'session_refused_filter',
  event_id: 'MM2SS:1.3',
  severity: 'warning',
  event_seq: 7,
  instance: 'gate-1-42-aa',
  msg: 'master refused: 10.1.1.5 is not in the filter of the group',
};
const messageOf = (fields: Partial<EventLine>) => parseSyslogMessage(syslogMessage({ ...LINE, ...fields }, ORIGIN));

describe('a security event as a syslog message', () => {
  it('octet for octet', () => {
    expect(syslogMessage(LINE, ORIGIN).toString()).toBe(
      '<84>1 2026-11-26T10:00:00.123Z gate-1 mm2ss 42 MM2SS:1.3 ' +
        '[meta sequenceId="7"][origin software="iec104mm2ss" swVersion="0.1.0"]' +
        '[mm2ss@32473 event="session_refused_filter" event_id="MM2SS:1.3" severity="warning" event_seq="7" ' +
        'instance="gate-1-42-aa" group="111" peer="10.1.1.5:4711" reason="filter"] ' +
        'master refused: 10.1.1.5 is not in the filter of the group',
    );
  });

  it.each([
    ['alert', 1],
    ['critical', 2],
    ['error', 3],
    ['warning', 4],
    ['notice', 5],
    ['informational', 6],
    ['unheard of', 6],
  ])('the severity %s is %i, of the facility for security messages', (severity, number) => {
    expect(messageOf({ severity })).toMatchObject({ facility: 10, severity: number });
  });

  it('escapes what would end a value, and leaves everything else as it is', () => {
    const identity = 'CN="A]\\B", O=größe 中';
    expect(messageOf({ identity }).data['mm2ss@32473']).toMatchObject({ identity });
    expect(syslogMessage({ ...LINE, identity }, ORIGIN).toString()).toContain(
      ' identity="CN=\\"A\\]\\\\B\\", O=größe 中"',
    );
  });

  it('control characters end no message, and text that is no ASCII has its mark', () => {
    const message = syslogMessage({ ...LINE, msg: 'größe\n<34>1 forged', identity: 'a\r\nb' }, ORIGIN);
    expect(message.toString()).not.toMatch(/[\r\n]/);
    expect(message.toString()).toContain('] \uFEFFgröße <34>1 forged');
    expect(parseSyslogMessage(message).text).toBe('größe <34>1 forged');
  });

  it('numbers, lists and counts are values, too; null and undefined are left out', () => {
    const own = messageOf({
      count: 3,
      events: { 'MM2SS:1.3': 2 },
      groups: ['1', '2'],
      ok: false,
      a: null,
      b: undefined,
    }).data['mm2ss@32473'];
    expect(own).toMatchObject({ count: '3', events: '{"MM2SS:1.3":2}', groups: '["1","2"]', ok: 'false' });
    expect(Object.keys(own ?? {})).not.toEqual(expect.arrayContaining(['a']));
    expect(Object.keys(own ?? {})).not.toEqual(expect.arrayContaining(['b']));
  });

  it('a host that has no name a header may have has none', () => {
    const message = syslogMessage(LINE, { ...ORIGIN, hostName: 'größe host' });
    expect(parseSyslogMessage(message).hostName).toBe('grehost');
    expect(parseSyslogMessage(syslogMessage(LINE, { ...ORIGIN, hostName: '中' })).hostName).toBe('-');
  });

  it('sequence numbers begin again behind the largest that there is', () => {
    const idOf = (event_seq: number): string | undefined => messageOf({ event_seq }).data['meta']?.['sequenceId'];
    expect([0x7fffffff, 0x80000000].map(idOf)).toEqual(['2147483647', '1']);
  });

  it('property: whatever is in a line, the message is one by RFC 5424, and no longer than any receiver must take', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3_000 }),
      fc.string({ unit: 'grapheme', maxLength: 3_000 }),
      fc.integer(),
      fc.array(fc.string()),
    );
    const fields = fc.dictionary(fc.string({ maxLength: 40 }), value, { maxKeys: 20 });
    fc.assert(
      fc.property(fields, fc.string({ unit: 'grapheme', maxLength: 3_000 }), (extra, msg) => {
        const message = syslogMessage({ ...extra, ...LINE, msg }, ORIGIN);
        expect(message.length).toBeLessThanOrEqual(MAX_MESSAGE_OCTETS);
        const { messageId, data } = parseSyslogMessage(message);
        expect(messageId).toBe('MM2SS:1.3');
        expect(data['mm2ss@32473']).toMatchObject({ event_seq: '7', group: '111' });
      }),
    );
  });

  it('fields that do not fit are left out whole, and it says so', () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`field${i}`, 'x'.repeat(250)]));
    const own = messageOf(many).data['mm2ss@32473'];
    expect(own).toMatchObject({ event: 'session_refused_filter', reason: 'filter', truncated: 'yes' });
    expect(Object.keys(own ?? {}).length).toBeLessThan(20);
  });
});
