import type { EventLog } from '@iec104mm2ss/bus';
import type { GroupConfig } from '@iec104mm2ss/config';
import {
  Cause,
  encodeAsdu,
  epochMsToCp56,
  iFormat,
  interrogation,
  mirror,
  singleCommand,
  uFormat,
  UFunction,
} from '@iec104mm2ss/iec104';
import { createLogger } from '@iec104mm2ss/observability';
import type { Network, Runtime } from '@iec104mm2ss/runtime';
import {
  asdusOf,
  eventAsdu,
  eventValue,
  FakeClock,
  FakeLog,
  FakeNetwork,
  FakeRtu,
  FakeSocket,
  groupConfig,
  RecordingBus,
} from '@iec104mm2ss/testing';
import { DeadlineScheduler } from '@iec104mm2ss/transport';
import {
  CommandOutcome,
  type CommandMessage,
  decodeCommandReport,
  decodeCommandResults,
  decodeState,
  encodeCommand,
  encodeCommandQuery,
  encodeConfirmed,
  encodeListener,
  encodeOwner,
  LAST_EVENTS_MS,
  PATH_TEST_MS,
  STATE_PERIOD_MS,
  type StateMessage,
  WireError,
} from '@iec104mm2ss/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectorContribution } from './connector-status.js';
import { REOPEN_PAUSE_MS } from './event-writer.js';
import { GroupConnector } from './group-connector.js';
import { ANSWER_MS, RELEASE_MS } from './listener-watch.js';
import { SETTLING_MS } from './router-orders.js';
import { FIRST_START_PAUSE_MS } from './start-pause.js';

const { logger } = createLogger({ level: 'silent' });
const CONNECTOR_FENCE = 40;
const PORT = 2404;

/** A memory bus with an event log that a spec may replace. */
class SceneBus extends RecordingBus {
  fakeLog: FakeLog | undefined;
  override eventLog(group: string): EventLog {
    return this.fakeLog ?? super.eventLog(group);
  }
}

/** The lease of the connector, and what has become of it. */
class FakeLease {
  readonly fence = CONNECTOR_FENCE;
  certain = true;
  heldUp = false;
  private listener = (): void => undefined;
  onCertain(listener: () => void): void {
    this.listener = listener;
  }
  isCertainAgain(): void {
    this.certain = true;
    this.listener();
  }
}

let clock: FakeClock;
let bus: SceneBus;
let network: FakeNetwork;
let rtu: FakeRtu;
let lease: FakeLease;
let connector: GroupConnector;
let routerFence: number;
let epochs: number[];

beforeEach(() => {
  clock = new FakeClock();
  bus = new SceneBus({ clock });
  network = new FakeNetwork(clock);
  rtu = new FakeRtu(network, clock);
  lease = new FakeLease();
  routerFence = 0;
  bus.lease({ key: 'router.1', onAcquired: (fence) => (routerFence = fence), onLost: () => undefined });
  clock.flush();
  epochs = [];
});

afterEach(() => connector.stop());

/** Lets everything that needs no time happen. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    clock.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
async function pass(ms: number): Promise<void> {
  await clock.advanceAsync(ms, 50);
  await settle();
}

function make(changes: Partial<GroupConfig> = {}, other: Network = network): void {
  const runtime: Runtime = { clock, network: other, random: () => 0.5, instance: 'here-1' };
  const scheduler = new DeadlineScheduler(clock);
  connector = new GroupConnector(groupConfig(changes), { bus, scheduler, logger, runtime }, lease);
}

/** A connector whose RTU is connected; with data transfer when `wanted`. */
async function begin(changes: Partial<GroupConfig> = {}, wanted = true): Promise<void> {
  make(changes);
  connector.start();
  await settle();
  if (wanted) await own();
}

const subjects = () => connector.subjects;

/** The router that holds the lease says what it wants. */
async function own(wanted = true, open = true, fence = routerFence, observe?: boolean): Promise<void> {
  const message = { group: '1', owner: 'router', fence, open, wanted, sessions: {}, ...(observe && { observe }) };
  bus.publish(subjects().owner, encodeOwner(message));
  await settle();
}
async function confirm(position: number, changes: { fence?: number; generation?: number } = {}): Promise<void> {
  const { fence = routerFence, generation = connector.logStatus().generation ?? 0 } = changes;
  bus.publish(subjects().confirmed, encodeConfirmed({ fence, position, generation }));
  await settle();
}

const COMMAND = singleCommand(1, 5, true);
async function command(number: number, changes: Partial<CommandMessage> = {}): Promise<void> {
  const message: CommandMessage = {
    ...{ fence: routerFence, number, session: 11, command: number + 100, ownOa: 3, connectorFence: CONNECTOR_FENCE },
    deadline: clock.now() + 5_000,
    asdu: COMMAND,
    ...changes,
  };
  bus.publish(subjects().command, encodeCommand(message));
  await settle();
}
async function ask(upTo: number, fence = routerFence) {
  const answer = bus.request(subjects().commandQuery, encodeCommandQuery({ fence, upTo }), 1_000);
  await settle();
  const report = decodeCommandReport(await answer);
  if (report instanceof WireError) throw report;
  return report;
}

/** States published since last asked. */
const states = (): StateMessage[] =>
  bus.take(subjects().state).map(({ data }) => {
    const state = decodeState(data);
    if (state instanceof WireError) throw state;
    return state;
  });
