import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeLogRecord, recordEnd, recordEpoch, recordFirst } from '../messages/log-record.js';
import { LogFollower } from './log-follower.js';

const record = (epoch: number, first: number, count: number): Uint8Array =>
  encodeLogRecord(epoch, first, count, 0, new Uint8Array(8), 0, 8);

/** What the server has stored, and whether it can be read. */
let stored: Uint8Array[];
let readable: boolean;
/** What was delivered: `epoch:first+count`. */
let delivered: string[];
let live: (record: Uint8Array) => void;

function follow(from = 0): LogFollower {
  const connection = {
    subscribe(_subject: string, { callback }: { callback: (error: null, message: { data: Uint8Array }) => void }) {
      live = (data) => callback(null, { data });
      return { unsubscribe: () => undefined };
    },
  } as unknown as NatsConnection;
  const read = async (position: number): Promise<Uint8Array[]> => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (!readable) throw new Error('no leader');
    return stored.filter((each) => recordEnd(each) > position).slice(0, 2);
  };
  return new LogFollower(connection, 'log', from, (each) => delivered.push(text(each)), read);
}

const text = (each: Uint8Array): string =>
  `${recordEpoch(each)}:${recordFirst(each)}+${recordEnd(each) - recordFirst(each)}`;
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  [stored, readable, delivered] = [[], true, []];
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a follower of the event log', () => {
  it('delivers live records at once', async () => {
    follow();
    await pass(10);
    live(record(1, 0, 2));
    live(record(1, 2, 1));
    expect(delivered).toEqual(['1:0+2', '1:2+1']);
  });

  it('waits for what is missing in front of a live record until the log has it', async () => {
    follow();
    await pass(10);
    live(record(1, 0, 2));
    live(record(1, 4, 1));
    live(record(1, 5, 1));
    await pass(1_000);
    expect(delivered).toEqual(['1:0+2']);
    stored = [record(1, 0, 2), record(1, 2, 2)];
    await pass(100);
    expect(delivered).toEqual(['1:0+2', '1:2+2', '1:4+1', '1:5+1']);
    live(record(1, 6, 1));
    expect(delivered.at(-1)).toBe('1:6+1');
  });

  it('waits also while the log cannot be read, however long', async () => {
    follow();
    await pass(10);
    readable = false;
    live(record(1, 2, 1));
    await pass(9_000);
    expect(delivered).toEqual([]);
    readable = true;
    await pass(500);
    stored = [record(1, 0, 2)];
    await pass(100);
    expect(delivered).toEqual(['1:0+2', '1:2+1']);
  });

  it('takes what the log has in the place of a live record that was never stored', async () => {
    follow();
    await pass(10);
    live(record(1, 3, 1));
    await pass(10_000);
    live(record(2, 0, 5));
    expect(delivered).toEqual(['2:0+5']);
  });

  it('asks the log about records of an earlier link', async () => {
    follow();
    await pass(10);
    live(record(2, 0, 2));
    // A writer that was replaced: the log refuses it.
    live(record(1, 1, 3));
    await pass(100);
    live(record(2, 2, 1));
    await pass(100);
    stored = [record(2, 0, 2), record(2, 2, 1)];
    await pass(5_000);
    expect(delivered).toEqual(['2:0+2', '2:2+1']);
  });

  it('takes records of an earlier link that the log has', async () => {
    follow();
    await pass(10);
    // Never stored.
    live(record(8, 0, 1));
    live(record(7, 1, 1));
    stored = [record(7, 0, 1), record(7, 1, 1)];
    await pass(100);
    live(record(7, 2, 1));
    expect(delivered).toEqual(['8:0+1', '7:1+1', '7:2+1']);
  });

  it('skips what was trimmed', async () => {
    stored = [record(3, 100, 5), record(3, 105, 1), record(3, 106, 1)];
    follow(4);
    await pass(100);
    expect(delivered).toEqual(['3:100+5', '3:105+1', '3:106+1']);
  });

  it('delivers nothing more once it was stopped', async () => {
    const follower = follow();
    await pass(10);
    live(record(1, 1, 1));
    follower.stop();
    stored = [record(1, 0, 1), record(1, 1, 1)];
    live(record(1, 0, 1));
    await pass(10_000);
    expect(delivered).toEqual([]);
  });
});
