import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ASDU_OA_OFFSET,
  AsduView,
  Cause,
  clockSync,
  counterInterrogation,
  doubleCommand,
  epochMsToCp56,
  interrogation,
  mirror,
  readCommand,
  resetProcess,
  setpointScaled,
  singleCommand,
} from '@iec104mm2ss/iec104';
import { LAST_EVENTS_MS, SENT_REMEMBERED_MS } from '@iec104mm2ss/wire';
import { MAX_REMEMBERED } from './command-memory.js';
import { endsWithTermination, isInterrogation } from './rules.js';
import {
  ANSWER_TIMEOUT_MS,
  INTERROGATION_TIMEOUT_MS,
  MAX_COMMANDS_PER_SESSION,
  RELEASE_MS,
  STATIONS_QUIET_MS,
  TERMINATION_TIMEOUT_MS,
  type Transaction,
  UNKNOWN_TERMINATION_MS,
  UNSEEN_TERMINATION_MS,
} from './command-transaction.js';
import { Bench } from './transactions-bench.js';

const A = 1;
const B = 2;
const C = 3;
const DEADLINE_MS = 5_000;
const NOON = epochMsToCp56(Date.UTC(2026, 5, 1, 12));
const LATER = epochMsToCp56(Date.UTC(2026, 5, 1, 13));

const ON = singleCommand(1, 500, true);
const OFF = singleCommand(1, 500, false);

describe('a command', () => {
  it('goes out, is confirmed, terminated, and over', () => {
    const bench = new Bench();
    bench.command(A, ON);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 1', '1 terminated']);
    expect(bench.transactions.size).toBe(0);
  });

  it('carries the OA its master used, for the way back', () => {
    const bench = new Bench();
    const transaction = bench.begin(A, ON);
    expect(transaction.oa).toBe(10);
    expect(transaction.participants).toEqual([{ session: A, ownOa: 11 }]);
    expect(transaction.asdu[ASDU_OA_OFFSET]).toBe(11);
  });

  it.each([Cause.UNKNOWN_TYPE, Cause.UNKNOWN_CAUSE, Cause.UNKNOWN_CA, Cause.UNKNOWN_IOA])(
    'ends with a negative answer of cause %i',
    (cause) => {
      const bench = new Bench();
      bench.command(A, ON);
      expect(bench.answer(ON, cause, 0, true)).toEqual([A]);
      expect(bench.take()).toEqual(['forward 1', `1 refused (COT ${cause})`]);
      expect(bench.answer(ON, Cause.ACT_TERM), 'whatever comes still is for nobody else').toEqual([A]);
      expect(bench.take()).toEqual([]);
    },
  );

  it('ends with a negative ACT_CON', () => {
    const bench = new Bench();
    bench.command(A, ON);
    expect(bench.answer(ON, Cause.ACT_CON, 0, true)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 1', '1 refused']);
  });

  it.each([
    ['clock synchronisation', clockSync(1, NOON)],
    ['reset', resetProcess(1)],
    ['parameter', Uint8Array.of(110, 1, 6, 0, 1, 0, 1, 0, 0, 0, 0, 0)],
  ])('of a type without ACT_TERM (%s) ends with ACT_CON', (_name, asdu) => {
    const bench = new Bench();
    bench.command(A, asdu);
    expect(bench.answer(asdu, Cause.ACT_CON)).toEqual([A]);
    expect(bench.transactions.size).toBe(0);
  });

  it('may be answered with another time than it had', () => {
    const bench = new Bench();
    bench.command(A, clockSync(1, NOON));
    expect(bench.answer(clockSync(1, LATER), Cause.ACT_CON)).toEqual([A]);
    const timed = singleCommand(1, 7, true, { time: NOON });
    bench.command(A, timed);
    expect(bench.answer(singleCommand(1, 7, true, { time: LATER }), Cause.ACT_CON)).toEqual([A]);
  });

  it('that the RTU never answers is given up, and the next one goes', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.pass(ANSWER_TIMEOUT_MS - 1_000);
    const second = bench.begin(B, ON);
    bench.pass(999);
    expect(bench.take()).toEqual(['forward 1']);
    bench.pass(1);
    expect(bench.take()).toEqual(['1 no answer', 'forward 2']);
    bench.sent(second);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([B]);
  });

  it('answered before the connector said that it was sent is not lost', () => {
    const bench = new Bench();
    const transaction = bench.begin(A, ON);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([A]);
    bench.sent(transaction);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.transactions.size).toBe(0);
  });

  it.each(['expired', 'RTU not connected', 'too many commands waiting'])(
    'that the connector did not send (%s) is refused, and the next one goes',
    (why) => {
      const bench = new Bench();
      const first = bench.begin(A, ON);
      bench.begin(B, ON);
      bench.notSent(first, why);
      expect(bench.take()).toEqual(['forward 1', `1 refused: ${why}`, 'forward 2']);
      bench.notSent(first, why);
      expect(bench.take()).toEqual([]);
    },
  );

  it('the connector says nothing of, and cannot be asked about, ends as unknown: no refusal, the RTU may have it', () => {
    const bench = new Bench();
    bench.begin(A, ON);
    bench.begin(B, ON, 60_000);
    bench.pass(DEADLINE_MS + ANSWER_TIMEOUT_MS - 1);
    expect(bench.take()).toEqual(['forward 1']);
    bench.pass(1);
    expect(bench.take()).toEqual(['1 unknown', 'forward 2']);
  });

  it('that waits past its deadline is refused and never sent', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.begin(B, OFF);
    bench.pass(DEADLINE_MS - 1);
    expect(bench.take()).toEqual(['forward 1']);
    bench.pass(1);
    expect(bench.take()).toEqual(['2 refused: expired']);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([A]);
    bench.pass(60_000);
    expect(bench.forwarded.map(({ owner }) => owner)).toEqual([A]);
  });

  it('may be vetoed at the last moment, also after it waited', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.begin(B, ON);
    bench.begin(C, OFF);
    bench.vetoes.set(B, 'selected by another master');
    bench.answer(ON, Cause.ACT_CON, 0, true);
    expect(bench.take()).toEqual(['forward 1', '1 refused', '2 refused: selected by another master', 'forward 3']);
    bench.begin(B, singleCommand(1, 501, true));
    expect(bench.take()).toEqual(['2 refused: selected by another master']);
  });

  it('beyond what one session may have under way is refused', () => {
    const bench = new Bench();
    for (let i = 0; i < MAX_COMMANDS_PER_SESSION; i++) bench.begin(A, singleCommand(1, 1_000 + i, true));
    bench.take();
    bench.begin(A, ON);
    expect(bench.take()).toEqual(['1 refused: too many commands waiting']);
    bench.begin(B, ON);
    expect(bench.take()).toEqual(['forward 2']);
    bench.sent(bench.forwarded[0] as Transaction);
    bench.answer(singleCommand(1, 1_000, true), Cause.ACT_CON, 0, true);
    bench.take();
    bench.begin(A, singleCommand(1, 7_000, true));
    expect(bench.take()).toEqual(['forward 1']);
  });
});

