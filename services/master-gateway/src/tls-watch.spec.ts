import { createLogger } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MasterSession } from './master-session.js';
import { AGE_SPACING_MS, TLS_LOOK_MS, TlsWatch } from './tls-watch.js';

const { logger } = createLogger({ level: 'silent' });
const MAX_AGE_MS = 3_600_000;

let clock: FakeClock;
let watch: TlsWatch;
let random: number;

/** As much of a session as the watch knows. */
class FakeSession {
  busy = false;
  closed: string | undefined;
  judged = 0;
  readonly peer = '10.0.0.1:1';
  readonly identity: { name: string | null };
  readonly secure;

  constructor(
    readonly id: number,
    name: string | null,
  ) {
    this.identity = { name };
    this.secure = { identity: `cn:${id}`, alarmAt: Infinity, judgeAgain: () => void this.judged++ };
    watch.add(this as unknown as MasterSession);
  }

  close(code: string): void {
    this.closed = code;
    watch.remove(this as unknown as MasterSession);
  }
}

async function passes(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= TLS_LOOK_MS) {
    await clock.advanceAsync(Math.min(left, TLS_LOOK_MS));
    if (watch.lookAt <= clock.now()) watch.look(clock.now());
  }
}

beforeEach(() => {
  clock = new FakeClock();
  random = 0.5;
  const runtime = { clock, random: () => random };
  watch = new TlsWatch({ runtime, logger, maxAgeMs: MAX_AGE_MS, onDeadlineMoved: () => undefined });
});

describe('the largest age', () => {
  it('ends a session, give or take a tenth', async () => {
    random = 0;
    const early = new FakeSession(1, 'A');
    random = 0.999;
    const late = new FakeSession(2, 'B');
    await passes(MAX_AGE_MS * 0.9 - TLS_LOOK_MS);
    expect(early.closed).toBeUndefined();
    await passes(2 * TLS_LOOK_MS);
    expect([early.closed, late.closed]).toEqual(['tls_max_age', undefined]);
    await passes(MAX_AGE_MS * 0.2);
    expect(late.closed).toBe('tls_max_age');
  });

  it('waits for what was begun', async () => {
    const session = new FakeSession(1, 'A');
    session.busy = true;
    await passes(MAX_AGE_MS * 2);
    expect(session.closed).toBeUndefined();
    session.busy = false;
    await passes(TLS_LOOK_MS);
    expect(session.closed).toBe('tls_max_age');
  });

  it('ends one connection of a master at a time; masters without a name are told by their certificates', async () => {
    const [first, second, other] = [new FakeSession(1, 'A'), new FakeSession(2, 'A'), new FakeSession(3, null)];
    await passes(MAX_AGE_MS + TLS_LOOK_MS);
    expect([first.closed, second.closed, other.closed]).toEqual(['tls_max_age', undefined, 'tls_max_age']);
    await passes(AGE_SPACING_MS - 2 * TLS_LOOK_MS);
    expect(second.closed).toBeUndefined();
    await passes(2 * TLS_LOOK_MS);
    expect(second.closed).toBe('tls_max_age');
  });
});

it('judges a session again when its certificate ends', async () => {
  const session = new FakeSession(1, 'A');
  session.secure.alarmAt = clock.wallMs() + 12_000;
  await passes(10_000);
  expect(session.judged).toBe(0);
  await passes(TLS_LOOK_MS);
  expect(session.judged).toBe(1);
});

it('judges all that are there, and those of the newest change once', async () => {
  const sessions = [1, 2, 3].map((id) => new FakeSession(id, null));
  watch.judgeAll();
  watch.judgeAll();
  await clock.advanceAsync(1);
  expect(sessions.map(({ judged }) => judged)).toEqual([1, 1, 2]);
});

it('does not look while there is no TLS session', async () => {
  expect(watch.lookAt).toBe(Infinity);
  const session = new FakeSession(1, 'A');
  expect(watch.lookAt).toBe(clock.now() + TLS_LOOK_MS);
  session.close('left');
  await passes(TLS_LOOK_MS);
  expect(watch.lookAt).toBe(Infinity);
});
