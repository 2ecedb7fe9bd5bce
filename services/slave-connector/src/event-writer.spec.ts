import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  BusError,
  type EventLog,
  type LogExtent,
  type LogWriter,
  type LogWriterEvents,
  recordCount,
  recordEnd,
  recordEpoch,
  recordFirst,
  recordReceivedAt,
  LOG_RECORD_PREAMBLE_OCTETS,
} from '@iec104mm2ss/bus';
import { apdus, asdusOf, eventAsdu, eventValue } from '@iec104mm2ss/testing';
import { EventWriter, REOPEN_PAUSE_MS } from './event-writer.js';

/** A log that stores, confirms and refuses when it is told to. */
class FakeLog implements EventLog {
  records: Uint8Array[] = [];
  opened = 0;
  reachable = true;
  /** Stores at once, and says so at once. */
  prompt = true;
  private next = 0;
  private unconfirmed: number[] = [];
  private current: { events: LogWriterEvents; next: number; dead: boolean } | undefined;

  extent(): Promise<LogExtent> {
    return Promise.resolve({ first: 0, next: this.next, begunAt: 0 });
  }
  follow(): never {
    throw new Error('not here');
  }
  read(): never {
    throw new Error('not here');
  }
  trim(): void {
    // Keeps everything.
  }

  openWriter(events: LogWriterEvents): Promise<LogWriter> {
    if (!this.reachable) return Promise.reject(new BusError('UNAVAILABLE', 'no server'));
    this.opened++;
    if (this.current !== undefined) this.current.dead = true;
    const writer = { events, next: this.next, dead: false };
    this.current = writer;
    const store = (record: Uint8Array): boolean => this.store(record);
    this.unconfirmed = [];
    return Promise.resolve({
      get next() {
        return writer.next;
      },
      lastEpoch: this.records.length === 0 ? 0 : recordEpoch(this.records.at(-1) as Uint8Array),
      append: (record) => {
        if (writer.dead) return;
        expect(recordFirst(record)).toBe(writer.next);
        writer.next = recordEnd(record);
        if (!store(record)) return;
        this.unconfirmed.push(recordEnd(record));
        if (this.prompt) this.confirm();
      },
      close: () => {
        writer.dead = true;
      },
    });
  }

  /** Confirms what it has stored, or the first `count` of it. */
  confirm(count = Infinity): void {
    for (const end of this.unconfirmed.splice(0, count)) this.current?.events.onStored(end);
  }

  /** The writer ends; what it has not confirmed is stored all the same, or not, after the first `kept`. */
  refuse(kept = 0): void {
    const writer = this.current;
    if (writer === undefined || writer.dead) return;
    writer.dead = true;
    const lost = this.unconfirmed[kept];
    if (lost !== undefined) {
      const first = this.records.findIndex((record) => recordEnd(record) === lost);
      this.records.length = first;
      this.next = first === 0 ? 0 : recordEnd(this.records[first - 1] as Uint8Array);
    }
    this.unconfirmed = [];
    writer.events.onRefused(writer.next, new BusError('REFUSED', 'refused'));
  }

  /** Another log takes its place. */
  replace(next: number): void {
    this.records = [];
    this.next = next;
  }

  get values(): number[] {
    return this.records.flatMap((record) => asdusOf(record, LOG_RECORD_PREAMBLE_OCTETS).map(eventValue));
  }

  private store(record: Uint8Array): boolean {
    if (recordFirst(record) !== this.next) return false;
    this.records.push(record);
    this.next = recordEnd(record);
    return true;
  }
}

let log: FakeLog;
let writer: EventWriter;
let stored: number[];
let troubles: string[];
let resets: number;
let written: number;

beforeEach(() => {
  vi.useFakeTimers();
  log = new FakeLog();
  begin(10);
});

afterEach(() => {
  writer.close();
  vi.useRealTimers();
});

function begin(capacity: number): void {
  stored = [];
  troubles = [];
  resets = 0;
  written = 0;
  writer = new EventWriter(log, capacity, {
    onStored: (position) => stored.push(position),
    onTrouble: (error) => troubles.push(error.code),
    onReset: () => {
      resets++;
      writer.dropWaiting();
    },
  });
}

/** One socket read with the next `count` events. */
function write(count: number, epoch = 1): void {
  const octets = apdus(Array.from({ length: count }, () => eventAsdu(written++)));
  writer.write(epoch, octets, 0, octets.length, count, 1_234);
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i);
const reopened = (): Promise<unknown> => vi.advanceTimersByTimeAsync(REOPEN_PAUSE_MS);