describe('the same object and two masters', () => {
  it('the same command: one after the other, each its own answers, from an RTU that writes OA 0', () => {
    const bench = new Bench();
    bench.command(A, ON);
    const second = bench.begin(B, ON);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([A]);
    expect(bench.forwarded).toHaveLength(1);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([A]);
    bench.sent(second);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([B]);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([B]);
    expect(bench.take()).toEqual(['forward 1', '1 terminated', 'forward 2', '2 terminated']);
    expect(bench.transactions.habits.oa.behaviour).toBe('opaque');
  });

  it('the same from an RTU that always writes the OA of one of them', () => {
    const bench = new Bench();
    for (let round = 0; round < 3; round++) {
      for (const session of [A, B, C]) {
        bench.command(session, ON);
        expect(bench.answer(ON, Cause.ACT_CON, A * 10)).toEqual([session]);
        expect(bench.answer(ON, Cause.ACT_TERM, A * 10)).toEqual([session]);
      }
    }
    expect(bench.transactions.habits.oa.behaviour).toBe('opaque');
  });

  it('an RTU that mirrors: the second goes when the first is confirmed, and the OA tells them apart', () => {
    const bench = new Bench().mirrors();
    bench.command(A, ON);
    const second = bench.begin(B, ON);
    expect(bench.take()).toEqual(['forward 1']);
    expect(bench.answer(ON, Cause.ACT_CON, 10)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 2']);
    bench.sent(second);
    expect(bench.answer(ON, Cause.ACT_CON, 20)).toEqual([B]);
    expect(bench.answer(ON, Cause.ACT_TERM, 20)).toEqual([B]);
    expect(bench.answer(ON, Cause.ACT_TERM, 10)).toEqual([A]);
  });

  it('an RTU that mirrors: a late answer to a command that was given up is still its own', () => {
    const bench = new Bench().mirrors();
    bench.command(A, ON);
    bench.pass(ANSWER_TIMEOUT_MS);
    bench.command(B, ON);
    expect(bench.answer(ON, Cause.ACT_CON, 10)).toEqual([A]);
    expect(bench.answer(ON, Cause.ACT_CON, 20)).toEqual([B]);
  });

  it.each([
    ['a command', ON, ON, ON],
    ['an interrogation', interrogation(1), interrogation(1), interrogation(1)],
    ['an interrogation, while all stations are asked', interrogation(1), interrogation(0xffff), interrogation(1)],
  ])(
    'an RTU of which nothing is known: an answer with the OA of %s that was given up may be a late one, and is nobody’s',
    (_, first, next, answer) => {
      const bench = new Bench();
      bench.command(A, first);
      bench.pass(ANSWER_TIMEOUT_MS);
      bench.command(B, next);
      expect(bench.answer(answer, Cause.ACT_CON, 10)).toEqual([]);
      expect(bench.answer(answer, Cause.ACT_CON, 20, true)).toEqual([B]);
    },
  );

  it.each([
    ['that writes the last OA', 20],
    ['that writes an OA of nobody', 77],
    ['that writes none', 0],
  ])('an RTU %s: what is under way is answered before what was given up', (_, oa) => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.pass(ANSWER_TIMEOUT_MS);
    bench.command(B, ON);
    expect(bench.answer(ON, Cause.ACT_CON, oa)).toEqual([B]);
    expect(bench.answer(ON, Cause.ACT_CON, oa)).toEqual([A]);
  });

  it('an RTU that stops mirroring while two are under way: ACT_TERM without OA is the earlier one’s', () => {
    const bench = new Bench().mirrors();
    bench.command(A, ON);
    bench.answer(ON, Cause.ACT_CON, 10);
    bench.command(B, ON);
    bench.answer(ON, Cause.ACT_CON, 20);
    expect(bench.answer(ON, Cause.ACT_TERM, 0)).toEqual([A]);
    expect(bench.answer(ON, Cause.ACT_TERM, 0)).toEqual([B]);
  });

  it('an RTU that seems to mirror, and ends nothing with ACT_TERM as far as is known: the second need not wait', () => {
    const bench = new Bench();
    for (const [session, asdu] of [
      [A, resetProcess(8)],
      [B, resetProcess(9)],
    ] as const) {
      bench.command(session, asdu);
      bench.answer(asdu, Cause.ACT_CON, session * 10);
    }
    bench.command(A, ON);
    bench.begin(B, ON);
    bench.take();
    expect(bench.answer(ON, Cause.ACT_CON, 10)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 2']);
    bench.sent(bench.forwarded.at(-1) as Transaction);
    expect(bench.answer(ON, Cause.ACT_CON, 20)).toEqual([B]);
    // It does, and whose is whose their order says, whatever the OA.
    expect(bench.answer(ON, Cause.ACT_TERM, 20)).toEqual([A]);
    expect(bench.answer(ON, Cause.ACT_TERM, 20)).toEqual([B]);
    bench.command(A, ON);
    bench.answer(ON, Cause.ACT_CON, 10);
    bench.begin(B, ON);
    bench.take();
    bench.pass(RELEASE_MS);
    expect(bench.take(), 'from now on ACT_TERM is waited for').toEqual([]);
  });

  it('an RTU that answers twice with the right OA: the second answer is not the next master’s', () => {
    const bench = new Bench().mirrors();
    bench.command(A, ON);
    bench.begin(B, ON);
    expect(bench.answer(ON, Cause.ACT_CON, 10, true)).toEqual([A]);
    bench.sent(bench.forwarded.at(-1) as Transaction);
    expect(bench.answer(ON, Cause.UNKNOWN_IOA, 10, true)).toEqual([A]);
    expect(bench.answer(ON, Cause.ACT_CON, 20, true)).toEqual([B]);
    expect(bench.answer(ON, Cause.UNKNOWN_IOA, 20, true)).toEqual([B]);
  });

  it('the opposite command need not wait for the end of a drive: its answers can be told apart by the value', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.begin(B, OFF);
    bench.begin(C, ON);
    bench.answer(ON, Cause.ACT_CON);
    bench.pass(RELEASE_MS - 1);
    expect(bench.take()).toEqual(['forward 1']);
    bench.pass(1);
    expect(bench.take()).toEqual(['forward 2']);
    bench.sent(bench.forwarded[1] as Transaction);
    expect(bench.answer(OFF, Cause.ACT_CON)).toEqual([B]);
    bench.pass(RELEASE_MS);
    expect(bench.take(), 'but the same command has to wait for it').toEqual([]);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.answer(OFF, Cause.ACT_TERM)).toEqual([B]);
    expect(bench.take()).toEqual(['1 terminated', 'forward 3', '2 terminated']);
  });

  it('commands of different types on one object wait for each other, on different objects they do not', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.begin(B, doubleCommand(1, 500, 2));
    bench.begin(B, singleCommand(1, 501, true));
    bench.begin(C, singleCommand(2, 500, true));
    expect(bench.forwarded.map(({ owner, ioa, ca }) => [owner, ca, ioa])).toEqual([
      [A, 1, 500],
      [B, 1, 501],
      [C, 2, 500],
    ]);
    // A different type is not an answer; nor are those to other objects.
    expect(bench.answer(doubleCommand(1, 500, 2), Cause.ACT_CON)).toEqual([]);
    expect(bench.answer(singleCommand(2, 500, true), Cause.ACT_CON)).toEqual([C]);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([A]);
  });

  it('one master’s own commands do not wait for each other, and keep their order behind a stranger’s', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.command(A, OFF);
    bench.command(A, ON);
    expect(bench.forwarded).toHaveLength(3);
    bench.begin(B, ON);
    bench.begin(A, OFF);
    expect(bench.forwarded).toHaveLength(3);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(OFF, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([A]);
    for (const asdu of [ON, OFF, ON]) expect(bench.answer(asdu, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.forwarded.map(({ owner }) => owner)).toEqual([A, A, A, B]);
  });

  it('select, then execute: the second master’s select waits for the first one’s, not for its execute', () => {
    const bench = new Bench();
    const select = singleCommand(1, 500, true, { select: true });
    bench.command(A, select);
    bench.begin(B, select);
    expect(bench.answer(select, Cause.ACT_CON)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 1', '1 selected', 'forward 2']);
    bench.sent(bench.forwarded[1] as Transaction);
    expect(bench.answer(select, Cause.ACT_CON, 0, true)).toEqual([B]);
    bench.command(A, ON);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([A]);
  });

  it('deselect is answered with DEACT_CON', () => {
    const bench = new Bench();
    const deselect = singleCommand(1, 500, true, { select: true, cot: Cause.DEACT });
    bench.command(A, deselect);
    expect(bench.answer(deselect, Cause.DEACT_CON)).toEqual([A]);
    bench.command(A, deselect);
    expect(bench.answer(deselect, Cause.DEACT_CON, 0, true)).toEqual([A]);
    expect(bench.take().filter((line) => line.startsWith('1'))).toEqual(['1 deactivated', '1 deactivation refused']);
  });
});

