import { describe, expect, it, vi } from 'vitest';
import type { ApduRun, BusError } from '../bus.js';
import { MemoryBus } from './memory-bus.js';

const NOTHING = Buffer.alloc(0);

/** An APDU with the smallest ASDU. */
const APDU = Buffer.from('68 0a 00 00 00 00 01 00 03 00 01 00'.replaceAll(' ', ''), 'hex');
const run = (epoch = 1): ApduRun => ({ epoch, count: 1, receivedAt: 0, octets: APDU, start: 0, end: APDU.length });

describe('the memory bus', () => {
  it('delivers at once when no handler is running', () => {
    const bus = new MemoryBus();
    const handler = vi.fn();
    bus.subscribe('a.b', handler);
    bus.publish('a.b', NOTHING);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it('keeps no subscriber from its message because another one throws', () => {
    const bus = new MemoryBus();
    const seen: string[] = [];
    bus.subscribe('a', () => {
      bus.publish('b', NOTHING);
      throw new Error('broken');
    });
    bus.subscribe('a', () => seen.push('a'));
    bus.subscribe('b', () => seen.push('b'));
    bus.publish('a', NOTHING);
    expect(seen).toEqual(['a', 'b']);
    expect(bus.drops.all()).toEqual([{ kind: 'other', reason: 'HANDLER', count: 1 }]);
    bus.publish('b', NOTHING);
    expect(seen).toEqual(['a', 'b', 'b']);
  });

  it('does not deliver to who was unsubscribed by another subscriber of the message', () => {
    const bus = new MemoryBus();
    const second = vi.fn();
    const subscriptions = [bus.subscribe('a', () => subscriptions[1]?.unsubscribe()), bus.subscribe('a', second)];
    bus.publish('a', NOTHING);
    expect(second).not.toHaveBeenCalled();
  });

  it('does not deliver to who subscribes after the message was published', () => {
    const bus = new MemoryBus();
    const late = vi.fn();
    bus.subscribe('a', () => {
      bus.publish('b', NOTHING);
      bus.subscribe('b', late);
      bus.subscribe('*', late);
    });
    bus.publish('a', NOTHING);
    expect(late).not.toHaveBeenCalled();
  });

  it.each([
    ['a.b', ['a.b'], true],
    ['a.b', ['a.*'], true],
    ['a.b', ['a.c'], false],
    ['a.>', ['a.b'], true],
    ['a.>', ['a'], false],
    ['a.>', ['*.b.c'], true],
    ['a.>', ['b.>'], false],
    ['a.*.c', ['a.>'], true],
    ['a.*.c', ['a.b.d'], false],
  ])('has interest in %s while %j is subscribed to: %s', (asked, subscribed, expected) => {
    const bus = new MemoryBus();
    expect(bus.hasInterest(asked)).toBe(false);
    const subscriptions = subscribed.map((pattern) => bus.subscribe(pattern, () => undefined));
    expect(bus.hasInterest(asked)).toBe(expected);
    for (const subscription of subscriptions) subscription.unsubscribe();
    expect(bus.hasInterest(asked)).toBe(false);
  });

  it('ends open requests when it closes', async () => {
    const bus = new MemoryBus();
    bus.subscribe('a', () => undefined);
    const answer = bus.request('a', NOTHING, 60_000);
    await bus.close();
    await expect(answer).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('grants a lease after `lease` has returned', async () => {
    const bus = new MemoryBus();
    const order: string[] = [];
    bus.lease({ key: 'k', onAcquired: () => order.push('acquired'), onLost: () => undefined });
    order.push('returned');
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['returned', 'acquired']);
  });

  it('does not grant a lease that was given back while a handler was running', async () => {
    const bus = new MemoryBus();
    const granted: string[] = [];
    const want = (who: string) =>
      bus.lease({ key: 'k', onAcquired: () => granted.push(who), onLost: () => granted.push(`${who} lost`) });
    bus.subscribe('a', () => {
      const first = want('first');
      want('second');
      void first.release();
    });
    bus.publish('a', NOTHING);
    await new Promise((resolve) => setImmediate(resolve));
    expect(granted).toEqual(['second']);
  });

  it('tells a writer that was replaced that it is closed', async () => {
    const log = new MemoryBus().eventLog('1');
    const refused: BusError[] = [];
    const onStored = vi.fn();
    const first = await log.openWriter({ onStored, onRefused: (_position, error) => refused.push(error) });
    await log.openWriter({ onStored, onRefused: () => undefined });
    first.append(run());
    expect(refused.map(({ code }) => code)).toEqual(['CLOSED']);
    expect(onStored).not.toHaveBeenCalled();
    expect(await log.extent()).toMatchObject({ first: 0, next: 0 });
  });

  it('opens a log again after everything in it was trimmed, and keeps its memory small', async () => {
    const log = new MemoryBus().eventLog('1');
    const events = { onStored: () => undefined, onRefused: () => undefined };
    const writer = await log.openWriter(events);
    for (let i = 0; i < 2_000; i++) {
      writer.append(run(5));
      log.trim(i + 1);
    }
    expect((log as unknown as { records: unknown[] }).records.length).toBeLessThan(600);
    const again = await log.openWriter(events);
    expect(again.next).toBe(2_000);
    expect(again.lastEpoch).toBe(5);
    expect(await log.extent()).toMatchObject({ first: 2_000, next: 2_000 });
  });
});
