import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';
import { type ProcessOptions, SimProcess } from './sim-process.ts';
import { World } from './world.ts';

const process = (world: World, options: Partial<ProcessOptions> = {}): SimProcess =>
  new SimProcess(world, { name: 'p', hostname: 'host', address: '10.0.0.1', ...options });

describe('the random numbers of the simulated world', () => {
  it('are the same for the same seed and differ for another one', () => {
    const draw = (seed: string): number[] =>
      Array.from(
        { length: 5 },
        (
          (random) => () =>
            random.next()
        )(new Random(seed)),
      );
    expect(draw('1/a')).toEqual(draw('1/a'));
    expect(draw('1/a')).not.toEqual(draw('1/b'));
    expect(draw('1/a').every((x) => x >= 0 && x < 1)).toBe(true);
  });
});

describe('the simulated world', () => {
  it('runs what happens in the order of time', async () => {
    const world = new World(1);
    const seen: string[] = [];
    world.at(20, () => seen.push(`b ${world.time}`));
    world.at(10, () => seen.push(`a ${world.time}`));
    world.at(10, () => world.next(() => seen.push('next')));
    world.at(99, () => seen.push('never'));
    await world.runUntil(50);
    expect(seen).toHaveLength(3);
    expect(seen[2]).toBe('b 20');
    expect(world.time).toBe(50);
  });

  it('lets promises and the end of a turn go on before anything else happens', async () => {
    const world = new World(1);
    const one = process(world);
    const seen: string[] = [];
    one.start(() => {
      void (async () => {
        await Promise.resolve();
        await Promise.resolve();
        seen.push('promise');
        one.endOfTurn(() => seen.push('end of turn of a promise'));
      })();
      one.endOfTurn(() => seen.push('end of turn'));
      one.soon(() => seen.push('soon'));
    });
    world.next(() => seen.push('another event'));
    await world.runFor(1);
    expect(seen).toEqual(['end of turn', 'promise', 'end of turn of a promise', 'another event', 'soon']);
  });

  it('has the same hash for the same seed', async () => {
    const run = async (seed: number): Promise<string> => {
      const world = new World(seed);
      const one = process(world);
      const tick = (n: number): void => {
        world.tell('p', `tick ${n} ${one.now().toFixed(3)} ${one.runtime.random()}`);
        if (n < 50) one.setTimer(() => tick(n + 1), 10);
      };
      one.start(() => tick(0));
      await world.runFor(10_000);
      return world.hash;
    };
    expect(await run(7)).toBe(await run(7));
    expect(await run(7)).not.toBe(await run(8));
  });
});

describe('a simulated process', () => {
  it('has an instance name of its own, also when another one has its host name', () => {
    const world = new World(1);
    expect(process(world, { name: 'a' }).instance).toMatch(/^host-1-[0-9a-f]{8}$/);
    expect(process(world, { name: 'a' }).instance).not.toBe(process(world, { name: 'b' }).instance);
  });

  it('has a monotonic clock that no step of the wall clock moves', async () => {
    const world = new World(1);
    const one = process(world, { rate: 1.0001, wallSkewMs: 5_000 });
    const [before, wall] = [one.now(), one.wallMs()];
    await world.runFor(10_000);
    one.wallSkewMs -= 3_600_000;
    expect(one.now() - before).toBeCloseTo(10_001, 3);
    expect(one.wallMs() - wall).toBe(10_000 - 3_600_000);
  });

  it('does nothing any more after a crash', async () => {
    const world = new World(1);
    const one = process(world);
    const seen: string[] = [];
    one.setTimer(() => seen.push('timer'), 10);
    one.soon(() => {
      seen.push('soon');
      void Promise.resolve().then(() => seen.push('promise'));
    });
    await world.runFor(5);
    one.crash();
    one.post('io', 'x', () => seen.push('io'));
    await world.runFor(100);
    expect(seen).toEqual(['soon', 'promise']);
    expect(one.pendingTimers.all).toBe(0);
  });

  it('crashes in the middle of a step: later effects do not leave it', async () => {
    const world = new World(1);
    const one = process(world);
    const left: boolean[] = [];
    one.crashAfter(2);
    one.start(() => {
      for (let i = 0; i < 4; i++) left.push(one.effect());
    });
    await world.runFor(1);
    expect(left).toEqual([true, true, false, false]);
    expect(one.dead).toBe(true);
  });

  it('gets everything at once after a pause, each source in order', async () => {
    const world = new World(3);
    const one = process(world);
    const seen: string[] = [];
    one.pause();
    one.setTimer(() => seen.push(`timer ${world.time}`), 10);
    for (let i = 0; i < 3; i++) {
      world.after(20 * i, () => one.post('io', 'bus', () => seen.push(`bus ${i}`)));
      world.after(25 * i, () => one.post('io', 'socket', () => seen.push(`socket ${i}`)));
    }
    await world.runFor(1_000);
    expect(seen).toEqual([]);
    one.resume();
    await world.runFor(1);
    expect(seen).toHaveLength(7);
    expect(seen.filter((line) => line.startsWith('bus'))).toEqual(['bus 0', 'bus 1', 'bus 2']);
    expect(seen).toContain('timer 1000');
  });

  it('that is slow handles one thing after the other', async () => {
    const world = new World(1);
    const one = process(world);
    one.slownessMs = 100;
    const times: number[] = [];
    for (let i = 0; i < 5; i++) one.post('io', 'bus', () => times.push(world.time));
    await world.runFor(1_000);
    expect(times).toHaveLength(5);
    expect(new Set(times).size).toBe(5);
  });

  it('counts the timers it has', () => {
    const world = new World(1);
    const one = process(world);
    const timer = one.setTimer(() => undefined, 10);
    one.setTimer(() => undefined, 10, true);
    expect(one.pendingTimers).toEqual({ all: 2, foreground: 1 });
    one.clearTimer(timer);
    one.clearTimer(timer);
    expect(one.pendingTimers).toEqual({ all: 1, foreground: 0 });
  });
});
