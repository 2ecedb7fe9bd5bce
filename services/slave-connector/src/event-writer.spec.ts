import { BusError } from '@iec104mm2ss/bus';
import { FakeClock, FakeLog, apdus, eventAsdu, eventValue } from '@iec104mm2ss/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventWriter, REOPEN_PAUSE_MS } from './event-writer.js';

let clock: FakeClock;
let log: FakeLog;
let writer: EventWriter;
/** Ordinals that were reported as stored. */
let stored: number[];
let troubles: string[];
let lost: number[];
let openings: number;
/** What the log held when its generation began. */
let heldAtBegin: number;
let written: number;
let mayOpen: boolean;

beforeEach(() => {
  clock = new FakeClock();
  log = new FakeLog();
  begin(10);
});

afterEach(() => {
  writer.close();
  expect(clock.pending).toBe(0);
});

function begin(capacity: number): void {
  stored = [];
  troubles = [];
  lost = [];
  openings = 0;
  written = 0;
  mayOpen = true;
  writer = new EventWriter(
    { log, capacity, clock, mayOpen: () => mayOpen },
    {
      onNextGeneration: () => (heldAtBegin = log.asdus.length),
      onOpened: () => openings++,
      onStored: () => stored.push(writer.stored),
      onTrouble: (error) => troubles.push(error.code),
      onLost: (count) => lost.push(count),
    },
  );
}

/** One socket read with the next `count` events. */
function write(count: number, epoch = 1): void {
  const octets = apdus(Array.from({ length: count }, () => eventAsdu(written++)));
  writer.write(epoch, octets, 0, octets.length, count, 1_234);
}

/** Lets promises go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function open(): Promise<void> {
  writer.open();
  await settle();
}
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= REOPEN_PAUSE_MS) {
    clock.advance(Math.min(left, REOPEN_PAUSE_MS));
    await settle();
  }
}
const reopened = (): Promise<void> => pass(REOPEN_PAUSE_MS);
/** The RTU is acknowledged what is stored, and all masters have it. */
function acknowledge(): void {
  writer.release(writer.stored);
  confirm(writer.stored);
}
/** A master has acknowledged everything before this ordinal. */
function confirm(ordinal: number): void {
  writer.confirm(writer.positionOf(ordinal), writer.place?.generation ?? 0);
}
const values = (): number[] => log.asdus.map(eventValue);

const upTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i);

describe('events', () => {
  it('are appended as they come, one record per read, and reported when stored', async () => {
    expect(writer.ready).toBe(false);
    await open();
    expect(writer.ready).toBe(true);
    write(3, 7);
    write(1, 7);
    expect(log.records).toMatchObject([
      { first: 0, count: 3, epoch: 7, receivedAt: 1_234, generation: 1 },
      { first: 3, count: 1, epoch: 7 },
    ]);
    expect(values()).toEqual([0, 1, 2, 3]);
    expect(stored).toEqual([3, 4]);
    expect(writer.next).toBe(4);
    expect(writer.stored).toBe(4);
  });

  it('go on where the log ends', async () => {
    log = new FakeLog(500);
    begin(10);
    expect(writer.place).toBeUndefined();
    expect(writer.confirmed).toBeUndefined();
    await open();
    expect(writer.place).toEqual({ generation: 1, position: 500 });
    expect(writer.next).toBe(500);
    expect(writer.stored).toBe(500);
    expect(openings).toBe(1);
    confirm(500);
    write(2);
    expect(log.records[0]?.first).toBe(500);
    expect(stored.at(-1)).toBe(502);
  });

  it('may be part of a socket read', async () => {
    await open();
    const octets = Buffer.concat([
      Buffer.of(0x68, 4, 1, 0, 0, 0),
      apdus([eventAsdu(5)]),
      Buffer.of(0x68, 4, 1, 0, 0, 0),
    ]);
    writer.write(1, octets, 6, octets.length - 6, 1, 0);
    expect(values()).toEqual([5]);
  });
});

