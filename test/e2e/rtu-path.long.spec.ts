import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hasNats } from './nats-server.ts';
import { until } from './ports.ts';
import { Relay } from './relay.ts';
import { addressOf } from './scene.ts';
import { Master, startRtu } from './stations.ts';
import { type Columns, GATEWAY_HOSTS, System, type SystemOptions } from './system.ts';

const IOA = 5_000;
/** Command deadline and path test, and how exactly that is seen from here. */
const RESET_WITHIN_MS = 7_000;
const SLACK_MS = 1_000;
/** A path that is silent for so long, and shorter than t1. */
const SILENCE_MS = 13_000;
const ABSENCE_MS = 5_000;
const EVENTS_PER_SECOND = 100;

/** One RTU behind a relay, and one started master. */
async function scene(columns: Columns = {}, options: SystemOptions = {}) {
  const station = await startRtu();
  const relay = await Relay.start(station.rtu.address, '127.0.0.2');
  onTestFinished(() => relay.close());
  const hosts = `${relay.host}:${relay.port}`;
  const system = await System.start([{ hosts, ...columns }], { routers: 1, gateways: 1, ...options });
  const host = GATEWAY_HOSTS[0];
  const one = new Master('master', addressOf(1), station.ledger, host, system.port, { reconnect: true });
  await one.connect();
  await system.started(1);
  station.rtu.burst(1);
  await one.hasAll();
  return { ...station, relay, system, one };
}

describe.skipIf(!hasNats)('a path to the RTU that lets nothing through', () => {
  it('is reset within 7 s of a command that got stuck, which is never executed, and events go on', async () => {
    const { relay, system, rtu, one, requests } = await scene();
    relay.stall();
    const from = performance.now();
    const outcome = one.simulator.command(`single ${IOA} on`, { timeoutMs: SILENCE_MS });
    const resetMs = await until('the link is reset', () => relay.passages[0]?.ended === 'reset');
    expect(resetMs).toBeLessThan(RESET_WITHIN_MS + SLACK_MS);
    await delay(from + SILENCE_MS - performance.now());
    await relay.mend();
    const { reason } = await system.part('connector1.1').logged({ msg: 'RTU link lost' });
    expect(reason).toMatch(/^path_stuck/);
    expect((await outcome).result).not.toBe('positive');
    await until('the master is back', () => one.simulator.started);
    rtu.burst(5);
    await one.hasAll();
    expect(requests.between(IOA, 0, Infinity)).toEqual([]);
    // Its octets had left: nobody can know whether they arrived.
    const [record] = await system.audits();
    expect(record?.outcome).toMatch(/^unknown/);
  });
});

describe.skipIf(!hasNats)('a connector that was paused while another one took over', () => {
  it('sends nothing more to the RTU when it goes on: its connection is reset', async () => {
    const { relay, system, rtu, one, ledger, requests } = await scene({}, { connectors: 2 });
    rtu.startEvents(EVENTS_PER_SECOND);
    const [active] = await system.serving();
    const [former] = relay.passages;
    active?.kill('SIGSTOP');
    // The router does not know yet: this is in the paused connector's hands.
    const outcome = one.simulator.command(`single ${IOA} on`, { timeoutMs: ABSENCE_MS });
    await delay(ABSENCE_MS);
    const { octets } = former as (typeof relay.passages)[number];
    expect(relay.accepted).toBe(2);
    active?.kill('SIGCONT');
    await until('its connection is gone', () => former?.ended !== 'no');
    expect(former).toEqual({ octets, ended: 'reset' });
    expect((await outcome).result).toBe('timeout');
    expect(requests.between(IOA, 0, Infinity)).toEqual([]);
    expect((await one.simulator.command(`single ${IOA} on`)).result).toBe('positive');
    rtu.stopEvents();
    await one.hasAll();
    expect(one.account()).toMatchObject({ missing: 0, gaps: [], unknown: 0 });
    expect(one.disconnections).toBe(0);
    expect(ledger.total).toBeGreaterThan(4 * EVENTS_PER_SECOND);
    await until('its record is there', async () => (await system.audits()).length === 2);
    expect((await system.audits()).map(({ outcome: text }) => text.split(',')[0])).toEqual(['unknown', 'terminated']);
  });
});
