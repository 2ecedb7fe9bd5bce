import { apduEnd, Durations, iFormat } from '@iec104mm2ss/iec104';
import type { Connection, DeadlineScheduler } from '@iec104mm2ss/transport';
import { ageCode, decodeOut, encodeOut, OutKind, type OutMessage } from '@iec104mm2ss/wire';
import { expect, it } from 'vitest';
import { MasterTotals } from './master-totals.js';
import { SessionQueue } from './session-queue.js';

const APDU = iFormat(0, 0, new Uint8Array(10));

/** A queue to a master that takes `window` APDUs, at a time of its own. */
function bench() {
  const latencies = new Durations([5, 50, 500]);
  const time = { now: 1_000 };
  const connection = {
    window: 2,
    link: {
      sent: 0,
      acknowledged: 0,
      sendApdus(octets: Uint8Array, from: number, end: number): number {
        let at = from;
        for (; at < end && connection.window > 0; connection.window--, this.sent++) at = apduEnd(octets, at);
        return at;
      },
    },
    touched: () => undefined,
  };
  const scheduler = { now: () => time.now } as DeadlineScheduler;
  const queue = new SessionQueue(connection as unknown as Connection, scheduler, 100, () => undefined, latencies);
  let position = 0;
  const event = (count: number, age: number): void => {
    const octets = Buffer.concat(Array.from({ length: count }, () => APDU));
    const head = { kind: OutKind.DATA, age, fence: 1, generation: 1, from: position, first: position, count };
    queue.addMessage(decodeOut(encodeOut(head, octets)) as OutMessage, 0, 1, 0);
    position += count;
  };
  return { latencies, time, connection, queue, event };
}

it('is what the router says of the age, and what the event waited here', () => {
  const { latencies, time, connection, queue, event } = bench();
  event(1, ageCode(3));
  expect(latencies.counts).toEqual([1, 0, 0, 0]);
  event(3, ageCode(3));
  expect(latencies.counts, 'one more had room').toEqual([2, 0, 0, 0]);
  time.now += 30;
  connection.window = 1;
  queue.fill();
  expect(latencies.counts).toEqual([2, 1, 0, 0]);
  time.now += 100;
  connection.window = 5;
  queue.fill();
  expect(latencies.counts).toEqual([2, 1, 1, 0]);
  expect(latencies.sumMs).toBeCloseTo(3 + 3 + 33 + 133, 6);
});

it('is not counted where the router does not say it: to who catches up, of its own, of the release before', () => {
  const { latencies, connection, queue, event } = bench();
  event(3, 0);
  connection.window = 5;
  queue.fill();
  expect(connection.link.sent).toBe(3);
  expect(latencies.count).toBe(0);
});

it('the most that waited at one time is kept in mind', () => {
  const { connection, queue, event } = bench();
  event(7, ageCode(1));
  connection.window = 9;
  queue.fill();
  expect([queue.length, queue.highWater]).toEqual([0, 5]);
  const totals = new MasterTotals();
  totals.ended({ identity: { name: null }, connection, queue } as never);
  expect(totals.highWater([])).toBe(5);
});