describe('ACT_TERM', () => {
  it('that comes late still reaches its master', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.answer(ON, Cause.ACT_CON);
    bench.pass(ANSWER_TIMEOUT_MS - 1);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([A]);
    // Now it is known to send one.
    bench.command(A, ON);
    bench.answer(ON, Cause.ACT_CON);
    bench.pass(TERMINATION_TIMEOUT_MS - 1);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([A]);
  });

  it('from an RTU that sends none: the same command of another waits once, and no longer afterwards', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.answer(ON, Cause.ACT_CON);
    bench.begin(B, ON);
    bench.pass(UNKNOWN_TERMINATION_MS - 1);
    expect(bench.take()).toEqual(['forward 1']);
    bench.pass(1);
    expect(bench.take()).toEqual(['1 confirmed', 'forward 2']);
    bench.sent(bench.forwarded[1] as Transaction);
    bench.answer(ON, Cause.ACT_CON);
    bench.begin(A, ON);
    bench.pass(UNSEEN_TERMINATION_MS);
    expect(bench.take()).toEqual(['2 confirmed', 'forward 1']);
  });

  it('that comes when somebody else has given the same is the earlier command’s, and shows that this RTU sends them', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.answer(ON, Cause.ACT_CON);
    bench.pass(ANSWER_TIMEOUT_MS);
    bench.command(B, ON);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([B]);
    bench.pass(TERMINATION_TIMEOUT_MS - 1);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([B]);
  });

  it('is learnt for each type by itself', () => {
    const bench = new Bench();
    const setpoint = setpointScaled(1, 600, 5);
    bench.command(A, setpoint);
    bench.answer(setpoint, Cause.ACT_CON);
    bench.pass(ANSWER_TIMEOUT_MS);
    bench.command(A, ON);
    bench.answer(ON, Cause.ACT_CON);
    bench.pass(UNSEEN_TERMINATION_MS);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([A]);
    bench.command(A, setpoint);
    bench.answer(setpoint, Cause.ACT_CON);
    bench.pass(UNSEEN_TERMINATION_MS);
    expect(bench.take().at(-1)).toBe('1 confirmed');
  });
});

