import { beforeEach, describe, expect, it } from 'vitest';
import { type Bus, BusError } from './bus.js';
import { DropCounter } from './drop-counter.js';
import { FenceGuard } from './fence-guard.js';

/** What is stored of the lease; undefined: it cannot be read. */
let stored: number | undefined;
let reads: number;
/** The fences that the reads were made for. */
let claims: (number | undefined)[];
let raised: string[];
let drops: DropCounter;
let guard: FenceGuard;
let log: string[];

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const say = (fence: number, what: string): void => guard.run('iec104.v1.1.owner', fence, () => log.push(what));
const dropped = (): number => drops.all().reduce((sum, { count }) => sum + count, 0);

beforeEach(() => {
  [stored, reads, log, raised, claims] = [undefined, 0, [], [], []];
  drops = new DropCounter();
  const leaseEntry = (_key: string, fence?: number) => {
    reads++;
    claims.push(fence);
    return stored === undefined
      ? Promise.reject(new BusError('UNAVAILABLE', 'away'))
      : Promise.resolve({ holder: 'a', fence: stored });
  };
  const raiseFence = (key: string, above: number): number => raised.push(`${key} above ${above}`);
  guard = new FenceGuard({ drops, leaseEntry, raiseFence } as unknown as Bus, 'router.1', (fence) =>
    log.push(`now ${fence}`),
  );
});

describe('a fence guard', () => {
  it('lets a message with a new fence through when the lease entry has it, in order, and reads once', async () => {
    stored = 5;
    for (const what of ['a', 'b', 'c']) say(5, what);
    expect(log).toEqual([]);
    await settle();
    expect(log).toEqual(['now 5', 'a', 'b', 'c']);
    say(5, 'd');
    expect(log.at(-1)).toBe('d');
    expect([reads, dropped()]).toEqual([1, 0]);
  });

  it('says which claim it looks into, unless there are several', async () => {
    stored = 5;
    guard.run('iec104.v1.1.owner', 5, () => {
      for (const fence of [6, 7]) say(fence, 'behind it');
    });
    await settle();
    expect(claims).toEqual([5, undefined]);
    say(8, 'alone');
    await settle();
    expect(claims).toEqual([5, undefined, 8]);
  });

  it('drops messages with a fence that the entry does not have, and keeps the one in force', async () => {
    stored = 5;
    say(5, 'a');
    await settle();
    say(0xffffffff, 'forged');
    say(5, 'b');
    await settle();
    say(4, 'old');
    await settle();
    expect(log).toEqual(['now 5', 'a', 'b']);
    expect(guard.current).toBe(5);
    expect(drops.all()).toEqual([{ kind: 'owner', reason: 'FENCE', count: 2 }]);
  });

  it('never lets fence 0 through', async () => {
    stored = 0;
    say(0, 'nobody');
    await settle();
    expect(log).toEqual([]);
    expect(dropped()).toBe(1);
  });

  it('drops what waits when the entry cannot be read, and reads it again for the next message', async () => {
    say(5, 'a');
    await settle();
    expect(dropped()).toBe(1);
    stored = 5;
    say(5, 'b');
    await settle();
    expect(log).toEqual(['now 5', 'b']);
  });

  it('follows the entry to a smaller fence when its holder speaks, and has it raised: the store was restored', async () => {
    stored = 900;
    say(900, 'a');
    await settle();
    stored = 700;
    say(800, 'nobody');
    await settle();
    expect(guard.current).toBe(900);
    expect(raised).toEqual([]);
    say(700, 'b');
    say(700, 'c');
    await settle();
    expect(log).toEqual(['now 900', 'a', 'now 700', 'b', 'c']);
    expect(raised).toEqual(['router.1 above 900']);
    stored = 902;
    say(902, 'd');
    await settle();
    expect(raised).toHaveLength(1);
  });

  it('counts a handler that throws, and goes on with the others that waited', async () => {
    stored = 5;
    guard.run('iec104.v1.1.owner', 5, () => {
      throw new Error('broken');
    });
    say(5, 'b');
    await settle();
    expect(log).toEqual(['now 5', 'b']);
    expect(drops.all()).toEqual([{ kind: 'owner', reason: 'HANDLER', count: 1 }]);
  });

  it('keeps the order when a handler causes further messages', async () => {
    stored = 5;
    guard.run('iec104.v1.1.owner', 5, () => {
      log.push('a');
      say(5, 'c');
    });
    say(5, 'b');
    await settle();
    await settle();
    expect(log).toEqual(['now 5', 'a', 'b', 'c']);
  });

  it('keeps a bounded number of messages while it reads', async () => {
    stored = 5;
    for (let i = 0; i < 300; i++) say(5, 'a');
    await settle();
    expect(log).toHaveLength(257);
    expect(dropped()).toBe(44);
  });
});