/** Results published since last asked. */
const results = (): number[][] =>
  bus.take(subjects().commandResult).flatMap(({ data }) => {
    const decoded = decodeCommandResults(data);
    if (decoded instanceof WireError) throw decoded;
    expect(decoded.connectorFence).toBe(CONNECTOR_FENCE);
    return decoded.results.map(({ fence, number, outcome }) => [fence, number, outcome]);
  });
/** Events in the log, and where they are. */
async function logged(): Promise<number[]> {
  const records = await bus.eventLog('1').read(0, 1_000);
  epochs = records.map(({ epoch }) => epoch);
  return records.flatMap(({ octets, apdusAt }) => asdusOf(octets, apdusAt)).map(valueOf);
}

const START = Date.UTC(2026, 0, 1);
/** An event with a time tag. */
const timed = (value: number): Uint8Array =>
  encodeAsdu({
    type: 'M_ME_TE_1',
    cot: Cause.SPONT,
    ca: 1,
    objects: [{ ioa: 100, value, time: epochMsToCp56(START + value) }],
  });
/** Value of either kind of event. */
const valueOf = (asdu: Uint8Array): number => eventValue(asdu);

describe('the link to the RTU', () => {
  it('is stated with fence, clock and the place where the log goes on', async () => {
    await begin({}, false);
    const [first, ...more] = states();
    expect(more).toEqual([]);
    expect(first).toMatchObject({
      ...{ group: '1', connector: 'here-1', fence: CONNECTOR_FENCE, clock: 0, state: 'connected', epoch: 1 },
      ...{ endpoint: '127.0.0.1:2404', connects: 1, next: 0, since: clock.wallMs() },
    });
    expect(first?.generation).toBeGreaterThan(0);
    await pass(STATE_PERIOD_MS + 100);
    expect(states()).toMatchObject([{ state: 'connected', clock: expect.any(Number) }]);
  });

  it('is started when a master is, and stopped when none is left', async () => {
    await begin();
    expect(states().map(({ state }) => state)).toEqual(['connected', 'connected', 'starting', 'started']);
    await pass(SETTLING_MS);
    states();
    await own(false);
    expect(states().map(({ state }) => state)).toEqual(['stopping', 'connected']);
    expect(rtu.last.link.state).toBe('stopped');
  });

  it('is started for a router that is taking over, and not stopped before it knows the masters', async () => {
    await begin();
    states();
    await own(false, false);
    expect(rtu.last.link.state).toBe('started');
    await own(true, false);
    expect(states()).toEqual([]);
  });

  it('is not stopped for a router that serves the group since a moment, and may not have heard of all masters', async () => {
    await begin();
    await pass(SETTLING_MS);
    bus.leaseEntry = () => Promise.resolve({ holder: 'other', fence: 77 });
    await own(false, true, 77);
    await pass(SETTLING_MS - 100);
    await own(false, true, 77);
    expect(rtu.last.link.state).toBe('started');
    await pass(100);
    await own(false, true, 77);
    expect(rtu.last.link.state).toBe('stopped');
  });

  it('obeys only the router that holds the lease', async () => {
    await begin({}, false);
    await own(true, true, 0xffffffff);
    expect(rtu.last.link.state).toBe('stopped');
    expect(bus.drops.all()).toMatchObject([{ kind: 'owner', reason: 'FENCE', count: 1 }]);
    await own();
    expect(rtu.last.link.state).toBe('started');
  });

  it('is stated at once to a router that is new', async () => {
    await begin();
    states();
    await own();
    expect(states()).toEqual([]);
    // Another router takes the lease.
    bus.leaseEntry = () => Promise.resolve({ holder: 'other', fence: 77 });
    await own(true, true, 77);
    expect(states()).toMatchObject([{ state: 'started' }]);
  });

  it('survives what it does not understand: it is counted', async () => {
    await begin();
    const { confirmed, owner, command: cmd, commandQuery } = subjects();
    for (const subject of [confirmed, owner, cmd, commandQuery]) {
      for (const data of [Buffer.of(2), Buffer.from('null'), Buffer.alloc(0)]) bus.publish(subject, data);
    }
    await settle();
    expect(bus.drops.all().reduce((sum, { count }) => sum + count, 0)).toBe(12);
    await command(1);
    expect(rtu.last.received).toEqual([COMMAND]);
  });

  it('never sees a command twice, nor one that was cut short on the bus', async () => {
    await begin();
    await own();
    // In the order in which their turn came.
    for (const number of [3, 1, 3, 1]) await command(number);
    for (let length = 6; length < COMMAND.length; length++) {
      await command(2, { asdu: COMMAND.subarray(0, length) });
    }
    expect(rtu.last.received).toEqual([COMMAND, COMMAND]);
    expect(bus.drops.all()).toMatchObject([
      { kind: 'cmd', reason: 'REPEATED', count: 2 },
      { kind: 'cmd', reason: 'ASDU', count: COMMAND.length - 6 },
    ]);
    await command(2);
    expect(rtu.last.received).toEqual([COMMAND, COMMAND, COMMAND]);
  });

  it('is tried at one host after the other until one accepts, again and again', async () => {
    const hosts = [PORT + 1, PORT + 2].map((port) => ({ host: '127.0.0.1', port }));
    make({ hosts });
    connector.start();
    await settle();
    expect(states()).toEqual([]);
    await pass(300);
    expect(states().map(({ state, endpoint }) => [state, endpoint])).toEqual([['disconnected', '127.0.0.1:2405']]);
    const second = new FakeRtu(network, clock, { port: PORT + 2 });
    await pass(2_000);
    expect(second.links).toHaveLength(1);
    expect(connector.status()).toMatchObject({ state: 'connected', endpoint: '127.0.0.1:2406', connects: 1 });
  });

  it('goes on to the next host when somebody wants that: from a link, from an attempt, from a pause', async () => {
    const first = rtu;
    const second = new FakeRtu(network, clock, { port: PORT + 1 });
    const hosts = [PORT, PORT + 1, PORT + 2].map((port) => ({ host: '127.0.0.1', port }));
    await begin({ hosts });
    const at = (): unknown[] => [connector.status().state, connector.status().endpoint];
    expect(at()).toEqual(['started', '127.0.0.1:2404']);
    expect(connector.useNextHost().ok).toBe(true);
    await pass(300);
    expect(at()).toEqual(['started', '127.0.0.1:2405']);
    expect([first.links.length, second.links.length]).toEqual([1, 1]);
    expect(connector.status().lastError).toBe('next_host: the next host was asked for');
    // The link that ends by itself is opened to the same host again.
    await pass(2_000);
    second.last.socket.destroy();
    await pass(300);
    expect(at()).toEqual(['started', '127.0.0.1:2405']);
    // The third one refuses: while it is waited for after the round, the first one is wanted.
    connector.useNextHost();
    await settle();
    expect(at()).toEqual(['disconnected', '127.0.0.1:2406']);
    connector.useNextHost();
    await pass(300);
    expect(at()).toEqual(['started', '127.0.0.1:2404']);
  });

  it('leaves an attempt when the next host is wanted, also before it has begun', async () => {
    const dialled: number[] = [];
    const silent: Network = {
      connect: (_host, port) => {
        dialled.push(port);
        return FakeSocket.pair(clock, '127.0.0.1', 0)[0];
      },
      listen: (options) => network.listen(options),
    };
    const hosts = [PORT, PORT + 1].map((port) => ({ host: '127.0.0.1', port }));
    make({ hosts }, silent);
    connector.start();
    await settle();
    expect(dialled).toEqual([PORT]);
    connector.useNextHost();
    await pass(200);
    expect(dialled).toEqual([PORT, PORT + 1]);
    expect(connector.useNextHost()).toEqual({
      ok: true,
      message: '127.0.0.1:2405 is left, the next host of the list is tried',
    });
    await pass(200);
    expect(dialled).toEqual([PORT, PORT + 1, PORT]);
  });

  it('stays at its only host, and says so', async () => {
    await begin();
    expect(connector.useNextHost()).toEqual({ ok: false, message: '127.0.0.1:2404 is the only host of this RTU' });
    await settle();
    expect(rtu.links).toHaveLength(1);
    expect(connector.status().state).toBe('started');
  });

  it('restarts without waiting for the pause that is under way', async () => {
    rtu.close();
    make();
    connector.start();
    await pass(4_500);
    expect(connector.status().state).toBe('disconnected');
    rtu.listen();
    expect(connector.restart()).toEqual({ ok: true, message: 'no link was up: 127.0.0.1:2404 is tried now' });
    await pass(50);
    expect(connector.status().state).toBe('connected');
  });

  it('that is not established within t0 is given up', async () => {
    const sockets: FakeSocket[] = [];
    const silent: Network = {
      connect: () => {
        const [socket] = FakeSocket.pair(clock, '127.0.0.1', 0);
        sockets.push(socket);
        return socket;
      },
      listen: (options) => network.listen(options),
    };
    make({ t0Ms: 3_000 }, silent);
    connector.start();
    await settle();
    await pass(2_900);
    expect(sockets).toHaveLength(1);
    expect(sockets[0]?.destroyed).toBe(false);
    await pass(200);
    expect(sockets[0]?.destroyed).toBe(true);
    expect(states()).toMatchObject([{ state: 'disconnected' }]);
    expect(connector.status().state).toBe('disconnected');
  });

  it('that the RTU stops by itself is started again, at once and then with pauses', async () => {
    await begin();
    const stopped = Buffer.from(uFormat(UFunction.STOPDT_CON));
    states();
    rtu.last.socket.write(stopped);
    await settle();
    expect(states().map(({ state }) => state)).toEqual(['connected', 'starting', 'started']);
    rtu.last.socket.write(stopped);
    await settle();
    expect(states().map(({ state, reason }) => [state, reason])).toEqual([['connected', 'STOPDT con came unasked']]);
    await pass(FIRST_START_PAUSE_MS + 100);
    expect(
      states()
        .slice(-2)
        .map(({ state }) => state),
    ).toEqual(['starting', 'started']);
    expect(rtu.links).toHaveLength(1);
    rtu.last.send(eventAsdu(1));
    await settle();
    expect(await logged()).toEqual([1]);
  });

  it('that the RTU starts by itself is stopped unless somebody wants data', async () => {
    await begin({}, false);
    states();
    rtu.last.socket.write(Buffer.from(uFormat(UFunction.STARTDT_CON)));
    await settle();
    await pass(SETTLING_MS);
    await own(false);
    expect(states().map(({ state }) => state)).toContain('stopping');
    expect(connector.status().state).toBe('connected');
    expect(rtu.links).toHaveLength(1);
  });

  it('takes what the RTU sends between STARTDT act and its con', async () => {
    await begin({ ack: 'stored' }, false);
    const { last } = rtu;
    last.listenTo(false);
    await own();
    expect(connector.status().state).toBe('starting');
    last.socket.write(Buffer.concat([iFormat(0, 0, eventAsdu(7)), uFormat(UFunction.STARTDT_CON)]));
    await settle();
    expect([connector.status().state, await logged()]).toEqual(['started', [7]]);
  });

  it('to a station with the field lengths of a serial line is refused, and what was taken before is kept', async () => {
    await begin();
    const serial = [0, 1, 2].map((ns) => iFormat(ns, 0, Uint8Array.of(1, 1, 3, 5, 100 + ns, 0, 1)));
    states();
    rtu.last.socket.write(Buffer.concat(serial));
    await settle();
    const [state] = states().filter((one) => one.state === 'disconnected');
    expect(state?.reason).toMatch(/^field_lengths: the ASDUs of the RTU fit COT 1, CA 1, IOA 2 octets/);
    expect(state?.next).toBe(1);
    expect(rtu.links).toHaveLength(1);
    await pass(500);
    expect(rtu.links).toHaveLength(1);
    await pass(1_000);
    expect(rtu.links).toHaveLength(2);
    // Now the first one is enough, and is not taken.
    states();
    rtu.last.socket.write(serial[0] as Uint8Array);
    await settle();
    expect(states()).toMatchObject([{ state: 'disconnected', next: 1 }]);
    await pass(10_000);
    expect(rtu.links).toHaveLength(3);
  });

  it('is left to others while no gateway can listen for masters', async () => {
    await begin({}, false);
    const says = async (listening: boolean): Promise<void> => {
      const message = { group: '1', gateway: 'gw', listening, reason: listening ? '' : 'EADDRINUSE' };
      bus.publish(subjects().listener, encodeListener(message));
      await settle();
    };
    states();
    await says(false);
    await says(true);
    await pass(ANSWER_MS);
    expect(connector.status().state).toBe('connected');
    await says(false);
    await pass(ANSWER_MS + 100);
    expect(connector.status()).toMatchObject({
      state: 'disconnected',
      lastError: expect.stringMatching(/^no_listener: .*EADDRINUSE at gw/) as string,
    });
    // As long as it goes on saying so.
    for (let waited = 0; waited < 2 * RELEASE_MS; waited += 10_000) {
      await says(false);
      await pass(10_000);
    }
    expect(rtu.links).toHaveLength(1);
    await says(true);
    await pass(100);
    expect([rtu.links.length, connector.status().state]).toEqual([2, 'connected']);
    // Nobody says anything any more.
    await says(false);
    await pass(ANSWER_MS + RELEASE_MS - 500);
    expect(rtu.links).toHaveLength(2);
    await pass(1_000);
    expect(rtu.links).toHaveLength(3);
    // Masters are served elsewhere, by a gateway that knows nothing of this.
    await own();
    await says(false);
    await pass(ANSWER_MS + 100);
    expect(connector.status().state).toBe('started');
  });

  it('is made anew on request', async () => {
    await begin();
    states();
    connector.restart();
    await settle();
    expect(states().map(({ state, reason }) => [state, reason])).toEqual([
      ['disconnected', 'restart: restart asked for'],
    ]);
    await pass(1_000);
    expect(states().at(-1)).toMatchObject({ state: 'started', epoch: 2 });
  });
});