describe('a full log', () => {
  it('is one with as many unconfirmed events as it may have: the next ones wait, and go in as room comes', async () => {
    await open();
    write(6);
    write(4);
    expect(writer.full).toBe(false);
    write(1);
    write(2);
    expect(writer.full).toBe(true);
    expect(writer.waitingCount).toBe(3);
    expect(writer.fullTimes).toBe(1);
    expect(writer.next).toBe(13);
    expect(values()).toEqual(upTo(10));
    expect(stored.at(-1)).toBe(10);
    confirm(1);
    expect(values()).toEqual(upTo(11));
    confirm(1);
    confirm(2);
    expect(values()).toEqual(upTo(11));
    confirm(3);
    expect(values()).toEqual(upTo(13));
    expect(writer.full).toBe(false);
    expect(writer.waitingCount).toBe(0);
    write(1);
    expect(writer.full).toBe(true);
    expect(writer.fullTimes).toBe(2);
  });

  it('takes a read larger than itself when nothing is unconfirmed', async () => {
    await open();
    write(25);
    expect(values()).toEqual(upTo(25));
    write(11);
    confirm(24);
    expect(values()).toEqual(upTo(25));
    confirm(25);
    expect(values()).toEqual(upTo(36));
  });

  it('is left in order: nothing overtakes what waits', async () => {
    await open();
    write(8);
    write(5);
    write(1);
    expect(values()).toEqual(upTo(8));
    confirm(3);
    expect(values()).toEqual(upTo(13));
    confirm(4);
    expect(values()).toEqual(upTo(14));
  });
});

describe('a lost link', () => {
  it('drops what waits: the RTU sends it again', async () => {
    await open();
    write(8);
    write(5);
    writer.dropWaiting();
    expect(writer.next).toBe(8);
    expect(writer.full).toBe(false);
    confirm(8);
    expect(values()).toEqual(upTo(8));
    written = 8;
    write(5, 2);
    expect(values()).toEqual(upTo(13));
    expect(writer.next).toBe(13);
  });

  it('keeps what waits and was acknowledged to the RTU: it is not repeated', async () => {
    await open();
    write(8);
    write(5);
    write(2);
    writer.release(10);
    writer.dropWaiting();
    expect(writer.next).toBe(13);
    expect(writer.acknowledgedUnstored).toBe(2);
    confirm(8);
    expect(values()).toEqual(upTo(13));
    expect(writer.acknowledgedUnstored).toBe(0);
  });

  it('keeps what was sent to the log and is not confirmed yet', async () => {
    await open();
    log.prompt = false;
    write(3);
    writer.dropWaiting();
    expect(writer.next).toBe(3);
    expect(writer.place?.position).toBe(3);
    log.confirm();
    expect(stored).toEqual([3]);
  });
});

describe('a log that refuses', () => {
  it('is opened again, and what it had not stored is appended again, in order', async () => {
    await open();
    log.prompt = false;
    write(1);
    write(2);
    write(3);
    log.confirm(1);
    log.refuse();
    expect(writer.ready).toBe(false);
    expect(troubles).toEqual(['REFUSED']);
    write(1);
    expect(writer.full).toBe(true);
    expect(values()).toEqual([0]);
    expect(log.opened).toBe(1);
    await reopened();
    expect(log.opened).toBe(2);
    log.confirm();
    expect(values()).toEqual(upTo(7));
    expect(stored.at(-1)).toBe(7);
    expect(writer.next).toBe(7);
    expect(lost).toEqual([]);
  });

  it('and confirms at once when opened again gets all of it too', async () => {
    await open();
    log.prompt = false;
    for (let i = 0; i < 6; i++) write(1);
    log.refuse();
    log.prompt = true;
    await reopened();
    expect(values()).toEqual(upTo(6));
    expect(stored.at(-1)).toBe(6);
    expect(lost).toEqual([]);
  });

  it.each([1, 2, 3])('but had stored %i records without saying so gets none of them twice', async (kept) => {
    await open();
    log.prompt = false;
    for (let i = 0; i < 3; i++) write(2);
    log.refuse(kept);
    await reopened();
    log.confirm();
    expect(values()).toEqual(upTo(6));
    expect(stored.at(-1)).toBe(6);
    expect(writer.next).toBe(6);
    expect(lost).toEqual([]);
  });

  it('may refuse again, and be out of reach for a while', async () => {
    await open();
    log.prompt = false;
    write(2);
    log.refuse();
    log.reachable = false;
    await pass(REOPEN_PAUSE_MS * 5);
    expect(troubles).toEqual(['REFUSED', ...Array.from({ length: 5 }, () => 'UNAVAILABLE')]);
    log.reachable = true;
    await reopened();
    log.refuse();
    await reopened();
    log.confirm();
    expect(values()).toEqual(upTo(2));
    expect(writer.ready).toBe(true);
  });

  it('has nothing to say once another writer is open', async () => {
    await open();
    const first = log.writer;
    log.prompt = false;
    write(2);
    log.refuse();
    await reopened();
    first?.events.onRefused(0, new BusError('REFUSED', 'late'));
    first?.events.onStored(99);
    expect(writer.ready).toBe(true);
    expect(stored).toEqual([]);
    log.confirm();
    expect(stored).toEqual([2]);
  });

  it('is not opened while somebody else may own it', async () => {
    await open();
    log.prompt = false;
    write(2);
    log.refuse();
    mayOpen = false;
    await pass(REOPEN_PAUSE_MS * 5);
    expect(log.opened).toBe(1);
    mayOpen = true;
    await reopened();
    expect(log.opened).toBe(2);
    log.confirm();
    expect(stored.at(-1)).toBe(2);
  });

  it('is left alone when the connector stops', async () => {
    await open();
    log.refuse();
    writer.close();
    await pass(REOPEN_PAUSE_MS * 3);
    expect(log.opened).toBe(1);
  });

  it('whose extent cannot be read is opened again, and the writer that was opened is closed', async () => {
    await open();
    write(1);
    log.refuse();
    const validUpTo = log.validUpTo.bind(log);
    log.validUpTo = () => Promise.reject(new BusError('TIMEOUT', 'no answer'));
    await reopened();
    expect(log.writer?.dead).toBe(true);
    expect(troubles).toEqual(['REFUSED', 'TIMEOUT']);
    log.validUpTo = validUpTo;
    await reopened();
    expect(writer.ready).toBe(true);
  });

  it('opened after the connector stopped is closed', async () => {
    writer.open();
    writer.close();
    await settle();
    expect(writer.ready).toBe(false);
    expect(openings).toBe(0);
    expect(log.writer?.dead).toBe(true);
  });
});

