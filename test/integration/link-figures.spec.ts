/** What links measure of their peers, and what TCP says, as it is scraped. */
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { GATEWAY_HOST, hostOf, Multiplexer, startMaster, startRtu, until } from './harness.js';

/** Steps of the clock that no part takes for the silence of another. */
const STEP_MS = 2_500;
const STEPS = 4;

describe('how fast peers answer', () => {
  it('is measured every ten seconds while data passes, of the RTU and of the masters apart', async () => {
    const rtu = await startRtu();
    // Quiet links: only data makes them be probed.
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu), t3: 200, idletime: 400 }]);
    await mux.listening('1');
    const master = await startMaster(mux.port, 1);
    const tests = (side: string): Promise<number | undefined> => mux.metric('mm2ss_link_test_seconds_count', { side });
    const sides = async (): Promise<(number | undefined)[]> => [await tests('rtu'), await tests('master')];
    rtu.burst(5);
    await until('events', () => master.events.length >= 5);
    expect(await sides()).toEqual([0, 0]);
    for (const round of [1, 2]) {
      for (let step = 0; step < STEPS; step++) {
        mux.moveClock(STEP_MS);
        const before = master.events.length;
        rtu.burst(10);
        await until('events', () => master.events.length === before + 10);
      }
      await until('the tests', async () => (await sides()).every((count) => (count ?? 0) >= round));
    }
    // The clock may have been moved before the answer came, by one step.
    const under = await mux.metric('mm2ss_link_test_seconds_bucket', { side: 'rtu', le: '5' });
    expect(under).toBe(await tests('rtu'));
    const acknowledged = await mux.metric('mm2ss_link_acknowledgement_seconds_count', { side: 'master' });
    expect(acknowledged).toBeGreaterThanOrEqual(60);
    expect(mux.findLine({ msg: 'RTU link lost' })).toBeUndefined();
  });

  it('is measured while nothing passes', async () => {
    const rtu = await startRtu();
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu) }]);
    await mux.listening('1');
    await startMaster(mux.port, 1);
    for (const side of ['rtu', 'master']) {
      await until(
        `a test of the ${side}`,
        async () => ((await mux.metric('mm2ss_link_test_seconds_count', { side })) ?? 0) > 0,
        15_000,
      );
    }
  });
});

it.skipIf(process.platform !== 'linux')('what TCP does is scraped, and moves', async () => {
  const mux = await Multiplexer.start([{ hosts: '127.0.0.2:9' }]);
  const sent = async (): Promise<number> =>
    Number(/^mm2ss_tcp_segments_sent_total (\d+)$/m.exec(await mux.page('/metrics'))?.[1]);
  const before = await sent();
  const url = new URL(mux.url);
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) =>
      connect(Number(url.port), GATEWAY_HOST, function (this: { end(): void }) {
        this.end();
        resolve(undefined);
      }),
    );
  }
  await until('segments', async () => (await sent()) > before);
  for (const name of ['segments_retransmitted', 'timeouts', 'listen_overflows']) {
    expect(await mux.page('/metrics')).toMatch(new RegExp(`^mm2ss_tcp_${name}_total \\d+$`, 'm'));
  }
});