describe('what the RTU sends', () => {
  it('is appended to the log and acknowledged when it is stored', async () => {
    await begin({ ack: 'stored', w: 1 });
    rtu.last.send(eventAsdu(1), eventAsdu(2));
    rtu.last.send(eventAsdu(3));
    await settle();
    expect(await logged()).toEqual([1, 2, 3]);
    expect(epochs).toEqual([1, 1]);
    expect(rtu.last.acknowledged).toBe(3);
    expect(connector.counters.received).toBe(3);
    expect(connector.logStatus()).toMatchObject({ next: 3, stored: 3, confirmed: undefined, unconfirmed: undefined });
  });

  it('is acknowledged when masters have, as the router in force says', async () => {
    await begin({ ack: 'delivered', w: 1 });
    rtu.last.send(eventAsdu(1), eventAsdu(2), eventAsdu(3));
    await settle();
    expect(rtu.last.acknowledged).toBe(0);
    await confirm(2);
    expect(rtu.last.acknowledged).toBe(2);
    await confirm(3, { fence: routerFence + 1 });
    expect(rtu.last.acknowledged).toBe(2);
    expect(connector.logStatus()).toMatchObject({ confirmed: 2, unconfirmed: 1 });
    // Another generation of the log says nothing about what this one holds.
    await confirm(3, { generation: 1 });
    expect(rtu.last.acknowledged).toBe(2);
  });

  it('is acknowledged before t1 although no master has: each one is counted once', async () => {
    await begin({ ack: 'delivered', w: 1, t1Ms: 5_000, t2Ms: 1_000 });
    rtu.last.send(eventAsdu(1), eventAsdu(2));
    await pass(2_000);
    rtu.last.send(eventAsdu(3));
    await pass(1_900);
    expect(rtu.last.acknowledged).toBe(0);
    await pass(200);
    expect(rtu.last.acknowledged).toBe(2);
    await pass(2_000);
    expect(rtu.last.acknowledged).toBe(3);
    expect(connector.counters.forcedAcknowledgements).toBe(3);
  });

  it('waits, unacknowledged, while the log is full', async () => {
    await begin({ ack: 'stored', w: 1, buffsize: 4 });
    await confirm(0);
    rtu.last.send(eventAsdu(1), eventAsdu(2), eventAsdu(3));
    rtu.last.send(eventAsdu(4), eventAsdu(5));
    await settle();
    expect(await logged()).toEqual([1, 2, 3]);
    expect(rtu.last.acknowledged).toBe(3);
    expect(connector.logStatus()).toMatchObject({ next: 3, waiting: 2, full: true, fullTimes: 1 });
    await confirm(1);
    expect(await logged()).toEqual([1, 2, 3, 4, 5]);
    expect(rtu.last.acknowledged).toBe(5);
  });

  it('is acknowledged with ack = received as soon as the log was given it, stored or not', async () => {
    bus.fakeLog = new FakeLog();
    bus.fakeLog.prompt = false;
    await begin({ ack: 'received', w: 1 });
    rtu.last.send(eventAsdu(1), eventAsdu(2));
    await settle();
    expect(rtu.last.acknowledged).toBe(2);
    bus.fakeLog.refuse();
    rtu.last.send(eventAsdu(3));
    await settle();
    expect(rtu.last.acknowledged).toBe(2);
    await pass(600);
    bus.fakeLog.confirm();
    expect(bus.fakeLog.asdus.map(eventValue)).toEqual([1, 2, 3]);
    expect(rtu.last.acknowledged).toBe(3);
  });

  it('and the log had not stored when the link broke is stored still, and lies before the position that is stated', async () => {
    bus.fakeLog = new FakeLog();
    bus.fakeLog.prompt = false;
    await begin({ ack: 'stored', buffsize: 4 });
    await confirm(0);
    rtu.last.send(eventAsdu(1), eventAsdu(2), eventAsdu(3));
    rtu.last.send(eventAsdu(4), eventAsdu(5));
    await settle();
    states();
    rtu.last.drop();
    await settle();
    // The fourth and fifth were waiting for room: the RTU has them still.
    expect(states()).toMatchObject([{ state: 'disconnected', next: 3, generation: 1 }]);
    bus.fakeLog.refuse();
    await pass(LAST_EVENTS_MS);
    bus.fakeLog.confirm();
    expect(bus.fakeLog.asdus.map(eventValue)).toEqual([1, 2, 3]);
    expect(bus.fakeLog.records.at(-1)).toMatchObject({ end: 3, generation: 2 });
    // The later generation is stated as well.
    expect(states()).toContainEqual(expect.objectContaining({ next: 3, generation: 2 }));
  });

  it('makes the group one in trouble while the log refuses it: also while that can be opened, until something is stored', async () => {
    bus.fakeLog = new FakeLog();
    bus.fakeLog.prompt = false;
    await begin({ ack: 'stored' });
    const trouble = (): unknown => connectorContribution(connector, undefined).trouble;
    expect(trouble()).toEqual([]);
    rtu.last.send(eventAsdu(1));
    await settle();
    bus.fakeLog.refuse();
    await settle();
    const [first] = trouble() as { what: string; since: string }[];
    expect(first).toMatchObject({ what: 'event log' });
    for (let i = 0; i < 3; i++) {
      await pass(REOPEN_PAUSE_MS + 100);
      expect(trouble(), 'it was opened, and may refuse all the same').toMatchObject([{ since: first?.since }]);
      bus.fakeLog.refuse();
      await settle();
    }
    await pass(REOPEN_PAUSE_MS + 100);
    bus.fakeLog.confirm();
    expect(trouble()).toEqual([]);
    bus.fakeLog.reachable = false;
    bus.fakeLog.refuse();
    await pass(REOPEN_PAUSE_MS + 100);
    expect(trouble()).toHaveLength(1);
    bus.fakeLog.reachable = true;
    await pass(REOPEN_PAUSE_MS + 100);
    expect(trouble(), 'nothing waits to be stored').toEqual([]);
  });

  it('goes on when the log comes back without its end: the link stays, and what is stated is true', async () => {
    bus.fakeLog = new FakeLog();
    await begin({ ack: 'stored', w: 1 });
    for (let value = 1; value <= 4; value++) rtu.last.send(eventAsdu(value));
    await settle();
    expect(rtu.last.acknowledged).toBe(4);
    states();
    bus.fakeLog.lose(2);
    rtu.last.send(eventAsdu(5));
    await pass(600);
    expect(bus.fakeLog.asdus.map(eventValue)).toEqual([1, 2, 5]);
    expect(rtu.last.acknowledged).toBe(5);
    expect(rtu.last.ended).toBe('no');
    expect(states().at(-1)).toMatchObject({ state: 'started', next: 3, generation: 2 });
    expect(connector.counters.lostByLog).toBe(2);
  });
});

