/**
 * One RTU at 500 events a second, five masters [A..E] on two gateways, two routers: something breaks under that load, and
 * then everybody's account is drawn up. A and E are named masters; A, B, C are at gateway 1, D and E at gateway 2. B and D
 * give commands throughout.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, onTestFailed, onTestFinished } from 'vitest';
import { commandFaults } from './command-account.ts';
import { until } from './ports.ts';
import { Relay } from './relay.ts';
import { type Account, type Afterwards, COMMAND_TIMEOUT_MS, Master, startRtu, type TestRtu } from './stations.ts';
import { GATEWAY_HOSTS, System, type SystemOptions } from './system.ts';

const EVENTS_PER_SECOND = 500;
/** Load before the fault. */
const LEAD_MS = 1_500;
/** Load after the fault is over, at least. */
const TAIL_MS = 1_500;
/** Length of each fault test, the lead included. */
const FAULT_MS = Number(process.env['MM2SS_FAULT_SECONDS'] ?? 7) * 1000;
const COMMAND_PAUSE_MS = 20;
/** As long as a supervisor takes to start a part again. */
export const RESTART_PAUSE_MS = 1_000;
/** How long a part is stopped, or a path cut: shorter than the hold time. */
export const ABSENCE_MS = 5_000;
/** Takeovers take up to 3 s where nothing else runs; here only that somebody takes over before the hold time is over. */
export const TAKEOVER_MS = 15_000;
/** How long everything may take to arrive once the RTU is quiet. */
const SETTLE_MS = 20_000;
/** Commands slower than this are listed. */
const SLOW_COMMAND_MS = 500;
/** Objects of the commands of B and D. */
const COMMANDED: readonly (readonly [Name, number])[] = [
  ['B', 5_000],
  ['D', 5_001],
];
/** w of both links: so many events a master may have acknowledged just before its gateway could report it. */
export const ACKNOWLEDGED_TOGETHER = 8;
/** k of both links: as many as can be unacknowledged on one. */
export const WINDOW = 12;
/** Events between two times at which a router keeps its cursors, at 500 a second and with some patience. */
export const CURSOR_EVENTS = 250;

export const NAMES = ['A', 'B', 'C', 'D', 'E'] as const;
export type Name = (typeof NAMES)[number];
const NAMED: readonly Name[] = ['A', 'E'];

export interface SceneOptions extends SystemOptions {
  /** The RTU is reached through a relay, and these parts reach NATS through one of their own. */
  readonly relayed?: (part: string) => boolean;
}

export interface Scene extends TestRtu {
  readonly system: System;
  readonly masters: Readonly<Record<Name, Master>>;
  readonly rtuRelay: Relay | undefined;
  /** By part. */
  readonly natsRelays: ReadonlyMap<string, Relay>;
}

export interface Expected {
  /** Masters whose connection may end. Default none. */
  readonly disturbed?: readonly Name[];
  /** Events each master may get again. Default: as many as fit into one window. */
  readonly repeats?: number;
  /** Connections the RTU may see at once. Default 1. */
  readonly rtuConnections?: number;
  /** How long a master whose connection stays may be without new events, in ms. */
  readonly silenceMs?: number;
  /** How long the gateway of a master that commands is stopped: it cannot know when commands came meanwhile. Default 0. */
  readonly heldUpMs?: number;
}

/**
 * One scene for the faults of a describe block: whole again and everybody at home before each. What a failed test leaves is
 * not used again.
 */
export function sharedScene(options: SceneOptions = {}): () => Promise<Scene> {
  let scene: Scene | undefined;
  let ends: Parameters<Afterwards>[0][] = [];
  const end = async (): Promise<void> => {
    scene = undefined;
    const all = ends.reverse();
    ends = [];
    for (const each of all) await each();
  };
  afterAll(end);
  return async () => {
    onTestFailed(end);
    if (scene === undefined) {
      try {
        scene = await startScene({ ...options, afterwards: (each) => ends.push(each) });
      } catch (error) {
        await end();
        throw error;
      }
    } else {
      scene.system.explainFailure();
      await makeWhole(scene);
    }
    return scene;
  };
}

