import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { encodeLogRecord, type LogRecord } from '@iec104mm2ss/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LogFollower } from './log-follower.js';

const GENERATION = 7;
const APDU = Buffer.from('68 0a 00 00 00 00 01 00 03 00 01 00'.replaceAll(' ', ''), 'hex');

let stored: LogRecord[];
let live: (() => void)[];
let seen: number[];
let reads: number;
let follower: LogFollower;

/** The connector appends one ASDU: the server stores it, and those who follow get it live. */
function append(): void {
  const first = stored.length;
  const octets = encodeLogRecord(
    { epoch: 1, generation: GENERATION, first, count: 1, receivedAt: 0 },
    APDU,
    0,
    APDU.length,
  );
  stored.push({ generation: GENERATION, first, end: first + 1 } as LogRecord);
  live.push(() => follower.onLive(octets));
}

function deliverLive(): void {
  for (const deliver of live.splice(0)) deliver();
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

beforeEach(() => {
  vi.useFakeTimers();
  [stored, live, seen, reads] = [[], [], [], 0];
  const log = {
    // While the server answers, events go on.
    readAfter: async ({ position }: { position: number }, maxRecords: number) => {
      if (++reads > 100) throw new Error('it reads for ever');
      const records = stored.slice(position, position + maxRecords);
      append();
      append();
      deliverLive();
      await settle();
      return records;
    },
  };
  const deliver = ({ first }: LogRecord): void => void seen.push(first);
  const failed = (error: unknown): void => expect.fail(String(error));
  follower = new LogFollower(
    { clock: SYSTEM_CLOCK, log, deliver, unreadable: failed, failed },
    { generation: GENERATION, position: 0 },
  );
});
afterEach(() => {
  follower.stop();
  vi.useRealTimers();
});

const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);

describe('a follower of a log that grows all the time', () => {
  it('reads as much as was stored, and then takes what comes live: it does not read for ever', async () => {
    for (let count = 0; count < 200; count++) append();
    live = [];
    follower.catchUp();
    for (let step = 0; step < 50; step++) {
      append();
      deliverLive();
      await settle();
    }
    const readsToCatchUp = reads;
    expect(readsToCatchUp).toBeLessThanOrEqual(200 / 64 + 2);
    for (let step = 0; step < 50; step++) {
      append();
      deliverLive();
      await settle();
    }
    expect(reads).toBe(readsToCatchUp);
    expect(seen).toEqual(upTo(stored.length));
  });

  it('reads once for a live record that was lost', async () => {
    follower.catchUp();
    await settle();
    for (let step = 0; step < 20; step++) {
      append();
      if (step === 10) live = [];
      deliverLive();
      await settle();
    }
    expect(reads).toBeLessThanOrEqual(3);
    expect(seen).toEqual(upTo(stored.length));
  });

  it('reads on when more came meanwhile than it keeps', async () => {
    for (let count = 0; count < 600; count++) append();
    follower.catchUp();
    deliverLive();
    await settle();
    for (let step = 0; step < 20; step++) {
      append();
      deliverLive();
      await vi.advanceTimersByTimeAsync(20);
    }
    expect(seen).toEqual(upTo(stored.length));
  });
});
