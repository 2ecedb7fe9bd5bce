import { beforeEach, describe, expect, it } from 'vitest';
import { BusError, type EventLog, GroupSubjects, KEPT_BUCKET, type KeyValue, STATE_BUCKET } from '@iec104mm2ss/bus';
import { createLogger } from '@iec104mm2ss/observability';
import { FakeClock, RecordingBus } from '@iec104mm2ss/testing';
import { decodeRouterState, encodeRouterState, type RouterState } from '@iec104mm2ss/wire';
import { StateStore } from './state-store.js';

const { logger } = createLogger({ level: 'silent' });
const subjects = new GroupSubjects('1');

let bus: RecordingBus;
let bucket: KeyValue;
let store: StateStore;
let extent: { first: number; next: number; generation: number };
let validUpTo: number;

const state = (confirmed: number, savedAt = 0): RouterState => ({
  confirmed,
  generation: 5,
  cursors: { A: confirmed },
  addresses: [],
  savedAt,
  oaBehaviour: 'unknown',
});
const yes = (): boolean => true;

async function stored(): Promise<RouterState | undefined> {
  const value = await bucket.get('router.1');
  const decoded = value === undefined ? undefined : decodeRouterState(value);
  return decoded instanceof Error ? undefined : decoded;
}

beforeEach(() => {
  bus = new RecordingBus();
  // A bus between processes, whose bucket can be looked into.
  Object.defineProperty(bus, 'kind', { value: 'nats' });
  bucket = bus.keyValue(STATE_BUCKET);
  extent = { first: 10, next: 100, generation: 5 };
  validUpTo = Infinity;
  const log = {
    extent: () => Promise.resolve(extent),
    validUpTo: ({ position }: { position: number }) => Promise.resolve(Math.min(position, validUpTo)),
  } as unknown as EventLog;
  store = new StateStore({ bus, subjects, log, logger, clock: new FakeClock() });
});