describe('interrogations', () => {
  const GI = interrogation(1);
  const PATIENCE = 60_000;

  it('run one after the other; identical ones that wait share one run, and each master gets its own con and term', () => {
    const bench = new Bench();
    bench.command(A, GI);
    const waiting = bench.begin(B, GI, PATIENCE);
    expect(bench.begin(C, GI, PATIENCE)).toBe(waiting);
    bench.begin(A, interrogation(1, 21), PATIENCE);
    expect(bench.forwarded).toHaveLength(1);
    expect(bench.answer(GI, Cause.ACT_CON)).toEqual([A]);
    bench.pass(UNKNOWN_TERMINATION_MS - 1);
    expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.forwarded).toHaveLength(2);
    bench.sent(waiting);
    expect(waiting.participants).toEqual([
      { session: B, ownOa: 21 },
      { session: C, ownOa: 31 },
    ]);
    expect(bench.answer(GI, Cause.ACT_CON)).toEqual([B, C]);
    expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([B, C]);
    const group = bench.sent(bench.forwarded[2] as Transaction);
    expect(bench.answer(group.asdu, Cause.ACT_CON)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 1', '1 terminated', 'forward 2', '2+3 terminated', 'forward 1']);
  });

  it('of one master wait for each other as well: an RTU runs one at a time', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.begin(A, interrogation(1, 21), PATIENCE);
    expect(bench.forwarded).toHaveLength(1);
    bench.answer(GI, Cause.ACT_CON);
    bench.answer(GI, Cause.ACT_TERM);
    expect(bench.forwarded).toHaveLength(2);
  });

  it('that the RTU dropped when it was stopped keep others waiting for a short time, and teach nothing', () => {
    const bench = new Bench();
    const gi = interrogation(1);
    const run = (session: number): void => {
      bench.command(session, gi);
      bench.answer(gi, Cause.ACT_CON);
      bench.answer(gi, Cause.ACT_TERM);
    };
    run(A);
    bench.command(A, gi);
    bench.answer(gi, Cause.ACT_CON);
    bench.transactions.forget(A);
    bench.pass(100);
    bench.transactions.transferResumed();
    const next = bench.begin(B, gi);
    bench.take();
    bench.pass(UNKNOWN_TERMINATION_MS - 1);
    expect(bench.take()).toEqual([]);
    bench.pass(1);
    expect(bench.take()).toEqual(['nobody confirmed', `forward ${B}`]);
    bench.sent(next);
    expect(bench.answer(gi, Cause.ACT_CON)).toEqual([B]);
    bench.begin(C, gi);
    bench.pass(ANSWER_TIMEOUT_MS);
    expect(bench.take(), 'ACT_TERM is waited for as before').toEqual(['3 refused: expired']);
    expect(bench.answer(gi, Cause.ACT_TERM)).toEqual([B]);
  });

  it('that the RTU goes on with after it was stopped keep others waiting until their end', () => {
    const bench = new Bench();
    const gi = interrogation(1);
    bench.command(A, gi);
    bench.answer(gi, Cause.ACT_CON);
    bench.answer(gi, Cause.ACT_TERM);
    bench.command(A, gi);
    bench.answer(gi, Cause.ACT_CON);
    bench.transactions.transferResumed();
    bench.begin(B, gi);
    bench.take();
    for (let i = 0; i < 2; i++) {
      bench.pass(UNKNOWN_TERMINATION_MS - 500);
      bench.transactions.answers.interrogation(20, 1);
    }
    bench.pass(500);
    expect(bench.take()).toEqual([]);
    expect(bench.answer(gi, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.take()).toEqual([expect.stringContaining('terminated'), `forward ${B}`]);
  });

  it('of one master that are equal are answered as often as it has asked, beside those of others', () => {
    const bench = new Bench();
    bench.command(A, GI);
    const runs = [bench.begin(A, GI, PATIENCE), bench.begin(A, GI, PATIENCE), bench.begin(A, GI, PATIENCE)];
    expect(new Set(runs).size).toBe(3);
    expect([bench.begin(B, GI, PATIENCE), bench.begin(B, GI, PATIENCE)]).toEqual(runs.slice(0, 2));
    expect(bench.answer(GI, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([A]);
    for (const [run, masters] of [[0, [A, B]] as const, [1, [A, B]] as const, [2, [A]] as const]) {
      bench.sent(runs[run] as Transaction);
      expect(bench.answer(GI, Cause.ACT_CON)).toEqual(masters);
      expect(bench.answer(GI, Cause.ACT_TERM)).toEqual(masters);
    }
    expect(bench.transactions.size).toBe(0);
  });

  it('do not share a run that has begun, another CA, another qualifier, or a test', () => {
    const bench = new Bench();
    bench.command(A, GI);
    const waiting = bench.begin(B, GI, PATIENCE);
    for (const other of [interrogation(2), interrogation(1, 30), interrogation(1, 20, { test: true })]) {
      expect(bench.begin(C, other, PATIENCE)).not.toBe(waiting);
    }
    expect(bench.transactions.size).toBe(5);
  });

  it('that share a run count for the session that asked for them', () => {
    const bench = new Bench();
    bench.command(A, GI);
    for (let i = 0; i < MAX_COMMANDS_PER_SESSION; i++) bench.begin(C, interrogation(i + 2), PATIENCE);
    expect(bench.transactions.size).toBe(MAX_COMMANDS_PER_SESSION + 1);
    bench.begin(B, GI, PATIENCE);
    for (let i = 1; i < MAX_COMMANDS_PER_SESSION; i++) bench.begin(B, interrogation(i + 2), PATIENCE);
    bench.take();
    bench.begin(B, GI, PATIENCE);
    expect(bench.take()).toEqual(['2 refused: too many commands waiting']);
    bench.answer(GI, Cause.ACT_CON);
    bench.answer(GI, Cause.ACT_TERM);
    bench.sent(bench.forwarded.at(-1) as Transaction);
    bench.answer(GI, Cause.ACT_CON);
    bench.answer(GI, Cause.ACT_TERM);
    bench.take();
    bench.begin(B, interrogation(1, 21), PATIENCE);
    expect(bench.take()).toEqual(['forward 2']);
  });

  it('of different stations run at the same time: 40 of two masters that take 2 s each are all answered', () => {
    const bench = new Bench();
    const stations = Array.from({ length: 40 }, (_, index) => interrogation(index + 1));
    for (const station of stations) bench.command(A, station);
    for (const station of stations) bench.begin(B, station);
    expect(bench.forwarded).toHaveLength(40);
    bench.pass(2_000);
    for (const station of stations) {
      expect(bench.answer(station, Cause.ACT_CON)).toEqual([A]);
      expect(bench.answer(station, Cause.ACT_TERM)).toEqual([A]);
    }
    expect(bench.forwarded).toHaveLength(80);
    expect(bench.take().filter((line) => line.includes('refused'))).toEqual([]);
  });

  it('to all stations wait for those to single ones, which wait for them when they come later', () => {
    const bench = new Bench();
    const all = interrogation(0xffff);
    bench.command(A, GI);
    bench.begin(B, all, PATIENCE);
    bench.begin(C, interrogation(2), PATIENCE);
    expect(bench.forwarded.map(({ ca }) => ca)).toEqual([1]);
    bench.answer(GI, Cause.ACT_CON);
    bench.answer(GI, Cause.ACT_TERM);
    expect(bench.forwarded.map(({ ca }) => ca)).toEqual([1, 0xffff]);
    bench.sent(bench.forwarded[1] as Transaction);
    bench.begin(A, GI, PATIENCE);
    expect(bench.answer(interrogation(2), Cause.ACT_CON)).toEqual([B]);
    expect(bench.transactions.answers.interrogation(Cause.INROGEN, 2)?.owner).toBe(B);
    expect(bench.answer(interrogation(2), Cause.ACT_TERM)).toEqual([B]);
    bench.pass(STATIONS_QUIET_MS);
    expect(bench.forwarded.map(({ ca }) => ca)).toEqual([1, 0xffff, 2, 1]);
  });

  it('to all stations that give up waiting let those go that came later', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.begin(B, interrogation(0xffff), 1_000);
    bench.begin(C, interrogation(2), PATIENCE);
    bench.pass(1_000);
    expect(bench.take()).toEqual(['forward 1', '2 refused: expired', 'forward 3']);
  });

  it('do not keep counter interrogations and commands waiting', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.begin(B, counterInterrogation(1));
    bench.begin(C, ON);
    expect(bench.forwarded).toHaveLength(3);
  });

  it('that make no progress are given up, those that do are not', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.answer(GI, Cause.ACT_CON);
    for (let i = 0; i < 5; i++) {
      bench.pass(INTERROGATION_TIMEOUT_MS - 1);
      expect(bench.transactions.answers.interrogation(Cause.INROGEN, 1)?.owner).toBe(A);
    }
    expect(bench.transactions.answers.interrogation(Cause.REQCOGEN, 1)).toBeUndefined();
    bench.pass(INTERROGATION_TIMEOUT_MS);
    expect(bench.take()).toEqual(['forward 1', '1 confirmed']);
    expect(bench.transactions.answers.interrogation(Cause.INROGEN, 1)).toBeUndefined();
  });

  it('late ACT_TERM of one given up does not end the next', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.answer(GI, Cause.ACT_CON);
    bench.pass(INTERROGATION_TIMEOUT_MS);
    bench.command(B, GI);
    expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.answer(GI, Cause.ACT_CON)).toEqual([B]);
    expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([B]);
  });

  describe('deactivation', () => {
    const STOP = interrogation(1, 20, { cot: Cause.DEACT });

    it('overtakes those that wait, and ends the running one', () => {
      const bench = new Bench();
      bench.command(A, GI);
      bench.answer(GI, Cause.ACT_CON);
      bench.begin(B, interrogation(1, 21), PATIENCE);
      bench.command(A, STOP);
      expect(bench.take()).toEqual(['forward 1', 'forward 1']);
      expect(bench.answer(STOP, Cause.DEACT_CON)).toEqual([A]);
      expect(bench.take()).toEqual(['1 deactivated', '1 deactivated', 'forward 2']);
    });

    it('that the RTU refuses leaves it running', () => {
      const bench = new Bench();
      bench.command(A, GI);
      bench.answer(GI, Cause.ACT_CON);
      bench.command(A, STOP);
      expect(bench.answer(STOP, Cause.DEACT_CON, 0, true)).toEqual([A]);
      expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([A]);
    });

    it('that the RTU does not know (COT 45) is not taken for an answer to the interrogation', () => {
      const bench = new Bench();
      bench.command(A, GI);
      bench.answer(GI, Cause.ACT_CON);
      bench.command(A, STOP);
      expect(bench.answer(STOP, Cause.UNKNOWN_CAUSE, 0, true)).toEqual([A]);
      expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([A]);
      expect(bench.take().slice(2)).toEqual(['1 refused (COT 45)', '1 terminated']);
    });

    it('is refused while other masters take part, or it is another master’s that runs', () => {
      const bench = new Bench();
      bench.command(A, GI);
      bench.begin(B, STOP);
      expect(bench.take()).toEqual(['forward 1', '2 refused: the interrogation is running for other masters']);
      bench.begin(B, GI, PATIENCE);
      bench.begin(C, GI, PATIENCE);
      bench.answer(GI, Cause.ACT_CON);
      bench.answer(GI, Cause.ACT_TERM);
      bench.take();
      bench.begin(B, STOP);
      expect(bench.take()).toEqual(['2 refused: the interrogation is running for other masters']);
    });

    it('of nothing goes to the RTU, which knows what to say', () => {
      const bench = new Bench();
      bench.command(A, STOP);
      expect(bench.answer(STOP, Cause.DEACT_CON, 0, true)).toEqual([A]);
    });
  });

  it('to all stations get the answers of each, until no more come', () => {
    const bench = new Bench();
    const all = interrogation(0xffff);
    bench.command(A, all);
    bench.begin(B, GI, PATIENCE);
    for (const ca of [1, 2, 3]) expect(bench.answer(interrogation(ca), Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(interrogation(2), Cause.ACT_TERM)).toEqual([A]);
    bench.pass(STATIONS_QUIET_MS * 3);
    expect(bench.answer(interrogation(1), Cause.ACT_TERM)).toEqual([A]);
    expect(bench.answer(interrogation(3), Cause.ACT_TERM)).toEqual([A]);
    expect(bench.answer(interrogation(4), Cause.ACT_CON, 0, true), 'a slow one').toEqual([A]);
    bench.pass(STATIONS_QUIET_MS);
    expect(bench.take().at(-1)).toBe('1 refused');
  });

  it('clock synchronisation of all stations gets the answers of each', () => {
    const bench = new Bench();
    const time = NOON;
    bench.command(A, clockSync(0xffff, time));
    bench.begin(B, clockSync(3, time));
    expect(bench.answer(clockSync(1, time), Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(clockSync(2, time), Cause.ACT_CON)).toEqual([A]);
    expect(bench.forwarded).toHaveLength(1);
    bench.pass(STATIONS_QUIET_MS);
    expect(bench.forwarded).toHaveLength(2);
  });
});