describe('a log that comes back without its end', () => {
  it('gets again what the RTU still has, in the new generation, and ordinals stay what they were', async () => {
    await open();
    for (let i = 0; i < 6; i++) write(1);
    writer.release(6);
    confirm(4);
    log.prompt = false;
    write(2);
    log.lose(3);
    await reopened();
    expect(values()).toEqual([0, 1, 2, 6, 7]);
    expect(log.records.at(-1)).toMatchObject({ first: 3, count: 2, generation: 2 });
    // Event 3 is lost too, but a master has it.
    expect(lost).toEqual([2]);
    expect(writer.lost).toBe(3);
    expect(heldAtBegin, 'what is said of the new generation goes before its events').toBe(3);
    expect(writer.place).toEqual({ generation: 2, position: 5 });
    expect([writer.next, writer.stored, writer.confirmed]).toEqual([8, 6, 4]);
    log.confirm();
    expect(stored.at(-1)).toBe(8);
    expect([writer.positionOf(6), writer.positionOf(8), writer.ordinalOf(4)]).toEqual([3, 5, 7]);
  });

  it('gets again also what it had stored and the RTU was not acknowledged', async () => {
    await open();
    for (let i = 0; i < 4; i++) write(1);
    writer.release(1);
    log.lose(2);
    await reopened();
    expect(values()).toEqual(upTo(4));
    expect(lost).toEqual([]);
    expect(writer.lost).toBe(0);
    expect(writer.place).toEqual({ generation: 2, position: 4 });
    writer.release(4);
    log.lose(2);
    await reopened();
    expect(values()).toEqual(upTo(2));
    expect(lost).toEqual([2]);
  });

  it('goes on at 0 when it is empty', async () => {
    log = new FakeLog(500);
    begin(10);
    await open();
    confirm(500);
    write(2);
    writer.release(502);
    log.prompt = false;
    write(3);
    log.lose(0);
    await reopened();
    log.confirm();
    expect(log.records).toMatchObject([{ first: 0, count: 3, generation: 2 }]);
    expect(lost).toEqual([2]);
    expect(writer.place).toEqual({ generation: 2, position: 3 });
  });

  it('and with records of another writer gets ours behind them', async () => {
    await open();
    write(2);
    log.prompt = false;
    write(1);
    log.refuse();
    log.writeElsewhere(3, eventAsdu(70));
    await reopened();
    expect(values()).toEqual([0, 1, 70, 70, 70, 2]);
    log.confirm();
    expect([writer.positionOf(2), writer.positionOf(3)]).toEqual([5, 6]);
    expect(lost).toEqual([]);
  });

  it('and with records of a writer that was replaced and held up does not take them for ours', async () => {
    await open();
    log.prompt = false;
    write(3);
    log.refuse();
    // It had opened the log before us, so its generation is the earlier one.
    log.writeElsewhere(2, eventAsdu(70), 0);
    await reopened();
    expect(values()).toEqual([70, 70, 0, 1, 2]);
    expect(lost).toEqual([]);
  });
});

