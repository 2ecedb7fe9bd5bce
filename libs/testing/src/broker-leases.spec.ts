import { type Lease, leasePresenceSubject, presenceSubject } from '@iec104mm2ss/bus';
import { BEACON_MS, decodeLeaseEntry, encodeLeaseEntry, type LeaseEntry, SILENCE_MS } from '@iec104mm2ss/wire';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeProcess, FakeProcesses } from './fake-processes.js';

const BUCKET = 'iec104_leases';
/** A holder that is gone has been replaced by then. */
const TAKEOVER_MS = SILENCE_MS + 2 * BEACON_MS;

let world: FakeProcesses;
/** What happened to leases: `process: acquired|lost|certain`. */
let log: string[];

beforeEach(() => {
  world = new FakeProcesses();
  log = [];
});

function want(process: FakeProcess, name: string, key = 'connector.1', pool?: string): Lease {
  const lease = process.bus.lease({
    key,
    ...(pool === undefined ? {} : { pool }),
    onAcquired: () => log.push(`${name} acquired`),
    onLost: (reason) => log.push(`${name} lost: ${reason.replace(/(by|fence) .*/, '$1 ...')}`),
  });
  lease.onCertain(() => log.push(`${name} certain`));
  return lease;
}

function stored(key = 'connector.1'): LeaseEntry {
  const value = world.server.buckets.get(BUCKET)?.get(key)?.value;
  return decodeLeaseEntry(value ?? Buffer.from('')) as LeaseEntry;
}

function write(entry: LeaseEntry | string, key = 'connector.1'): void {
  const value = typeof entry === 'string' ? Buffer.from(entry) : encodeLeaseEntry(entry);
  world.server.buckets.get(BUCKET)?.set(key, { value, revision: ++world.server.revision });
}

/** Two processes that want one lease; the first has it. */
async function pair(): Promise<{ a: FakeProcess; b: FakeProcess; first: Lease; second: Lease }> {
  const [a, b] = [world.start('a'), world.start('b')];
  const first = want(a, 'a');
  await world.settle();
  const second = want(b, 'b');
  await world.pass(1_000);
  expect(log).toEqual(['a acquired']);
  return { a, b, first, second };
}

