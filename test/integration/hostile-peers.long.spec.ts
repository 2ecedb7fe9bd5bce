/**
 * Attacks on one group, each by a process of its own. A healthy master of that group and one of another group get every event,
 * have their commands answered, and stay connected.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { UFunction, uFormat } from '@iec104mm2ss/iec104';
import type { RtuSimulator } from '@iec104mm2ss/simulator';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ATTACKS, Report } from '../attacks/attackers.js';
import {
  type Columns,
  GATEWAY_HOST,
  hostOf,
  masterAddress,
  Multiplexer,
  type MultiplexerOptions,
  newMaster,
  startMaster,
  startRtu,
  until,
} from './harness.js';
import { HealthyMaster } from './healthy-master.js';
import { RawRtu, startedRawMaster } from './raw-peer.js';

const ATTACKERS = fileURLToPath(new URL('../attacks/attackers.ts', import.meta.url));
/** Where they come from; masters are below. */
const FROM = '127.0.0.60';
/**
 * Before a command's deadline: nobody's command is lost to an attack. The machine may be busy, and the attackers run on it, too:
 * what attacks cost in milliseconds is measured by `make bench-attacks`.
 */
const BOUND_MS = 4_500;
const NAMED = { masters: `H=${masterAddress(1)};N=${masterAddress(2)}` };

interface Scene {
  readonly mux: Multiplexer;
  readonly rtu: RtuSimulator;
  attack(name: keyof typeof ATTACKS, seconds: number): Promise<Report>;
  /** Ends the two healthy masters: they have seen nothing of it. */
  end(): Promise<void>;
}

async function scene(columns: Columns = {}, options: MultiplexerOptions = {}): Promise<Scene> {
  const stations = [await startRtu({ eventBuffer: 50_000 }), await startRtu({ eventBuffer: 50_000 })] as const;
  const [rtu, other] = stations;
  const groups = [{ hosts: hostOf(rtu), 'max conn': 5, ...columns }, { hosts: hostOf(other) }];
  const mux = await Multiplexer.start(groups, options);
  await Promise.all([mux.listening('1'), mux.listening('2')]);
  const healthy = await Promise.all([
    HealthyMaster.start(mux.port, 1, rtu),
    HealthyMaster.start(mux.ports[1] as number, 1, other),
  ]);
  return {
    mux,
    rtu,
    attack: (name, seconds) => attack(name, mux.port, seconds),
    end: async () => {
      for (const master of healthy) await master.sawNothing(BOUND_MS);
    },
  };
}

/** Resolves when it has ended. */
function attack(name: string, port: number, seconds: number): Promise<Report> {
  const args = [ATTACKERS, name, GATEWAY_HOST, String(port), FROM, '47', String(seconds)];
  const attackers = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void attackers.kill('SIGKILL'));
  let said = '';
  attackers.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  return new Promise((resolve) => attackers.once('close', () => resolve(JSON.parse(said) as Report)));
}

describe('who connects and does nothing', () => {
  it('254 times start, command, close: the group is not locked out', async () => {
    // Few, so that an attacker on a slow machine meets the limit, too.
    const { mux, attack, end } = await scene({}, { limits: { connects: 2 } });
    const report = await attack('churn', 10);
    expect(report.sent).toBeLessThan(254);
    expect(await mux.metric('mm2ss_master_connections_refused_total', { reason: 'connects' })).toBeGreaterThan(10);
    expect((await mux.logged({ event: 'connection_limit' })).event_id).toBe('MM2SS:4.2');
    const askedAt = performance.now();
    await startMaster(mux.port, 2);
    expect(performance.now() - askedAt).toBeLessThan(BOUND_MS);
    await end();
  }, 30_000);

  it('four that never start hold no place that is kept for a master', async () => {
    const { mux, attack, end } = await scene(NAMED);
    const squatting = attack('squatters', 3);
    await until(
      'they sit',
      async () => ((await mux.metric('mm2ss_masters_refused_total', { reason: 'reserved' })) ?? 0) > 0,
    );
    const askedAt = performance.now();
    await startMaster(mux.port, 2);
    expect(performance.now() - askedAt).toBeLessThan(BOUND_MS);
    await squatting;
    await end();
  }, 30_000);

  it('four that never start go when others have no place, without any named', async () => {
    const { mux, attack, end } = await scene({}, { limits: { 'start-seconds': 1 } });
    const squatting = attack('squatters', 6);
    await until('they sit', async () => (await mux.group()).masters.length === 5);
    const stranger = newMaster(mux.port, 3, { reconnect: { minMs: 100, maxMs: 200 } });
    await stranger.connect();
    expect((await mux.logged({ event: 'session_displaced' })).reason).toBe('not_started');
    expect((await squatting).closed).toBe(1);
    expect(stranger.started).toBe(true);
    await end();
  }, 30_000);

  it('300 connections from 60 addresses at once let a master in all the same', async () => {
    const { mux, attack, end } = await scene(NAMED);
    const attacked = attack('half-open', 4);
    await until(
      'they come',
      async () => ((await mux.metric('mm2ss_masters_refused_total', { reason: 'reserved' })) ?? 0) > 50,
    );
    const askedAt = performance.now();
    const master = newMaster(mux.port, 2, { reconnect: { minMs: 100, maxMs: 200 } });
    await master.connect();
    expect(performance.now() - askedAt).toBeLessThan(2 * BOUND_MS);
    await attacked;
    await end();
  }, 30_000);
});