describe('other types', () => {
  it('a read command ends with the object it asked for, and the next one goes', () => {
    const bench = new Bench();
    const read = readCommand(1, 100);
    bench.command(A, read);
    bench.begin(B, read);
    bench.begin(B, readCommand(1, 101));
    expect(bench.forwarded).toHaveLength(2);
    for (const ioa of [999, 100]) {
      bench.transactions.answers.readAnswered(mirror(readCommand(1, ioa), Cause.REQ, false), 0, bench.link);
    }
    expect(bench.take()).toEqual(['forward 1', 'forward 2', '1 answered', 'forward 2']);
  });

  it('a read command of what there is not ends with its negative mirror', () => {
    const bench = new Bench();
    bench.command(A, readCommand(1, 100));
    expect(bench.answer(readCommand(1, 100), Cause.UNKNOWN_IOA, 0, true)).toEqual([A]);
    bench.command(A, readCommand(1, 100));
    expect(bench.answer(readCommand(1, 100), Cause.REQ, 0, true)).toEqual([A]);
    expect(bench.transactions.size).toBe(0);
  });

  it('a private type gets what follows its confirmation, and waits for no end', () => {
    const bench = new Bench();
    const secret = Uint8Array.of(200, 1, 6, 0, 1, 0, 5, 0, 0, 1, 2, 3);
    bench.command(A, secret);
    bench.begin(B, secret);
    expect(bench.raw(Uint8Array.of(200, 1, 3, 0, 1, 0, 5, 0, 0, 9, 9))).toEqual([A]);
    expect(bench.answer(secret, Cause.ACT_CON)).toEqual([A]);
    expect(bench.raw(Uint8Array.of(200, 1, 5, 0, 1, 0, 5, 0, 0, 7))).toEqual([A]);
    expect(bench.raw(Uint8Array.of(200, 1, 5, 0, 1, 0, 6, 0, 0, 7)), 'another object').toEqual([]);
    bench.pass(UNSEEN_TERMINATION_MS);
    expect(bench.take()).toEqual(['forward 1', '1 confirmed', 'forward 2']);
  });

  it('an answer of nobody’s command is nobody’s', () => {
    const bench = new Bench();
    expect(bench.raw(Uint8Array.of(45, 1, 7, 0, 1, 0))).toEqual([]);
    bench.command(A, ON);
    expect(bench.answer(singleCommand(1, 501, true), Cause.ACT_CON)).toEqual([]);
    expect(bench.answer(singleCommand(2, 500, true), Cause.ACT_CON)).toEqual([]);
    expect(bench.answer(resetProcess(1), Cause.ACT_CON)).toEqual([]);
  });

  it('a file ASDU is over when it was sent', () => {
    const bench = new Bench();
    bench.command(A, Uint8Array.of(122, 1, 13, 0, 1, 0, 5, 0, 0, 1, 0, 0, 1));
    expect(bench.take()).toEqual(['forward 1', '1 forwarded']);
  });
});