describe('a contender for a lease', () => {
  it('leaves it to a holder that lives, however long', async () => {
    const { first, second } = await pair();
    await world.pass(60_000);
    expect(log).toEqual(['a acquired']);
    expect([first.certain, second.certain]).toEqual([true, false]);
  });

  it('takes it from one that died, with a larger fence', async () => {
    const { a, first, second } = await pair();
    const { fence } = first;
    a.kill();
    const tookMs = await world.until(() => second.fence > 0);
    expect(tookMs).toBeGreaterThan(SILENCE_MS - 2 * BEACON_MS);
    expect(tookMs).toBeLessThanOrEqual(TAKEOVER_MS);
    expect(second.fence).toBeGreaterThan(fence);
    expect(stored()).toEqual({ holder: 'b', fence: second.fence });
  });

  it('waits for a holder that nobody has ever heard, too', async () => {
    const a = world.start('a');
    want(a, 'a');
    await world.pass(1_000);
    a.kill();
    const second = want(world.start('b'), 'b');
    const tookMs = await world.until(() => second.fence > 0);
    expect(tookMs).toBeGreaterThanOrEqual(SILENCE_MS);
    expect(tookMs).toBeLessThanOrEqual(TAKEOVER_MS);
  });

  it.each([undefined, 'pool'])(
    'takes it as soon from one that was held up a moment before, and wrote its entry anew for that: pool %s',
    async (pool) => {
      const [a, b] = [world.start('a'), world.start('b')];
      want(a, 'a', 'router.1', pool);
      await world.settle();
      const second = want(b, 'b', 'router.1', pool);
      await world.pass(6_000);
      a.pause();
      await world.pass(SILENCE_MS - BEACON_MS);
      a.resume('timers first');
      await world.pass(2 * BEACON_MS);
      a.kill();
      const tookMs = await world.until(() => second.fence > 0);
      expect(log.filter((line) => line.startsWith('b'))).toEqual(['b acquired']);
      expect(tookMs).toBeGreaterThan(SILENCE_MS - 2 * BEACON_MS);
      expect(tookMs).toBeLessThanOrEqual(TAKEOVER_MS + BEACON_MS);
    },
  );

  it('takes it at once when it is given back', async () => {
    const { first, second } = await pair();
    await first.release();
    await world.pass(20);
    expect(second.fence).toBeGreaterThan(0);
    expect(first.fence).toBe(0);
  });

  it.each(['messages first', 'timers first'] as const)(
    'does not take it when it was held up itself and has heard nobody for that reason: %s',
    async (order) => {
      const { b } = await pair();
      b.pause();
      await world.pass(20_000);
      b.resume(order);
      await world.pass(10_000);
      expect(log).toEqual(['a acquired']);
    },
  );

  it('does not take it when it was held up while it read the entry', async () => {
    const { b, second } = await pair();
    let paused = false;
    world.server.fails = () => {
      // The answer is the first that it gets when it goes on.
      if (!paused && isReading(second)) b.pause();
      paused ||= isReading(second);
      return undefined;
    };
    await world.until(() => paused);
    await world.pass(10_000);
    b.resume();
    await world.pass(5_000);
    expect(log).toEqual(['a acquired']);
  });

  it('does not take it while the server is out of its reach, nor at once after that', async () => {
    const { a, b } = await pair();
    b.broker.setConnected(false);
    a.kill();
    await world.pass(10_000);
    expect(log).toEqual(['a acquired']);
    b.broker.setConnected(true);
    await world.pass(SILENCE_MS - BEACON_MS);
    expect(log).toEqual(['a acquired']);
    await world.pass(3 * BEACON_MS);
    expect(log).toEqual(['a acquired', 'b acquired']);
  });

  it('that was held up while it took the lease does not act before it has read the entry', async () => {
    const [a, b] = [world.start('a'), world.start('b')];
    world.server.fails = (question) => {
      if (question === 'swap') a.pause();
      return undefined;
    };
    const first = want(a, 'a');
    await world.settle();
    world.server.fails = () => undefined;
    const second = want(b, 'b');
    await world.pass(5_000);
    expect(log).toEqual(['b acquired']);
    a.resume();
    await world.pass(5_000);
    expect(log).toEqual(['b acquired']);
    expect([first.fence, stored().fence]).toEqual([0, second.fence]);
  });

  it('that learns late that it has taken the lease does not act before it has read the entry', async () => {
    const [a, b] = [world.start('a'), world.start('b')];
    let pass = (): void => undefined;
    const gate = new Promise<void>((resolve) => (pass = resolve));
    world.server.delays = (question) => (question === 'swap' ? gate : undefined);
    const first = want(a, 'a');
    await world.pass(1_000);
    world.server.delays = () => undefined;
    pass();
    await world.settle();
    expect(first.fence).toBe(0);
    await world.pass(1_000);
    want(b, 'b');
    await world.pass(5_000);
    expect(log).toEqual(['a acquired']);
  });

  it('gives a lease back that it got after it had stopped wanting it', async () => {
    const a = world.start('a');
    const lease = want(a, 'a');
    a.clock.flush();
    await Promise.resolve();
    await lease.release();
    await world.pass(5_000);
    expect(log).toEqual([]);
    expect(world.server.buckets.get(BUCKET)?.get('connector.1') === undefined || stored().holder === null).toBe(true);
  });

  it('with one host name and pid is another process', async () => {
    want(world.start('node-1-aaaa'), 'a');
    await world.settle();
    want(world.start('node-1-bbbb'), 'b');
    await world.pass(20_000);
    expect(log).toEqual(['a acquired']);
  });
});

/** Its entry is being read. */
const isReading = (lease: Lease): boolean => (lease as unknown as { reading: boolean }).reading;

