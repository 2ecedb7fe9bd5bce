import type { EventLog, LogWriter } from '@iec104mm2ss/bus';
import type { LogRecord } from '@iec104mm2ss/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { apduRun, BEGINNING } from './bus-contract-parties.js';
import { type FakeProcess, FakeProcesses } from './fake-processes.js';

const STREAM = 'IEC104_LOG_1';
const SUBJECT = 'iec104.v1.1.log';
/** A live record that was lost is found by then. */
const LOOK_MS = 5_000;
/** What was stored then comes live within this time, or it was lost. */
const LIVE_MS = 250;
/** A log is trimmed this late at most. */
const TRIM_MS = 37_500;

let world: FakeProcesses;
let connector: FakeProcess;
let router: FakeProcess;
let log: EventLog;
/** What the writers were told. */
let stored: number;
let refused: string[];

beforeEach(() => {
  world = new FakeProcesses();
  connector = world.start('connector');
  router = world.start('router');
  log = router.bus.eventLog('1', { capacity: 1_000 });
  [stored, refused] = [0, []];
});

async function open(process = connector): Promise<LogWriter> {
  return process.bus.eventLog('1', { capacity: 1_000 }).openWriter({
    onStored: (position) => (stored = position),
    onRefused: (position, { code, message }) => refused.push(`${position} ${code} ${message}`),
  });
}

function append(writer: LogWriter, ...counts: number[]): void {
  for (const count of counts) {
    const octets = apduRun(count);
    writer.append({ epoch: 1, count, receivedAt: 0, octets, start: 0, end: octets.length });
  }
}

/** Follows, and notes what comes as `first+count`, with a letter for the generation. */
function follow(from = BEGINNING, process = router): string[] {
  const seen: string[] = [];
  const generations: number[] = [];
  process.bus.eventLog('1').follow(from, ({ first, count, generation }) => {
    if (!generations.includes(generation)) generations.push(generation);
    seen.push(`${'abcdef'[generations.indexOf(generation)]}${first}+${count}`);
  });
  return seen;
}

const ranges = (records: readonly LogRecord[]): string[] => records.map(({ first, count }) => `${first}+${count}`);

/** Puts a message that is no record into the stream, or takes one away. */
function spoil(sequence: number, data: Uint8Array | null = Buffer.from('no record')): void {
  const { messages } = world.server.stream(STREAM);
  if (data === null) messages.delete(sequence);
  else messages.set(sequence, { subject: SUBJECT, data, id: undefined });
}

/** A record as an earlier release wrote it: no generation, APDUs from octet 24 on. */
function recordV1(first: number, count: number, epoch = 1): Buffer {
  const record = Buffer.concat([Buffer.alloc(24), apduRun(count)]);
  record[0] = 1;
  record.writeUInt16LE(count, 2);
  record.writeUInt32LE(epoch, 4);
  record.writeDoubleLE(first, 8);
  return record;
}

/** Holds up the part of reads from message `sequence` on, until what is returned is called. */
function holdReadsFrom(sequence: number): () => void {
  let pass = (): void => undefined;
  const gate = new Promise<void>((resolve) => (pass = resolve));
  let before = 0;
  world.server.delays = (question, detail) => {
    // A search jumps, a read asks for one after the other.
    const isRead = question === 'streamMessage' && detail === before + 1;
    before = Number(detail);
    return isRead && Number(detail) >= sequence ? gate : undefined;
  };
  return () => pass();
}