describe('a session that leaves', () => {
  it('takes with it what waits; what the RTU has is answered to nobody', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.begin(B, ON);
    bench.begin(B, OFF);
    bench.begin(C, ON);
    bench.transactions.forget(B);
    expect(bench.take()).toEqual(['forward 1', 'nobody master gone', 'nobody master gone']);
    bench.transactions.forget(A);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([]);
    expect(bench.transactions.size).toBe(2);
    expect(bench.take()).toEqual([]);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([]);
    expect(bench.take()).toEqual(['nobody terminated', 'forward 3']);
    bench.sent(bench.forwarded[1] as Transaction);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([C]);
  });

  it('and may return still gets what the RTU answers; what waits is dropped all the same', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.begin(A, OFF);
    bench.begin(B, OFF);
    bench.begin(A, ON);
    bench.transactions.forget(A, true);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([A]);
    bench.sent(bench.forwarded[1] as Transaction);
    expect(bench.answer(OFF, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(OFF, Cause.ACT_TERM)).toEqual([A]);
    bench.sent(bench.forwarded[2] as Transaction);
    expect(bench.answer(OFF, Cause.ACT_CON)).toEqual([B]);
    expect(bench.transactions.size).toBe(1);
  });

  it('has none of its waiting commands sent because another of them is dropped', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.command(A, OFF);
    bench.begin(B, ON);
    for (let i = 0; i < 5; i++) bench.begin(A, OFF);
    bench.answer(ON, Cause.ACT_CON, 0, true);
    bench.answer(OFF, Cause.ACT_CON, 0, true);
    bench.sent(bench.forwarded[2] as Transaction);
    bench.transactions.forget(A);
    bench.answer(ON, Cause.ACT_CON, 0, true);
    expect(bench.forwarded.map(({ owner }) => owner)).toEqual([A, A, B]);
    expect(bench.transactions.size).toBe(0);
  });

  it('lets go those who waited behind it', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.answer(ON, Cause.ACT_CON);
    bench.begin(B, ON);
    bench.begin(C, OFF);
    bench.pass(RELEASE_MS);
    bench.take();
    bench.transactions.forget(B);
    expect(bench.take()).toEqual(['nobody master gone', 'forward 3']);
  });

  it('leaves a shared interrogation to the others', () => {
    const bench = new Bench();
    const GI = interrogation(1);
    bench.command(A, GI);
    const shared = bench.begin(B, GI, 60_000);
    bench.begin(C, GI, 60_000);
    bench.transactions.forget(B);
    bench.answer(GI, Cause.ACT_CON);
    bench.answer(GI, Cause.ACT_TERM);
    bench.sent(shared);
    expect(bench.answer(GI, Cause.ACT_CON)).toEqual([C]);
  });

  it('frees what it had under way', () => {
    const bench = new Bench();
    bench.command(A, OFF);
    for (let i = 0; i < MAX_COMMANDS_PER_SESSION; i++) bench.begin(B, ON);
    bench.transactions.forget(B);
    bench.take();
    bench.begin(B, singleCommand(1, 7, true));
    expect(bench.take()).toEqual(['forward 2']);
  });
});

describe('when the link to the RTU is lost', () => {
  it('what waits is refused, what was sent is not, and is over when the last events have come from the log', () => {
    const bench = new Bench().mirrors();
    bench.command(A, ON);
    bench.answer(ON, Cause.ACT_CON, 10);
    bench.command(B, OFF);
    bench.command(B, singleCommand(1, 501, true));
    bench.command(C, interrogation(1));
    bench.begin(A, interrogation(1));
    bench.take();
    bench.transactions.lose('RTU link lost', false);
    expect(bench.take()).toEqual(['1 refused: RTU link lost']);
    bench.pass(LAST_EVENTS_MS - 1);
    expect(bench.take()).toEqual([]);
    expect(bench.answer(OFF, Cause.ACT_CON, 20)).toEqual([B]);
    bench.pass(1);
    expect(bench.take()).toEqual(['1 confirmed', '2 confirmed', '2 unknown', '3 unknown']);
    expect(bench.transactions.size).toBe(0);
  });

  it('what is given afterwards waits for nothing that was under way, and gets no answer of the old link', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.transactions.lose('RTU link lost', false);
    bench.link = { epoch: 2, generation: 1, position: 50 };
    bench.command(B, ON);
    expect(bench.take()).toEqual(['forward 1', 'forward 2']);
    expect(bench.raw(mirror(ON, Cause.ACT_CON, false), { epoch: 1, position: 40 })).toEqual([A]);
    expect(bench.raw(mirror(ON, Cause.ACT_CON, false), { epoch: 2, position: 60 })).toEqual([B]);
  });

  it('another connector that counts its links from the same number answers none of the old commands', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.transactions.lose('the connector changed', true);
    const answer = mirror(ON, Cause.ACT_CON, false);
    expect(bench.raw(answer, { generation: 2, position: 5 })).toEqual([]);
  });

  it('what is known of the RTU stays', () => {
    const bench = new Bench().mirrors();
    bench.transactions.lose('RTU link lost', false);
    expect(bench.transactions.habits.oa.behaviour).toBe('mirrors');
  });
});

describe('an answer in the log', () => {
  it('before the place where the log was when its command was given is to an earlier one', () => {
    const bench = new Bench();
    bench.link = { epoch: 1, generation: 3, position: 100 };
    bench.command(A, ON);
    const answer = mirror(ON, Cause.ACT_CON, false);
    expect(bench.raw(answer, { position: 99 })).toEqual([]);
    expect(bench.raw(answer, { generation: 2, position: 1_000 })).toEqual([]);
    expect(bench.raw(answer, { epoch: 2 })).toEqual([]);
    expect(bench.raw(answer, { position: 100 })).toEqual([A]);
  });

  it('of a later generation may be at an earlier place: the log has lost its end', () => {
    const bench = new Bench();
    bench.link = { epoch: 1, generation: 3, position: 100 };
    bench.command(A, ON);
    expect(bench.raw(mirror(ON, Cause.ACT_CON, false), { generation: 4, position: 80 })).toEqual([A]);
  });
});

describe('a late answer', () => {
  const late = (bench: Bench, asdu: Uint8Array, cause: number, oa: number): number[] => {
    const answer = mirror(asdu, cause, false);
    answer[ASDU_OA_OFFSET] = oa;
    return bench.raw(answer);
  };

  it('to a command that was given up reaches its master by the OA, for as long as it is remembered', () => {
    const bench = new Bench().mirrors();
    bench.command(A, ON);
    bench.pass(ANSWER_TIMEOUT_MS);
    expect(late(bench, ON, Cause.ACT_CON, 10)).toEqual([A]);
    bench.pass(SENT_REMEMBERED_MS - ANSWER_TIMEOUT_MS);
    expect(late(bench, ON, Cause.ACT_CON, 10)).toEqual([]);
  });

  it('whose master has left is nobody’s, also when somebody else has its OA by now', () => {
    const bench = new Bench().mirrors();
    bench.command(A, ON);
    bench.transactions.forget(A);
    bench.pass(ANSWER_TIMEOUT_MS);
    // A new session with the OA of A, which rested for a short time only.
    const heir = { ...bench.newCommand(B, singleCommand(1, 700, true)), oa: 10 };
    bench.sent(bench.transactions.begin(heir));
    expect(late(bench, ON, Cause.ACT_CON, 10)).toEqual([]);
    expect(bench.answer(singleCommand(1, 700, true), Cause.ACT_CON, 10)).toEqual([B]);
  });

  it('that fits commands of two sessions with this OA equally well is nobody’s', () => {
    const bench = new Bench().mirrors();
    bench.command(A, ON);
    bench.pass(ANSWER_TIMEOUT_MS);
    bench.sent(bench.transactions.begin({ ...bench.newCommand(B, ON), oa: 10 }));
    bench.pass(ANSWER_TIMEOUT_MS);
    expect(late(bench, ON, Cause.ACT_CON, 10)).toEqual([]);
  });

  it('to a session that has never given a command is nobody’s', () => {
    const bench = new Bench().mirrors();
    expect(late(bench, ON, Cause.ACT_CON, 30)).toEqual([]);
  });

  it('of an RTU that does not mirror OAs reaches its master when it can be nobody else’s', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.pass(12_000);
    expect(late(bench, ON, Cause.ACT_CON, 0)).toEqual([A]);
    expect(late(bench, ON, Cause.ACT_TERM, 0)).toEqual([A]);
  });

  it('of an RTU that does not mirror OAs is nobody’s when two masters wait for the same', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.pass(ANSWER_TIMEOUT_MS);
    bench.command(B, ON);
    bench.pass(ANSWER_TIMEOUT_MS);
    expect(late(bench, ON, Cause.ACT_CON, 0)).toEqual([]);
  });

  it('to more commands than are remembered: the oldest are forgotten', () => {
    const bench = new Bench().mirrors();
    for (let i = 0; i < MAX_REMEMBERED + 10; i++) {
      const asdu = singleCommand(1, 1_000 + i, true);
      bench.command(A, asdu);
      bench.answer(asdu, Cause.ACT_CON, 10, true);
    }
    expect(bench.transactions.remembered).toBe(MAX_REMEMBERED);
    bench.pass(SENT_REMEMBERED_MS);
    expect(bench.transactions.remembered).toBe(0);
  });
});