describe('events', () => {
  it('are appended as they come, one record per read, and reported when stored', async () => {
    expect(writer.ready).toBe(false);
    await writer.open();
    expect(writer.ready).toBe(true);
    write(3, 7);
    write(1, 7);
    expect(log.records.map((record) => [recordFirst(record), recordCount(record), recordEpoch(record)])).toEqual([
      [0, 3, 7],
      [3, 1, 7],
    ]);
    expect(recordReceivedAt(log.records[0] as Uint8Array)).toBe(1_234);
    expect(log.values).toEqual([0, 1, 2, 3]);
    expect(stored).toEqual([3, 4]);
    expect(writer.next).toBe(4);
    expect(writer.storedPosition).toBe(4);
  });

  it('go on where the log ends', async () => {
    log.replace(500);
    await writer.open();
    expect(writer.next).toBe(500);
    expect(writer.storedPosition).toBe(500);
    expect(resets).toBe(0);
    writer.confirm(500);
    write(2);
    expect(recordFirst(log.records[0] as Uint8Array)).toBe(500);
    expect(stored.at(-1)).toBe(502);
  });

  it('may be part of a socket read', async () => {
    await writer.open();
    const octets = Buffer.concat([
      Buffer.of(0x68, 4, 1, 0, 0, 0),
      apdus([eventAsdu(5)]),
      Buffer.of(0x68, 4, 1, 0, 0, 0),
    ]);
    writer.write(1, octets, 6, octets.length - 6, 1, 0);
    expect(log.values).toEqual([5]);
  });
});

describe('a full log', () => {
  it('is one with as many unconfirmed events as it may have: the next ones wait, and go in as room comes', async () => {
    await writer.open();
    write(6);
    write(4);
    expect(writer.full).toBe(false);
    write(1);
    write(2);
    expect(writer.full).toBe(true);
    expect(writer.waitingCount).toBe(3);
    expect(writer.fullTimes).toBe(1);
    expect(writer.next).toBe(13);
    expect(log.values).toEqual(upTo(10));
    expect(stored.at(-1)).toBe(10);
    writer.confirm(1);
    expect(log.values).toEqual(upTo(11));
    writer.confirm(1);
    writer.confirm(2);
    expect(log.values).toEqual(upTo(11));
    writer.confirm(3);
    expect(log.values).toEqual(upTo(13));
    expect(writer.full).toBe(false);
    expect(writer.waitingCount).toBe(0);
    write(1);
    expect(writer.full).toBe(true);
    expect(writer.fullTimes).toBe(2);
  });

  it('takes a read larger than itself when nothing is unconfirmed', async () => {
    await writer.open();
    write(25);
    expect(log.values).toEqual(upTo(25));
    write(11);
    writer.confirm(24);
    expect(log.values).toEqual(upTo(25));
    writer.confirm(25);
    expect(log.values).toEqual(upTo(36));
  });

  it('is left in order: nothing overtakes what waits', async () => {
    await writer.open();
    write(8);
    write(5);
    write(1);
    expect(log.values).toEqual(upTo(8));
    writer.confirm(3);
    expect(log.values).toEqual(upTo(13));
    writer.confirm(4);
    expect(log.values).toEqual(upTo(14));
  });
});

describe('a lost link', () => {
  it('drops what waits: the RTU sends it again', async () => {
    await writer.open();
    write(8);
    write(5);
    expect(writer.dropWaiting()).toBe(8);
    expect(writer.next).toBe(8);
    expect(writer.full).toBe(false);
    writer.confirm(8);
    expect(log.values).toEqual(upTo(8));
    written = 8;
    write(5, 2);
    expect(log.values).toEqual(upTo(13));
    expect(writer.next).toBe(13);
  });

  it('keeps what was sent to the log and is not confirmed yet', async () => {
    await writer.open();
    log.prompt = false;
    write(3);
    expect(writer.dropWaiting()).toBe(3);
    log.confirm();
    expect(stored).toEqual([3]);
  });
});

