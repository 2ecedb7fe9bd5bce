import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '@iec104mm2ss/runtime';
import { DeadlineScheduler, type Scheduled } from './deadline-scheduler.js';

class FakeClock implements Clock {
  readonly wallMs = (): number => 0;
  readonly endOfTurn = (callback: () => void): void => process.nextTick(callback);
  readonly soon = (callback: () => void): void => void setImmediate(callback);

  time = 1_000;
  armed = 0;
  readonly timers = new Map<object, { at: number; callback: () => void }>();

  now(): number {
    return this.time;
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    const timer = {};
    this.armed++;
    this.timers.set(timer, { at: this.time + delayMs, callback });
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.timers.delete(timer as object);
  }

  get nextAt(): number {
    return Math.min(...[...this.timers.values()].map(({ at }) => at));
  }

  /** Runs the timers that are due until `time`, each at its own time. */
  runUntil(time: number): void {
    while (this.nextAt <= time) {
      this.time = this.nextAt;
      this.fireDue();
    }
    this.time = time;
  }

  /** Lets time pass without any timer being served, then serves those due: a process that was held up. */
  stallUntil(time: number): void {
    this.time = time;
    this.fireDue();
  }

  private fireDue(): void {
    for (const [timer, { at, callback }] of [...this.timers]) {
      if (at > this.time || !this.timers.delete(timer)) continue;
      callback();
    }
  }
}

class Member implements Scheduled {
  readonly calls: number[] = [];
  flushes = 0;
  onDue: ((now: number) => void) | undefined;
  onFlush: (() => void) | undefined;

  constructor(public deadline: number) {}

  nextDeadline(): number {
    return this.deadline;
  }

  onDeadline(now: number): void {
    this.calls.push(now);
    this.deadline = Infinity;
    this.onDue?.(now);
  }

