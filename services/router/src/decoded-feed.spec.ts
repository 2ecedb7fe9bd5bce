import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { GroupSubjects } from '@iec104mm2ss/bus';
import { singleCommand } from '@iec104mm2ss/iec104';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { eventAsdu, logRecord as logOctets, RecordingBus } from '@iec104mm2ss/testing';
import { decodeLogRecord, type LogRecord, WireError } from '@iec104mm2ss/wire';
import { DecodedFeed, type DecodedMessage, FEED_QUEUE_OCTETS, FEED_QUEUE_RECORDS } from './decoded-feed.js';

const subjects = new GroupSubjects('7');
let bus: RecordingBus;
let messages: { subject: string; message: DecodedMessage }[];

const logRecord = (...parameters: Parameters<typeof logOctets>): LogRecord => {
  const record = decodeLogRecord(logOctets(...parameters));
  if (record instanceof WireError) throw record;
  return record;
};

const listen = (pattern: string) =>
  bus.subscribe(pattern, ({ subject, data }) => {
    messages.push({ subject, message: JSON.parse(Buffer.from(data).toString()) as DecodedMessage });
  });

beforeEach(() => {
  bus = new RecordingBus();
  messages = [];
});

async function drained(feed: DecodedFeed): Promise<void> {
  for (let before = -1; before !== feed.published;) {
    before = feed.published;
    await turn();
    await turn();
  }
}

describe('the decoded feed', () => {
  it('publishes each ASDU under the name of its type, with its position and time', async () => {
    listen('iec104.v1.7.decoded.>');
    const feed = new DecodedFeed(bus, subjects, true, SYSTEM_CLOCK);
    const secret = Uint8Array.of(200, 1, 3, 0, 1, 0, 5, 0, 0, 1, 2);
    feed.record(logRecord(40, [eventAsdu(1), secret, eventAsdu(-2)], 1, Date.UTC(2026, 0, 2)));
    expect(messages, 'not within the data path').toEqual([]);
    await drained(feed);
    expect(messages.map(({ subject }) => subject)).toEqual([
      'iec104.v1.7.decoded.M_ME_NB_1',
      'iec104.v1.7.decoded.TYPE_200',
      'iec104.v1.7.decoded.M_ME_NB_1',
    ]);
    expect(messages.map(({ message }) => message.position)).toEqual([40, 41, 42]);
    for (const { message } of messages) expect(message.octets).toMatch(/^[0-9a-f]{20,}$/);
    expect(messages[0]?.message).toMatchObject({
      group: '7',
      direction: 'monitor',
      at: '2026-01-02T00:00:00.000Z',
      asdu: { type: 'M_ME_NB_1', cause: 'SPONT', ca: 1, objects: [{ ioa: 100, value: 1 }] },
    });
  });

  it('publishes commands with their session', () => {
    listen('iec104.v1.*.decoded.>');
    new DecodedFeed(bus, subjects, true, SYSTEM_CLOCK).command(12, singleCommand(1, 5, true));
    expect(messages[0]?.message).toMatchObject({ direction: 'control', session: 12, asdu: { type: 'C_SC_NA_1' } });
    expect(messages[0]?.message.position).toBeUndefined();
  });

  it('gives the octets of what cannot be decoded', async () => {
    listen('iec104.v1.7.decoded.>');
    const feed = new DecodedFeed(bus, subjects, true, SYSTEM_CLOCK);
    feed.record(logRecord(0, [eventAsdu(1).subarray(0, 10)]));
    await drained(feed);
    expect(messages[0]?.message.asdu).toMatchObject({ type: 'M_ME_NB_1', undecodable: expect.any(String) });
  });

  it.each(['iec104.v1.7.decoded.M_ME_NB_1', 'iec104.v1.*.decoded.M_ME_NB_1', 'iec104.v1.7.decoded.*', '>'])(
    'is made for who listens to %s',
    async (pattern) => {
      listen(pattern);
      const feed = new DecodedFeed(bus, subjects, true, SYSTEM_CLOCK);
      feed.record(logRecord(0, [eventAsdu(1)]));
      await drained(feed);
      expect(messages).toHaveLength(1);
    },
  );

  it.each([
    ['nobody listens', true, undefined],
    ['only another group is listened to', true, 'iec104.v1.8.decoded.>'],
    ['it is switched off', false, 'iec104.v1.7.decoded.>'],
  ])('costs nothing while %s', async (_why, enabled, pattern) => {
    if (pattern !== undefined) listen(pattern);
    const feed = new DecodedFeed(bus, subjects, enabled, SYSTEM_CLOCK);
    feed.record(logRecord(0, [eventAsdu(1)]));
    feed.command(1, singleCommand(1, 5, true));
    await drained(feed);
    expect(bus.take()).toEqual([]);
    expect(feed.published + feed.dropped).toBe(0);
  });

  it('leaves out, and counts, what is more than it may hold: records', async () => {
    listen('iec104.v1.7.decoded.>');
    const feed = new DecodedFeed(bus, subjects, true, SYSTEM_CLOCK);
    const record = logRecord(0, [eventAsdu(1)]);
    for (let i = 0; i < FEED_QUEUE_RECORDS + 5; i++) feed.record(record);
    expect(feed.dropped).toBe(5);
    await drained(feed);
    expect(feed.published).toBe(FEED_QUEUE_RECORDS);
    feed.record(record);
    await drained(feed);
    expect(feed.published).toBe(FEED_QUEUE_RECORDS + 1);
  });

  it('leaves out, and counts, what is more than it may hold: octets', async () => {
    listen('iec104.v1.7.decoded.>');
    const feed = new DecodedFeed(bus, subjects, true, SYSTEM_CLOCK);
    const large = logRecord(
      0,
      Array.from({ length: 3_000 }, () => eventAsdu(1)),
    );
    const fits = Math.ceil(FEED_QUEUE_OCTETS / large.octets.length);
    for (let i = 0; i < fits + 2; i++) feed.record(large);
    expect(feed.dropped).toBe(6_000);
    const seen = messages.length;
    await turn();
    await turn();
    expect(messages.length).toBeGreaterThan(seen);
    expect((feed as unknown as { queuedOctets: number }).queuedOctets).toBe(fits * large.octets.length);
    while (feed.published < 3_000) await turn();
    feed.record(large);
    expect(feed.dropped, 'one was done').toBe(6_000);
  });

  it('publishes nothing more once it is stopped', async () => {
    listen('iec104.v1.7.decoded.>');
    const feed = new DecodedFeed(bus, subjects, true, SYSTEM_CLOCK);
    feed.record(logRecord(0, [eventAsdu(1)]));
    feed.stop();
    await drained(feed);
    expect(feed.published).toBe(0);
  });

  it('lets go what was decoded also while it never runs empty, and serves sockets in between', async () => {
    listen('iec104.v1.7.decoded.>');
    const feed = new DecodedFeed(bus, subjects, true, SYSTEM_CLOCK);
    const record = logRecord(
      0,
      Array.from({ length: 32 }, () => eventAsdu(1)),
    );
    for (let i = 0; i < 100; i++) feed.record(record);
    for (let i = 0; i < 500; i++) {
      const before = feed.published;
      feed.record(record);
      feed.record(record);
      await turn();
      expect(feed.published - before).toBeLessThanOrEqual(64);
    }
    expect(feed.dropped).toBe(0);
    expect((feed as unknown as { queue: unknown[] }).queue.length).toBeLessThan(400);
    await drained(feed);
    expect(feed.published).toBe(32 * 1_100);
  });
});