describe('a log that lost its end', () => {
  it('goes on in a later generation, and its followers go back to where that begins', async () => {
    const first = await open();
    const seen = follow();
    append(first, 1, 1, 1, 1, 1, 1);
    await world.settle();
    expect(stored).toBe(6);
    world.server.forget(STREAM, 4);
    const second = await open();
    expect(second.next).toBe(3);
    expect(second.generation).toBeGreaterThan(first.generation);
    append(second, 1, 1);
    await world.settle();
    expect(seen).toEqual(['a0+1', 'a1+1', 'a2+1', 'a3+1', 'a4+1', 'a5+1', 'b3+1', 'b4+1']);
    expect(await log.validUpTo({ generation: first.generation, position: 6 })).toBe(3);
    expect(await log.validUpTo({ generation: first.generation, position: 2 })).toBe(2);
    expect(await log.validUpTo({ generation: second.generation, position: 5 })).toBe(5);
  });

  it('is recognised by who comes back later, when it is longer again than it was', async () => {
    const first = await open();
    append(first, ...Array<number>(100).fill(1));
    await world.settle();
    const place = { generation: first.generation, position: 90 };
    world.server.forget(STREAM, 51);
    const second = await open();
    append(second, ...Array<number>(200).fill(1));
    await world.settle();
    append(await open(), 1);
    await world.settle();
    expect(await log.validUpTo(place)).toBe(50);
    const seen = follow(place);
    await world.settle();
    await world.pass(100);
    expect(seen).toHaveLength(201);
    expect([seen[0], seen.at(-1)]).toEqual(['a50+1', 'b250+1']);
  });

  it('is read right when it loses its end while it is read', async () => {
    append(await open(), ...Array<number>(10).fill(1));
    await world.settle();
    const pass = holdReadsFrom(5);
    const seen = follow();
    await world.settle();
    world.server.delays = () => undefined;
    world.server.forget(STREAM, 4);
    append(await open(), ...Array<number>(8).fill(1));
    pass();
    await world.pass(100);
    expect(seen.slice(0, 4)).toEqual(['a0+1', 'a1+1', 'a2+1', 'a3+1']);
    expect(seen.filter((each) => each.startsWith('b'))).toEqual([3, 4, 5, 6, 7, 8, 9, 10].map((each) => `b${each}+1`));
  });

  it('has lost messages, not unreadable ones', async () => {
    append(await open(), ...Array<number>(10).fill(1));
    await world.settle();
    const pass = holdReadsFrom(5);
    const seen = follow();
    await world.settle();
    world.server.delays = () => undefined;
    world.server.forget(STREAM, 7);
    pass();
    await world.pass(1_000);
    expect(seen).toHaveLength(6);
    expect(router.bus.drops.all()).toEqual([]);
  });

  it('is searched again by a read that goes on where one ended before', async () => {
    append(await open(), ...Array<number>(10).fill(1));
    await world.settle();
    expect(ranges(await log.read(0, 5))).toHaveLength(5);
    world.server.forget(STREAM, 4);
    append(await open(), 5, 5, 5, 5);
    await world.settle();
    expect(ranges(await log.read(5, 2))).toEqual(['3+5', '8+5']);
  });

  it('begins at 0 again when all of it is lost', async () => {
    const first = await open();
    const seen = follow();
    append(first, 2, 2);
    await world.settle();
    world.server.streams.clear();
    for (const { broker } of [connector, router]) {
      broker.setConnected(false);
      broker.setConnected(true);
    }
    const second = await open();
    expect(second.next).toBe(0);
    append(second, 1, 1);
    await world.pass(300);
    expect(seen).toEqual(['a0+2', 'a2+2', 'b0+1', 'b1+1']);
  });

  it('loses nothing of its later generation to a trim that was asked for before', async () => {
    const first = await open();
    const seen = follow();
    append(first, 5, 5);
    await world.settle();
    expect(seen).toHaveLength(2);
    log.trim(10);
    world.server.forget(STREAM, 2);
    const second = await open();
    append(second, 1, 1, 1, 1, 1);
    await world.pass(TRIM_MS + 100, 500);
    expect(ranges(await log.read(0, 10))).toEqual(['5+1', '6+1', '7+1', '8+1', '9+1']);
  });

  it('has a larger generation each time, whatever the clocks show', async () => {
    const first = await open();
    append(first, 1);
    await world.settle();
    router.clock.wallOffsetMs -= 3_600_000;
    const second = await open(router);
    expect(second.generation).toBe(first.generation + 1);
    world.server.streams.clear();
    // Nobody knew that the stream is gone.
    await expect(open(router)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const third = await open(router);
    expect(third.generation).toBe(second.generation + 1);
  });
});

describe('a follower of the log', () => {
  it('gets live records without a question to the server', async () => {
    const writer = await open();
    const seen = follow();
    await world.pass(100);
    let questions = 0;
    world.server.fails = () => void questions++;
    append(writer, 1, 2);
    await world.settle();
    append(writer, 3);
    await world.settle();
    // The first one begins a generation that it does not know.
    expect(questions).toBeGreaterThan(0);
    questions = 0;
    append(writer, 1, 1);
    await world.settle();
    expect(questions).toBe(0);
    expect(seen).toEqual(['a0+1', 'a1+2', 'a3+3', 'a6+1', 'a7+1']);
  });

  it('finds a live record that was lost when the next one comes', async () => {
    const writer = await open();
    const seen = follow();
    append(writer, 1);
    await world.settle();
    world.server.loses = (subject) => subject === SUBJECT;
    append(writer, 1, 1);
    world.server.loses = () => false;
    await world.settle();
    expect(seen).toEqual(['a0+1']);
    append(writer, 1);
    await world.settle();
    expect(seen).toEqual(['a0+1', 'a1+1', 'a2+1', 'a3+1']);
  });

  it('finds a live record that was lost when no other comes', async () => {
    const writer = await open();
    const seen = follow();
    append(writer, 1);
    await world.settle();
    world.server.loses = (subject) => subject === SUBJECT;
    append(writer, 1);
    world.server.loses = () => false;
    await world.pass(LOOK_MS + LIVE_MS + 100);
    expect(seen).toEqual(['a0+1', 'a1+1']);
  });

  it('does not get what a writer that was replaced publishes', async () => {
    const old = await open();
    const seen = follow();
    append(old, 1);
    await world.settle();
    const other = world.start('another connector');
    const writer = await open(other);
    append(writer, 2);
    await world.settle();
    append(old, 7);
    await world.settle();
    expect(refused).toEqual(['1 REFUSED event log: wrong last sequence: 2']);
    append(writer, 1);
    await world.pass(4_000);
    expect(seen).toEqual(['a0+1', 'b1+2', 'b3+1']);
  });

  it('waits while the log cannot be read, and then gets everything in order', async () => {
    const writer = await open();
    append(writer, 1);
    await world.settle();
    world.server.fails = (question) => (question.startsWith('stream') ? 'TIMEOUT' : undefined);
    const seen = follow();
    for (let i = 0; i < 600; i++) {
      append(writer, 1);
      await world.pass(10);
    }
    expect(seen).toEqual([]);
    const [follower] = (log as unknown as { followers: Map<{ held: unknown[] }, unknown> }).followers.keys();
    expect(follower?.held.length).toBeLessThanOrEqual(256);
    expect(router.troubles).toEqual(['the event log of group 1: cannot be read: streamState']);
    world.server.fails = () => undefined;
    await world.pass(500);
    expect(seen).toEqual(Array.from({ length: 601 }, (_, i) => `a${i}+1`));
  });

  it('goes on with what was stored while the connection was lost', async () => {
    const writer = await open();
    const seen = follow();
    append(writer, 1);
    await world.settle();
    router.broker.setConnected(false);
    append(writer, 1, 1);
    await world.settle();
    expect(seen).toEqual(['a0+1']);
    router.broker.setConnected(true);
    await world.settle();
    expect(seen).toEqual(['a0+1', 'a1+1', 'a2+1']);
  });

  it('gets nothing more once it was stopped, whatever it was doing', async () => {
    const writer = await open();
    append(writer, 1, 1);
    await world.settle();
    const seen: number[] = [];
    const following = log.follow(BEGINNING, ({ first }) => {
      seen.push(first);
      following.unsubscribe();
    });
    append(writer, 1);
    await world.pass(LOOK_MS + LIVE_MS + 100);
    expect(seen).toEqual([0]);
    await router.bus.close();
    expect(router.clock.pending).toBe(0);
  });
});

describe('messages of the stream that are no records', () => {
  it('are skipped wherever they are, counted and reported once', async () => {
    const writer = await open();
    append(writer, ...Array<number>(20).fill(1));
    await world.settle();
    for (const sequence of [1, 5, 6, 20]) spoil(sequence);
    spoil(11, null);
    const expected = [1, 2, 3, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18].map((first) => `${first}+1`);
    expect(ranges(await log.read(0, 100))).toEqual(expected);
    expect(ranges(await log.read(0, 100))).toEqual(expected);
    expect(ranges(await log.read(4, 2))).toEqual(['6+1', '7+1']);
    expect(ranges(await log.read(10, 1))).toEqual(['11+1']);
    expect(ranges(await log.read(19, 1))).toEqual([]);
    expect(await log.extent()).toEqual({ first: 1, next: 19, generation: writer.generation });
    const seen = follow();
    await world.pass(100);
    expect(seen).toEqual(expected.map((each) => `a${each}`));
    expect(router.bus.drops.all()).toEqual([
      { kind: 'log', reason: 'VERSION', count: 4 },
      { kind: 'log', reason: 'MISSING', count: 1 },
    ]);
    expect(router.troubles).toHaveLength(1);
    expect(router.troubles[0]).toMatch(/^the event log of group 1: message \d+ is skipped: /);
  });

  it('do not keep a writer from going on behind them, nor a follower from what comes', async () => {
    append(await open(), 1, 1, 1);
    await world.settle();
    const seen = follow();
    await world.settle();
    spoil(3);
    const writer = await open();
    expect(writer.next).toBe(2);
    append(writer, 1, 1);
    await world.settle();
    expect(refused).toEqual([]);
    expect(seen).toEqual(['a0+1', 'a1+1', 'a2+1', 'b2+1', 'b3+1']);
  });

  it('may be all there is', async () => {
    append(await open(), ...Array<number>(200).fill(1));
    await world.settle();
    for (let sequence = 1; sequence <= 200; sequence++) spoil(sequence);
    expect(await log.extent()).toEqual({ first: 0, next: 0, generation: 0 });
    expect(await log.read(0, 10)).toEqual([]);
    expect(await log.validUpTo({ generation: 5, position: 7 })).toBe(0);
    const writer = await open();
    append(writer, 3);
    await world.settle();
    expect(refused).toEqual([]);
    expect(ranges(await log.read(0, 10))).toEqual(['0+3']);
  });

  it('do not end a read that has none but them for a while', async () => {
    append(await open(), ...Array<number>(300).fill(1));
    await world.settle();
    for (let sequence = 2; sequence <= 250; sequence++) spoil(sequence);
    expect(ranges(await log.read(1, 3))).toEqual(['250+1', '251+1', '252+1']);
    const seen = follow();
    await world.pass(100);
    expect(seen).toHaveLength(51);
  });

  it('that come live are counted, and the stored log decides', async () => {
    const writer = await open();
    const seen = follow();
    append(writer, 1);
    await world.settle();
    connector.bus.publish(SUBJECT, Buffer.from('no record'));
    await world.settle();
    append(await open(), 1);
    await world.settle();
    expect(seen).toEqual(['a0+1', 'b1+1']);
    expect(router.bus.drops.all()[0]).toMatchObject({ kind: 'log', reason: 'VERSION' });
  });
});

describe('records of an earlier release', () => {
  it('are followed as they come', async () => {
    const seen = follow();
    await world.settle();
    for (const first of [0, 2, 4]) connector.broker.publish(SUBJECT, recordV1(first, 2));
    await world.settle();
    expect(seen).toEqual(['a0+2', 'a2+2', 'a4+2']);
    expect(await log.validUpTo({ generation: 0, position: 4 })).toBe(4);
  });

  it('before and among those of this release are delivered once, in order', async () => {
    const seen = follow();
    await world.settle();
    connector.broker.publish(SUBJECT, recordV1(0, 2));
    append(await open(), 1, 1);
    await world.settle();
    connector.broker.publish(SUBJECT, recordV1(4, 3, 2));
    await world.pass(200);
    const writer = await open();
    expect([writer.next, writer.lastEpoch]).toEqual([7, 2]);
    append(writer, 1);
    await world.pass(LOOK_MS + LIVE_MS + 100);
    expect(seen).toEqual(['a0+2', 'b2+1', 'b3+1', 'b4+3', 'c7+1']);
  });
});

describe('a writer of the log', () => {
  it('is refused by one that stored in between, and confirms only what is stored', async () => {
    const writer = await open();
    append(writer, 1, 1);
    await world.settle();
    connector.broker.publish(SUBJECT, recordV1(2, 1));
    append(writer, 1, 1);
    await world.settle();
    expect(stored).toBe(2);
    expect(refused).toEqual(['2 REFUSED event log: wrong last sequence: 3']);
    append(writer, 1);
    expect(refused[1]).toBe('4 CLOSED this writer was closed');
  });

  it('is refused when it is not confirmed in time', async () => {
    const writer = await open();
    append(writer, 1);
    await world.settle();
    connector.broker.setConnected(false);
    append(writer, 1, 1);
    await world.pass(2_900);
    expect(refused).toEqual([]);
    await world.pass(200);
    expect(refused).toEqual(['1 REFUSED event log: no confirmation in time']);
  });

  it('is refused at once when the connection comes back, for what was not confirmed may be lost', async () => {
    const writer = await open();
    connector.broker.setConnected(false);
    append(writer, 1);
    connector.broker.setConnected(true);
    expect(refused).toEqual(['0 REFUSED event log: the connection was lost']);
  });

  it('cannot be opened while the server is out of reach', async () => {
    connector.broker.setConnected(false);
    await expect(open()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('leaves no timer when it was closed', async () => {
    const writer = await open();
    append(writer, 1);
    writer.close();
    await world.settle();
    expect(connector.clock.pending).toBe(0);
    expect(stored).toBe(0);
  });
});

describe('a log', () => {
  it('is read as far as asked for, however many records these are', async () => {
    append(await open(), ...Array<number>(200).fill(1));
    await world.settle();
    expect(await log.read(3, 150)).toHaveLength(150);
    expect(await log.read(153, 150)).toHaveLength(47);
  });

  it('keeps its newest record when everything is given up, and goes on behind it', async () => {
    append(await open(), 1, 1, 1);
    await world.settle();
    log.trim(3);
    await world.pass(TRIM_MS + 100, 500);
    expect(await log.extent()).toMatchObject({ first: 2, next: 3 });
    expect((await open()).next).toBe(3);
  });
});

describe('a full log', () => {
  it('refuses new records and gives up none', async () => {
    const writer = await open();
    append(writer, 1);
    await world.settle();
    Object.assign(world.server.stream(STREAM).options, { maxMessages: 3 });
    append(writer, 1, 1, 1);
    await world.settle();
    expect(stored).toBe(3);
    expect(refused).toEqual(['3 REFUSED event log: maximum messages exceeded']);
    expect(ranges(await log.read(0, 10))).toEqual(['0+1', '1+1', '2+1']);
  });
});