describe('the holder of a lease', () => {
  it('is not certain from the moment it goes on after a pause, before any timer, until it has read the entry', async () => {
    const { a, first } = await pair();
    a.pause();
    await world.pass(SILENCE_MS - BEACON_MS);
    a.resume();
    expect([first.certain, first.heldUp]).toEqual([false, true]);
    expect(first.fence).toBeGreaterThan(0);
    await world.settle();
    expect([first.certain, first.heldUp]).toEqual([true, false]);
    expect(log).toEqual(['a acquired', 'a certain']);
    await world.pass(10_000);
    expect(log).toHaveLength(2);
  });

  it('learns after a long pause that it has lost the lease, and was certain at no moment', async () => {
    const { a, first, second } = await pair();
    a.pause();
    await world.pass(10_000);
    expect(second.fence).toBeGreaterThan(0);
    a.resume();
    const seen: boolean[] = [first.certain];
    for (let i = 0; i < 5; i++) {
      await world.settle();
      seen.push(first.certain);
    }
    expect(seen).toEqual([false, false, false, false, false, false]);
    expect(log).toEqual(['a acquired', 'b acquired', 'a lost: taken over by ...']);
  });

  it('keeps it when it goes on just before it would be taken: who was about to take it fails', async () => {
    for (let pauseMs = SILENCE_MS - BEACON_MS; pauseMs <= SILENCE_MS + 2 * BEACON_MS; pauseMs += 10) {
      world = new FakeProcesses();
      log = [];
      const { a, first, second } = await pair();
      a.pause();
      await world.pass(pauseMs);
      a.resume();
      let both = false;
      for (let ms = 0; ms < 3_000; ms += 10) {
        await world.pass(10);
        both ||= first.certain && second.certain;
      }
      expect(both, `both were certain after a pause of ${pauseMs} ms`).toBe(false);
      expect([first, second].filter(({ certain }) => certain)).toHaveLength(1);
    }
  });

  it('makes a rival fail that was about to take the lease when it went on', async () => {
    const { a, first, second } = await pair();
    const { fence } = first;
    a.pause();
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let swapping = false;
    world.server.delays = (question) => {
      if (question !== 'swap' || swapping) return undefined;
      swapping = true;
      return gate;
    };
    await world.until(() => swapping);
    a.resume();
    expect(first.certain).toBe(false);
    await world.settle();
    expect(first.certain).toBe(true);
    open();
    await world.settle();
    await world.pass(5_000);
    expect([first.fence, second.fence]).toEqual([fence, 0]);
    expect(log).toEqual(['a acquired', 'a certain']);
  });

  it('stays uncertain while the entry cannot be read', async () => {
    const { a, b, first } = await pair();
    b.kill();
    a.pause();
    await world.pass(5_000);
    world.server.fails = (question) => (question === 'get' ? 'TIMEOUT' : undefined);
    a.resume();
    await world.pass(5_000);
    expect(first.certain).toBe(false);
    expect(first.fence).toBeGreaterThan(0);
    world.server.fails = () => undefined;
    await world.pass(1_000);
    expect(first.certain).toBe(true);
    expect(log).toEqual(['a acquired', 'a certain']);
  });

  it('stays certain while the server is out of its reach, and reads the entry when it is back', async () => {
    const { a, first, second } = await pair();
    a.broker.setConnected(false);
    await world.pass(5_000);
    expect(first.certain).toBe(true);
    expect(second.fence).toBeGreaterThan(0);
    a.broker.setConnected(true);
    await world.settle();
    expect(first.fence).toBe(0);
    expect(log).toEqual(['a acquired', 'b acquired', 'a lost: taken over by ...']);
  });

  it.each([
    ['was replaced meanwhile', true],
    ['was not replaced', false],
  ])('that was cut off, not held up, is not certain when it gets what was on its way: it %s', async (_, replaced) => {
    const { a, b, first } = await pair();
    let certain: boolean | undefined;
    let heldUp = false;
    a.bus.subscribe('iec104.v1.1.cmd', () => {
      certain = first.certain;
      heldUp ||= first.heldUp;
    });
    b.bus.publish('iec104.v1.1.cmd', Buffer.from('x'));
    await world.settle();
    expect(certain).toBe(true);
    a.broker.pause();
    if (replaced) write({ holder: 'b', fence: first.fence + 1 });
    b.bus.publish('iec104.v1.1.cmd', Buffer.from('x'));
    await world.pass(SILENCE_MS);
    expect(first.fence).toBeGreaterThan(0);
    a.broker.resume();
    await world.settle();
    expect([certain, heldUp]).toEqual([false, false]);
    await world.settle();
    expect(first.certain).toBe(!replaced);
    expect(log.filter((line) => line.startsWith('a'))).toEqual([
      'a acquired',
      replaced ? 'a lost: taken over by ...' : 'a certain',
    ]);
  });

  it('is not certain when the connection comes back, until it has read the entry', async () => {
    const { a, first } = await pair();
    a.broker.setConnected(false);
    await world.pass(100);
    a.broker.setConnected(true);
    expect(first.certain).toBe(false);
    await world.settle();
    expect(first.certain).toBe(true);
  });

  it('reads the entry when the connection comes back, whoever is heard', async () => {
    const { a, b, first } = await pair();
    b.kill();
    a.broker.setConnected(false);
    write({ holder: 'somebody', fence: first.fence + 1 });
    await world.pass(500);
    expect(first.fence).toBeGreaterThan(0);
    a.broker.setConnected(true);
    await world.settle();
    expect(first.fence).toBe(0);
  });

  it('has lost it when the entry has its name and another fence', async () => {
    const { first } = await pair();
    const { fence } = first;
    write({ holder: 'a', fence: fence + 5 });
    await world.pass(10_000);
    expect(log.slice(0, 2)).toEqual(['a acquired', 'a lost: taken over by ...']);
    expect(stored().fence).toBeGreaterThan(fence + 5);
  });

  it('that gives it back late does not free what the same process has taken since', async () => {
    const a = world.start('a');
    const first = want(a, 'a');
    await world.pass(100);
    a.broker.setConnected(false);
    await first.release();
    a.broker.setConnected(true);
    const again = want(a, 'a');
    await world.pass(5_000);
    expect(again.fence).toBeGreaterThan(0);
    expect(stored()).toEqual({ holder: 'a', fence: again.fence });
    expect(log).toEqual(['a acquired', 'a lost: released', 'a acquired']);
  });

  it('learns within seconds that the entry names somebody else, though nobody says so', async () => {
    const a = world.start('a');
    const lease = want(a, 'a');
    await world.pass(3_000);
    const { fence } = stored();
    write({ holder: 'somebody', fence: fence + 1 });
    await world.pass(13_000);
    expect(log[1]).toBe('a lost: taken over by ...');
    // That one is never heard.
    await world.pass(TAKEOVER_MS + 5_000);
    expect(lease.fence).toBeGreaterThan(fence + 1);
  });

  it('reads the entry when a rival claims the lease, at most once a second, and believes the entry', async () => {
    const a = world.start('a');
    const lease = want(a, 'a');
    await world.pass(3_000);
    let reads = 0;
    world.server.fails = (question) => {
      if (question === 'get') reads++;
      return undefined;
    };
    const rival = world.start('rival');
    const subject = leasePresenceSubject('connector.1');
    for (let i = 0; i < 40; i++) {
      rival.bus.publish(subject, Buffer.from(JSON.stringify({ v: 2, instance: 'rival', held: 1, leaving: false })));
      await world.pass(50);
    }
    expect(reads).toBeGreaterThanOrEqual(2);
    expect(reads).toBeLessThanOrEqual(3);
    expect(lease.certain).toBe(true);
    expect(log).toEqual(['a acquired']);
  });

  it('that has written the entry, and did not learn it, holds it with another fence', async () => {
    const a = world.start('a');
    world.server.losesAnswer = (question) => question === 'swap';
    const lease = want(a, 'a');
    await world.pass(1_000);
    expect(lease.fence).toBe(0);
    world.server.losesAnswer = () => false;
    await world.pass(3_000);
    expect(stored()).toEqual({ holder: 'a', fence: lease.fence });
    expect(lease.fence).toBeGreaterThan(0);
  });

  it('gives it back though it does not learn at once that it did', async () => {
    const { a, first, second } = await pair();
    world.server.losesAnswer = (question) => question === 'swap';
    await first.release();
    world.server.losesAnswer = () => false;
    await world.pass(6_000);
    expect(second.fence).toBeGreaterThan(0);
    expect(a.troubles).toHaveLength(1);
  });

  it('gives it back later when the server is out of reach', async () => {
    const { a, first, second } = await pair();
    a.broker.setConnected(false);
    await first.release();
    a.broker.setConnected(true);
    await world.pass(1_000);
    expect(second.fence).toBeGreaterThan(0);
  });

  it('is not stopped by a service that throws when it hears of a lease', async () => {
    const a = world.start('a');
    const failing = (): never => {
      throw new Error('broken');
    };
    const lease = a.bus.lease({ key: 'k', onAcquired: failing, onLost: failing });
    await world.pass(100);
    expect(lease.fence).toBeGreaterThan(0);
    await lease.release();
    expect(stored('k').holder).toBeNull();
    expect(a.troubles).toEqual(['lease k: Error: broken', 'lease k: Error: broken']);
  });
});