describe('what an earlier owner left', () => {
  it('is what it saved, as far as the log still holds it', async () => {
    await bucket.put('router.1', encodeRouterState(state(60)));
    expect(await store.load()).toMatchObject({ confirmed: 60, confirmedBefore: 60, cursors: { A: 60 }, log: extent });
    validUpTo = 40;
    expect(await store.load()).toMatchObject({ confirmed: 40, confirmedBefore: 60 });
  });

  it('begins with the oldest event when there is nothing', async () => {
    expect(await store.load()).toMatchObject({ confirmed: 10, confirmedBefore: 10, cursors: {}, addresses: [] });
  });

  it('is for nobody when the group was taken out of the configuration: it may be another RTU that has its id now', async () => {
    await store.end(() => state(60), yes);
    expect(await stored()).toMatchObject({ confirmed: 60, ended: true });
    extent = { first: 10, next: 130, generation: 5 };
    expect(await store.load()).toMatchObject({ confirmed: 130, confirmedBefore: 130, cursors: {}, addresses: [] });
    // Whoever owns the group then saves as usual.
    await store.save(() => state(131), yes);
    expect((await stored())?.ended).toBeUndefined();
  });

  it('never lies outside of the log', async () => {
    await bucket.put('router.1', encodeRouterState(state(5)));
    expect(await store.load()).toMatchObject({ confirmed: 10, confirmedBefore: 10 });
    await bucket.put('router.1', encodeRouterState(state(500)));
    expect(await store.load()).toMatchObject({ confirmed: 100, confirmedBefore: 500 });
    extent = { first: 0, next: 0, generation: 0 };
    expect(await store.load()).toMatchObject({ confirmed: 0 });
  });

  it('is read from the last release, too', async () => {
    const old = { confirmed: 30, cursors: { A: 20 }, resting: [[7, 1_700_000_000_000]], mirrorsOa: true };
    await bucket.put('router.1', Buffer.from(JSON.stringify(old)));
    expect(await store.load()).toMatchObject({
      confirmed: 30,
      cursors: { A: 20 },
      addresses: [{ oa: 7, session: 0, restedMs: 0 }],
      oaBehaviour: 'mirrors',
    });
  });

  it.each(['', 'null', '{}', '-1', '[]', '{"v":2}', '{"v":3}', '{"confirmed":1,"resting":{}}', '{"confirmed":"1"}'])(
    'is set aside and reported when it is %s',
    async (value) => {
      await bucket.put('router.1', Buffer.from(value));
      const ofLaterRelease = value === '{"v":3}';
      const observe = ofLaterRelease ? undefined : { reason: 'what was saved cannot be read', by: 'operator' };
      expect(await store.load()).toMatchObject({ confirmed: 10, ...(observe && { observe }) });
      expect((await store.load()).observe === undefined).toBe(ofLaterRelease);
      expect(Buffer.from((await bucket.get('router.1.unreadable')) ?? []).toString()).toBe(value);
      expect(bus.drops.all()).toMatchObject([{ kind: 'owner.saved', count: 2 }]);
    },
  );

  it('is waited for when it cannot be read now', async () => {
    bucket.get = () => Promise.reject(new BusError('UNAVAILABLE', 'no server'));
    await expect(store.load()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('in one process', () => {
  beforeEach(() => {
    Object.defineProperty(bus, 'kind', { value: 'memory' });
    const log = {
      extent: () => Promise.resolve(extent),
      validUpTo: ({ position }: { position: number }) => Promise.resolve(position),
    } as unknown as EventLog;
    again = () => new StateStore({ bus, subjects, log, logger, clock: new FakeClock() });
    store = again();
  });
  let again: () => StateStore;
  const observe: RouterState['observe'] = { since: 1, reason: 'link lost', by: 'condition' };
  const observing = (): RouterState => ({ ...state(60), observe });

  it('only observe mode is there for the next process', async () => {
    await store.load();
    await store.save(observing, yes);
    expect(await stored()).toBeUndefined();
    expect(await again().load()).toMatchObject({ saved: false, confirmed: 10, cursors: {}, observe });
    await store.save(() => state(60), yes);
    expect((await again().load()).observe).toBeUndefined();
  });

  it('it is gone with its group, and handed over with all else to the router of another configuration', async () => {
    await store.handOver(observing, yes);
    expect(await again().load()).toMatchObject({ saved: true, cursors: { A: 60 }, observe });
    await store.end(observing, yes);
    expect((await again().load()).observe).toBeUndefined();
    await bucket.delete('router.1');
    expect((await again().load()).observe).toBeUndefined();
  });

  it('what was not stored is tried again, and nothing else is written a few times a second', async () => {
    const kept = bus.keyValue(KEPT_BUCKET);
    const { put } = kept;
    kept.put = () => Promise.reject(new BusError('UNAVAILABLE', 'full'));
    expect(store.saveChanged(observing, yes)).toBe(false);
    await expect(store.save(observing, yes)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    kept.put = put;
    expect(store.saveChanged(observing, yes)).toBe(true);
    await new Promise(setImmediate);
    expect(await kept.keys()).toEqual(['router.1']);
    expect(store.saveChanged(observing, yes)).toBe(false);
  });
});

describe('saving', () => {
  it('stores what is there when it is written, for all who ask meanwhile', async () => {
    let confirmed = 1;
    const written: number[] = [];
    const { put } = bucket;
    bucket.put = async (key, value) => {
      const decoded = decodeRouterState(value);
      if (!(decoded instanceof Error)) written.push(decoded.confirmed);
      await put.call(bucket, key, value);
    };
    const first = store.save(() => state(confirmed), yes);
    confirmed = 2;
    const second = store.save(() => state(confirmed), yes);
    confirmed = 3;
    const third = store.save(() => state(confirmed), yes);
    await Promise.all([first, second, third]);
    expect(written).toEqual([1, 3]);
    expect(await stored()).toMatchObject({ confirmed: 3 });
  });

  it('goes on after one that failed', async () => {
    const { put } = bucket;
    let calls = 0;
    bucket.put = (key, value) =>
      calls++ === 0 ? Promise.reject(new BusError('TIMEOUT', 'no answer')) : put.call(bucket, key, value);
    const first = store.save(() => state(1), yes);
    const second = store.save(() => state(2), yes);
    await expect(first).rejects.toThrow('no answer');
    await second;
    expect(await stored()).toMatchObject({ confirmed: 2 });
  });

  it('is refused while another router may own the group', async () => {
    await expect(
      store.save(
        () => state(1),
        () => false,
      ),
    ).rejects.toThrow('another router');
    store.saveChanged(
      () => state(1),
      () => false,
    );
    expect(await stored()).toBeUndefined();
  });

  it('happens only when something but the time has changed', async () => {
    await store.save(() => state(1, 1_000), yes);
    store.saveChanged(() => state(1, 2_000), yes);
    expect(await stored()).toMatchObject({ savedAt: 1_000 });
    store.saveChanged(() => state(2, 3_000), yes);
    expect(await stored()).toMatchObject({ savedAt: 3_000 });
  });

  it('says from where on the next owner will need the log: as it is stored, not as it is now', async () => {
    expect(store.savedUpTo).toBe(Infinity);
    let now = { ...state(50), cursors: { A: 40 } };
    await store.save(() => now, yes);
    expect(store.savedUpTo).toBe(40);
    now = { ...state(90), cursors: { A: 80 } };
    expect(store.savedUpTo).toBe(40);
    store.saveChanged(() => now, yes);
    expect(await stored()).toMatchObject({ confirmed: 90 });
    expect(store.savedUpTo).toBe(80);
  });
});
