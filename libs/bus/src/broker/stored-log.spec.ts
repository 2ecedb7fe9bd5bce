import { encodeLogRecord, type LogRecord } from '@iec104mm2ss/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StreamOptions } from '../broker.js';
import { BusError } from '../bus.js';
import { StoredLog } from './stored-log.js';

const APDU = Buffer.from('680a00000000010003000100', 'hex');

let messages: Buffer[];
let questions: string[];
let log: StoredLog;
let turn: (() => void)[];
let failing: BusError | undefined;

/** Appends records of one ASDU each. */
function store(count: number, generation: number): void {
  for (let i = 0; i < count; i++) {
    const head = { epoch: 1, generation, first: messages.length, count: 1, receivedAt: 0 };
    messages.push(encodeLogRecord(head, APDU, 0, APDU.length));
  }
}

const firsts = (records: readonly LogRecord[]): number[] => records.map(({ first }) => first);

beforeEach(async () => {
  [messages, questions, turn] = [[], [], []];
  failing = undefined;
  const clock = { endOfTurn: (callback: () => void) => void turn.push(callback) };
  const broker = {
    ensureStream: () => {
      questions.push('ensure');
      return Promise.resolve({ replicas: 1 });
    },
    streamState: () => {
      questions.push('state');
      const state = { messages: messages.length, first: 1, last: messages.length };
      return failing === undefined ? Promise.resolve(state) : Promise.reject(failing);
    },
    streamMessage: (_stream: string, sequence: number) => {
      questions.push(`message ${sequence}`);
      return Promise.resolve(messages[sequence - 1]);
    },
    purge: () => Promise.resolve(),
  };
  log = new StoredLog(broker, clock, { name: 'LOG' } as StreamOptions, () => expect.fail('no message is skipped'));
  store(500, 7);
  await log.validUpTo({ generation: 7, position: 0 });
  endTurn();
  questions = [];
});

function endTurn(): void {
  for (const callback of turn.splice(0)) callback();
}

describe('the end of a log', () => {
  it('is asked for once by all who ask in the same turn, be it behind making sure of the stream', async () => {
    log.reconnected();
    const ends = await Promise.all([log.end(), log.end()]);
    expect(ends.map(({ state }) => state.last)).toEqual([500, 500]);
    expect(questions).toEqual(['ensure', 'state', 'message 500', 'message 500']);
  });

  it('is asked for again by who asks in a later turn, whether what was asked before is answered or not', async () => {
    const first = log.end();
    await Promise.resolve();
    endTurn();
    store(1, 7);
    const second = log.end();
    expect((await first).state.last).toBe(500);
    expect((await second).state.last).toBe(501);
    store(1, 7);
    expect((await log.end()).state.last).toBe(502);
    expect(questions.filter((each) => each === 'state')).toHaveLength(3);
  });

  it('is asked for with the stream again when it could not be asked', async () => {
    failing = new BusError('UNAVAILABLE', 'no stream');
    const ends = await Promise.allSettled([log.end(), log.end()]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    failing = undefined;
    questions = [];
    expect((await log.end()).state.last).toBe(500);
    expect(questions).toEqual(['ensure', 'state', 'message 500']);
  });
});

describe('what comes after a place', () => {
  it('costs two questions when there is nothing', async () => {
    expect(await log.readAfter({ generation: 7, position: 500 }, 64)).toEqual([]);
    expect(questions).toEqual(['state', 'message 500']);
  });

  it('costs two questions when it is the newest record', async () => {
    store(1, 7);
    expect(firsts(await log.readAfter({ generation: 7, position: 500 }, 64))).toEqual([500]);
    expect(questions).toEqual(['state', 'message 501']);
  });

  it('is read in order when it is more', async () => {
    store(3, 7);
    expect(firsts(await log.readAfter({ generation: 7, position: 500 }, 64))).toEqual([500, 501, 502]);
  });

  it('is found near the end when a generation has just begun', async () => {
    store(1, 8);
    expect(firsts(await log.readAfter({ generation: 7, position: 500 }, 64))).toEqual([500]);
    expect(questions.length).toBeLessThanOrEqual(4);
  });

  it('begins where a later generation does, as far as that is behind the place', async () => {
    messages.length = 498;
    store(1, 8);
    expect(firsts(await log.readAfter({ generation: 7, position: 500 }, 64))).toEqual([498]);
    store(2, 8);
    expect(firsts(await log.readAfter({ generation: 7, position: 500 }, 64))).toEqual([498, 499, 500]);
  });
});