describe('the fence of a lease', () => {
  it('grows when a clock is an hour behind', async () => {
    const { a, first, b, second } = await pair();
    b.clock.wallOffsetMs -= 3_600_000;
    const { fence } = first;
    a.kill();
    await world.until(() => second.fence > 0);
    expect(second.fence).toBe(fence + 1);
  });

  it('grows when the store was lost', async () => {
    const { a, first, b, second } = await pair();
    const { fence } = first;
    b.clock.wallOffsetMs -= 3_600_000;
    a.kill();
    world.server.buckets.get(BUCKET)?.clear();
    await world.until(() => second.fence > 0);
    expect(second.fence).toBeGreaterThan(fence);
  });

  it.each([undefined, 'pool'])(
    'that was set back is raised on request, though the store is away: its holder takes the lease again (pool %s)',
    async (pool) => {
      const [a, b] = [world.start('a'), world.start('b')];
      const lease = want(a, 'a', 'router.1', pool);
      await world.pass(1_000);
      const { fence } = lease;
      world.server.fails = () => 'UNAVAILABLE';
      b.bus.raiseFence('router.1', fence + 5_000);
      b.bus.raiseFence('router.1', fence + 4_000);
      await world.pass(2_000);
      world.server.fails = () => undefined;
      await world.until(() => lease.fence > fence);
      await world.pass(2_000);
      expect(log.slice(1)).toEqual(['a lost: taken over by ...', 'a acquired']);
      expect(lease.fence).toBe(fence + 5_002);
      expect(stored('router.1')).toEqual({ holder: 'a', fence: fence + 5_002 });
      b.bus.raiseFence('router.1', fence + 5_001);
      await world.pass(15_000);
      expect(lease.fence).toBe(fence + 5_002);
    },
  );

  it('is not raised so far that no other could follow', async () => {
    const a = world.start('a');
    const lease = want(a, 'a');
    await world.pass(100);
    a.bus.raiseFence('connector.1', 0xffff_fffd);
    await world.pass(15_000);
    expect(log).toEqual(['a acquired']);
    expect(stored()).toEqual({ holder: 'a', fence: lease.fence });
  });

  it('is a u32 even when a clock is wrong by centuries', async () => {
    const a = world.start('a');
    a.clock.wallOffsetMs = Date.UTC(9999, 0, 1);
    const lease = want(a, 'a');
    await world.pass(100);
    expect(lease.fence).toBe(0xf000_0000);
    await lease.release();
    const again = want(a, 'a');
    await world.pass(100);
    expect(again.fence).toBe(0xf000_0001);
  });

  it('that leaves no room for another is followed by a smaller one, and grows from there', async () => {
    const a = world.start('a');
    want(a, 'a', 'other');
    await world.pass(100);
    write({ holder: null, fence: 0xffff_fffe });
    const lease = want(a, 'a');
    await world.pass(100);
    const { fence } = lease;
    expect(fence).toBeGreaterThan(0);
    expect(fence).toBeLessThan(0xf000_0000);
    await lease.release();
    const again = want(a, 'a');
    await world.pass(100);
    expect(again.fence).toBeGreaterThan(fence);
  });

  it('that leaves no room is set aside', async () => {
    const { first } = await pair();
    write({ holder: 'somebody', fence: 0xffff_ffff });
    await world.pass(15_000);
    const holder = stored();
    expect(holder.fence).toBeLessThan(0xf000_0000);
    expect(['a', 'b']).toContain(holder.holder);
    expect(first.fence === holder.fence || log.includes('b acquired')).toBe(true);
  });

  it.each(['null', '{}', '[1]', '{"holder":5,"fence":1}', '{"v":9,"holder":"x","fence":1}', '\xff\x00'])(
    'of an entry that is %j is replaced, and the lease goes on',
    async (value) => {
      const { a, b } = await pair();
      write(value);
      await world.pass(15_000);
      expect(['a', 'b']).toContain(stored().holder);
      const reports = [...a.troubles, ...b.troubles].filter((message) => message.includes('is set aside'));
      expect(reports.length).toBeGreaterThanOrEqual(1);
      expect(reports.length).toBeLessThanOrEqual(2);
    },
  );
});

