import { createLogger } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MasterSession } from './master-session.js';
import { LATEST_END_MS, TLS_LOOK_MS, TlsWatch } from './tls-watch.js';

const { logger } = createLogger({ level: 'silent' });
const MAX_AGE_MS = 3_600_000;

let clock: FakeClock;
let watch: TlsWatch;
let random: number;
let sessions: Map<number, FakeSession>;

/** As much of a session as the watch knows. */
class FakeSession {
  busy = false;
  tooOld = false;
  overdue = false;
  closed: string | undefined;
  judged = 0;
  readonly peer = '10.0.0.1:1';
  readonly secure;

  constructor(readonly id: number) {
    sessions.set(id, this);
    this.secure = { identity: `cn:${id}`, alarmAt: Infinity, judgeAgain: () => void this.judged++ };
    watch.add(this as unknown as MasterSession);
  }

  get endsForAge(): boolean {
    return this.overdue || (this.tooOld && !this.busy);
  }

  close(code: string): void {
    this.closed = code;
    watch.remove(this as unknown as MasterSession);
  }
}

async function passes(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= TLS_LOOK_MS) {
    const step = Math.min(left, TLS_LOOK_MS);
    await clock.advanceAsync(step, step);
    if (watch.lookAt <= clock.now()) watch.look(clock.now());
  }
}

beforeEach(() => {
  clock = new FakeClock();
  sessions = new Map();
  random = 0.5;
  const runtime = { clock, random: () => random };
  watch = new TlsWatch({ runtime, logger, maxAgeMs: MAX_AGE_MS, onDeadlineMoved: () => undefined });
});

const turnOf = (...ids: number[]): void => watch.end(ids, sessions as unknown as Map<number, MasterSession>);

describe('the largest age', () => {
  it('is reached, give or take a tenth; a session then ends when it is its turn', async () => {
    random = 0;
    const early = new FakeSession(1);
    random = 0.999;
    const late = new FakeSession(2);
    await passes(MAX_AGE_MS * 0.9 - TLS_LOOK_MS);
    turnOf(1, 2);
    expect([early.tooOld, early.closed]).toEqual([false, undefined]);
    await passes(2 * TLS_LOOK_MS);
    expect([early.tooOld, early.closed, late.tooOld]).toEqual([true, undefined, false]);
    turnOf(1, 2);
    expect([early.closed, late.closed]).toEqual(['tls_max_age', undefined]);
    await passes(MAX_AGE_MS * 0.2);
    turnOf(7, 2);
    expect(late.closed).toBe('tls_max_age');
  });

  it('waits for what was begun', async () => {
    const session = new FakeSession(1);
    session.busy = true;
    await passes(MAX_AGE_MS + LATEST_END_MS - TLS_LOOK_MS);
    turnOf(1);
    expect(session.closed).toBeUndefined();
    session.busy = false;
    turnOf(1);
    expect(session.closed).toBe('tls_max_age');
  });

  it('waits no longer for a master that begins something again and again', async () => {
    const session = new FakeSession(1);
    session.busy = true;
    await passes(MAX_AGE_MS + LATEST_END_MS + TLS_LOOK_MS);
    turnOf(1);
    expect(session.closed).toBe('tls_max_age');
  });
});

it('judges a session again when its certificate ends', async () => {
  const session = new FakeSession(1);
  session.secure.alarmAt = clock.wallMs() + 12_000;
  await passes(10_000);
  expect(session.judged).toBe(0);
  await passes(TLS_LOOK_MS);
  expect(session.judged).toBe(1);
});

it('judges all that are there, and those of the newest change once', async () => {
  const sessions = [1, 2, 3].map((id) => new FakeSession(id));
  watch.judgeAll();
  watch.judgeAll();
  await clock.advanceAsync(1);
  expect(sessions.map(({ judged }) => judged)).toEqual([1, 1, 2]);
});

it('does not look while there is no TLS session', async () => {
  expect(watch.lookAt).toBe(Infinity);
  const session = new FakeSession(1);
  expect(watch.lookAt).toBe(clock.now() + TLS_LOOK_MS);
  session.close('left');
  await passes(TLS_LOOK_MS);
  expect(watch.lookAt).toBe(Infinity);
});
