import { beforeEach, describe, expect, it } from 'vitest';
import { controlSubject, FenceGuard, type Lease, type Message } from '@iec104mm2ss/bus';
import { FakeClock, RecordingBus } from '@iec104mm2ss/testing';
import { type AdmissionAnswer, decodeAdmissionRequest, encodeAdmissionAnswer, WireError } from '@iec104mm2ss/wire';
import {
  ADMISSION_MS,
  ADMISSION_PAUSE_MS,
  ADMISSION_TIMEOUT_MS,
  AdmissionAttempt,
  type Admitted,
  type NotAdmitted,
} from './admission-attempt.js';

const REQUEST = {
  group: '1',
  gateway: 'gateway-1',
  connection: 4_711,
  address: '10.0.0.5',
  port: 1_234,
  certificateNames: [],
};

let bus: RecordingBus;
let clock: FakeClock;
let guard: FenceGuard;
let lease: Lease;
let outcome: Admitted | NotAdmitted | undefined;
let asked: number[];

beforeEach(() => {
  clock = new FakeClock();
  bus = new RecordingBus({ clock });
  guard = new FenceGuard(bus, 'router.1');
  lease = bus.lease({ key: 'router.1', onAcquired: () => undefined, onLost: () => undefined });
  clock.flush();
  outcome = undefined;
  asked = [];
});

/** A router that answers the n-th request as `answers[n]` says; not at all when it is undefined. */
function router(...answers: (AdmissionAnswer | Buffer | undefined)[]): void {
  bus.subscribe(controlSubject('admit'), (message: Message) => {
    const request = decodeAdmissionRequest(message.data);
    if (request instanceof WireError) throw request;
    asked.push(request.connection);
    const answer = answers[asked.length - 1];
    if (answer !== undefined) message.respond(Buffer.isBuffer(answer) ? answer : encodeAdmissionAnswer(answer));
  });
}

const admitted = (fence: number): AdmissionAnswer => ({
  v: 2,
  ok: true,
  fence,
  session: 77,
  originatorAddress: 3,
  name: null,
  certificateName: null,
});
const refused = (code: 'filter' | 'not_ready'): AdmissionAnswer => ({ v: 2, ok: false, code, message: 'words' });

function ask(): AdmissionAttempt {
  const attempt = new AdmissionAttempt(bus, clock, guard, REQUEST);
  void attempt.ask().then((answer) => {
    outcome = answer;
  });
  return attempt;
}

describe('a connection that asks for admission', () => {
  it('gets the router’s answer', async () => {
    router(admitted(lease.fence));
    ask();
    await clock.advanceAsync(10);
    expect(outcome).toMatchObject({ ok: true, session: 77, originatorAddress: 3 });
    expect(asked).toEqual([REQUEST.connection]);
    expect(clock.pending).toBe(0);
  });

  it('gets the router’s refusal', async () => {
    router(refused('filter'));
    ask();
    await clock.advanceAsync(10);
    expect(outcome).toEqual({ ok: false, code: 'filter', message: 'words', byRouter: true });
  });

  it.each([
    [{ code: 'filter', reason: 'rights' }, 'rights'],
    [{ code: 'tomorrow' }, 'refused'],
  ])('takes %j of a router, also of a later release, for a refusal: it is not asked again', async (words, code) => {
    router(Buffer.from(JSON.stringify({ v: 2, ok: false, ...words, message: 'why' })));
    ask();
    await clock.advanceAsync(10);
    expect(outcome).toEqual({ ok: false, code, message: 'why', byRouter: true });
    expect(asked).toHaveLength(1);
  });

  it('asks again, as the same connection, when there is no answer, an odd one, or the router is not ready', async () => {
    router(undefined, Buffer.from('null'), refused('not_ready'), admitted(lease.fence));
    ask();
    await clock.advanceAsync(ADMISSION_TIMEOUT_MS + 3 * ADMISSION_PAUSE_MS + 50);
    expect(outcome).toMatchObject({ ok: true });
    expect(asked).toEqual([4_711, 4_711, 4_711, 4_711]);
    expect(bus.drops.all()).toEqual([{ kind: 'ctl.admit', reason: 'JSON', count: 1 }]);
    expect(clock.pending).toBe(0);
  });

  it('asks again when the router that answered no longer owns the group', async () => {
    const former = lease.fence;
    await lease.release();
    lease = bus.lease({ key: 'router.1', onAcquired: () => undefined, onLost: () => undefined });
    clock.flush();
    router(admitted(former), admitted(lease.fence + 7), admitted(lease.fence));
    ask();
    await clock.advanceAsync(4 * ADMISSION_PAUSE_MS + 50);
    expect(outcome).toMatchObject({ ok: true, fence: lease.fence });
    expect(asked.length).toBe(3);
    expect(clock.pending).toBe(0);
  });

  it('is refused when no router answers for long', async () => {
    ask();
    await clock.advanceAsync(ADMISSION_MS - ADMISSION_PAUSE_MS);
    expect(outcome).toBeUndefined();
    await clock.advanceAsync(2 * ADMISSION_PAUSE_MS);
    expect(outcome).toMatchObject({ ok: false, code: 'router' });
    expect(clock.pending).toBe(0);
  });

  it('asks after the sockets that are ready were served: a master that is back at once was heard to leave', async () => {
    router(admitted(lease.fence));
    const heard: string[] = [];
    ask();
    clock.soon(() => heard.push(`asked ${asked.length}`));
    expect(asked).toEqual([]);
    await clock.advanceAsync(10);
    expect([heard, asked.length]).toEqual([['asked 0'], 1]);
  });

  it('that is not wanted any more before it has asked does not ask', async () => {
    router(admitted(lease.fence));
    ask().cancel();
    await clock.advanceAsync(10);
    expect([outcome?.ok, asked]).toEqual([false, []]);
  });

  it('that is not wanted any more asks no more, and leaves no timer', async () => {
    const attempt = ask();
    await clock.advanceAsync(10);
    attempt.cancel();
    await clock.advanceAsync(10);
    expect(outcome).toMatchObject({ ok: false, code: 'given_up' });
    expect(clock.pending).toBe(0);
  });

  it('that is not wanted any more while the router thinks still says what it was given', async () => {
    const messages: Message[] = [];
    bus.subscribe(controlSubject('admit'), (message) => messages.push(message));
    const attempt = ask();
    await clock.advanceAsync(1);
    attempt.cancel();
    messages[0]?.respond(encodeAdmissionAnswer(admitted(lease.fence)));
    await clock.advanceAsync(10);
    expect(outcome).toMatchObject({ ok: true, session: 77 });
  });
});