describe('an entry that cannot be read', () => {
  it.each([undefined, 'pool'])('is written anew by its holder, which goes on: alone, pool %s', async (pool) => {
    const lease = want(world.start('a'), 'a', 'router.1', pool);
    await world.pass(1_000);
    write('null', 'router.1');
    await world.pass(15_000);
    expect(log).toEqual(['a acquired']);
    expect(stored('router.1')).toEqual({ holder: 'a', fence: lease.fence });
  });

  it('is written anew also when another member of the pool sees it first', async () => {
    const [a, b] = [world.start('a'), world.start('b')];
    const lease = want(a, 'a', 'router.1', 'pool');
    await world.settle();
    want(b, 'b', 'router.1', 'pool');
    for (let i = 0; i < 10; i++) {
      await world.pass(1_700);
      write('null', 'router.1');
    }
    await world.pass(10_000);
    expect(log).toEqual(['a acquired']);
    expect(stored('router.1')).toEqual({ holder: 'a', fence: lease.fence });
  });

  it('of a holder that is gone is taken', async () => {
    const { a, second } = await pair();
    a.kill();
    write('null');
    await world.pass(10_000);
    expect(second.fence).toBeGreaterThan(0);
  });
});

describe('the leases of a pool', () => {
  const KEYS = Array.from({ length: 30 }, (_, index) => `router.${index + 1}`);
  const wantAll = (process: FakeProcess, name: string): Lease[] =>
    KEYS.map((key) => want(process, name, key, 'router'));
  const count = (leases: readonly Lease[]): number => leases.filter(({ fence }) => fence > 0).length;

  it('are shared evenly when members come, a few at a time, and each always has one holder', async () => {
    const [a, b, c] = [world.start('a'), world.start('b'), world.start('c')];
    const first = wantAll(a, 'a');
    await world.pass(1_000);
    expect(count(first)).toBe(30);
    const second = wantAll(b, 'b');
    await world.pass(BEACON_MS);
    expect(count(second)).toBeLessThanOrEqual(8);
    await world.pass(10_000);
    expect([count(first), count(second)]).toEqual([15, 15]);
    const third = wantAll(c, 'c');
    await world.pass(10_000);
    expect([count(first), count(second), count(third)]).toEqual([10, 10, 10]);
    for (const [index, key] of KEYS.entries()) {
      const holders = [first, second, third].filter((leases) => (leases[index] as Lease).fence > 0);
      expect(holders).toHaveLength(1);
      expect(stored(key).fence).toBe((holders[0]?.[index] as Lease).fence);
    }
  });

  it('of one that died go to the others', async () => {
    const [a, b, c] = [world.start('a'), world.start('b'), world.start('c')];
    const leases = [a, b, c].map((process, index) => wantAll(process, String(index)));
    await world.pass(20_000);
    expect(leases.map(count)).toEqual([10, 10, 10]);
    a.kill();
    await world.pass(TAKEOVER_MS + 100);
    expect(leases.slice(1).map(count)).toEqual([15, 15]);
  });

  it('of one that died go to who is there, not to who has just come and cannot know yet that it died', async () => {
    const [a, b] = [world.start('a'), world.start('b')];
    const leases = [a, b].map((process, index) => wantAll(process, String(index)));
    await world.pass(20_000);
    expect(leases.map(count)).toEqual([15, 15]);
    a.kill();
    await world.pass(SILENCE_MS - 2 * BEACON_MS);
    log = [];
    const third = wantAll(world.start('c'), 'c');
    await world.pass(4 * BEACON_MS);
    expect(log.filter((line) => line === '1 acquired')).toHaveLength(15);
    // It gets its share from there.
    await world.pass(10_000);
    const [, second] = leases as [Lease[], Lease[]];
    expect([count(second), count(third)]).toEqual([15, 15]);
  });

  it('that nobody else wants are taken though one has its share already', async () => {
    const [a, b] = [world.start('a'), world.start('b')];
    // It belongs to the pool and wants none of them.
    b.bus.join('router');
    const leases = wantAll(a, 'a');
    await world.pass(30_000);
    for (let i = 0; i < 3; i++) {
      await world.pass(5_000);
      expect(count(leases)).toBe(30);
    }
  });

  it('are known to be taken over within a second: their former holder reads the entry when it is told', async () => {
    const a = world.start('a');
    const leases = wantAll(a, 'a');
    await world.pass(2_000);
    write({ holder: 'b', fence: (leases[4] as Lease).fence + 1 }, 'router.5');
    const beacon = Buffer.from(JSON.stringify({ v: 2, instance: 'b', held: 1, leaving: false }));
    world.start('b').bus.publish(leasePresenceSubject('router.5', 'router'), beacon);
    await world.pass(1_000);
    expect(log.filter((line) => line.includes('lost'))).toEqual(['a lost: taken over by ...']);
    expect((leases[4] as Lease).fence).toBe(0);
  });
});

