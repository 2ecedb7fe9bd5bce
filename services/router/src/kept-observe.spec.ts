import { BusError, KEPT_BUCKET, type KeyValue, MemoryBus } from '@iec104mm2ss/bus';
import { createLogger } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import type { SavedObserve } from '@iec104mm2ss/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeptObserve } from './kept-observe.js';

const { logger } = createLogger({ level: 'silent' });
const ON: SavedObserve = { since: 1_700_000_000_000, reason: 'link lost', by: 'condition' };
const KEY = 'router.1';

let bucket: KeyValue;
beforeEach(() => (bucket = new MemoryBus().keyValue(KEPT_BUCKET)));

const process = (): KeptObserve => new KeptObserve(bucket, KEY, logger, new FakeClock());

describe('observe mode of one process', () => {
  it('is what the process before left, and off where none left anything', async () => {
    const first = process();
    expect(await first.load()).toBeUndefined();
    await first.save(ON);
    const second = process();
    expect(await second.load()).toEqual(ON);
    await second.save(undefined);
    expect(await process().load()).toBeUndefined();
  });

  it('is on where it cannot be read whether it was, so that an operator decides', async () => {
    for (const octets of ['', '{', '{"v":3}', '{"v":2,"observe":{"since":1}}']) {
      await bucket.put(KEY, Buffer.from(octets));
      expect(await process().load()).toMatchObject({
        by: 'operator',
        reason: expect.stringContaining('cannot be read'),
      });
    }
    bucket.get = () => Promise.reject(new BusError('UNAVAILABLE', 'no disk'));
    const kept = process();
    expect(await kept.load()).toMatchObject({ by: 'operator' });
    // Ended by him it is over, also for the next one.
    await kept.save(undefined);
    expect(await bucket.keys()).toEqual([]);
  });

  it('is written when it changes, and again when it was not stored', async () => {
    const { put } = bucket;
    let writes = 0;
    let broken = true;
    bucket.put = (key, value) => {
      writes++;
      return broken ? Promise.reject(new BusError('UNAVAILABLE', 'full')) : put.call(bucket, key, value);
    };
    const kept = process();
    await expect(kept.save(ON)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(kept.failed).toBe(true);
    broken = false;
    await kept.save(ON);
    await kept.save({ ...ON });
    expect([writes, kept.failed]).toEqual([2, false]);
    expect(await process().load()).toEqual(ON);
  });
});
