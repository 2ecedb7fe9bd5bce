import { encodeLogRecord, type LogRecord } from '@iec104mm2ss/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StreamOptions } from '../broker.js';
import { StoredLog } from './stored-log.js';

const APDU = Buffer.from('680a00000000010003000100', 'hex');

let messages: Buffer[];
let questions: string[];
let log: StoredLog;

/** Appends records of one ASDU each. */
function store(count: number, generation: number): void {
  for (let i = 0; i < count; i++) {
    const head = { epoch: 1, generation, first: messages.length, count: 1, receivedAt: 0 };
    messages.push(encodeLogRecord(head, APDU, 0, APDU.length));
  }
}

const firsts = (records: readonly LogRecord[]): number[] => records.map(({ first }) => first);

beforeEach(async () => {
  [messages, questions] = [[], []];
  const broker = {
    ensureStream: () => Promise.resolve({ replicas: 1 }),
    streamState: () => {
      questions.push('state');
      return Promise.resolve({ messages: messages.length, first: 1, last: messages.length });
    },
    streamMessage: (_stream: string, sequence: number) => {
      questions.push(`message ${sequence}`);
      return Promise.resolve(messages[sequence - 1]);
    },
    purge: () => Promise.resolve(),
  };
  log = new StoredLog(broker, { name: 'LOG' } as StreamOptions, () => expect.fail('no message is skipped'));
  store(500, 7);
  await log.validUpTo({ generation: 7, position: 0 });
  questions = [];
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