describe('members of a pool', () => {
  const gone: string[] = [];
  beforeEach(() => {
    gone.length = 0;
  });

  it('are not reported gone by who was held up itself and looks at its timers first', async () => {
    const [listener, member] = [world.start('listener'), world.start('member')];
    listener.bus.onMemberGone('gateway', (instance) => gone.push(instance));
    member.bus.join('gateway');
    await world.pass(2_000);
    listener.pause();
    await world.pass(20_000);
    listener.resume('timers first');
    await world.pass(2_000);
    expect(gone).toEqual([]);
  });

  it('are reported gone when they are silent, once, and not while the listener is cut off or held up', async () => {
    const [listener, member] = [world.start('listener'), world.start('member')];
    listener.bus.onMemberGone('gateway', (instance) => gone.push(instance));
    member.bus.join('gateway');
    await world.pass(10_000);
    listener.broker.setConnected(false);
    await world.pass(5_000);
    listener.broker.setConnected(true);
    await world.pass(5_000);
    listener.pause();
    await world.pass(5_000);
    listener.resume();
    await world.pass(5_000);
    expect(gone).toEqual([]);
    member.kill();
    await world.pass(SILENCE_MS - 2 * BEACON_MS);
    expect(gone).toEqual([]);
    await world.pass(4 * BEACON_MS);
    expect(gone).toEqual(['member']);
    await world.pass(5_000);
    expect(gone).toEqual(['member']);
  });

  it('are not reported gone by who does not even hear itself: the server is silent', async () => {
    const [router, gateway] = [world.start('router'), world.start('gateway')];
    router.bus.lease({ key: 'router.1', pool: 'router', onAcquired: () => undefined, onLost: () => undefined });
    router.bus.onMemberGone('gateway', (instance) => gone.push(instance));
    gateway.bus.join('gateway');
    await world.pass(5_000);
    world.server.loses = () => true;
    await world.pass(10 * SILENCE_MS);
    world.server.loses = () => false;
    await world.pass(2 * SILENCE_MS);
    expect(gone).toEqual([]);
    gateway.kill();
    await world.pass(SILENCE_MS + 2 * BEACON_MS);
    expect(gone).toEqual(['gateway']);
  });

  it('are reported gone at once when they leave', async () => {
    const [listener, member] = [world.start('listener'), world.start('member')];
    listener.bus.onMemberGone('gateway', (instance) => gone.push(instance));
    member.bus.join('gateway');
    await world.pass(100);
    await member.bus.close();
    await world.settle();
    expect(gone).toEqual(['member']);
  });

  it('cost what is needed: who only belongs to a pool hears nobody', async () => {
    const listener = world.start('router');
    listener.bus.onMemberGone('gateway', () => undefined);
    for (let i = 0; i < 10; i++) world.start().bus.join('gateway');
    await world.pass(3_000);
    // Ten at BEACON_MS, each heard by the one listener.
    expect(world.server.deliveries.get(presenceSubject('gateway'))).toBeLessThanOrEqual(11 * 10);
  });
});

