import { beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '@iec104mm2ss/observability';
import { groupConfig } from '@iec104mm2ss/testing';
import { Cursors } from './cursors.js';
import { Losses } from './losses.js';
import { Retention } from './retention.js';
import { newSession, type Session } from './session.js';

const { logger } = createLogger({ level: 'silent' });
const BUFFSIZE = 1_000;
/** What is kept for the connector to recognise what the RTU repeats. */
const REPEATABLE = 64;

let sessions: Map<number, Session>;
let cursors: Cursors;
let losses: Losses;
let retention: Retention;
let trimmed: number[];
let lost: string[];
let certain: boolean;
let savedUpTo: number;

function session(id: number, changes: Partial<Session> = {}, name: string | null = null): Session {
  const identity = { id, gateway: 'g', connection: id, address: '10.0.0.1', port: id, certificateName: null, oa: id };
  const made = Object.assign(newSession({ ...identity, name, since: 0 }, 0), { started: true }, changes);
  sessions.set(id, made);
  return made;
}

function make(names: readonly string[] = []): void {
  cursors = new Cursors(names, {}, 0, 0);
  retention = new Retention(
    {
      row: { config: groupConfig({ buffsize: BUFFSIZE, k: 12 }) },
      log: { trim: (position, generation) => void trimmed.push(position, generation ?? -1) },
      places: { generation: 7 },
      cursors,
      losses,
      logger,
      sessions,
      neededBy: (each) => each.acknowledged,
      certain: () => certain,
      savedUpTo: () => savedUpTo,
      lost: (each, count, end, reason) => {
        lost.push(`${each.id} lost ${count}, up to ${end}`);
        retention.lost(each, count, end, reason);
      },
    },
    0,
  );
}

beforeEach(() => {
  sessions = new Map();
  losses = new Losses();
  trimmed = [];
  lost = [];
  certain = true;
  savedUpTo = Infinity;
  make();
});

describe('the event log', () => {
  it('keeps what the next owner would count as lost with what is stored of this one', () => {
    savedUpTo = 300;
    retention.confirmed(500);
    expect(trimmed).toEqual([300, 7]);
    savedUpTo = 500;
    retention.confirmed(501);
    expect(trimmed).toEqual([300, 7, 501 - REPEATABLE, 7]);
  });

  it('keeps everything while it is asked where the data of a session goes on', () => {
    const here = session(1, { started: false });
    here.resolving = ++here.run;
    retention.confirmed(500);
    expect(trimmed).toEqual([]);
    here.run++;
    retention.confirmed(500);
    expect(trimmed).toEqual([500 - REPEATABLE, 7]);
  });

  it('gives up what is confirmed, but for what the RTU may repeat', () => {
    retention.confirmed(500);
    retention.confirmed(500);
    expect(trimmed).toEqual([500 - REPEATABLE, 7]);
    expect(retention.oldest).toBe(500 - REPEATABLE);
  });

  it('keeps what a named master has not fetched, as far as it reaches, and counts the rest', () => {
    make(['A', 'B']);
    cursors.advance('B', 900);
    retention.confirmed(900);
    expect(trimmed).toEqual([]);
    retention.confirmed(1_300);
    expect(trimmed).toEqual([300, 7]);
    expect(losses.all()).toEqual([['A', 300]]);
    expect(cursors.positions).toEqual({ A: 300, B: 900 });
  });

  it('keeps what a started session may still ask for, as far as it reaches', () => {
    session(1, { acknowledged: 200, sent: 400 });
    session(2, { acknowledged: 0, started: false });
    retention.confirmed(900);
    expect(trimmed).toEqual([200, 7]);
  });

  it('keeps twice as much for a master that is here, and is fetching what it has missed', () => {
    make(['A', 'B']);
    cursors.advance('A', 900);
    cursors.advance('B', 900);
    session(1, { acknowledged: 900, sent: 905 }, 'A');
    session(2, { acknowledged: 950, sent: 960 });
    retention.confirmed(2_900);
    expect(lost).toEqual([]);
    expect(losses.all()).toEqual([['B', 1_000]]);
    expect(cursors.positions).toEqual({ A: 900, B: 1_900 });
    expect(trimmed).toEqual([900, 7]);
    retention.confirmed(2_960);
    expect(lost).toEqual(['1 lost 55, up to 960']);
    expect(losses.all()).toEqual([
      ['B', 1_060],
      ['A', 60],
    ]);
    expect(trimmed).toEqual([900, 7, 960, 7]);
  });

  it('gives up what comes next for a session that is too far behind: it has to go, and that is counted', () => {
    session(1, { acknowledged: 100, sent: 200 });
    session(2, { acknowledged: 100, sent: 900 });
    session(3, { acknowledged: 100, live: true });
    retention.confirmed(2_500);
    expect(lost).toEqual(['1 lost 300, up to 500']);
    expect(losses.all()).toEqual([['*', 300]]);
    expect(trimmed).toEqual([500, 7]);
  });

  it('counts once what a named master that catches up does not get', () => {
    make(['A']);
    session(1, { acknowledged: 100, sent: 200 }, 'A');
    cursors.advance('A', 100);
    retention.confirmed(2_500);
    expect(lost).toHaveLength(1);
    expect(losses.all()).toEqual([['A', 400]]);
    expect([losses.total, losses.named]).toEqual([400, 400]);
  });

  it('does not give up for a master that is here and has everything that was for it', () => {
    make(['A']);
    session(1, { live: true, acknowledged: 1_500 }, 'A');
    retention.confirmed(1_500);
    expect(losses.total).toBe(0);
    expect(cursors.position('A')).toBe(1_500);
  });

  it('is not trimmed while another process may own the group', () => {
    certain = false;
    retention.confirmed(900);
    expect(trimmed).toEqual([]);
  });

  it('takes with its end what masters that are away had not got', () => {
    make(['A', 'B', 'C']);
    cursors.advance('B', 480);
    retention.cut(400, 500, new Set(['C']));
    expect(losses.all()).toEqual([
      ['A', 100],
      ['B', 20],
    ]);
    expect(cursors.positions).toEqual({ A: 0, B: 400, C: 0 });
  });

  it('that begins later than it was left has lost its oldest events for those who were away', () => {
    make(['A']);
    retention.begins(40);
    expect(losses.all()).toEqual([['A', 40]]);
    expect(retention.oldest).toBe(40);
  });
});
