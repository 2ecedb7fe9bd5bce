import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { decodeLogRecord, type LogRecord } from '@iec104mm2ss/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PublishConfirmation } from '../broker.js';
import { BrokerLogWriter } from './log-writer.js';

const APDU = Buffer.from('68 0a 00 00 00 00 01 00 03 00 01 00'.replaceAll(' ', ''), 'hex');

let published: { record: LogRecord; expected: number | undefined }[];
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
        publish: (_subject: string, data: Uint8Array, options: { readonly expectedLastSequence?: number }) =>
          published.push({ record: decodeLogRecord(data) as LogRecord, expected: options.expectedLastSequence }),
        close: () => undefined,
      };
    },
  };
  const end = { next: 10, lastSequence: 5, lastEpoch: 3, generation: 99 };
  writer = new BrokerLogWriter(broker, SYSTEM_CLOCK, 'log', end, {
    onStored: (position) => told.push(`stored ${position}`),
    onRefused: (position, { code }) => told.push(`refused ${position} ${code}`),
  });
});
afterEach(() => vi.useRealTimers());

describe('a log writer', () => {
  it('gives each record its place, its generation and the sequence that it follows', () => {
    append(3);
    append(2);
    expect(
      published.map(({ record: { generation, first, end, epoch }, expected }) => [
        generation,
        first,
        end,
        epoch,
        expected,
      ]),
    ).toEqual([
      [99, 10, 13, 4, 5],
      [99, 13, 15, 4, 6],
    ]);
    expect([writer.next, writer.lastEpoch]).toEqual([15, 3]);
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