describe('the cost of presence', () => {
  it('grows with the number of leases, not with its square, and is next to nothing for a holder alone', async () => {
    const PROCESSES = 100;
    for (let i = 0; i < PROCESSES; i++) want(world.start(), String(i), `connector.${i}`);
    await world.pass(4_000);
    world.server.deliveries.clear();
    const SECONDS = 30;
    await world.pass(SECONDS * 1_000);
    const delivered = [...world.server.deliveries.values()].reduce((sum, each) => sum + each, 0);
    // One beacon each in forty times BEACON_MS, which only its sender gets.
    expect(delivered / PROCESSES / SECONDS).toBeLessThan(0.1);
  });

  it('of a lease that several want is a beacon of each for each', async () => {
    await pair();
    world.server.deliveries.clear();
    await world.pass(3_000);
    expect(world.server.deliveries.get(leasePresenceSubject('connector.1'))).toBeLessThanOrEqual(2 * 2 * 11);
  });
});

it('a bus that was closed leaves no timer and no subscription', async () => {
  const { a, b } = await pair();
  b.bus.join('gateway');
  a.bus.onMemberGone('gateway', () => undefined);
  await world.pass(1_000);
  await a.bus.close();
  await b.bus.close();
  expect([a.clock.pending, b.clock.pending]).toEqual([0, 0]);
  expect(world.server.clients.size).toBe(0);
});