describe('while nothing may be handed over', () => {
  it('commands wait, and go in their order afterwards', () => {
    const bench = new Bench();
    bench.ready = false;
    bench.begin(A, singleCommand(1, 501, true));
    bench.begin(B, ON);
    bench.begin(C, ON);
    bench.begin(A, interrogation(1, 20, { cot: Cause.DEACT }));
    expect(bench.take()).toEqual([]);
    bench.ready = true;
    bench.transactions.resume();
    expect(bench.take()).toEqual(['forward 1', 'forward 2', 'forward 1']);
  });
});

describe('a command that an earlier owner sent', () => {
  const restored = (bench: Bench, session: number, asdu: Uint8Array, ageMs = 0, position = 0): Transaction =>
    bench.transactions.restore(bench.newCommand(session, asdu), {
      ageMs,
      floor: { ...bench.link, position },
      answersMissed: false,
      isLost: false,
    });

  it('gets its answers from its place in the log on, in the order of the commands', () => {
    const bench = new Bench();
    restored(bench, A, ON, 3_000, 10);
    restored(bench, B, ON, 1_000, 20);
    const answer = mirror(ON, Cause.ACT_CON, true);
    expect(bench.raw(answer, { position: 9 })).toEqual([]);
    expect(bench.raw(answer, { position: 11 })).toEqual([A]);
    expect(bench.raw(answer, { position: 21 })).toEqual([B]);
  });

  it('keeps others on its object waiting, and is given up a moment after the takeover when it was long ago', () => {
    const bench = new Bench();
    restored(bench, A, ON, 40_000);
    bench.begin(B, ON);
    bench.pass(1_999);
    expect(bench.take()).toEqual([]);
    bench.pass(1);
    expect(bench.take()).toEqual(['1 no answer', 'forward 2']);
  });

  it('counts as confirmed when its master has had the confirmation: ACT_TERM still reaches it', () => {
    const bench = new Bench();
    const transaction = restored(bench, A, ON, 3_000);
    bench.transactions.answers.answeredBefore(transaction, mirror(ON, Cause.ACT_CON, false));
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.take()).toEqual(['1 terminated']);
  });

  it('and whose answers may have passed unseen ends as unknown without one', () => {
    const bench = new Bench();
    const history = { ageMs: 0, floor: bench.link, answersMissed: true, isLost: false };
    bench.transactions.restore(bench.newCommand(A, ON), history);
    bench.pass(ANSWER_TIMEOUT_MS);
    expect(bench.take()).toEqual(['1 unknown']);
  });
});

it('a master whose commands are all vetoed in one go overflows no stack', () => {
  const bench = new Bench();
  bench.command(A, ON);
  for (let session = 100; session < 112; session++) {
    bench.vetoes.set(session, 'selected by another master');
    for (let i = 0; i < MAX_COMMANDS_PER_SESSION; i++) bench.begin(session, OFF);
  }
  bench.answer(ON, Cause.ACT_CON, 0, true);
  expect(bench.transactions.size).toBe(0);
});

// ---- whatever happens ------------------------------------------------------------------------------------------------

interface RtuStyle {
  /** `last`: the one it saw last. `sometimes`: that of the command, or 0. */
  readonly oa: 'mirrors' | 'zero' | 'constant' | 'last' | 'sometimes';
  readonly confirms: boolean;
  readonly terminates: boolean;
  /** It answers with QU, QL, QOI and QCC = 0. */
  readonly losesQualifiers: boolean;
}

interface Planned {
  readonly session: number;
  readonly command: number;
  /** Pause before it. */
  readonly afterMs: number;
  /** What the RTU and the connector do with it. */
  readonly fate: 'answered' | 'refused' | 'silent' | 'not sent';
  readonly confirmAfterMs: number;
  readonly terminateAfterMs: number;
  readonly leaves: boolean;
}

const COMMANDS = [
  ON,
  OFF,
  doubleCommand(1, 500, 1),
  singleCommand(1, 501, true),
  singleCommand(1, 501, true, { qualifier: 2 }),
  singleCommand(1, 501, false, { qualifier: 1, time: NOON }),
  singleCommand(1, 500, true, { select: true }),
  setpointScaled(1, 502, 7),
  resetProcess(1),
  clockSync(1, NOON),
  interrogation(1),
  interrogation(1, 21),
  interrogation(2),
  counterInterrogation(1),
];

/** What an RTU writes that always writes the same: that of a master. */
const CONSTANT_OA = A * 10;

/** An answer in which the qualifier is 0. */
function withoutQualifier(asdu: Uint8Array): Uint8Array {
  const octets = new Uint8Array(asdu);
  const typeId = octets[0] as number;
  if (typeId === 45 || typeId === 46 || typeId === 58) octets[9] = (octets[9] as number) & 0x83;
  if (typeId === 49) octets[11] = (octets[11] as number) & 0x80;
  if (isInterrogation(typeId)) octets[9] = 0;
  return octets;
}

