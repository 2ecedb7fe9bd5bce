import { beforeEach, describe, expect, it } from 'vitest';
import { apduEnd, AsduView, singleCommand } from '@iec104mm2ss/iec104';
import { apdus, FakeClock } from '@iec104mm2ss/testing';
import { DeadlineScheduler } from '@iec104mm2ss/transport';
import { COMMAND_RUN, CommandIntake, LATE_MS } from './command-intake.js';

let clock: FakeClock;
let taken: { readonly ioa: number; readonly waitedMs: number; readonly at: number }[];
let refused: { readonly ioa: number; readonly cot: number; readonly negative: boolean }[];
let dealtWith: number;
let delayed: number;
let flooded: number;
let room: boolean[];
let intake: CommandIntake;

function viewsOf(octets: Uint8Array, start: number, end: number): AsduView[] {
  const views: AsduView[] = [];
  for (let at = start; at < end; at = apduEnd(octets, at)) {
    views.push(new AsduView(octets.subarray(at + 6, apduEnd(octets, at))));
  }
  return views;
}

function make(commandRate = 50, commandBurst = 100, t1Ms = 15_000, refusals = 1_000): CommandIntake {
  return new CommandIntake({ commandRate, commandBurst }, t1Ms, refusals, new DeadlineScheduler(clock), {
    take: (octets, start, end, count, waitedMs) => {
      const views = viewsOf(octets, start, end);
      expect(views.length).toBe(count);
      for (const { ioa = -1 } of views) taken.push({ ioa, waitedMs, at: clock.now() });
    },
    dealtWith: (count) => (dealtWith += count),
    refuse: (octets, count) => {
      const views = viewsOf(octets, 0, octets.length);
      expect(views.length).toBe(count);
      for (const { ioa = -1, cot, negative } of views) refused.push({ ioa, cot, negative });
    },
    roomChanged: () => room.push(!intake.full),
    delayed: () => delayed++,
    flood: () => flooded++,
  });
}

beforeEach(() => {
  clock = new FakeClock();
  [taken, refused, room] = [[], [], []];
  [dealtWith, delayed, flooded] = [0, 0, 0];
  intake = make();
});

let next = 0;
function add(count: number, waitedMs = 0): void {
  const octets = apdus(Array.from({ length: count }, () => singleCommand(1, ++next, true)));
  intake.add(octets, 0, octets.length, count, waitedMs);
}

describe('commands of one master', () => {
  it('within the rate go at once', () => {
    for (let i = 0; i < 200; i++) {
      add(1);
      clock.advance(20);
    }
    expect([taken.length, dealtWith, delayed, intake.delayed]).toEqual([200, 200, 0, 0]);
    expect(taken.every(({ waitedMs }) => waitedMs === 0)).toBe(true);
  });

  it('beyond it wait in their order, unacknowledged, and say how long they have waited', () => {
    next = 0;
    add(112);
    expect([taken.length, dealtWith, intake.length]).toEqual([100, 100, 12]);
    clock.advance(1_000);
    expect(taken.map(({ ioa }) => ioa)).toEqual(Array.from({ length: 112 }, (_, i) => i + 1));
    expect([dealtWith, intake.length, refused.length, delayed]).toEqual([112, 0, 0, 1]);
    for (const { waitedMs, at } of taken) expect(waitedMs).toBe(at - (taken[0]?.at ?? 0));
    expect(taken.at(-1)?.waitedMs).toBeGreaterThan(200);
    expect(room, 'reading goes on: what is acknowledged is seen').toEqual([]);
  });

  it('are not read any more when too many wait, until half of them are gone', () => {
    add(100);
    for (let i = 0; i < 2; i++) add(COMMAND_RUN);
    expect([room, intake.full]).toEqual([[false], true]);
    clock.advance(2_500);
    expect([room, intake.full]).toEqual([[false, true], false]);
  });

  it('are refused and not executed when they have waited as long as a command may', () => {
    next = 0;
    add(1_000);
    clock.advance(LATE_MS + 100);
    const executed = taken.length;
    expect(executed).toBeGreaterThanOrEqual(100 + 190);
    expect(executed).toBeLessThanOrEqual(100 + 201);
    expect(taken.every(({ waitedMs }) => waitedMs <= LATE_MS)).toBe(true);
    expect(refused.length).toBe(1_000 - executed);
    expect(refused.every(({ cot, negative }) => cot === 7 && negative)).toBe(true);
    expect(new Set([...taken, ...refused].map(({ ioa }) => ioa)).size, 'each once').toBe(1_000);
    expect([dealtWith, intake.late, flooded]).toEqual([1_000, 1_000 - executed, 0]);
  });

  it('count from when they may have come: what lay unread for long is refused as soon as there is no room', () => {
    add(100);
    add(10, LATE_MS);
    expect([refused.length, intake.length]).toEqual([10, 0]);
  });

  it('within the rate that lay unread go their way with their age: the router refuses them and keeps a record', () => {
    add(3, 7_000);
    expect(taken.map(({ waitedMs }) => waitedMs)).toEqual([7_000, 7_000, 7_000]);
  });

  it('wait for half of t1 at most: what the master acknowledges behind them must be seen in time', () => {
    intake = make(50, 100, 4_000);
    add(1_000);
    clock.advance(2_100);
    expect(intake.length).toBe(0);
  });

  it('that even refusing them would be too much end the session', () => {
    intake = make(50, 100, 15_000, 10);
    add(1_000);
    clock.advance(LATE_MS + 100);
    expect([flooded, refused.length]).toEqual([1, 0]);
  });

  it('that wait when the session ends are counted, and no timer is left', () => {
    add(130);
    expect(intake.clear()).toBe(30);
    clock.advance(10_000);
    expect([taken.length, clock.pending]).toEqual([100, 0]);
  });

  it('follow another rate at once', () => {
    add(130);
    intake.change({ commandRate: 1_000, commandBurst: 1_000 });
    clock.advance(60);
    expect(taken.length).toBe(130);
  });

  it('never take more memory than the octets that were read, whatever the rate', () => {
    intake = make(1, 1, 15_000, 100_000);
    for (let i = 0; i < 100; i++) {
      if (!intake.full) add(COMMAND_RUN);
      expect(intake.length).toBeLessThanOrEqual(2 * COMMAND_RUN);
      clock.advance(100);
    }
  });
});