describe('many leases that are wanted at the same time', () => {
  it('are gone through once, and all taken', async () => {
    const a = world.start('a');
    const soon = vi.spyOn(a.clock, 'soon');
    const leases = Array.from({ length: 50 }, (_, index) => want(a, 'a', `connector.${index}`));
    expect(soon).toHaveBeenCalledTimes(1);
    await world.settle();
    expect(leases.filter(({ fence }) => fence > 0)).toHaveLength(50);
    want(a, 'a', 'connector.50');
    await world.settle();
    expect(log).toHaveLength(51);
  });
});

describe('the entry of a lease that this process holds', () => {
  let reads: number;

  beforeEach(() => {
    world.server.delays = (question) => {
      if (question === 'get') reads++;
      return undefined;
    };
  });

  /** Whether the server was asked for the entry. */
  async function asks({ bus }: FakeProcess, claimed: number | undefined, entry: LeaseEntry): Promise<boolean> {
    reads = 0;
    expect(await bus.leaseEntry('connector.1', claimed)).toEqual(entry);
    return reads > 0;
  }

  it('is asked of the server by everybody else, and for every other claim than its own', async () => {
    const { a, b, first } = await pair();
    const own = { holder: 'a', fence: first.fence };
    expect(await asks(a, first.fence, own)).toBe(false);
    expect(await asks(a, undefined, own)).toBe(true);
    expect(await asks(a, first.fence + 1, own)).toBe(true);
    expect(await asks(b, first.fence, own)).toBe(true);
  });

  it('is asked of the server while it is not certain, and after it was lost', async () => {
    const { a, first, second } = await pair();
    const { fence } = first;
    a.pause();
    await world.until(() => second.fence > 0);
    world.server.fails = (question) => (question === 'get' ? 'TIMEOUT' : undefined);
    a.resume();
    await expect(a.bus.leaseEntry('connector.1', fence)).rejects.toThrow();
    world.server.fails = () => undefined;
    await world.pass(1_000);
    expect(first.fence).toBe(0);
    expect(await asks(a, fence, { holder: 'b', fence: second.fence })).toBe(true);
  });

  it('is asked of the server from when it was read and named somebody else', async () => {
    const { a, first } = await pair();
    const { fence } = first;
    const other = { holder: 'c', fence: fence - 1 };
    write(other);
    // Somebody says so, and it is looked into.
    expect(await asks(a, fence - 1, other)).toBe(true);
    expect(first.certain).toBe(true);
    expect(await asks(a, fence, other)).toBe(true);
  });
});

describe.each([
  ['of a pool', 'router'],
  ['without a pool', undefined],
])('more leases %s than the store writes in the time in which a holder may be replaced', (_, pool) => {
  const COUNT = 300;
  const WRITE_MS = 10;
  const ALL_MS = COUNT * WRITE_MS;
  let a: FakeProcess;
  let leases: Lease[];

  beforeEach(async () => {
    a = world.start('a');
    // One disk: each write waits for those that were asked for before.
    let idleAt = 0;
    world.server.delays = (question) => {
      if (question !== 'swap') return undefined;
      idleAt = Math.max(idleAt, world.time) + WRITE_MS;
      return new Promise((resolve) => a.clock.setTimer(() => resolve(), idleAt - world.time));
    };
    leases = Array.from({ length: COUNT }, (_each, index) => want(a, 'a', `key.${index}`, pool));
    await world.until(() => leases.every(({ fence }) => fence > 0), 2 * ALL_MS);
  });

  it('are taken in one go', () => {
    expect(ALL_MS).toBeGreaterThan(SILENCE_MS);
    expect(log).toHaveLength(COUNT);
    expect(a.troubles).toEqual([]);
  });

  it('are certain again after the holder was held up', async () => {
    a.pause();
    await world.pass(SILENCE_MS);
    a.resume();
    expect(leases.some(({ certain }) => certain)).toBe(false);
    await world.until(() => leases.every(({ certain }) => certain), 2 * ALL_MS);
  });

  it('are all given back', async () => {
    const done = Promise.all(leases.map((lease) => lease.release()));
    await world.pass(2 * ALL_MS);
    await done;
    for (let index = 0; index < COUNT; index++) expect(stored(`key.${index}`).holder).toBeNull();
  });
});
