import { beforeEach, expect, it } from 'vitest';
import { FakeClock, RecordingBus } from '@iec104mm2ss/testing';
import { DeadlineScheduler } from '@iec104mm2ss/transport';
import { type Ack, decodeAcks } from '@iec104mm2ss/wire';
import { AcknowledgementReport } from './acknowledgement-report.js';
import type { MasterSession } from './master-session.js';

let bus: RecordingBus;
let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
  bus = new RecordingBus({ clock });
});

const report = (gapMs: number): AcknowledgementReport =>
  new AcknowledgementReport(bus, 'ack', new DeadlineScheduler(clock), gapMs);
const session = (id: number): MasterSession =>
  ({ acknowledged: { session: id, position: id * 10, generation: 1 } }) as MasterSession;
const reported = (): unknown[] =>
  bus.take('ack').map(({ data }) => (decodeAcks(data) as readonly Ack[]).map(({ session: id }) => id));

it('all sessions of a turn are in one message', () => {
  const acknowledgements = report(0);
  const first = session(1);
  acknowledgements.add(first);
  acknowledgements.add(session(2));
  acknowledgements.add(first);
  expect(reported()).toEqual([]);
  clock.flush();
  expect(reported()).toEqual([[1, 2]]);
  clock.flush();
  expect(reported()).toEqual([]);
});

it('reports are a gap apart, and are made at once when something is to be told after them', () => {
  const acknowledgements = report(5);
  acknowledgements.add(session(1));
  clock.flush();
  acknowledgements.add(session(2));
  clock.flush();
  clock.advance(4);
  expect(reported()).toEqual([[1]]);
  clock.advance(1);
  expect(reported()).toEqual([[2]]);
  acknowledgements.add(session(3));
  acknowledgements.publish();
  expect(reported()).toEqual([[3]]);
  clock.flush();
  expect([reported(), clock.pending]).toEqual([[], 0]);
});
