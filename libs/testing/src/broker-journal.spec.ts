import type { Journal } from '@iec104mm2ss/bus';
import { beforeEach, describe, expect, it } from 'vitest';
import { type FakeProcess, FakeProcesses } from './fake-processes.js';

const OPTIONS = { maxEntries: 100, maxOctets: 100_000 };

let world: FakeProcesses;
let router: FakeProcess;
let journal: Journal;

beforeEach(() => {
  world = new FakeProcesses();
  router = world.start('router');
  journal = router.bus.journal('audit', OPTIONS);
});

/** Appends, and tells how that ended. */
function append(id: string, group = '1'): { result: string } {
  const outcome = { result: 'pending' };
  journal.append(group, id, Buffer.from(id)).then(
    () => (outcome.result = 'stored'),
    (error: { code: string }) => (outcome.result = error.code),
  );
  return outcome;
}

const entries = async (): Promise<string[]> =>
  (await journal.read(undefined, 100)).map((entry) => Buffer.from(entry).toString());

describe('a journal on a broker', () => {
  it('is the stream that its name says', async () => {
    append('a');
    await world.settle();
    expect(world.server.stream('IEC104_AUDIT').options).toMatchObject({
      subject: 'iec104.v1.*.audit',
      maxMessages: 100,
      maxOctets: 100_000,
      discard: 'old',
      idsRememberedMs: 120_000,
    });
  });

  it('says when an entry could not be stored, and stores it once when it is appended again', async () => {
    append('a');
    await world.settle();
    router.broker.setConnected(false);
    const lost = append('b');
    const waiting = append('c');
    await world.settle();
    expect([lost.result, waiting.result]).toEqual(['pending', 'pending']);
    await world.pass(3_100);
    expect([lost.result, waiting.result]).toEqual(['TIMEOUT', 'TIMEOUT']);
    router.broker.setConnected(true);
    const again = [append('b'), append('c'), append('a')];
    await world.settle();
    expect(again.map(({ result }) => result)).toEqual(['stored', 'stored', 'stored']);
    expect(await entries()).toEqual(['a', 'b', 'c']);
  });

  it('takes no confirmation of an entry that was given up for one of another', async () => {
    append('a');
    await world.settle();
    router.broker.pause();
    const first = append('b');
    await world.pass(3_100);
    expect(first.result).toBe('TIMEOUT');
    world.server.streams.clear();
    const second = append('c');
    await world.settle();
    router.broker.resume();
    await world.settle();
    expect(second.result).toBe('UNAVAILABLE');
  });

  it('keeps a bounded number of entries waiting', async () => {
    append('a');
    await world.settle();
    router.broker.pause();
    const outcomes = Array.from({ length: 1_001 }, (_, i) => append(`b${i}`));
    await world.settle();
    expect(outcomes.at(-1)?.result).toBe('UNAVAILABLE');
    expect(outcomes.filter(({ result }) => result === 'pending')).toHaveLength(1_000);
  });

  it('ends what waits when the bus is closed, and leaves no timer', async () => {
    append('a');
    await world.settle();
    router.broker.pause();
    const outcomes = [append('b'), append('c')];
    await world.settle();
    await router.bus.close();
    await world.settle();
    expect(outcomes.map(({ result }) => result)).toEqual(['CLOSED', 'CLOSED']);
    expect(router.clock.pending).toBe(0);
  });
});