describe('who commands too much', () => {
  it('a thousand commands a second: they are taken at their rate, nothing is executed late, and it stays connected', async () => {
    const { mux, rtu, attack, end } = await scene();
    const before = rtu.counts.requests;
    const from = performance.now();
    const report = await attack('commands-1000', 8);
    const seconds = (performance.now() - from) / 1_000;
    expect(report.closed).toBe(0);
    // Those of the healthy master are 20 a second.
    expect(rtu.counts.requests - before).toBeLessThan(100 + (50 + 20) * (seconds + 1));
    expect(rtu.counts.requests - before).toBeGreaterThan(200);
    expect(await mux.metric('mm2ss_master_commands_delayed_total')).toBeGreaterThan(500);
    expect(mux.findLine({ event: 'commands_delayed' })?.event_id).toBe('MM2SS:4.3');
    await end();
  }, 40_000);

  it('four that flood: they end, the others notice nothing, the log stays small', async () => {
    const { mux, rtu, attack, end } = await scene();
    const before = rtu.counts.requests;
    const linesBefore = mux.lines.length;
    await attack('command-flood', 6);
    expect(rtu.counts.requests - before).toBeLessThan(4 * (100 + 50 * 10) + 20 * 10);
    expect(mux.lines.length - linesBefore).toBeLessThan(2_000);
    const room = (await mux.group()).masters.every(({ queue }) => (queue ?? 0) < 8_192);
    expect(room).toBe(true);
    await end();
  }, 40_000);
});

describe('who floods with what brings nothing', () => {
  it.each([
    ['testfr', 'u_flood', {}],
    ['startdt', 'u_flood', {}],
    ['s-format', 's_flood', {}],
    // A busy machine does not read single octets that often.
    ['octets', 'octet_flood', { scraps: 1, 'u-frames': 1_000_000 }],
  ] as const)(
    '%s: is closed for %s',
    async (name, reason, limits) => {
      const { mux, attack, end } = await scene({}, { limits });
      const report = await attack(name, 4);
      expect(report.closed).toBe(report.connected);
      expect(await mux.metric('mm2ss_master_disconnects_total', { reason })).toBe(2);
      expect(await mux.logged({ event: 'peer_flood', reason })).toMatchObject({ event_id: 'MM2SS:4.1', level: 'warn' });
      await end();
    },
    30_000,
  );

  it('half of an APDU has t1 to become whole', async () => {
    const { mux, attack, end } = await scene({ t1: 2, t2: 1 });
    const report = await attack('half-frames', 4);
    expect(report.closed).toBe(4);
    expect(report.firstClosedMs).toBeGreaterThan(1_800);
    expect(report.firstClosedMs).toBeLessThan(3_500);
    expect(await mux.metric('mm2ss_master_disconnects_total', { reason: 'half_frame' })).toBe(4);
    await end();
  }, 30_000);

  it('one that never reads is closed', async () => {
    const { attack, end } = await scene({ t1: 3, t2: 1 });
    const report = await attack('deaf', 5);
    expect(report.closed).toBe(2);
    await end();
  }, 30_000);

  it('an RTU is closed as well, and connected again when it has come to its senses', async () => {
    const rtu = await RawRtu.start();
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu) }]);
    await mux.listening();
    const master = await startedRawMaster(mux.port, 1);
    const peer = await rtu.started();
    peer.sendOctets(Buffer.concat(Array.from({ length: 300 }, () => uFormat(UFunction.TESTFR_ACT))));
    await until('closed', () => peer.closed);
    expect(await mux.metric('mm2ss_rtu_floods_total', { reason: 'u_flood' })).toBe(1);
    expect(mux.findLine({ event: 'peer_flood' })).toMatchObject({ reason: 'u_flood', event_id: 'MM2SS:4.1' });
    await until('masters are told', () => master.closed);
    await mux.listening();
    expect(rtu.connections.length).toBeGreaterThan(1);
  }, 20_000);
});