export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const { relayed, afterwards = onTestFinished } = options;
  const station = await startRtu({ commandDurationMs: 5 }, afterwards);
  const { address } = station.rtu;
  const rtuRelay = relayed === undefined ? undefined : await Relay.start(address, '127.0.0.2');
  afterwards(() => rtuRelay?.close());
  const natsRelays = new Map<string, Relay>();
  const natsUrlOf: SystemOptions['natsUrlOf'] = async (part, nats) => {
    if (relayed?.(part) !== true) return nats.url;
    const relay = natsRelays.get(part) ?? (await Relay.start(nats));
    natsRelays.set(part, relay);
    return `nats://${relay.host}:${relay.port}`;
  };
  afterwards(async () => {
    for (const relay of natsRelays.values()) await relay.close();
  });
  const { host, port } = rtuRelay ?? address;
  const columns = { hosts: `${host}:${port}`, masters: `A=${addressOf('A')};E=${addressOf('E')}` };
  const system = await System.start([columns], relayed === undefined ? options : { ...options, natsUrlOf });
  const masters = Object.fromEntries(
    NAMES.map((name) => {
      const own = { reconnect: true, afterwards };
      return [name, new Master(name, addressOf(name), station.ledger, gatewayOf(name), system.port, own)];
    }),
  ) as Record<Name, Master>;
  await Promise.all(Object.values(masters).map((master) => master.connect()));
  await system.started(NAMES.length);
  return { ...station, system, masters, rtuRelay, natsRelays };
}

async function makeWhole({ system, masters }: Scene): Promise<void> {
  await system.makeWhole();
  for (const name of NAMES) {
    const master = masters[name];
    if (master.host !== gatewayOf(name)) await master.moveTo(gatewayOf(name));
  }
  await until('every master is started, and nobody else is there', async () => {
    const { length } = await system.masters();
    return length === NAMES.length && NAMES.every((name) => masters[name].simulator.started);
  });
}

/** Ends parts, and nats-server, together as kill -9 does and starts them again after a while. */
export async function killAndRestart(
  { system }: Scene,
  names: readonly string[],
  { pauseMs = RESTART_PAUSE_MS, withNats = false } = {},
): Promise<void> {
  const parts = names.map((name) => system.part(name));
  const nats = withNats ? system.nats.kill() : undefined;
  for (const part of parts) part.kill('SIGKILL');
  await Promise.all([nats, ...parts.map((part) => part.exited)]);
  await delay(pauseMs);
  if (withNats) await system.nats.restart();
  await Promise.all(names.map((name) => system.startPart(name)));
}

function addressOf(name: Name): string {
  return `127.0.0.${11 + NAMES.indexOf(name)}`;
}

export function gatewayOf(name: Name): string {
  return GATEWAY_HOSTS[name === 'D' || name === 'E' ? 1 : 0];
}

/** Figures of one fault, for people. */
export interface Figures {
  readonly fault: string;
  readonly events: number;
  readonly repeats: string;
  readonly silenceMs: number;
  readonly commands: string;
  readonly notes: string;
}

/**
 * Lets `fault` happen under load and holds everybody's account against what has to be. `fault` resolves when it is over,
 * and may say something about it.
 */
