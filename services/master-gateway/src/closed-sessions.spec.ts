import { expect, it } from 'vitest';
import { SENT_REMEMBERED_MS } from '@iec104mm2ss/wire';
import { singleCommand } from '@iec104mm2ss/iec104';
import { apdus } from '@iec104mm2ss/testing';
import { ClosedSessions, MAX_CLOSED } from './closed-sessions.js';
import { PendingCommands } from './pending-commands.js';

function session(id: number, commands = 0) {
  const pending = new PendingCommands();
  const octets = apdus(Array.from({ length: commands }, (_, i) => singleCommand(1, i + 1, true)));
  pending.take(octets, 0, octets.length, { connectorFence: 1, deadline: 1 }, 0);
  const facts = {
    session: id,
    originatorAddress: 3,
    used: commands > 0,
    code: 'idle',
    message: 'words',
    address: '10.0.0.5',
    port: 1_234,
    name: null,
    certificateName: null,
  };
  return { facts, commands: pending };
}

function subscription() {
  const subscription = { ended: 0, unsubscribe: () => void subscription.ended++ };
  return subscription;
}

it('sessions that ended are stated for as long as the RTU may still answer with their OAs', () => {
  const closed = new ClosedSessions();
  closed.add(session(1), subscription(), 0);
  closed.add(session(2, 3), subscription(), 1_000);
  const stated = closed.statement(2, 1_500);
  expect(stated).toMatchObject([
    { session: 1, agoMs: 1_500, code: 'idle', used: false, commands: [] },
    { session: 2, agoMs: 500, used: true, commands: [{ command: 1 }, { command: 2 }] },
  ]);
  expect(closed.withCommands).toBe(1);
  closed.expire(SENT_REMEMBERED_MS);
  expect(closed.statement(2, SENT_REMEMBERED_MS).map(({ session: id }) => id)).toEqual([2]);
  closed.expire(SENT_REMEMBERED_MS + 1_000);
  expect(closed.size).toBe(0);
});

it('one that has commands is told when they are settled, until they all are', () => {
  const closed = new ClosedSessions();
  const [none, some] = [subscription(), subscription()];
  closed.add(session(1), none, 0);
  const second = session(2, 2);
  closed.add(second, some, 0);
  expect([none.ended, some.ended]).toEqual([1, 0]);
  second.commands.settle([1]);
  closed.expire(1);
  expect(some.ended).toBe(0);
  second.commands.settle([2]);
  closed.expire(2);
  closed.expire(3);
  closed.clear();
  expect([none.ended, some.ended, closed.size]).toEqual([1, 1, 0]);
});

it('the oldest ones are forgotten when there are too many, or all at the end', () => {
  const closed = new ClosedSessions();
  const subscriptions = Array.from({ length: MAX_CLOSED + 2 }, () => subscription());
  subscriptions.forEach((each, i) => closed.add(session(i, 1), each, i));
  expect(closed.size).toBe(MAX_CLOSED);
  expect(closed.statement(0, 0)[0]?.session).toBe(2);
  expect(subscriptions.filter(({ ended }) => ended > 0).length).toBe(2);
  closed.clear();
  expect(subscriptions.every(({ ended }) => ended === 1)).toBe(true);
});