describe('a log that refuses', () => {
  it('is opened again, and what it had not stored is appended again, in order', async () => {
    await writer.open();
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
    expect(log.values).toEqual([0]);
    expect(log.opened).toBe(1);
    await reopened();
    expect(log.opened).toBe(2);
    log.confirm();
    expect(log.values).toEqual(upTo(7));
    expect(stored.at(-1)).toBe(7);
    expect(writer.next).toBe(7);
    expect(resets).toBe(0);
  });

  it('and confirms at once when opened again gets all of it too', async () => {
    await writer.open();
    log.prompt = false;
    for (let i = 0; i < 6; i++) write(1);
    log.refuse();
    log.prompt = true;
    await reopened();
    expect(log.values).toEqual(upTo(6));
    expect(stored.at(-1)).toBe(6);
    expect(resets).toBe(0);
  });

  it.each([1, 2, 3])('but had stored %i records without saying so gets none of them twice', async (kept) => {
    await writer.open();
    log.prompt = false;
    for (let i = 0; i < 3; i++) write(2);
    log.refuse(kept);
    await reopened();
    log.confirm();
    expect(log.values).toEqual(upTo(6));
    expect(stored.at(-1)).toBe(6);
    expect(writer.next).toBe(6);
    expect(resets).toBe(0);
  });

  it('may refuse again, and be out of reach for a while', async () => {
    await writer.open();
    log.prompt = false;
    write(2);
    log.refuse();
    log.reachable = false;
    await vi.advanceTimersByTimeAsync(REOPEN_PAUSE_MS * 5);
    expect(troubles).toEqual(['REFUSED', ...Array.from({ length: 5 }, () => 'UNAVAILABLE')]);
    log.reachable = true;
    await reopened();
    log.refuse();
    await reopened();
    log.confirm();
    expect(log.values).toEqual(upTo(2));
    expect(writer.ready).toBe(true);
  });

  it('has nothing to say once another writer is open', async () => {
    await writer.open();
    const first = (log as unknown as { current: { events: LogWriterEvents } }).current;
    log.prompt = false;
    write(2);
    log.refuse();
    await reopened();
    first.events.onRefused(0, new BusError('REFUSED', 'late'));
    first.events.onStored(99);
    expect(writer.ready).toBe(true);
    expect(stored).toEqual([]);
    log.confirm();
    expect(stored).toEqual([2]);
  });

  it('and goes on elsewhere is another log: the link begins anew, nothing counts as stored that is not', async () => {
    await writer.open();
    write(6);
    writer.confirm(6);
    log.prompt = false;
    write(2);
    log.refuse();
    log.replace(3);
    await reopened();
    expect(resets).toBe(1);
    expect(writer.storedPosition).toBe(3);
    expect(writer.confirmedPosition).toBe(3);
    expect(writer.next).toBe(3);
    log.prompt = true;
    written = 3;
    write(10);
    expect(stored.at(-1)).toBe(13);
    write(1);
    expect(writer.full).toBe(true);
  });

  it('is left alone when the connector stops', async () => {
    await writer.open();
    log.refuse();
    writer.close();
    await vi.advanceTimersByTimeAsync(REOPEN_PAUSE_MS * 3);
    expect(log.opened).toBe(1);
  });

  it('opened after the connector stopped is closed', async () => {
    const opening = writer.open();
    writer.close();
    await opening;
    expect(writer.ready).toBe(false);
    expect((log as unknown as { current: { dead: boolean } }).current.dead).toBe(true);
  });
});

it('whatever the log does, it ends with every event once, in order', async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ what: fc.constant('write' as const), count: fc.integer({ min: 1, max: 6 }) }) },
    {
      weight: 3,
      arbitrary: fc.record({ what: fc.constant('confirm' as const), count: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 3, arbitrary: fc.record({ what: fc.constant('acknowledge' as const) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('refuse' as const), kept: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('prompt' as const), on: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('reach' as const), on: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('pass' as const), ms: fc.nat(REOPEN_PAUSE_MS) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('link lost' as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      log = new FakeLog();
      begin(10);
      await writer.open();
      for (const each of steps) {
        switch (each.what) {
          case 'write':
            write(each.count);
            break;
          case 'confirm':
            log.confirm(each.count);
            break;
          case 'acknowledge':
            writer.confirm(writer.storedPosition);
            break;
          case 'refuse':
            log.refuse(each.kept);
            break;
          case 'prompt':
            log.prompt = each.on;
            break;
          case 'reach':
            log.reachable = each.on;
            break;
          case 'pass':
            await vi.advanceTimersByTimeAsync(each.ms);
            break;
          case 'link lost':
            // The RTU sends again what did not get into the log.
            written = writer.dropWaiting();
        }
        expect(stored).toEqual([...stored].sort((a, b) => a - b));
        expect(writer.storedPosition).toBeLessThanOrEqual(log.values.length);
        expect(writer.next).toBe(written);
        expect(resets).toBe(0);
      }
      log.reachable = true;
      for (let i = 0; i < 60 && writer.storedPosition < written; i++) {
        await reopened();
        log.confirm();
        writer.confirm(writer.storedPosition);
      }
      expect(log.values).toEqual(upTo(written));
      expect(writer.storedPosition).toBe(written);
      writer.close();
    }),
    { numRuns: 300 },
  );
});
