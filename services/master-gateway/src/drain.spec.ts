import { FakeClock } from '@iec104mm2ss/testing';
import { describe, expect, it } from 'vitest';
import { DRAIN_MS, drainOneByOne } from './drain.js';

/** A session whose master takes so long to read what is queued for it. */
class FakeSession {
  readonly connection = { closed: false };
  drainedAt: number | undefined;
  closedAt: number | undefined;

  constructor(
    private readonly clock: FakeClock,
    private readonly readsMs: number,
  ) {}

  drain(): void {
    this.drainedAt ??= this.clock.now();
  }
  settle(): boolean {
    return this.clock.now() >= (this.drainedAt ?? Infinity) + this.readsMs;
  }
  close(): void {
    this.closedAt = this.clock.now();
    this.connection.closed = true;
  }
}

async function drained(
  count: number,
  overMs: number,
  readsMs = 0,
): Promise<{ sessions: FakeSession[]; tookMs: number }> {
  const clock = new FakeClock();
  const sessions = Array.from({ length: count }, () => new FakeSession(clock, readsMs));
  let seed = 1;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  let done = false;
  const begunAt = clock.now();
  const draining = drainOneByOne(sessions, { clock, random }, overMs).then(() => (done = true));
  while (!done) await clock.advanceAsync(1);
  await draining;
  return { sessions, tookMs: clock.now() - begunAt };
}

const ends = (sessions: readonly FakeSession[]): number[] =>
  sessions.map(({ closedAt = Infinity }) => closedAt).sort((a, b) => a - b);

describe('masters of a gateway that ends', () => {
  it('are disconnected evenly over the time, no two seconds differ much', async () => {
    const { sessions, tookMs } = await drained(500, 15_000);
    const at = ends(sessions);
    const first = at[0] as number;
    const perSecond = Array.from(
      { length: 15 },
      (_, second) => at.filter((ms) => Math.floor((ms - first) / 1000) === second).length,
    );
    for (const count of perSecond) expect(Math.abs(count - 500 / 15)).toBeLessThanOrEqual(2);
    expect(tookMs).toBeLessThan(15_100);
  });

  it('are disconnected in no order: a group does not go as a whole', async () => {
    const { sessions } = await drained(100, 10_000);
    const order = sessions.map((session, index) => ({ index, at: session.closedAt as number }));
    order.sort((a, b) => a.at - b.at);
    const half = order.slice(0, 50).filter(({ index }) => index < 50).length;
    expect(half).toBeGreaterThan(10);
    expect(half).toBeLessThan(40);
  });

  it('do not hold the end up when they are few', async () => {
    expect((await drained(5, 60_000)).tookMs).toBeLessThan(500);
    expect((await drained(0, 60_000)).tookMs).toBeLessThan(5);
  });

  it('get what is queued for them, each in its own time, or DRAIN_MS; others are not kept waiting by it', async () => {
    const slow = await drained(20, 1_000, 700);
    for (const { drainedAt = 0, closedAt = 0 } of slow.sessions)
      expect(closedAt - drainedAt).toBeGreaterThanOrEqual(700);
    expect(slow.tookMs).toBeLessThan(1_000 + 700 + 50);
    const never = await drained(3, 300, Infinity);
    expect(never.tookMs).toBeGreaterThanOrEqual(DRAIN_MS);
    expect(never.tookMs).toBeLessThan(DRAIN_MS + 350);
  });

  it('that have gone by themselves meanwhile are left alone', async () => {
    const clock = new FakeClock();
    const [stays, goes] = [new FakeSession(clock, 0), new FakeSession(clock, 0)];
    // It is the second one's turn later.
    const draining = drainOneByOne([stays, goes], { clock, random: () => 0.99 }, 1_000);
    goes.connection.closed = true;
    await clock.advanceAsync(200);
    await draining;
    expect([stays.closedAt !== undefined, goes.drainedAt]).toEqual([true, undefined]);
  });
});
