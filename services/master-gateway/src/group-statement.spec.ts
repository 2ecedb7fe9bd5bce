import { describe, expect, it } from 'vitest';
import { singleCommand } from '@iec104mm2ss/iec104';
import { apdus } from '@iec104mm2ss/testing';
import {
  decodeIn,
  decodeStatement,
  InKind,
  MAX_STATED_COMMANDS,
  STATEMENT_PERIOD_MS,
  type Statement,
} from '@iec104mm2ss/wire';
import { ClosedSessions } from './closed-sessions.js';
import type { GroupSessions } from './group-sessions.js';
import { STATEMENT_GAP_MS, statementOf, StatementTimer } from './group-statement.js';
import { PendingCommands } from './pending-commands.js';

describe('a statement is due', () => {
  it('within a period after there was something to state, and then each period as long as there is', () => {
    const timer = new StatementTimer('1');
    expect(timer.dueAt).toBe(Infinity);
    timer.want(100);
    const { dueAt } = timer;
    expect(dueAt).toBeGreaterThan(100);
    expect(dueAt).toBeLessThanOrEqual(100 + STATEMENT_PERIOD_MS);
    timer.want(dueAt - 1);
    expect(timer.dueAt).toBe(dueAt);
    // Late, as a timer may be.
    timer.stated(dueAt + 15, true);
    expect(timer.dueAt).toBe(dueAt + STATEMENT_PERIOD_MS);
    timer.stated(dueAt + 20, false);
    expect(timer.dueAt).toBe(Infinity);
  });

  it('at once when the router waits for it, but not all the time', () => {
    const timer = new StatementTimer('1');
    timer.wantSoon(100);
    expect(timer.dueAt).toBe(100);
    timer.stated(100, true);
    timer.wantSoon(110);
    expect(timer.dueAt).toBe(100 + STATEMENT_GAP_MS);
    timer.want(110);
    expect(timer.dueAt).toBe(100 + STATEMENT_GAP_MS);
  });
});

it('the statements of many groups do not come together', () => {
  const timers = Array.from({ length: 200 }, (_, i) => new StatementTimer(String(i + 1)));
  for (const timer of timers) timer.stated(5_000, true);
  expect(new Set(timers.map(({ dueAt }) => Math.round(dueAt / 20))).size).toBeGreaterThan(60);
});

describe('the commands that a statement lists', () => {
  /** Sessions with the longest commands there are. */
  function stated(sessions: number, commands: number): { readonly octets: number; readonly each: number[] } {
    const asdu = new Uint8Array(249);
    asdu.set(singleCommand(1, 5, true));
    const octets = apdus(Array.from({ length: commands }, () => asdu));
    const make = (id: number): [number, unknown] => {
      const pending = new PendingCommands();
      pending.take(octets, 0, octets.length, { connectorFence: 1, deadline: 1 }, 0);
      const session = {
        session: id,
        connection: 2 ** 47,
        address: '2001:0db8:85a3:0000:0000:8a2e:0370:7334',
        port: 65_535,
        name: 'a master',
        certificateName: null,
        originatorAddress: 255,
        ownOa: 255,
        started: true,
        starting: 0,
        number: 1e9,
        expected: 1e12,
        acknowledged: 1e12,
        generation: 1.8e12,
        had: { generation: 1.8e12, position: 1e12 },
        nextCommand: 1e9,
        sinceMs: 1.8e12,
      };
      return [id, { pending, statement: (limit: number) => ({ ...session, commands: pending.statement(limit, 0) }) }];
    };
    const masters = {
      sessions: new Map(Array.from({ length: sessions }, (_, i) => make(i))),
      closed: new ClosedSessions(),
    };
    const message = statementOf('1', 'gateway', masters as unknown as GroupSessions, 0);
    const decoded = decodeIn(message);
    if (decoded instanceof Error || decoded.kind !== InKind.STATEMENT) throw new Error('no statement');
    const statement = decodeStatement(decoded.json) as Statement;
    return { octets: message.length, each: statement.sessions.map(({ commands: list }) => list.length) };
  }

  it('are the oldest of each session', () => {
    expect(stated(2, 300).each).toEqual([MAX_STATED_COMMANDS, MAX_STATED_COMMANDS]);
  });

  it('leave it smaller than a message of a broker may be, with as many sessions as there can be', () => {
    const { octets, each } = stated(255, 20);
    expect(new Set(each)).toEqual(new Set([3]));
    expect(octets).toBeLessThan(700_000);
  });
});
