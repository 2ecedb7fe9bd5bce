import { BrokerBus, STATE_BUCKET } from '@iec104mm2ss/bus';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeServer } from './fake-broker.js';
import { FakeClock } from './fake-clock.js';

const LOG = 'IEC104_LOG_7';
/** Longer than nobody looks at what is not used. */
const WHILE_MS = 15_000;

let clock: FakeClock;
let server: FakeServer;
let bus: BrokerBus;
let broker: ReturnType<FakeServer['connect']>;

beforeEach(() => {
  clock = new FakeClock();
  server = new FakeServer();
  broker = server.connect(clock);
  bus = new BrokerBus(broker, { runtime: { clock, random: () => 0.5, instance: 'here' }, replicas: 1 });
  bus.join('router');
});

const missed = (group?: string): string[] => bus.storageTroubles(group).map(({ store }) => store);

describe('what is stored on the server', () => {
  it('is missed when nobody asks for it, and no longer when it can be used again', async () => {
    await bus.eventLog('7').extent();
    await bus.keyValue(STATE_BUCKET).put('key', new Uint8Array(1));
    await clock.advanceAsync(WHILE_MS);
    expect(missed()).toEqual([]);
    for (const [question, store] of [
      ['streamState', LOG],
      ['get', `KV_${STATE_BUCKET}`],
    ] as const) {
      server.fails = (asked) => (asked === question ? 'UNAVAILABLE' : undefined);
      await clock.advanceAsync(WHILE_MS);
      expect(missed()).toEqual([store]);
      const [trouble] = bus.storageTroubles();
      await clock.advanceAsync(WHILE_MS);
      expect(bus.storageTroubles()[0]?.sinceMs).toBe(trouble?.sinceMs);
      server.fails = () => undefined;
      await clock.advanceAsync(5_000);
      expect(missed()).toEqual([]);
    }
  });

  it('is missed by the groups that need it', async () => {
    await Promise.all([bus.eventLog('7').extent(), bus.eventLog('8').extent()]);
    await bus.keyValue(STATE_BUCKET).get('key');
    server.streams.delete(LOG);
    server.fails = (asked) => (['get', 'ensureStream'].includes(asked) ? 'UNAVAILABLE' : undefined);
    await clock.advanceAsync(WHILE_MS);
    expect(missed('7')).toEqual([LOG, `KV_${STATE_BUCKET}`]);
    expect(missed('8')).toEqual([`KV_${STATE_BUCKET}`]);
    bus.forgetGroup('7');
    expect(missed()).toEqual([`KV_${STATE_BUCKET}`]);
  });

  it('is not missed because somebody else was faster, nor while there is no connection', async () => {
    await bus.keyValue(STATE_BUCKET).get('key');
    server.fails = (asked) => (asked === 'put' ? 'CONFLICT' : undefined);
    await bus
      .keyValue(STATE_BUCKET)
      .put('key', new Uint8Array(1))
      .catch(() => undefined);
    expect(missed()).toEqual([]);
    server.fails = () => undefined;
    broker.setConnected(false);
    await bus
      .keyValue(STATE_BUCKET)
      .get('key')
      .catch(() => undefined);
    await clock.advanceAsync(WHILE_MS);
    expect(missed()).toEqual([]);
  });

  it('is made sure of again after it could not be used: it may have been removed', async () => {
    await bus.keyValue(STATE_BUCKET).put('key', new Uint8Array(1));
    const journal = bus.journal('audit', { maxEntries: 10, maxOctets: 1_000 });
    await journal.append('7', '1', new Uint8Array(1));
    server.buckets.delete(STATE_BUCKET);
    server.streams.delete('IEC104_AUDIT');
    server.fails = (asked) => (asked === 'put' ? 'UNAVAILABLE' : undefined);
    await bus
      .keyValue(STATE_BUCKET)
      .put('key', new Uint8Array(1))
      .catch(() => undefined);
    await journal.append('7', '2', new Uint8Array(1)).catch(() => undefined);
    server.fails = () => undefined;
    await bus.keyValue(STATE_BUCKET).put('key', new Uint8Array(1));
    await journal.append('7', '3', new Uint8Array(1));
    expect([...server.buckets.keys(), ...server.streams.keys()]).toEqual([STATE_BUCKET, 'IEC104_AUDIT']);
  });
});