  flush(): void {
    this.flushes++;
    this.onFlush?.();
  }
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Deadlines are met this late at most. */
const LATE_MS = 20;

let clock: FakeClock;
let scheduler: DeadlineScheduler;

beforeEach(() => {
  clock = new FakeClock();
  scheduler = new DeadlineScheduler(clock);
});

describe('deadlines', () => {
  it('are met once, never early and at most the granularity late', () => {
    const members = [3_000, 2_000, 9_000, 2_001].map((deadline) => new Member(deadline));
    for (const member of members) scheduler.add(member);
    expect(clock.timers.size).toBe(1);
    clock.runUntil(20_000);
    for (const [i, deadline] of [3_000, 2_000, 9_000, 2_001].entries()) {
      expect(members[i]?.calls).toHaveLength(1);
      const at = members[i]?.calls[0] as number;
      expect(at).toBeGreaterThanOrEqual(deadline);
      expect(at).toBeLessThanOrEqual(deadline + LATE_MS);
    }
    expect(clock.timers.size).toBe(0);
  });

  it('of members that come, go and move while others are called are met all the same', () => {
    // A linear congruential generator: the same course every time.
    let seed = 7;
    const chance = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % below;
    const live = new Set<Member>();
    const expected = new Map<Member, number>();
    const plan = (member: Member, at: number): void => {
      member.deadline = at;
      expected.set(member, at);
    };
    const pick = (): Member => [...live][chance(live.size)] as Member;
    const add = (now: number): void => {
      const member = new Member(Infinity);
      plan(member, now + 1 + chance(500));
      member.onDue = (at) => {
        const planned = expected.get(member) as number;
        expect(at).toBeGreaterThanOrEqual(planned);
        expect(at).toBeLessThanOrEqual(planned + LATE_MS);
        plan(member, at + 1 + chance(500));
        if (live.size < 50) add(at);
        if (chance(3) === 0) {
          const other = pick();
          plan(other, at + 1 + chance(100));
          scheduler.deadlineMoved(other);
        }
        if (chance(3) > 0) return;
        const leaver = pick();
        live.delete(leaver);
        expected.delete(leaver);
        scheduler.remove(leaver);
      };
      live.add(member);
      scheduler.add(member);
    };
    add(clock.now());
    add(clock.now());
    let calls = 0;
    for (let turn = 0; turn < 2_000; turn++) {
      clock.runUntil(clock.now() + LATE_MS + 5);
      if (live.size === 0) add(clock.now());
      for (const [member, at] of expected) {
        expect(at).toBeGreaterThan(clock.now() - LATE_MS);
        calls += member.calls.splice(0).length;
      }
    }
    expect(calls).toBeGreaterThan(1_000);
  });

  it('that are not due are not asked for', () => {
    const [soon, late] = [new Member(2_000), new Member(90_000)];
    for (const member of [soon, late]) scheduler.add(member);
    let asked = 0;
    late.nextDeadline = () => {
      asked++;
      return 90_000;
    };
    soon.onDue = (now) => (soon.deadline = now + 1);
    clock.runUntil(10_000);
    expect(soon.calls.length).toBeGreaterThan(300);
    expect(asked).toBe(0);
  });

  it('close together share one wake-up', () => {
    const members = [2_000, 2_001, 2_000 + LATE_MS - 1].map((deadline) => new Member(deadline));
    for (const member of members) scheduler.add(member);
    clock.runUntil(3_000);
    expect(members.map((member) => member.calls)).toEqual([[2_000 + LATE_MS], [2_000 + LATE_MS], [2_000 + LATE_MS]]);
    expect(clock.armed).toBe(1);
  });

  it('that moved earlier are heeded when told, that moved later cost no timer', () => {
    const member = new Member(10_000);
    scheduler.add(member);
    for (let deadline = 11_000; deadline < 20_000; deadline += 100) {
      member.deadline = deadline;
      scheduler.deadlineMoved(member);
    }
    expect(clock.armed).toBe(1);
    member.deadline = 4_000;
    scheduler.deadlineMoved(member);
    expect(clock.timers.size).toBe(1);
    clock.runUntil(30_000);
    expect(member.calls).toEqual([4_000 + LATE_MS]);
  });

  it('that moved later are still met', () => {
    const member = new Member(2_000);
    scheduler.add(member);
    member.deadline = 5_000;
    clock.runUntil(4_999);
    expect(member.calls).toEqual([]);
    clock.runUntil(6_000);
    expect(member.calls).toEqual([5_000 + LATE_MS]);
  });

  it('already passed are met at the next wake-up, not within the call', () => {
    const member = new Member(0);
    scheduler.add(member);
    expect(member.calls).toEqual([]);
    clock.runUntil(1_000 + LATE_MS);
    expect(member.calls).toEqual([1_000 + LATE_MS]);
  });

  it('beyond the longest delay of a timer are met all the same', () => {
    const member = new Member(2 ** 32);
    scheduler.add(member);
    expect(clock.nextAt - clock.time).toBeLessThanOrEqual(2 ** 31 - 1);
    clock.runUntil(2 ** 32 + LATE_MS + 5);
    expect(member.calls).toHaveLength(1);
  });

  it('of a removed member are not met, and the last one removed leaves no timer', () => {
    const [a, b] = [new Member(2_000), new Member(3_000)];
    scheduler.add(a);
    scheduler.add(b);
    scheduler.remove(a);
    clock.runUntil(2_500);
    expect([a.calls, b.calls]).toEqual([[], []]);
    scheduler.remove(b);
    expect(clock.timers.size).toBe(0);
    scheduler.add(b);
    clock.runUntil(4_000);
    expect(b.calls).toHaveLength(1);
  });

  it('members may remove themselves and others, and add new ones, when called', () => {
    const [a, b, c] = [new Member(2_000), new Member(2_000), new Member(2_500)];
    a.onDue = () => {
      scheduler.remove(a);
      scheduler.remove(b);
      scheduler.add(c);
    };
    scheduler.add(a);
    scheduler.add(b);
    clock.runUntil(4_000);
    expect([a.calls.length, b.calls.length, c.calls.length]).toEqual([1, 0, 1]);
  });

  it('a member that is due again and again does not spin', () => {
    const member = new Member(2_000);
    member.onDue = () => (member.deadline = 2_000);
    scheduler.add(member);
    clock.runUntil(3_000);
    expect(member.calls.length).toBeLessThanOrEqual(1_000 / LATE_MS + 1);
  });

  it('a member that throws does not stop the others for good', () => {
    const [a, b] = [new Member(2_000), new Member(2_000)];
    a.onDue = () => {
      throw new Error('mistake');
    };
    scheduler.add(a);
    scheduler.add(b);
    expect(() => clock.runUntil(2_000 + LATE_MS)).toThrow('mistake');
    clock.runUntil(2_100);
    expect(b.calls).toHaveLength(1);
  });

  it('after the process was held up, what is in the sockets is read first', () => {
    const member = new Member(2_000);
    scheduler.add(member);
    clock.stallUntil(60_000);
    expect(member.calls).toEqual([]);
    // One turn of the event loop: the socket's data arrives and moves the deadline.
    member.deadline = 75_000;
    clock.runUntil(70_000);
    expect(member.calls).toEqual([]);
    clock.runUntil(76_000);
    expect(member.calls).toEqual([75_000 + LATE_MS]);
  });

  it('after the process was held up, who has nothing to read is called shortly', () => {
    const member = new Member(2_000);
    scheduler.add(member);
    clock.stallUntil(60_000);
    clock.runUntil(60_100);
    expect(member.calls).toEqual([60_020]);
    // And the same at the next time.
    member.deadline = 61_000;
    scheduler.deadlineMoved(member);
    clock.stallUntil(90_000);
    expect(member.calls).toHaveLength(1);
    clock.runUntil(90_100);
    expect(member.calls).toEqual([60_020, 90_020]);
  });
});

describe('flushSoon', () => {
  it('flushes at the end of the turn, all members', async () => {
    const [a, b] = [new Member(Infinity), new Member(Infinity)];
    scheduler.flushSoon(a);
    scheduler.flushSoon(b);
    expect([a.flushes, b.flushes]).toEqual([0, 0]);
    await endOfTurn();
    expect([a.flushes, b.flushes]).toEqual([1, 1]);
    scheduler.flushSoon(a);
    await endOfTurn();
    expect([a.flushes, b.flushes]).toEqual([2, 1]);
  });

  it('takes in the same go what flushing made necessary', async () => {
    const [a, b] = [new Member(Infinity), new Member(Infinity)];
    a.onFlush = () => scheduler.flushSoon(b);
    scheduler.flushSoon(a);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect([a.flushes, b.flushes]).toEqual([1, 1]);
  });

  it('flushes at the end of what runs as a turn, without waiting for the loop', async () => {
    const [a, b] = [new Member(Infinity), new Member(Infinity)];
    scheduler.turn(() => {
      scheduler.flushSoon(a);
      scheduler.turn(() => scheduler.flushSoon(b));
      scheduler.flushSoon(a);
      expect([a.flushes, b.flushes]).toEqual([0, 0]);
    });
    // Each as often as it asked: a member asks once.
    expect([a.flushes, b.flushes]).toEqual([2, 1]);
    // Something comes in while it is flushed.
    a.onFlush = () => {
      a.onFlush = undefined;
      scheduler.turn(() => scheduler.flushSoon(b));
      expect(b.flushes).toBe(1);
    };
    scheduler.turn(() => scheduler.flushSoon(a));
    expect([a.flushes, b.flushes]).toEqual([3, 2]);
    await endOfTurn();
    expect([a.flushes, b.flushes]).toEqual([3, 2]);
  });

  it('flushes also what a turn asked for that threw', () => {
    const a = new Member(Infinity);
    const mistake = (): void => {
      scheduler.flushSoon(a);
      throw new Error('mistake');
    };
    expect(() => scheduler.turn(mistake)).toThrow('mistake');
    expect(a.flushes).toBe(1);
    scheduler.turn(() => scheduler.flushSoon(a));
    expect(a.flushes).toBe(2);
  });

  it('flushes once what was asked for before a turn of the same loop turn', async () => {
    const [a, b] = [new Member(Infinity), new Member(Infinity)];
    scheduler.flushSoon(a);
    scheduler.turn(() => scheduler.flushSoon(b));
    await endOfTurn();
    expect([a.flushes, b.flushes]).toEqual([1, 1]);
  });

  describe('with a member that throws', () => {
    const uncaught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    beforeEach(() => {
      process.removeAllListeners('uncaughtException');
      process.on('uncaughtException', (error) => uncaught.push(error));
    });
    afterEach(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    });

    it('still flushes the others, then and later', async () => {
      const [a, b, c] = [new Member(Infinity), new Member(Infinity), new Member(Infinity)];
      b.onFlush = () => {
        throw new Error('mistake');
      };
      for (const member of [a, b, c]) scheduler.flushSoon(member);
      await endOfTurn();
      expect([a.flushes, b.flushes, c.flushes]).toEqual([1, 1, 1]);
      expect(uncaught).toEqual([new Error('mistake')]);
      scheduler.flushSoon(a);
      await endOfTurn();
      expect(a.flushes).toBe(2);
    });
  });
});
