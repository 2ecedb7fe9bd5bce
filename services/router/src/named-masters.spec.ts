import { expect, it } from 'vitest';
import type { LogRecord } from '@iec104mm2ss/wire';
import { Cursors } from './cursors.js';
import type { GroupParts } from './group-parts.js';
import { learnAges, namedMasters, tellUnnamed, undeliveredSeconds } from './named-masters.js';
import { PositionTimes } from './position-times.js';

const NOW = 100_000;

/** A group that routed up to 100, of which masters named A and B had acknowledged less. */
function bench(positions: { A: number; B: number }, sessions: readonly object[] = []) {
  const cursors = new Cursors(['A', 'B'], positions, 100, 0);
  const times = new PositionTimes();
  const read: number[] = [];
  const delivery = { routed: 100, times, mark: { confirmed: 90 }, neededBy: ({ at }: { at: number }) => at };
  const log = {
    read: (from: number) => {
      read.push(from);
      if (from === 13) return Promise.reject(new Error('gone'));
      return Promise.resolve([{ first: from, receivedAt: from * 100 } as LogRecord]);
    },
  };
  const row = { config: { masters: [{ name: 'A' }, { name: 'B' }] } };
  const clock = { wallMs: () => NOW };
  const parts = { row, table: { all: () => sessions }, cursors, delivery, clock, log } as unknown as GroupParts;
  return { parts, times, read };
}

it('every named master has its figures, here or not', () => {
  const { parts, times } = bench({ A: 40, B: 60 }, [
    { name: 'A', started: true, at: 100 },
    { name: 'B', started: false, at: 0 },
    { name: null, started: true, at: 100 },
  ]);
  times.add(50, 70_000);
  times.add(90, 95_000);
  expect(namedMasters(parts)).toEqual([
    { name: 'A', connected: true, started: true, lag: 0, oldestSeconds: 0 },
    { name: 'B', connected: true, started: false, lag: 40, oldestSeconds: 30 },
  ]);
  expect(undeliveredSeconds(parts)).toBe(5);
});

it('the age of what earlier owners have routed is asked of the log, once for each position', async () => {
  const { parts, times, read } = bench({ A: 20, B: 30 });
  times.add(80, 90_000);
  await learnAges(parts);
  expect(read).toEqual([30, 20]);
  expect(namedMasters(parts).map(({ oldestSeconds }) => oldestSeconds)).toEqual([98, 97]);
});

it('what nobody needs is not asked for, and what cannot be read is as old as this owner knows', async () => {
  const { parts, times, read } = bench({ A: 100, B: 13 });
  times.add(80, 90_000);
  await learnAges(parts);
  expect(read).toEqual([13]);
  expect(namedMasters(parts)).toMatchObject([{ lag: 0 }, { lag: 87, oldestSeconds: 10 }]);
});

it('says what becomes of events for a master that the file does not name any more', () => {
  const { parts } = bench({ A: 40, B: 60 });
  const said: unknown[] = [];
  const logger = {
    warn: (fields: object, text: string) => said.push([fields, text]),
  } as unknown as GroupParts['logger'];
  tellUnnamed({ cursors: parts.cursors, logger }, ['A', 'C']);
  expect(said).toEqual([
    [{ name: 'A', position: 40 }, expect.stringContaining('unless it is named again within 10 min')],
  ]);
});