export async function underFault(
  name: string,
  scene: Scene,
  fault: (scene: Scene) => Promise<string | void>,
  expected: Expected = {},
): Promise<Figures> {
  const { rtu, ledger, masters, mostConnections, requests, system } = scene;
  const { disturbed = [], repeats = WINDOW, rtuConnections = 1, silenceMs = Infinity, heldUpMs = 0 } = expected;
  const everybody = Object.entries(masters) as [Name, Master][];

  for (const [, master] of everybody) master.startAccount();
  scene.countConnections();
  const from = ledger.total;
  rtu.startEvents(EVENTS_PER_SECOND);
  // Records count back from the outcome, so a millisecond may be rounded away.
  const since = Date.now() - 2;
  for (const [key, ioa] of COMMANDED) masters[key].startCommanding(ioa, COMMAND_PAUSE_MS);
  const startedAt = performance.now();
  await delay(LEAD_MS);
  for (const [, master] of everybody) expect(master.received.length).toBeGreaterThan(0);
  const faultAt = performance.now();
  const notes = (await fault(scene)) ?? '';
  await delay(Math.max(TAIL_MS, startedAt + FAULT_MS - performance.now()));
  rtu.stopEvents();
  const endedAt = performance.now();
  await Promise.all([masters.B.stopCommanding(), masters.D.stopCommanding()]);

  const late = (master: Master): boolean => master.newest < ledger.total - 1;
  await until('the newest event is everywhere', () => !everybody.some(([, master]) => late(master)), SETTLE_MS).catch(
    () => undefined,
  );
  const accounts = new Map(everybody.map(([key, master]) => [key, master.account()]));
  const outcomes = everybody.flatMap(([, master]) => master.outcomes);
  const count = (result: string): number => outcomes.filter((outcome) => outcome.result === result).length;
  const unterminated = outcomes.filter(({ result, terminated }) => result === 'positive' && !terminated).length;
  const undisturbed = everybody.filter(([key]) => !disturbed.includes(key));
  const silences = undisturbed.map(([, master]) => master.longestSilence(faultAt, endedAt));
  const figures: Figures = {
    fault: name,
    events: ledger.total - from,
    repeats: [...accounts].map(([key, account]) => `${key}:${account.repeats}`).join(' '),
    silenceMs: Math.round(Math.max(0, ...silences)),
    commands: `${outcomes.length} (${count('negative')} refused, ${count('closed')} closed, ${count('timeout')} unanswered, ${unterminated} not terminated)`,
    notes,
  };
  report(figures);
  const slow = everybody.flatMap(([key, { outcomes }]) =>
    outcomes
      .filter(({ result, durationMs }) => result !== 'positive' || durationMs > SLOW_COMMAND_MS)
      .map(({ startedAt: at, result, cause, terminated, confirmedAfterMs, durationMs }) => {
        const sentAtMs = Math.round(at - faultAt);
        return `${key} at ${sentAtMs} ms: ${JSON.stringify({ result, cause, terminated, confirmedAfterMs, durationMs })}`;
      }),
  );
  if (slow.length > 0) console.log(`commands that were refused or slow:\n${slow.join('\n')}`);

  const nobodyGot = numbersMissing(
    from,
    ledger.total,
    everybody.map(([, master]) => master),
  );
  expect(nobodyGot, 'events that no master got').toEqual([]);
  expect(rtu.counts.overflow).toBe(0);
  for (const [key, account] of accounts) {
    const label = `master ${key}: ${JSON.stringify(account)} ${masters[key].reasons.join('; ')}`;
    expect(account, label).toMatchObject({ unknown: 0, gaps: [] } satisfies Partial<Account>);
    if (NAMED.includes(key) || !disturbed.includes(key)) expect(account.missing, label).toBe(0);
    expect(account.repeats, label).toBeLessThanOrEqual(repeats);
    if (!disturbed.includes(key)) expect(masters[key].disconnections, label).toBe(0);
    expect(masters[key].strays, `answers to ${key} that it never asked for`).toBe(0);
  }
  const commandsWrong = async (): Promise<string[]> => {
    const records = await system.audits(since);
    return COMMANDED.flatMap(([key, ioa]) => {
      const own = records.filter((record) => record.ioa === ioa);
      return commandFaults(ioa, masters[key].outcomes, requests, own, masters[key].confirmedAt, heldUpMs);
    });
  };
  await until('every command has its audit record', async () => (await commandsWrong()).length === 0).catch(
    () => undefined,
  );
  expect(await commandsWrong(), 'what is wrong with commands').toEqual([]);
  for (const [key] of undisturbed) {
    const closed = masters[key].outcomes.filter(({ result }) => result === 'closed');
    expect(closed, `commands of ${key}`).toEqual([]);
  }
  // ACT_TERM can be lost with the link it was sent on: the RTU does not repeat it.
  for (const { confirmedAfterMs = 0 } of outcomes) expect(confirmedAfterMs).toBeLessThan(COMMAND_TIMEOUT_MS);
  expect(mostConnections(), 'connections of the RTU at once').toBeLessThanOrEqual(rtuConnections);
  expect(figures.silenceMs, 'longest time without events').toBeLessThanOrEqual(silenceMs);
  return figures;
}

function numbersMissing(from: number, to: number, masters: readonly Master[]): number[] {
  const seen = new Set(masters.flatMap(({ received }) => received));
  return Array.from({ length: to - from }, (_, index) => from + index).filter((sequence) => !seen.has(sequence));
}

const RESULTS = resolve(import.meta.dirname, '../../test-results');

function report(figures: Figures): void {
  mkdirSync(RESULTS, { recursive: true });
  const { fault, events, repeats, silenceMs, commands, notes } = figures;
  console.log(
    `${fault}: ${events} events, repeated ${repeats}, longest silence ${silenceMs} ms, commands ${commands} ${notes}`,
  );
  appendFileSync(join(RESULTS, 'faults.jsonl'), `${JSON.stringify({ at: new Date().toISOString(), ...figures })}\n`);
}
