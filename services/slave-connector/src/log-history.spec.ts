import { FakeClock, FakeLog, apdus, eventAsdu, eventValue } from '@iec104mm2ss/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { EventWriter } from './event-writer.js';
import { HISTORY_READ_MS, HistoryReading } from './log-history.js';

let clock: FakeClock;
let log: FakeLog;
let writer: EventWriter;

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function begin(emptyAt = 0): Promise<void> {
  clock = new FakeClock();
  log = new FakeLog(emptyAt);
  writer = new EventWriter(
    { log, capacity: 10_000, clock, mayOpen: () => true },
    { onNextGeneration: nothing, onOpened: nothing, onStored: nothing, onTrouble: nothing, onLost: nothing },
  );
  writer.open();
  await settle();
  writer.confirm(emptyAt, 1);
}
const nothing = (): void => undefined;

/** `reads` socket reads with `count` events each, the values of which are their ordinals. */
function write(reads: number, count = 1): void {
  for (let i = 0; i < reads; i++) {
    const octets = apdus(Array.from({ length: count }, (_, index) => eventAsdu(writer.next + index)));
    writer.write(1, octets, 0, octets.length, count, 0);
  }
}

const history = async (count: number): Promise<[ordinal: number, value: number][]> =>
  (await new HistoryReading(log, writer, clock, count).read()).map(({ ordinal, asdu }) => [ordinal, eventValue(asdu)]);
const range = (from: number, to: number): [number, number][] =>
  Array.from({ length: to - from }, (_, index) => [from + index, from + index]);

beforeEach(() => begin());

describe('the end of the log', () => {
  it('is as many ASDUs as are asked for, whatever records they are in', async () => {
    write(50, 3);
    expect(await history(64)).toEqual(range(86, 150));
    expect(await history(1_000)).toEqual(range(0, 150));
    expect(clock.pending).toBe(0);
  });

  it('is read in pieces, the newest first, and no record is asked for that is not needed', async () => {
    write(400);
    expect(await history(300)).toEqual(range(100, 400));
    expect(log.reads).toEqual([
      { from: 272, maxRecords: 128 },
      { from: 144, maxRecords: 128 },
      { from: 100, maxRecords: 44 },
    ]);
  });

  it('is shorter when the log begins later', async () => {
    await begin(500);
    write(20);
    expect(await history(64)).toEqual(range(500, 520));
    expect(log.reads).toHaveLength(1);
    log.trim(510);
    expect(await history(64)).toEqual(range(510, 520));
  });

  it('holds what the log was given and has not confirmed yet', async () => {
    write(3);
    log.prompt = false;
    write(2, 2);
    log.refuse();
    expect(await history(64)).toEqual(range(0, 7));
    expect(await history(3)).toEqual(range(4, 7));
    expect(log.reads.at(-1)?.from).toBe(0);
  });

  it('has the ordinals that its ASDUs had before the log lost some', async () => {
    write(6);
    writer.release(4);
    log.lose(2);
    clock.advance(1_000);
    await settle();
    expect(await history(64)).toEqual([...range(0, 2), ...range(4, 6)]);
  });

  it('is what was read in time when the log is slow', async () => {
    write(200);
    let reads = 0;
    const slow = {
      read: (from: number, max: number) => (++reads === 1 ? log.read(from, max) : new Promise<never>(nothing)),
    };
    const reading = new HistoryReading(slow, writer, clock, 200).read();
    await settle();
    clock.advance(HISTORY_READ_MS);
    const asdus = await reading;
    expect(asdus.map(({ ordinal }) => ordinal)).toEqual(range(72, 200).map(([ordinal]) => ordinal));
    expect(clock.pending).toBe(0);
  });

  it('is asked for no longer when nobody needs it', async () => {
    write(3);
    log.answersReads = false;
    const reading = new HistoryReading(log, writer, clock, 64);
    const asdus = reading.read();
    reading.stop();
    expect(clock.pending).toBe(0);
    expect(await asdus).toEqual([]);
  });

  it('cannot be had when the log cannot be read', async () => {
    write(3);
    log.reachable = false;
    await expect(history(64)).rejects.toThrow('no server');
    expect(clock.pending).toBe(0);
  });
});
