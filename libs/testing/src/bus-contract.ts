import assert from 'node:assert/strict';
import {
  type Bus,
  BusError,
  encodeLogRecord,
  type EventLog,
  type LogWriter,
  recordCount,
  recordEnd,
  recordFirst,
} from '@iec104mm2ss/bus';
import { until, untilAsync } from './until.js';

/**
 * What every implementation of the bus has to keep (see bus.ts), as one suite for all of them. Nothing here assumes that
 * a message is delivered at once: it waits for what has to come, and for a probe behind it where nothing must come.
 */

export interface BusUnderTest {
  readonly bus: Bus;
  /** Another client of the same server, for what happens between processes; without one, `bus` is used for both. */
  readonly second?: Bus;
  stop(): Promise<void>;
}

/** `describe` and `it` of the test runner. */
export interface Runner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
}

interface Parties {
  readonly bus: Bus;
  readonly other: Bus;
}

const octets = (text: string): Buffer => Buffer.from(text);
const text = (data: Uint8Array): string => Buffer.from(data).toString();

let names = 0;
/** A name nothing else uses, on a server that keeps what earlier runs left. */
function unique(prefix: string): string {
  return `${prefix}${process.pid}x${Math.floor(performance.timeOrigin).toString(36)}x${++names}`;
}

/** Resolves when everything `bus` subscribed to so far is known to where `publisher` is connected. */
async function settled(bus: Bus, publisher: Bus): Promise<void> {
  const subject = `contract.${unique('probe')}`;
  let seen = false;
  const subscription = bus.subscribe(subject, () => {
    seen = true;
  });
  await until(() => {
    if (!seen) publisher.publish(subject, octets('probe'));
    return seen;
  }, 'a probe arrives');
  subscription.unsubscribe();
}

/** Resolves when all that `publisher` has published so far was delivered to `bus`. */
async function delivered(bus: Bus, publisher: Bus): Promise<void> {
  await settled(bus, publisher);
}