describe('what masters have acknowledged', () => {
  it('counts to the end in our generation, and to where we opened the log in another one', async () => {
    await open();
    write(6);
    writer.confirm(4, 1);
    expect(writer.confirmed).toBe(4);
    log.prompt = false;
    write(3);
    // The router saw it live, and masters have acknowledged it: it was refused all the same.
    writer.confirm(8, 1);
    expect(writer.confirmed).toBe(8);
    log.refuse();
    await reopened();
    expect(writer.confirmed).toBe(6);
    writer.confirm(9, 1);
    expect(writer.confirmed).toBe(6);
    writer.confirm(9, 77);
    expect(writer.confirmed).toBe(6);
    writer.confirm(8, 2);
    expect(writer.confirmed).toBe(8);
  });

  it('is never more than there is', async () => {
    await open();
    write(3);
    writer.confirm(1_000, 1);
    expect(writer.confirmed).toBe(3);
    write(10);
    expect(writer.full).toBe(false);
    write(1);
    expect(writer.full).toBe(true);
  });
});

type Step =
  | { readonly what: 'write' | 'confirm' | 'refuse' | 'lose' | 'pass'; readonly count: number }
  | { readonly what: 'prompt' | 'reach'; readonly on: boolean }
  | { readonly what: 'acknowledge' | 'link lost' };

const numbered = (what: 'write' | 'confirm' | 'refuse' | 'lose' | 'pass', min: number, max: number) =>
  fc.record({ what: fc.constant(what), count: fc.integer({ min, max }) });
const switched = (what: 'prompt' | 'reach') => fc.record({ what: fc.constant(what), on: fc.boolean() });
const plain = (what: 'acknowledge' | 'link lost') => fc.record({ what: fc.constant(what) });

const steps = (...more: fc.WeightedArbitrary<Step>[]) =>
  fc.array(
    fc.oneof(
      ...more,
      { weight: 5, arbitrary: numbered('write', 1, 6) },
      { weight: 3, arbitrary: numbered('confirm', 1, 4) },
      { weight: 3, arbitrary: plain('acknowledge') },
      { weight: 1, arbitrary: numbered('refuse', 0, 4) },
      { weight: 1, arbitrary: switched('prompt') },
      { weight: 1, arbitrary: switched('reach') },
      { weight: 2, arbitrary: numbered('pass', 1, REOPEN_PAUSE_MS) },
      { weight: 1, arbitrary: plain('link lost') },
    ),
    { maxLength: 80 },
  );

async function perform(step: Step): Promise<void> {
  switch (step.what) {
    case 'write':
      return write(step.count);
    case 'confirm':
      return log.confirm(step.count);
    case 'refuse':
      return log.refuse(step.count);
    case 'lose':
      return log.lose(Math.max(0, log.next - step.count));
    case 'pass':
      return pass(step.count);
    case 'acknowledge':
      return acknowledge();
    case 'prompt':
      log.prompt = step.on;
      return;
    case 'reach':
      log.reachable = step.on;
      return;
    case 'link lost':
      // The RTU sends again what did not get into the log.
      writer.dropWaiting();
      written = writer.next;
  }
}

async function finish(): Promise<void> {
  log.reachable = true;
  for (let i = 0; i < 60 && (i === 0 || writer.stored < written); i++) {
    await reopened();
    log.confirm();
    acknowledge();
  }
  expect(writer.stored).toBe(written);
  writer.close();
}

it('whatever a log does that keeps what it has stored, it ends with every event once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(steps(), async (given) => {
      log = new FakeLog();
      begin(10);
      await open();
      for (const step of given) {
        await perform(step);
        expect(stored).toEqual([...stored].sort((a, b) => a - b));
        expect(writer.stored).toBeLessThanOrEqual(values().length);
        expect(writer.next).toBe(written);
        expect(lost).toEqual([]);
      }
      await finish();
      expect(values()).toEqual(upTo(written));
    }),
    { numRuns: 200 },
  );
});

it('whatever a log loses, it ends in order, and misses only what the RTU was acknowledged: that is counted', async () => {
  await fc.assert(
    fc.asyncProperty(steps({ weight: 1, arbitrary: numbered('lose', 1, 12) }), async (given) => {
      log = new FakeLog();
      begin(10);
      await open();
      let acknowledged = 0;
      const gone = new Set<number>();
      for (const step of given) {
        await perform(step);
        if (step.what === 'acknowledge') acknowledged = writer.stored;
        // What was acknowledged before it was lost, or before the loss was noticed.
        const now = new Set(values());
        for (const value of upTo(acknowledged)) if (!now.has(value)) gone.add(value);
        expect(writer.next).toBe(written);
      }
      await finish();
      const missing = upTo(written).filter((value) => !values().includes(value));
      expect(values()).toEqual([...new Set(values())].sort((a, b) => a - b));
      expect(missing.filter((value) => !gone.has(value))).toEqual([]);
      expect(writer.place?.position).toBe(log.next);
      // All of them were acknowledged by a master too.
      expect(lost).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
