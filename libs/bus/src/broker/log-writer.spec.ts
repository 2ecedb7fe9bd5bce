import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { decodeLogRecord, type LogRecord } from '@iec104mm2ss/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PublishConfirmation, StreamPublisher } from '../broker.js';
import { BrokerLogWriter } from './log-writer.js';

const APDU = Buffer.from('68 0a 00 00 00 00 01 00 03 00 01 00'.replaceAll(' ', ''), 'hex');

type Options = Parameters<StreamPublisher['publish']>[2];
let published: { record: LogRecord; options: Options }[];
let confirm: (confirmation: PublishConfirmation) => void;
let told: string[];
let writer: BrokerLogWriter;

function append(count = 1): void {
  const octets = Buffer.concat(Array<Buffer>(count).fill(APDU));
  writer.append({ epoch: 4, count, receivedAt: 7, octets, start: 0, end: octets.length });
}
const stored = (sequence: number): void => confirm({ sequence, duplicate: false });

beforeEach(() => {
  vi.useFakeTimers();
  [published, told] = [[], []];
  const broker = {
    openPublisher: (onConfirmed: typeof confirm) => {
      confirm = onConfirmed;
      return {
        publish: (_subject: string, data: Uint8Array, options: Options) =>
          published.push({ record: decodeLogRecord(data) as LogRecord, options }),
        close: () => undefined,
      };
    },
  };
  const end = { writer: 'w', next: 10, lastSequence: 5, lastEpoch: 3, generation: 99 };
  writer = new BrokerLogWriter(broker, SYSTEM_CLOCK, 'log', end, {
    onStored: (position) => told.push(`stored ${position}`),
    onRefused: (position, { code }) => told.push(`refused ${position} ${code}`),
  });
});
afterEach(() => vi.useRealTimers());

describe('a log writer', () => {
  it('gives each record its place and its generation, and says what it follows', () => {
    append(3);
    append(2);
    expect(published).toMatchObject([
      { record: { generation: 99, first: 10, end: 13, epoch: 4 }, options: { expectedLastSequence: 5 } },
      { record: { generation: 99, first: 13, end: 15 }, options: { expectedLastSequence: 6 } },
    ]);
    expect([writer.next, writer.lastEpoch]).toEqual([15, 3]);
  });

  it('names the id of the record before while that is not known to be stored: the sequence may fit by chance', () => {
    append(3);
    append(2);
    confirm({ sequence: 6, duplicate: false });
    append(1);
    confirm({ sequence: 7, duplicate: false });
    confirm({ sequence: 8, duplicate: false });
    append(1);
    expect(published.map(({ options: { messageId, expectedLastId } }) => [messageId, expectedLastId])).toEqual([
      ['w.10', undefined],
      ['w.13', 'w.10'],
      ['w.15', 'w.13'],
      ['w.16', undefined],
    ]);
  });

  it('says what is stored as it is confirmed, thousands under way', () => {
    for (let i = 0; i < 5_000; i++) append();
    for (let i = 0; i < 5_000; i++) stored(6 + i);
    expect(told).toHaveLength(5_000);
    expect([told[0], told.at(-1)]).toEqual(['stored 11', 'stored 5010']);
  });

  it('ends when a confirmation is missing: what comes after it proves nothing', () => {
    for (let i = 0; i < 3; i++) append();
    stored(6);
    stored(8);
    stored(7);
    expect(told).toEqual(['stored 11', 'refused 11 REFUSED']);
  });

  it('ends when a confirmation is late, though later records were appended in time', () => {
    append();
    vi.advanceTimersByTime(2_000);
    append();
    stored(6);
    vi.advanceTimersByTime(2_500);
    expect(told).toEqual(['stored 11']);
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual(['stored 11', 'refused 11 REFUSED']);
  });

  it('has no timer while nothing is under way', () => {
    append();
    stored(6);
    vi.advanceTimersByTime(10_000);
    expect(vi.getTimerCount()).toBe(0);
    append();
    writer.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