async function rejection(promise: Promise<unknown>): Promise<BusError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof BusError, `a BusError, not ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: 'resolved instead of failing' });
}

/** A record that claims `count` ASDUs; logs do not look into it. */
function record(first: number, count: number, epoch = 1): Buffer {
  const body = octets(`record ${first}+${count}`);
  return encodeLogRecord(epoch, first, count, 0, body, 0, body.length);
}

interface OpenLog {
  readonly log: EventLog;
  readonly writer: LogWriter;
  stored: number;
  refused: number;
  /** Appends records of these sizes, one after the other. */
  append(...counts: number[]): void;
  allStored(): Promise<void>;
}

async function openLog(bus: Bus, group: string): Promise<OpenLog> {
  const log = bus.eventLog(group, { capacity: 100_000 });
  const state = { stored: -1, refused: 0 };
  const writer = await log.openWriter({
    onStored: (position) => {
      assert.ok(position > state.stored, `stored ${position} after ${state.stored}`);
      state.stored = position;
    },
    onRefused: () => {
      state.refused++;
    },
  });
  return {
    log,
    writer,
    get stored() {
      return state.stored;
    },
    get refused() {
      return state.refused;
    },
    append(...counts) {
      for (const count of counts) writer.append(record(writer.next, count));
    },
    allStored: () => until(() => state.stored === writer.next, `stored up to ${writer.next}`),
  };
}

function ranges(records: readonly Uint8Array[]): string {
  return records.map((each) => `${recordFirst(each)}+${recordCount(each)}`).join(' ');
}

const CASES: Record<string, Record<string, (parties: Parties) => Promise<void>>> = {
  messages: {
    'arrive in the order one publisher sent them, across subjects and subscriptions': async ({ bus, other }) => {
      const base = `contract.${unique('order')}`;
      const seen: number[] = [];
      for (const subject of ['a', 'b', 'c.*'])
        bus.subscribe(`${base}.${subject}`, ({ data }) => seen.push(+text(data)));
      await settled(bus, other);
      for (let i = 0; i < 1_000; i++) other.publish(`${base}.${['a', 'b', 'c.x'][i % 3]}`, octets(String(i)));
      await until(() => seen.length >= 1_000, '1000 messages');
      assert.deepEqual(
        seen,
        Array.from({ length: 1_000 }, (_, i) => i),
      );
    },
    'match a pattern token by token': async ({ bus, other }) => {
      const base = `contract.${unique('match')}`;
      const patterns = ['a', 'a.*', 'a.>', '*.b', '>', 'a.*.c', '*.>', 'a.b.c.d'];
      const subjects = ['a', 'a.b', 'x.b', 'a.b.c', 'a.b.c.d', 'x'];
      const expected: Record<string, string[]> = {
        a: ['a'],
        'a.*': ['a.b'],
        'a.>': ['a.b', 'a.b.c', 'a.b.c.d'],
        '*.b': ['a.b', 'x.b'],
        '>': subjects,
        'a.*.c': ['a.b.c'],
        '*.>': ['a.b', 'x.b', 'a.b.c', 'a.b.c.d'],
        'a.b.c.d': ['a.b.c.d'],
      };
      const seen: Record<string, string[]> = {};
      for (const pattern of patterns) {
        seen[pattern] = [];
        bus.subscribe(`${base}.${pattern}`, ({ subject }) => seen[pattern]?.push(subject.slice(base.length + 1)));
      }
      await settled(bus, other);
      for (const subject of subjects) other.publish(`${base}.${subject}`, octets(''));
      await delivered(bus, other);
      assert.deepEqual(seen, expected);
    },
    'reach every subscriber, octet for octet': async ({ bus, other }) => {
      const subject = `contract.${unique('octets')}`;
      const seen: Buffer[] = [];
      bus.subscribe(subject, ({ data }) => seen.push(Buffer.from(data)));
      other.subscribe(subject, ({ data }) => seen.push(Buffer.from(data)));
      await settled(bus, bus);
      await settled(other, bus);
      const sent = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      bus.publish(subject, sent);
      bus.publish(subject, Buffer.alloc(0));
      await until(() => seen.length === 4, 'four deliveries');
      assert.deepEqual(seen.map((data) => data.length).sort(), [0, 0, 256, 256]);
      for (const data of seen) if (data.length > 0) assert.deepEqual(data, sent);
    },
    'are never delivered inside a handler': async ({ bus }) => {
      const base = `contract.${unique('reentry')}`;
      const log: string[] = [];
      let depth = 0;
      const handle = (name: string, then?: () => void) => (): void => {
        depth++;
        assert.equal(depth, 1, 're-entered');
        log.push(name);
        then?.();
        depth--;
      };
      bus.subscribe(
        `${base}.first`,
        handle('first', () => {
          bus.publish(`${base}.second`, octets(''));
          bus.publish(`${base}.third`, octets(''));
        }),
      );
      bus.subscribe(`${base}.*`, handle('watcher'));
      bus.subscribe(
        `${base}.second`,
        handle('second', () => bus.publish(`${base}.fourth`, octets(''))),
      );
      bus.subscribe(`${base}.third`, handle('third'));
      bus.subscribe(`${base}.fourth`, handle('fourth'));
      await settled(bus, bus);
      bus.publish(`${base}.first`, octets(''));
      await until(() => log.length === 8, 'eight deliveries');
      const direct = log.filter((name) => name !== 'watcher');
      assert.deepEqual(direct, ['first', 'second', 'third', 'fourth']);
    },
    'that a handler publishes do not overtake the one it handles': async ({ bus }) => {
      const base = `contract.${unique('overtake')}`;
      const seen: string[] = [];
      bus.subscribe(`${base}.cause`, () => bus.publish(`${base}.effect`, octets('')));
      bus.subscribe(`${base}.cause`, () => seen.push('cause'));
      bus.subscribe(`${base}.effect`, () => seen.push('effect'));
      await settled(bus, bus);
      bus.publish(`${base}.cause`, octets(''));
      await until(() => seen.length === 2, 'both');
      assert.deepEqual(seen, ['cause', 'effect']);
    },
    'stop with unsubscribe': async ({ bus, other }) => {
      const subject = `contract.${unique('unsub')}`;
      let first = 0;
      let second = 0;
      const subscription = bus.subscribe(subject, () => {
        first++;
        if (first === 2) subscription.unsubscribe();
      });
      bus.subscribe(subject, () => second++);
      await settled(bus, other);
      for (let i = 0; i < 5; i++) other.publish(subject, octets(''));
      await until(() => second === 5, 'five at the other');
      assert.equal(first, 2);
      subscription.unsubscribe();
    },
    'say whether anybody listens': async ({ bus, other }) => {
      const base = `contract.${unique('interest')}`;
      bus.subscribe(`${base}.exact`, () => undefined);
      bus.subscribe(`${base}.wild.*`, () => undefined);
      // Knowing may take a while; "nobody" may be known only roughly, but never wrongly.
      await until(() => other.hasInterest(`${base}.exact`), 'interest in a subject');
      await until(() => other.hasInterest(`${base}.wild.x`), 'interest in what a pattern covers');
      await until(() => !other.hasInterest(`${base}.family.>`), 'nobody in the family');
      bus.subscribe(`${base}.family.one`, () => undefined);
      await until(() => other.hasInterest(`${base}.family.>`), 'somebody in the family');
    },
  },

  requests: {
    'are answered, each its own': async ({ bus, other }) => {
      const subject = `contract.${unique('request')}`;
      const kept: (() => void)[] = [];
      bus.subscribe(subject, (message) => {
        const answer = (): void => message.respond(octets(`re: ${text(message.data)}`));
        if (text(message.data) === 'late') kept.push(answer);
        else answer();
      });
      await settled(bus, other);
      const late = other.request(subject, octets('late'), 10_000);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => other.request(subject, octets(String(i)), 10_000)),
      );
      assert.deepEqual(
        answers.map(text),
        Array.from({ length: 20 }, (_, i) => `re: ${i}`),
      );
      await until(() => kept.length === 1, 'the late request');
      kept[0]?.();
      assert.equal(text(await late), 're: late');
    },
    'fail with TIMEOUT when the one who listens is silent': async ({ bus, other }) => {
      const subject = `contract.${unique('silent')}`;
      bus.subscribe(subject, () => undefined);
      await settled(bus, other);
      assert.equal((await rejection(other.request(subject, octets(''), 50))).code, 'TIMEOUT');
    },
    'fail with NO_RESPONDERS when nobody listens': async ({ bus }) => {
      const subject = `contract.${unique('nobody')}`;
      assert.equal((await rejection(bus.request(subject, octets(''), 10_000))).code, 'NO_RESPONDERS');
    },
    'take the first answer when several answer, and a published message takes none': async ({ bus }) => {
      const subject = `contract.${unique('several')}`;
      let handled = 0;
      for (const name of ['one', 'two']) {
        bus.subscribe(subject, (message) => {
          handled++;
          message.respond(octets(name));
        });
      }
      await settled(bus, bus);
      assert.match(text(await bus.request(subject, octets(''), 10_000)), /^(one|two)$/);
      bus.publish(subject, octets(''));
      await until(() => handled === 4, 'both handled both');
    },
  },

  'the event log': {
    'begins at 0, stores in order and knows its extent': async ({ bus, other }) => {
      const group = unique('log');
      const opened = await openLog(bus, group);
      assert.equal(opened.writer.next, 0);
      assert.equal(opened.writer.lastEpoch, 0);
      const { first, next, begunAt } = await opened.log.extent();
      assert.deepEqual([first, next], [0, 0]);
      assert.ok(Math.abs(Date.now() - begunAt) < 60_000, 'it was begun just now');
      opened.append(3, 1, 5);
      assert.equal(opened.writer.next, 9);
      await opened.allStored();
      const extent = await other.eventLog(group).extent();
      assert.deepEqual([extent.first, extent.next], [0, 9]);
      assert.equal(opened.refused, 0);
    },
    'reads from any position, inside a record too': async ({ bus, other }) => {
      const group = unique('read');
      const opened = await openLog(bus, group);
      opened.append(3, 1, 5, 2);
      await opened.allStored();
      const log = other.eventLog(group);
      assert.equal(ranges(await log.read(0, 10)), '0+3 3+1 4+5 9+2');
      assert.equal(ranges(await log.read(2, 2)), '0+3 3+1');
      assert.equal(ranges(await log.read(3, 1)), '3+1');
      assert.equal(ranges(await log.read(4, 10)), '4+5 9+2');
      assert.equal(ranges(await log.read(8, 10)), '4+5 9+2');
      assert.equal(ranges(await log.read(10, 10)), '9+2');
      assert.equal(ranges(await log.read(11, 10)), '');
      const [whole] = await log.read(4, 1);
      assert.deepEqual(Buffer.from(whole ?? []), record(4, 5));
    },
    'reads on where a read ended, also when that was trimmed meanwhile': async ({ bus, other }) => {
      const group = unique('on');
      const opened = await openLog(bus, group);
      opened.append(...Array.from({ length: 6 }, () => 5_000));
      await opened.allStored();
      const log = other.eventLog(group);
      assert.equal(ranges(await log.read(0, 2)), '0+5000 5000+5000');
      assert.equal(ranges(await log.read(10_000, 1)), '10000+5000');
      assert.equal(ranges(await log.read(10_000, 2)), '10000+5000 15000+5000');
      log.trim(25_000);
      await untilAsync(async () => (await log.extent()).first === 25_000, 'trimmed');
      assert.equal(ranges(await log.read(15_000, 2)), '25000+5000');
      assert.equal(ranges(await log.read(30_000, 2)), '');
      opened.append(1);
      await opened.allStored();
      assert.equal(ranges(await log.read(30_000, 2)), '30000+1');
    },
    'is followed from a position inside a record, the backlog and then live records, without gap': async ({
      bus,
      other,
    }) => {
      const group = unique('follow');
      const opened = await openLog(bus, group);
      opened.append(...Array.from({ length: 100 }, (_, i) => 1 + (i % 7)));
      const middle = Math.floor(opened.writer.next / 2);
      await opened.allStored();
      const seen: Uint8Array[] = [];
      const following = other.eventLog(group).follow(middle, (each) => seen.push(each));
      // While the backlog is being read.
      opened.append(...Array.from({ length: 100 }, (_, i) => 1 + (i % 5)));
      await until(() => seen.length > 0 && recordEnd(seen.at(-1) as Uint8Array) === opened.writer.next, 'the end');
      opened.append(4, 4);
      await until(() => recordEnd(seen.at(-1) as Uint8Array) === opened.writer.next, 'live records');
      let position = recordFirst(seen[0] as Uint8Array);
      assert.ok(
        position <= middle && recordEnd(seen[0] as Uint8Array) > middle,
        'begins with the record that holds it',
      );
      for (const each of seen) {
        assert.equal(recordFirst(each), position);
        position = recordEnd(each);
      }
      following.unsubscribe();
      const before = seen.length;
      opened.append(1);
      await opened.allStored();
      await delivered(other, bus);
      assert.equal(seen.length, before);
    },
    'misses nothing that a follower itself causes to be appended': async ({ bus }) => {
      const group = unique('cause');
      const opened = await openLog(bus, group);
      opened.append(1, 1, 1);
      await opened.allStored();
      const seen: number[] = [];
      opened.log.follow(0, (each) => {
        seen.push(recordFirst(each));
        if (opened.writer.next < 10) opened.append(1);
      });
      await until(() => seen.length >= 10, 'ten records');
      assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    },
    'is followed from its end: only what comes': async ({ bus, other }) => {
      const group = unique('end');
      const opened = await openLog(bus, group);
      opened.append(5);
      await opened.allStored();
      const seen: Uint8Array[] = [];
      other.eventLog(group).follow(5, (each) => seen.push(each));
      opened.append(2, 2);
      await until(() => seen.length >= 2, 'two records');
      assert.equal(ranges(seen), '5+2 7+2');
    },
    'gives up what is trimmed and nothing else': async ({ bus, other }) => {
      const group = unique('trim');
      const opened = await openLog(bus, group);
      // Large enough for an implementation that trims in large steps.
      opened.append(10_000, 10_000, 10_000, 10_000);
      await opened.allStored();
      const log = other.eventLog(group);
      log.trim(25_000);
      await untilAsync(async () => (await log.extent()).first === 20_000, 'trimmed to the record that holds 25000');
      assert.equal((await log.extent()).next, 40_000);
      assert.equal(ranges(await log.read(0, 10)), '20000+10000 30000+10000');
      const seen: Uint8Array[] = [];
      log.follow(0, (each) => seen.push(each));
      await until(() => seen.length === 2, 'two records');
      assert.equal(ranges(seen), '20000+10000 30000+10000');
      log.trim(10_000);
      opened.append(1);
      await opened.allStored();
      assert.equal((await log.extent()).first, 20_000);
      assert.equal(opened.writer.next, 40_001);
    },
    'goes on where it was when it is opened again': async ({ bus, other }) => {
      const group = unique('again');
      const before = await openLog(bus, group);
      before.writer.append(record(0, 3, 7));
      await before.allStored();
      before.writer.close();
      const after = await openLog(other, group);
      assert.equal(after.writer.next, 3);
      assert.equal(after.writer.lastEpoch, 7);
      after.append(2);
      await after.allStored();
      assert.equal(ranges(await after.log.read(0, 10)), '0+3 3+2');
    },
    'has one writer: opening another ends the first': async ({ bus, other }) => {
      const group = unique('writers');
      const first = await openLog(bus, group);
      first.append(2);
      await first.allStored();
      const second = await openLog(other, group);
      second.append(3);
      await second.allStored();
      first.writer.append(record(2, 9));
      second.append(4);
      await second.allStored();
      await delivered(bus, other);
      assert.equal(second.refused, 0);
      assert.equal(first.stored, 2, 'the first one was told of nothing more');
      assert.equal(ranges(await second.log.read(0, 10)), '0+2 2+3 5+4');
    },
    'of one group has nothing of another': async ({ bus }) => {
      const one = await openLog(bus, unique('one'));
      const two = await openLog(bus, unique('two'));
      one.append(1);
      two.append(2);
      await one.allStored();
      await two.allStored();
      assert.equal(ranges(await one.log.read(0, 10)), '0+1');
      assert.equal(ranges(await two.log.read(0, 10)), '0+2');
    },
  },

  'small values': {
    'are put, replaced, deleted, listed, and seen by others': async ({ bus, other }) => {
      const bucket = unique('bucket');
      const store = bus.keyValue(bucket);
      assert.equal(await store.get('a'), undefined);
      const value = octets('one');
      await store.put('a', value);
      value.fill(0);
      await store.put('b', octets('two'));
      await store.put('b', octets('three'));
      const seen = other.keyValue(bucket);
      assert.equal(text((await seen.get('a')) ?? octets('nothing')), 'one');
      assert.equal(text((await seen.get('b')) ?? octets('nothing')), 'three');
      assert.deepEqual((await seen.keys()).sort(), ['a', 'b']);
      await seen.delete('a');
      assert.equal(await store.get('a'), undefined);
      assert.deepEqual(await store.keys(), ['b']);
      assert.equal(await bus.keyValue(unique('bucket')).get('b'), undefined);
    },
  },

  'a lease': {
    'has one holder, is handed over when given back, and its fence grows': async ({ bus, other }) => {
      const key = unique('lease');
      const events: string[] = [];
      const fences: number[] = [];
      const want = (who: string, at: Bus) =>
        at.lease({
          key,
          onAcquired: (fence) => {
            events.push(`${who} has it`);
            fences.push(fence);
          },
          onLost: () => events.push(`${who} lost it`),
        });
      const first = want('first', bus);
      await until(() => events.length === 1, 'the first has it');
      const second = want('second', other);
      await delivered(other, bus);
      assert.deepEqual(events, ['first has it']);
      assert.equal(first.fence, fences[0]);
      assert.equal(second.fence, 0);
      await first.release();
      await until(() => events.includes('second has it'), 'the second has it', 30_000);
      assert.equal(first.fence, 0);
      assert.equal(second.fence, fences[1]);
      assert.ok((fences[1] as number) > (fences[0] as number), `fences ${fences.join()}`);
      assert.deepEqual(
        events.filter((event) => event !== 'first lost it'),
        ['first has it', 'second has it'],
      );
      await second.release();
      const third = want('third', bus);
      await until(() => events.includes('third has it'), 'the third has it', 30_000);
      assert.ok((fences[2] as number) > (fences[1] as number), `fences ${fences.join()}`);
      await third.release();
    },
    'is not given to one who has stopped wanting it': async ({ bus, other }) => {
      const key = unique('lease');
      let got = false;
      let have = false;
      const first = bus.lease({ key, onAcquired: () => (have = true), onLost: () => undefined });
      await until(() => have, 'the first has it');
      const second = other.lease({ key, onAcquired: () => (got = true), onLost: () => undefined });
      await second.release();
      await first.release();
      let third = false;
      const last = bus.lease({ key, onAcquired: () => (third = true), onLost: () => undefined });
      await until(() => third, 'the third has it', 30_000);
      assert.equal(got, false);
      await last.release();
    },
  },

  closing: {
    'ends requests with CLOSED': async ({ bus }) => {
      const subject = `contract.${unique('closing')}`;
      bus.subscribe(subject, () => undefined);
      await settled(bus, bus);
      await bus.close();
      assert.equal((await rejection(bus.request(subject, octets(''), 10_000))).code, 'CLOSED');
    },
    'delivers what is under way': async ({ bus, other }) => {
      if (bus === other) return;
      const subject = `contract.${unique('underway')}`;
      let seen = 0;
      other.subscribe(subject, () => seen++);
      await settled(other, bus);
      for (let i = 0; i < 1_000; i++) bus.publish(subject, octets(''));
      await bus.close();
      await until(() => seen === 1_000, 'all of them');
    },
  },
};

/** Runs the contract against what `makeBus` makes, anew for each test. */
export function describeBusContract(name: string, makeBus: () => Promise<BusUnderTest>, runner: Runner): void {
  runner.describe(`the bus contract: ${name}`, () => {
    for (const [topic, cases] of Object.entries(CASES)) {
      runner.describe(topic, () => {
        for (const [title, run] of Object.entries(cases)) {
          runner.it(title, async () => {
            const made = await makeBus();
            try {
              await run({ bus: made.bus, other: made.second ?? made.bus });
            } finally {
              await made.stop();
            }
          });
        }
      });
    }
  });
}