describe('what the RTU sends once more after its link broke', () => {
  const events = (from: number, to: number): Uint8Array[] =>
    Array.from({ length: to - from + 1 }, (_, index) => timed(from + index));
  async function again(): Promise<void> {
    rtu.last.drop();
    await pass(1_000);
    expect(connector.status().state).toBe('started');
  }

  it('is not appended again, and is acknowledged as what it is', async () => {
    await begin({ ack: 'delivered', w: 1 });
    rtu.last.send(...events(1, 5));
    await settle();
    await again();
    rtu.last.send(...events(3, 5));
    rtu.last.send(...events(6, 7));
    await settle();
    expect(await logged()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(connector.counters).toMatchObject({ repeated: 3, received: 10, heldRepeats: 0 });
    await confirm(4);
    expect(rtu.last.acknowledged).toBe(2);
    await confirm(6);
    expect(rtu.last.acknowledged).toBe(4);
  });

  it('is held until it is known what it is, and neither appended nor acknowledged meanwhile', async () => {
    await begin({ ack: 'stored', w: 1 });
    rtu.last.send(...events(1, 5));
    await settle();
    await again();
    rtu.last.send(...events(3, 4));
    await pass(900);
    expect(connector.heldAsdus).toBe(2);
    expect(rtu.last.acknowledged).toBe(0);
    rtu.last.send(timed(5));
    await settle();
    expect(connector.heldAsdus).toBe(0);
    expect(rtu.last.acknowledged).toBe(3);
    expect(await logged()).toEqual([1, 2, 3, 4, 5]);
  });

  it('is new when nothing more comes for a second', async () => {
    await begin({ ack: 'stored', w: 1 });
    rtu.last.send(...events(1, 5));
    await settle();
    await again();
    rtu.last.send(...events(3, 4));
    await pass(1_100);
    expect(connector.heldAsdus).toBe(0);
    expect(rtu.last.acknowledged).toBe(2);
    expect(await logged()).toEqual([1, 2, 3, 4, 5, 3, 4]);
    expect(connector.counters.heldRepeats).toBe(2);
  });

  it('is new when it trickles in until half of t1 is over', async () => {
    await begin({ ack: 'stored', w: 1, t1Ms: 4_000, t2Ms: 1_000 });
    rtu.last.send(...events(1, 9));
    await settle();
    await again();
    for (let value = 1; value <= 3; value++) {
      rtu.last.send(timed(value));
      await pass(800);
    }
    expect((await logged()).slice(9)).toEqual([1, 2, 3]);
    expect(rtu.last.acknowledged).toBe(3);
  });

  it('is dropped with the link while it is held: the RTU has it still', async () => {
    await begin({ ack: 'stored', w: 1 });
    rtu.last.send(...events(1, 5));
    await settle();
    await again();
    rtu.last.send(...events(3, 4));
    await settle();
    await again();
    rtu.last.send(...events(3, 6));
    await settle();
    expect(await logged()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(connector.counters.heldRepeats).toBe(0);
  });

  it('is recognised by a connector that took over', async () => {
    await begin({ ack: 'stored', w: 1 });
    rtu.last.send(...events(1, 5));
    await settle();
    connector.stop();
    await begin({ ack: 'stored', w: 1 });
    rtu.last.send(...events(4, 6));
    await settle();
    expect(await logged()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(epochs).toEqual([1, 2]);
  });

  it('is recognised although the log had not stored it when the link broke', async () => {
    bus.fakeLog = new FakeLog();
    bus.fakeLog.prompt = false;
    await begin({ ack: 'stored', w: 1 });
    rtu.last.send(...events(1, 3));
    await settle();
    await again();
    rtu.last.send(...events(1, 3));
    await settle();
    expect(rtu.last.acknowledged).toBe(0);
    bus.fakeLog.confirm();
    await settle();
    expect(rtu.last.acknowledged).toBe(3);
    expect(bus.fakeLog.asdus.map(valueOf)).toEqual([1, 2, 3]);
  });

  it('comes twice when the log cannot be read, and a slow log does not hold up the connection for long', async () => {
    bus.fakeLog = new FakeLog();
    await begin({ ack: 'stored', w: 1 });
    rtu.last.send(...events(1, 3));
    await settle();
    bus.fakeLog.answersReads = false;
    rtu.last.drop();
    await pass(2_000);
    expect(rtu.links).toHaveLength(2);
    rtu.last.send(...events(1, 3));
    await settle();
    expect(bus.fakeLog.asdus.map(valueOf)).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it('is looked for in a bounded part of the log, with k = 32767 too', async () => {
    bus.fakeLog = new FakeLog();
    await begin({ ack: 'stored', k: 32_767, buffsize: 100_000 });
    await confirm(0);
    for (let i = 0; i < 300; i++) {
      rtu.last.send(...events(i * 10 + 1, i * 10 + 10));
      await settle();
    }
    expect(bus.fakeLog.next).toBe(3_000);
    bus.fakeLog.reads.length = 0;
    await again();
    expect(bus.fakeLog.reads.reduce((sum, { maxRecords }) => sum + maxRecords, 0)).toBe(1_024);
  }, 60_000);
});

describe('a command', () => {
  it('goes to the RTU, and its router is told', async () => {
    await begin();
    await command(1);
    expect(rtu.last.received).toEqual([COMMAND]);
    expect(results()).toEqual([]);
    await pass(50);
    expect(results()).toEqual([[routerFence, 1, CommandOutcome.SENT]]);
  });

  it('that was meant for another connector is refused: its deadline is in another clock', async () => {
    await begin();
    await command(1, { connectorFence: CONNECTOR_FENCE - 1 });
    expect(rtu.last.received).toEqual([]);
    expect(results()).toEqual([[routerFence, 1, CommandOutcome.EXPIRED]]);
  });

  it('is refused while the RTU is not connected, and by its deadline in the clock of this process', async () => {
    await begin({}, false);
    clock.wallOffsetMs += 3_600_000;
    await command(1, { deadline: clock.now() + 500 });
    await pass(600);
    expect(results()).toEqual([[routerFence, 1, CommandOutcome.EXPIRED]]);
    rtu.close();
    rtu.last.drop();
    await settle();
    await command(2);
    expect(results()).toEqual([[routerFence, 2, CommandOutcome.NOT_CONNECTED]]);
  });

  it('does not go to the RTU in observe mode, which the router in force says and nobody else ends', async () => {
    await begin();
    await own(true, true, routerFence, true);
    await command(1);
    await own(true, true, routerFence + 5, false);
    await command(2);
    expect(results()).toEqual([
      [routerFence, 1, CommandOutcome.WITHDRAWN],
      [routerFence, 2, CommandOutcome.WITHDRAWN],
    ]);
    await command(3, { asdu: interrogation(1) });
    expect(rtu.last.received).toEqual([interrogation(1)]);
    await own();
    await command(4);
    expect(rtu.last.received).toEqual([interrogation(1), COMMAND]);
  });

  it('of a router that has no lease is not sent, and counted', async () => {
    await begin();
    await command(1, { fence: routerFence + 5 });
    expect(rtu.last.received).toEqual([]);
    expect(bus.drops.all()).toMatchObject([{ kind: 'cmd', reason: 'FENCE' }]);
  });

  it('is kept although the octets of its message change', async () => {
    await begin({}, false);
    const data = encodeCommand({
      ...{ fence: routerFence, number: 1, session: 1, command: 1, ownOa: 1, connectorFence: CONNECTOR_FENCE },
      deadline: clock.now() + 5_000,
      asdu: COMMAND,
    });
    bus.publish(subjects().command, data);
    await settle();
    data.fill(0);
    await own();
    expect(rtu.last.received).toEqual([COMMAND]);
  });

  it('is listed to a router that asks, in the place of the log that it was sent at', async () => {
    await begin({ ack: 'stored' });
    rtu.last.send(eventAsdu(1), eventAsdu(2));
    await settle();
    await command(1);
    await pass(200);
    expect(await ask(1)).toMatchObject({
      ...{ connector: 'here-1', fence: CONNECTOR_FENCE, epoch: 1, clock: clock.now(), queued: [] },
      generation: connector.logStatus().generation,
      sent: [{ fence: routerFence, number: 1, session: 11, command: 101, ownOa: 3, position: 2, ageMs: 200 }],
    });
  });

  it('is listed as soon as the lease is certain to a router that asked before', async () => {
    await begin();
    await command(1);
    lease.certain = false;
    const answer = bus.request(subjects().commandQuery, encodeCommandQuery({ fence: routerFence, upTo: 9 }), 500);
    await settle();
    lease.isCertainAgain();
    await settle();
    const report = decodeCommandReport(await answer);
    if (report instanceof WireError) throw report;
    expect(report.sent.map(({ number }) => number)).toEqual([1]);
  });

  it('is not listed to a router that has been replaced since it asked', async () => {
    await begin();
    lease.certain = false;
    const query = encodeCommandQuery({ fence: routerFence, upTo: 9 });
    const answered = bus.request(subjects().commandQuery, query, 500).then(
      () => true,
      () => false,
    );
    await settle();
    bus.leaseEntry = () => Promise.resolve({ holder: 'other', fence: routerFence + 1 });
    await own(true, true, routerFence + 1);
    lease.isCertainAgain();
    await pass(600);
    expect(await answered).toBe(false);
  });

  it('is not taken any more when the RTU is to be given away: that is said, and the RTU may answer the last one', async () => {
    await begin();
    await command(1);
    expect(rtu.last.received).toHaveLength(1);
    await pass(300);
    states();
    results();
    let settled = false;
    void connector.settle().then(() => (settled = true));
    await settle();
    expect(states().at(-1)).toMatchObject({ leaving: true, state: 'started' });
    await command(2);
    expect(results()).toEqual([[routerFence, 2, CommandOutcome.WITHDRAWN]]);
    clock.advance(650);
    rtu.last.send(mirror(COMMAND, Cause.ACT_CON, false));
    await settle();
    expect([settled, rtu.last.ended]).toEqual([false, 'no']);
    expect(connector.logStatus().next).toBe(1);
    clock.advance(100);
    await settle();
    expect([settled, rtu.last.ended]).toEqual([true, 'no']);
    expect(rtu.last.received).toHaveLength(1);
    connector.stop();
  });

  it('that is on its way when the RTU is given away is refused, though none was sent lately', async () => {
    await begin();
    await command(1);
    clock.advance(30_000);
    let settled = false;
    void connector.settle().then(() => (settled = true));
    await settle();
    clock.advance(80);
    results();
    await command(2);
    expect(settled).toBe(false);
    expect(results()).toEqual([[routerFence, 2, CommandOutcome.WITHDRAWN]]);
    clock.advance(30);
    await settle();
    expect(settled).toBe(true);
    connector.stop();
  });

  it('that waits under a former router is withdrawn before a new one is answered', async () => {
    await begin({}, false);
    await command(1);
    const former = routerFence;
    bus.leaseEntry = () => Promise.resolve({ holder: 'other', fence: former + 1 });
    expect(await ask(0, former + 1)).toMatchObject({ sent: [], queued: [] });
    expect(results()).toEqual([[former, 1, CommandOutcome.WITHDRAWN]]);
    await command(2, { fence: former });
    await own(true, true, former + 1);
    expect(rtu.last.link.state).toBe('started');
    expect(rtu.last.received).toEqual([]);
    expect(connector.counters).toMatchObject({ commandsWithdrawn: 1, commandsRefused: 1, commandsSent: 0 });
  });

  it('that is stuck on its way never arrives after its deadline: the link is reset', async () => {
    await begin();
    rtu.last.stall(true);
    const stuck = rtu.last;
    await command(1);
    await pass(5_000 + PATH_TEST_MS - 200);
    expect(stuck.ended).toBe('no');
    await pass(400);
    expect(stuck.ended).toBe('reset');
    stuck.stall(false);
    await settle();
    expect(stuck.received).toEqual([]);
    expect(connector.counters.pathResets).toBe(1);
    expect(results()).toEqual([[routerFence, 1, CommandOutcome.SENT]]);
    expect(states().some(({ reason }) => reason.startsWith('path_stuck'))).toBe(true);
  });

  it('that the RTU acknowledges late costs no link', async () => {
    rtu.close();
    rtu = new FakeRtu(network, clock, { link: { w: 8, t2Ms: 10_000 } });
    await begin();
    await command(1);
    await pass(10_000);
    expect(rtu.last.received).toEqual([COMMAND]);
    expect(connector.counters.pathResets).toBe(0);
    expect(rtu.last.ended).toBe('no');
  });
});

describe('a connector that may have lost its lease', () => {
  it.each(['stored', 'received'] as const)(
    'writes only what keeps the link, and goes on when the lease is its own still: ack = %s',
    async (ack) => {
      await begin({ ack, w: 1 });
      const before = rtu.last.receivedOctets;
      lease.certain = false;
      await command(1);
      rtu.last.socket.write(Buffer.of(0x68, 4, UFunction.TESTFR_ACT, 0, 0, 0));
      rtu.last.send(eventAsdu(1));
      await pass(1_100);
      // TESTFR con, and an acknowledgement of what is stored. What was only received may be refused by the log.
      expect(rtu.last.receivedOctets).toBe(before + (ack === 'stored' ? 12 : 6));
      expect(rtu.last.received).toEqual([]);
      expect(rtu.last.acknowledged).toBe(ack === 'stored' ? 1 : 0);
      expect(await logged()).toEqual([1]);
      lease.isCertainAgain();
      await settle();
      expect(rtu.last.received).toEqual([COMMAND]);
      expect(rtu.last.acknowledged).toBe(1);
    },
  );

  it('writes nothing at all when it was held up: another one may have the RTU since long', async () => {
    await begin({ ack: 'stored', w: 1 });
    const before = rtu.last.receivedOctets;
    Object.assign(lease, { certain: false, heldUp: true });
    rtu.last.socket.write(Buffer.of(0x68, 4, UFunction.TESTFR_ACT, 0, 0, 0));
    rtu.last.send(eventAsdu(1));
    await command(1);
    await pass(1_100);
    expect(rtu.last.receivedOctets).toBe(before);
    lease.heldUp = false;
    lease.isCertainAgain();
    await settle();
    expect(rtu.last.received).toEqual([COMMAND]);
    expect(rtu.last.acknowledged).toBe(1);
  });

  it('keeps the link of an RTU that has nothing to say, however long the store is away', async () => {
    await begin({ t1Ms: 4_000, t2Ms: 1_000, t3Ms: 5_000 });
    const { last } = rtu;
    lease.certain = false;
    await pass(30_000);
    expect(last.ended).toBe('no');
    expect(rtu.links).toHaveLength(1);
  });

  it('resets the link and says nothing when it is lost', async () => {
    await begin();
    const { last } = rtu;
    const before = last.receivedOctets;
    lease.certain = false;
    await command(1);
    bus.take();
    connector.stop();
    await settle();
    expect(last.ended).toBe('reset');
    expect(last.receivedOctets).toBe(before);
    expect(bus.take()).toEqual([]);
  });

  it('sends no command after its deadline when it may write again', async () => {
    await begin();
    lease.certain = false;
    await command(1, { deadline: clock.now() + 500 });
    await pass(600);
    lease.isCertainAgain();
    await settle();
    expect(rtu.last.received).toEqual([]);
    expect(results()).toEqual([[routerFence, 1, CommandOutcome.EXPIRED]]);
  });

  it('connects to nobody', async () => {
    make();
    lease.certain = false;
    connector.start();
    await pass(3_000);
    expect(rtu.links).toHaveLength(0);
    lease.isCertainAgain();
    await pass(2_000);
    expect(rtu.links).toHaveLength(1);
    expect(connector.isUp).toBe(true);
  });
});

describe('a connector that stops', () => {
  it('leaves nothing behind and publishes nothing more', async () => {
    await begin({ ack: 'stored' });
    rtu.last.send(eventAsdu(1));
    await command(1);
    const { last } = rtu;
    const own = [subjects().owner, subjects().confirmed, subjects().command, subjects().commandQuery];
    connector.stop();
    // What it has done is told, and nothing else.
    expect(results()).toEqual([[routerFence, 1, CommandOutcome.SENT]]);
    bus.take();
    await settle();
    expect(last.ended).toBe('closed');
    await pass(10_000);
    expect(bus.take()).toEqual([]);
    expect(clock.pending).toBe(0);
    for (const subject of own) expect(bus.hasInterest(subject)).toBe(false);
    connector.stop();
    connector.restart();
  });

  it('tells of commands that still waited', async () => {
    await begin({}, false);
    await command(1);
    connector.stop();
    expect(results()).toEqual([[routerFence, 1, CommandOutcome.WITHDRAWN]]);
  });

  it.each(['before its log is open', 'while it connects', 'while it reads the log', 'while it waits for the next try'])(
    '%s is gone too',
    async (when) => {
      if (when === 'while it waits for the next try') rtu.close();
      if (when === 'while it reads the log') {
        bus.fakeLog = new FakeLog(10);
        bus.fakeLog.answersReads = false;
      }
      make();
      connector.start();
      if (when !== 'before its log is open') await new Promise((resolve) => setImmediate(resolve));
      if (when === 'while it waits for the next try') await pass(200);
      connector.stop();
      bus.take();
      await settle();
      expect(clock.pending).toBe(0);
      await pass(10_000);
      expect(bus.take()).toEqual([]);
      expect(clock.pending).toBe(0);
      expect(rtu.links.every(({ ended }) => ended !== 'no')).toBe(true);
    },
  );
});