/** Plays one run and checks that every answer reaches whom it is for, and nobody else. */
function play(style: RtuStyle, plans: readonly Planned[]): void {
  const bench = new Bench();
  /** Answers on their way from the RTU, in the order they leave it. */
  const answers: { at: number; cause: number; negative: boolean; transaction: Transaction; got: boolean }[] = [];
  const gone = new Set<number>();
  let handled = 0;
  let rtuFreeAt = 0;
  const fates = new Map<number, Planned>();
  const originals = new Map<number, readonly number[]>();
  /** When the last command like this one ends: one drive moves once at a time. */
  const endsAt = new Map<string, number>();
  let lastOa = 0;
  let answered = 0;
  /** Some command got no answer at all. */
  let hasBeenSilent = false;
  const oaOf = (transaction: Transaction): number => {
    const isMirrored = style.oa === 'mirrors' || (style.oa === 'sometimes' && ++answered % 3 !== 0);
    if (isMirrored) return transaction.oa;
    return style.oa === 'last' ? lastOa : style.oa === 'constant' ? CONSTANT_OA : 0;
  };

  const run = (until: number): void => {
    while (bench.now < until) {
      // Whatever was handed to the connector reaches the RTU at once, and the RTU takes one after the other.
      for (; handled < bench.forwarded.length; handled++) {
        const transaction = bench.forwarded[handled] as Transaction;
        const plan = fates.get(transaction.number) as Planned;
        if (plan.fate === 'not sent') {
          bench.notSent(transaction, 'expired');
          continue;
        }
        bench.sent(transaction);
        lastOa = transaction.oa;
        originals.set(
          transaction.number,
          transaction.participants.map(({ session }) => session),
        );
        // Whose is an ACT_TERM without ACT_CON, or an answer without its qualifier, when somebody else got nothing for the
        // same? Nobody could know.
        if (plan.fate === 'silent' && style.confirms && !style.losesQualifiers) {
          hasBeenSilent = true;
          continue;
        }
        const confirmAt = Math.max(bench.now, rtuFreeAt) + plan.confirmAfterMs;
        rtuFreeAt = confirmAt;
        const negative = plan.fate === 'refused';
        const ends =
          endsWithTermination(transaction.typeId) &&
          !transaction.select &&
          (style.terminates || isInterrogation(transaction.typeId));
        if (style.confirms || negative) {
          answers.push({ at: confirmAt, cause: Cause.ACT_CON, negative, transaction, got: false });
        }
        hasBeenSilent ||= !style.confirms && !ends && !negative;
        if (ends && !negative) {
          const { typeId, ca, ioa } = transaction;
          const object = `${typeId} ${ca} ${ioa}`;
          // What is under way for longer without a sign is taken for over: see the specs of interrogations.
          const longestMs = isInterrogation(typeId) ? 700 : style.confirms ? 7_000 : 1_500;
          const afterMs = Math.min(plan.terminateAfterMs, longestMs);
          const at = Math.max(confirmAt + afterMs, (endsAt.get(object) ?? 0) + 1);
          endsAt.set(object, at);
          answers.push({ at, cause: Cause.ACT_TERM, negative: false, transaction, got: false });
        }
      }
      answers.sort((a, b) => a.at - b.at);
      for (const answer of answers) {
        if (answer.got || answer.at > bench.now) continue;
        answer.got = true;
        const { transaction, cause, negative } = answer;
        const oa = oaOf(transaction);
        const expected = (originals.get(transaction.number) ?? []).filter((session) => !gone.has(session));
        const octets = style.losesQualifiers ? withoutQualifier(transaction.asdu) : transaction.asdu;
        const receivers = bench.answer(octets, cause, oa, negative);
        const what = `${cause}${negative ? '-' : ''} of ${transaction.owner} #${transaction.number}`;
        // One that mirrors only at times may leave no way to tell: then it is nobody's. So it is where the OA is that of a master
        // who may still get an answer.
        const isDoubtful = style.oa === 'sometimes' || (style.oa === 'constant' && hasBeenSilent);
        if (!isDoubtful || receivers.length > 0) expect(receivers, what).toEqual(expected);
      }
      bench.pass(100);
    }
  };

  for (const plan of plans) {
    run(bench.now + plan.afterMs);
    if (gone.has(plan.session)) continue;
    const asdu = COMMANDS[plan.command] as Uint8Array;
    // The plan has to be known before the command is forwarded.
    const next = bench.transactions.lastNumber + 1;
    fates.set(next, plan);
    bench.begin(plan.session, asdu, isInterrogation(asdu[0] as number) ? 60_000 : DEADLINE_MS);
    if (plan.leaves) {
      gone.add(plan.session);
      bench.transactions.forget(plan.session);
    }
  }
  run(bench.now + 300_000);
  expect(bench.transactions.size).toBe(0);
  expect(answers.every(({ got }) => got)).toBe(true);
}

describe('no master gets the answer to another one’s command, and each gets its own', () => {
  it('a refusal with the OA of a command that the RTU has ended is to the one under way', () => {
    const at = { command: 0, afterMs: 0, confirmAfterMs: 0, terminateAfterMs: 0, leaves: false };
    const fates = [
      { session: 1, fate: 'answered' },
      { session: 2, fate: 'refused' },
      { session: 1, fate: 'answered' },
      { session: 1, fate: 'answered' },
    ] as const;
    play(
      { oa: 'constant', confirms: false, terminates: true, losesQualifiers: false },
      fates.map((each) => ({ ...at, ...each })),
    );
  });

  const plan: fc.Arbitrary<Planned> = fc.record({
    session: fc.integer({ min: 1, max: 4 }),
    command: fc.nat(COMMANDS.length - 1),
    afterMs: fc.oneof(fc.constant(0), fc.nat(300), fc.nat(6_000)),
    fate: fc.oneof(
      { weight: 8, arbitrary: fc.constant('answered' as const) },
      { weight: 2, arbitrary: fc.constantFrom('refused' as const, 'silent' as const, 'not sent' as const) },
    ),
    // In all less than what is waited for an answer, however many wait before it in the RTU.
    confirmAfterMs: fc.nat(250),
    terminateAfterMs: fc.oneof(fc.nat(500), fc.nat(7_000)),
    leaves: fc.oneof({ weight: 30, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  });

  const kinds: Omit<RtuStyle, 'oa'>[] = [
    { confirms: true, terminates: true, losesQualifiers: false },
    { confirms: true, terminates: false, losesQualifiers: false },
    { confirms: false, terminates: true, losesQualifiers: false },
    { confirms: true, terminates: true, losesQualifiers: true },
  ];
  const named = ({ confirms, terminates, losesQualifiers }: Omit<RtuStyle, 'oa'>): string =>
    `${confirms ? '' : 'no '}ACT_CON, ${terminates ? '' : 'no '}ACT_TERM${losesQualifiers ? ', no qualifiers' : ''}`;
  for (const oa of ['mirrors', 'zero', 'constant', 'last', 'sometimes'] as const) {
    for (const kind of kinds) {
      it(`RTU: OA ${oa}, ${named(kind)}`, () => {
        fc.assert(
          fc.property(fc.array(plan, { minLength: 2, maxLength: 30 }), (plans) => play({ oa, ...kind }, plans)),
          { numRuns: 100 },
        );
      });
    }
  }
});

it('an answer’s own octets are not kept', () => {
  const bench = new Bench();
  const transaction = bench.command(A, ON);
  expect(new AsduView(transaction.asdu).cot).toBe(Cause.ACT);
});
