import { beforeEach, describe, expect, it, vi } from 'vitest';
import { controlSubject, GroupSubjects, type Lease, type Message } from '@iec104mm2ss/bus';
import { Cause, singleCommand } from '@iec104mm2ss/iec104';
import { createLogger } from '@iec104mm2ss/observability';
import {
  apdus,
  eventAsdu,
  eventValue,
  FakeClock,
  FakeMaster,
  FakeNetwork,
  type FakeSocket,
  groupConfig,
  RecordingBus,
} from '@iec104mm2ss/testing';
import { DeadlineScheduler } from '@iec104mm2ss/transport';
import {
  encodeListener,
  decodeListener,
  type Ack,
  type AdmissionAnswer,
  type AdmissionRequest,
  COMMAND_DEADLINE_MS,
  decodeAcks,
  decodeAdmissionRequest,
  decodeIn,
  decodeStatement,
  encodeAdmissionAnswer,
  encodeOut,
  encodeOutText,
  encodeOwner,
  encodeSettled,
  encodeState,
  InKind,
  LAST_EVENTS_MS,
  NO_POSITION,
  OutKind,
  OWNER_PERIOD_MS,
  OWNER_SILENCE_MS,
  type OwnerMessage,
  type RtuState,
  SENT_REMEMBERED_MS,
  type StateMessage,
  STATE_PERIOD_MS,
  type Statement,
  STATEMENT_PERIOD_MS,
  WireError,
} from '@iec104mm2ss/wire';
import { ADMISSION_PAUSE_MS } from './admission-attempt.js';
import { LISTEN_RETRY_MS } from './master-listener.js';
import { DRAIN_MS } from './drain.js';
import { GroupGateway } from './group-gateway.js';
import { STATEMENT_GAP_MS } from './group-statement.js';
import type { MasterSession } from './master-session.js';

const PORT = 2_404;
const HOLD_MS = 10_000;
const G = 100;
const ME = 'gateway-1';
const subjects = new GroupSubjects('1');
const { logger } = createLogger({ level: 'silent' });

let bus: RecordingBus;
let clock: FakeClock;
let scheduler: DeadlineScheduler;
let network: FakeNetwork;
let gateway: GroupGateway;
let routerLease: Lease;
let connectorLease: Lease;
let requests: AdmissionRequest[];
/** What the router answers to the next requests for admission; by default it makes a session. */
let answers: (Partial<Extract<AdmissionAnswer, { ok: true }>> | Extract<AdmissionAnswer, { ok: false }> | 'nothing')[];

function lease(key: string): Lease {
  const wanted = bus.lease({ key, onAcquired: () => undefined, onLost: () => undefined });
  clock.flush();
  return wanted;
}

beforeEach(() => {
  clock = new FakeClock(1_000_000);
  scheduler = new DeadlineScheduler(clock);
  bus = new RecordingBus({ clock });
  network = new FakeNetwork(clock);
  requests = [];
  answers = [];
  let id = 0;
  routerLease = lease('router.1');
  connectorLease = lease('connector.1');
  bus.subscribe(controlSubject('admit'), (message: Message) => {
    const request = decodeAdmissionRequest(message.data);
    if (request instanceof WireError) throw request;
    requests.push(request);
    const answer = answers.shift() ?? {};
    if (answer === 'nothing') return;
    const session = {
      v: 2,
      ok: true,
      fence: routerLease.fence,
      session: ++id,
      originatorAddress: id,
      name: null,
      certificateName: null,
    } as const;
    message.respond(encodeAdmissionAnswer('code' in answer ? answer : { ...session, ...answer }));
  });
  start();
});

/** How long what masters send may have waited in this process. */
let waitedMs = 0;

function start(): void {
  let seed = 0;
  waitedMs = 0;
  const runtime = { clock, network, random: () => (seed += 0.137) % 1, instance: ME };
  const dependencies = { bus, scheduler, logger, runtime, listen: undefined, holdMs: HOLD_MS };
  gateway = new GroupGateway(groupConfig({ port: PORT }), dependencies, () => waitedMs);
  gateway.start();
}

/** Promises go on, and what they made to be done is done. */
async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    clock.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
  clock.flush();
}

async function state(rtu: RtuState, changes: Partial<StateMessage> = {}): Promise<void> {
  const message = {
    group: '1',
    connector: 'c1',
    fence: connectorLease.fence,
    clock: 500_000,
    state: rtu,
    epoch: 1,
    endpoint: null,
    address: null,
    since: 0,
    reason: 'because',
    connects: 1,
    next: 0,
    generation: G,
    ...changes,
  };
  bus.publish(subjects.state, encodeState(message));
  await settled();
}

async function owner(changes: Partial<OwnerMessage> = {}): Promise<void> {
  const sessions = { [ME]: gateway.sessions.size };
  const message = {
    group: '1',
    owner: 'r1',
    fence: routerLease.fence,
    open: true,
    wanted: false,
    sessions,
    ...changes,
  };
  bus.publish(subjects.owner, encodeOwner(message));
  await settled();
}

/** Time passes, in which the router and the connector say that they are there. */
async function pass(ms: number, says: { readonly owner?: boolean; readonly state?: boolean } = {}): Promise<void> {
  const end = clock.time + ms;
  let ownerAt = clock.time;
  let stateAt = clock.time;
  while (clock.time < end) {
    if (says.owner !== false && clock.time >= ownerAt) {
      ownerAt += OWNER_PERIOD_MS;
      await owner();
    }
    if (says.state !== false && clock.time >= stateAt) {
      stateAt += STATE_PERIOD_MS;
      await state('started');
    }
    await clock.advanceAsync(Math.min(50, end - clock.time), 50);
  }
}

async function open(): Promise<void> {
  await owner();
  await state('started');
  expect(network.isListening(PORT)).toBe(true);
}

let fromPort = 40_000;
function dial(address = '10.0.0.5'): FakeSocket {
  const socket = network.dial(PORT, address, fromPort++);
  if (socket === undefined) throw new Error('refused');
  return socket;
}

/** A master that is connected; `started`: and gets data from position 0 on, live. */
async function connect(options: { readonly started?: boolean; readonly hold?: boolean } = {}): Promise<FakeMaster> {
  const master = new FakeMaster(dial(), scheduler, options);
  await settled();
  const session = last();
  if (options.started !== true) return master;
  master.start();
  await settled();
  out(session, OutKind.BEGIN, 0, NO_POSITION, gateway.sessions.get(session)?.place.starting);
  out(session, OutKind.JOIN, 0, 0);
  await settled();
  master.received.length = 0;
  return master;
}

/** Number of the session admitted last. */
const last = (): number => [...gateway.sessions.keys()].at(-1) as number;

function out(session: number | 'all', kind: OutKind, from: number, first: number, count = 0): void {
  const message = encodeOut({ kind, fence: routerLease.fence, generation: G, from, first, count });
  bus.publish(session === 'all' ? subjects.out : subjects.outTo(session), message);
}

function broadcast(first: number, count: number): void {
  const octets = apdus(Array.from({ length: count }, (_, i) => eventAsdu(first + i)));
  const head = { kind: OutKind.DATA, fence: routerLease.fence, generation: G, from: first, first, count };
  bus.publish(subjects.out, encodeOut(head, octets));
  clock.flush();
}

const values = ({ received }: FakeMaster): number[] => received.map(eventValue);

function statements(): Statement[] {
  const found: Statement[] = [];
  for (const { data } of bus.take(subjects.in)) {
    const message = decodeIn(data);
    if (message instanceof WireError) throw message;
    if (message.kind !== InKind.STATEMENT) continue;
    const statement = decodeStatement(message.json);
    if (statement instanceof WireError) throw statement;
    found.push(statement);
  }
  return found;
}

describe('the listener', () => {
  it('is open while the RTU link is up and a router serves the group, whichever is heard first', async () => {
    await state('started');
    expect(network.isListening(PORT)).toBe(false);
    await owner({ open: false });
    expect(network.isListening(PORT)).toBe(false);
    await owner();
    expect([network.isListening(PORT), gateway.listening]).toEqual([true, [`0.0.0.0:${PORT}`]]);
    await state('disconnected');
    expect([network.isListening(PORT), gateway.listening]).toEqual([false, []]);
    await state('connected', { epoch: 2 });
    expect(network.isListening(PORT)).toBe(true);
  });

  it('is not opened when the router was heard too long ago', async () => {
    await owner();
    clock.advance(OWNER_SILENCE_MS);
    await state('started');
    expect(network.isListening(PORT)).toBe(false);
    await owner();
    expect(network.isListening(PORT)).toBe(true);
  });

  it('stays open while the router changes within the hold time', async () => {
    await open();
    await pass(HOLD_MS - 500, { owner: false });
    expect(network.isListening(PORT)).toBe(true);
    await owner();
    await pass(HOLD_MS, { owner: true });
    expect([network.isListening(PORT), network.listens]).toEqual([true, 1]);
  });

  it('is closed when no router serves the group for the hold time, and is not opened again without one', async () => {
    await open();
    const master = await connect();
    await pass(HOLD_MS + OWNER_PERIOD_MS + 100, { owner: false });
    expect([network.isListening(PORT), master.closed?.code]).toEqual([false, 'peer_closed']);
    expect(gateway.masters.counters.closed).toEqual({ router_silent: 1 });
    await pass(30_000, { owner: false });
    await owner({ open: false });
    expect([network.isListening(PORT), network.listens]).toEqual([false, 1]);
    await owner();
    expect(network.isListening(PORT)).toBe(true);
  });

  it('is closed then also when no master is there', async () => {
    await open();
    await pass(HOLD_MS + OWNER_PERIOD_MS + 100, { owner: false });
    expect(network.isListening(PORT)).toBe(false);
  });

  it('heeds nobody whose lease is not in force', async () => {
    await state('started', { fence: connectorLease.fence + 1 });
    await owner({ fence: routerLease.fence + 1 });
    expect(network.isListening(PORT)).toBe(false);
    await open();
    await state('disconnected', { fence: connectorLease.fence + 1 });
    await state('disconnected', { fence: 0 });
    expect([network.isListening(PORT), gateway.rtu?.state]).toEqual([true, 'started']);
  });

  it('is tried again when the port is in use, while masters may come', async () => {
    network.taken.add(PORT);
    await owner();
    await state('started');
    expect([network.listens, gateway.listening]).toEqual([1, []]);
    await pass(1_900);
    expect(network.listens).toBe(1);
    network.taken.clear();
    await pass(200);
    expect(network.isListening(PORT)).toBe(true);
    await state('disconnected');
    network.taken.add(PORT);
    await state('started', { epoch: 2 });
    await state('disconnected', { epoch: 2 });
    const { listens } = network;
    // Only to find out whether it can be had.
    network.taken.clear();
    await clock.advanceAsync(10_000);
    expect([network.listens - listens, network.isListening(PORT), gateway.listening]).toEqual([1, false, []]);
  });

  it('does not spin when the port was in use and no router serves the group any more', async () => {
    network.taken.add(PORT);
    await owner();
    await state('started');
    const looks = vi.spyOn(gateway, 'onDeadline');
    await pass(6_000, { owner: false });
    expect(network.listens).toBe(3);
    expect(looks.mock.calls.length).toBeLessThan(10);
    network.taken.clear();
    await owner();
    await pass(2_100);
    expect(network.isListening(PORT)).toBe(true);
  });
});

describe('a connection of a master', () => {
  it('becomes a session when the router says so, and is stated soon', async () => {
    await open();
    await connect();
    expect(requests).toMatchObject([{ group: '1', gateway: ME, address: '10.0.0.5', certificateNames: [] }]);
    expect(bus.hasInterest(subjects.out)).toBe(true);
    await clock.advanceAsync(150);
    expect(statements().at(-1)).toMatchObject({
      group: '1',
      gateway: ME,
      sessions: [{ session: 1, connection: requests[0]?.connection, originatorAddress: 1, started: false }],
      closed: [],
    });
    expect(gateway.masters.counters.accepted).toBe(1);
  });

  it('is refused when the router says so: counted by reason', async () => {
    await open();
    answers = [{ v: 2, ok: false, code: 'filter', message: 'words' }];
    const socket = dial();
    await settled();
    expect(socket.destroyed).toBe(true);
    expect(gateway.masters.counters.refused).toEqual({ filter: 1 });
  });

  it('that is gone when the answer comes leaves nothing, and the router is told', async () => {
    await open();
    answers = ['nothing'];
    const socket = dial();
    await clock.advanceAsync(500);
    socket.resetAndDestroy();
    await clock.advanceAsync(1_000);
    expect(requests.map(({ connection }) => connection)).toEqual([requests[0]?.connection, requests[0]?.connection]);
    expect(gateway.sessions.size).toBe(0);
    expect(gateway.masters.counters.refused).toEqual({ given_up: 1 });
    expect(bus.hasInterest(subjects.out)).toBe(false);
    const told = bus.take(subjects.in).map(({ data }) => decodeIn(data));
    expect(told).toContainEqual(expect.objectContaining({ kind: InKind.CLOSED, session: 1, code: 'given_up' }));
    expect(told.at(-1)).toMatchObject({ kind: InKind.STATEMENT });
  });

  it('that waits for the router is dropped when the RTU is lost', async () => {
    await open();
    answers = [{ v: 2, ok: false, code: 'not_ready', message: 'words' }];
    const socket = dial();
    await settled();
    await state('disconnected');
    expect(socket.destroyed).toBe(true);
    await clock.advanceAsync(2 * ADMISSION_PAUSE_MS);
    expect([requests.length, gateway.sessions.size]).toEqual([1, 0]);
  });

  it('is refused when too many wait for the router', async () => {
    await open();
    answers = Array.from({ length: 40 }, () => 'nothing' as const);
    const addresses = Array.from({ length: 21 }, (_, i) => `10.0.0.${i % 7}`);
    const sockets = addresses.map((address) => dial(address));
    await settled();
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([...Array.from({ length: 20 }, () => false), true]);
    expect(gateway.masters.counters.refused).toEqual({ too_many_waiting: 1 });
  });

  it('is refused when its address has taken half of the room to wait: others still find some', async () => {
    await open();
    answers = Array.from({ length: 40 }, () => 'nothing' as const);
    const greedy = Array.from({ length: 15 }, () => dial());
    const other = dial('10.0.0.6');
    await settled();
    expect(greedy.filter(({ destroyed }) => !destroyed)).toHaveLength(10);
    expect(other.destroyed).toBe(false);
  });

  it('does not take the place of another one', async () => {
    await open();
    const master = await connect();
    answers = [{ session: 1 }];
    const socket = dial();
    await settled();
    expect([socket.destroyed, master.closed, gateway.sessions.size]).toEqual([true, undefined, 1]);
  });
});

describe('when the RTU is lost', () => {
  it('masters get what was received first, then they are disconnected', async () => {
    await open();
    const [done, behind] = [await connect({ started: true }), await connect({ started: true, hold: true })];
    broadcast(0, 3);
    await state('disconnected', { next: 4 });
    expect([network.isListening(PORT), gateway.sessions.size]).toEqual([false, 2]);
    broadcast(3, 1);
    await clock.advanceAsync(100);
    expect([values(done), values(behind)]).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
    expect(gateway.masters.counters.closed).toEqual({ rtu_lost: 2 });
    expect([done.closed?.code, behind.closed?.code]).toEqual(['peer_closed', 'peer_closed']);
  });

  it('masters that have all, or get no data, are disconnected at once', async () => {
    await open();
    await connect({ started: true });
    await connect();
    broadcast(0, 3);
    await settled();
    await state('disconnected', { next: 3 });
    expect(gateway.sessions.size).toBe(0);
  });

  it('a master is told first that its command was refused', async () => {
    await open();
    const master = await connect({ started: true });
    master.send(singleCommand(1, 5, true));
    await settled();
    await state('disconnected', { next: 0 });
    expect(gateway.sessions.size).toBe(1);
    const refusal = Buffer.from(singleCommand(1, 5, true));
    refusal[2] = Cause.ACT_CON | 0x40;
    const head = { kind: OutKind.DATA, fence: routerLease.fence, generation: G, from: 0, first: NO_POSITION, count: 1 };
    bus.publish(subjects.outTo(1), encodeOut(head, apdus([refusal])));
    bus.publish(subjects.outTo(1), encodeSettled(routerLease.fence, [1]));
    await clock.advanceAsync(100);
    expect(master.received.map((asdu) => asdu[2])).toEqual([Cause.ACT_CON | 0x40]);
    expect(gateway.masters.counters.closed).toEqual({ rtu_lost: 1 });
  });

  it('no master is waited for longer than that, and none is let in meanwhile', async () => {
    await open();
    await connect({ started: true });
    await state('disconnected', { next: 3 });
    await state('connected', { epoch: 2 });
    await clock.advanceAsync(LAST_EVENTS_MS - 100);
    expect([network.isListening(PORT), gateway.sessions.size]).toEqual([false, 1]);
    await clock.advanceAsync(200);
    expect([network.isListening(PORT), gateway.sessions.size]).toEqual([true, 0]);
  });

  it('a master that leaves by itself is not waited for', async () => {
    await open();
    const master = await connect({ started: true });
    await state('connected', { epoch: 2, next: 3 });
    expect(network.isListening(PORT)).toBe(false);
    master.close();
    await settled();
    expect(network.isListening(PORT)).toBe(true);
  });

  it('commands are refused at once', async () => {
    await open();
    const master = await connect({ started: true });
    await state('disconnected', { next: 3 });
    bus.take();
    master.send(singleCommand(1, 5, true));
    await settled();
    expect(master.received.map((asdu) => asdu[2])).toEqual([Cause.ACT_CON | 0x40]);
  });

  it('and connected anew by the same connector, its masters have to go', async () => {
    await open();
    await connect({ started: true });
    await state('connected', { epoch: 2 });
    expect(gateway.masters.counters.closed).toEqual({ rtu_lost: 1 });
    expect(network.isListening(PORT)).toBe(true);
  });

  it('and connected by another connector within the hold time, masters notice nothing', async () => {
    await open();
    const master = await connect({ started: true });
    await connectorLease.release();
    connectorLease = lease('connector.1');
    await state('connecting', { connector: 'c2', epoch: 1 });
    await pass(HOLD_MS - 2_000, { state: false });
    await state('connected', { connector: 'c2', epoch: 2 });
    broadcast(0, 1);
    await settled();
    expect([values(master), network.listens]).toEqual([[0], 1]);
  });

  it('and its connector silent for the hold time, masters are disconnected', async () => {
    await open();
    await connect({ started: true });
    await pass(HOLD_MS + STATE_PERIOD_MS + 100, { state: false });
    expect(gateway.masters.counters.closed).toEqual({ connector_silent: 1 });
    expect([network.isListening(PORT), gateway.rtu]).toEqual([false, undefined]);
  });
});

describe('what is stated', () => {
  it('goes to a new owner at once, after what masters acknowledged', async () => {
    gateway.stop();
    // Reports are a gap apart on this bus.
    Object.defineProperty(bus, 'kind', { value: 'nats' });
    start();
    await open();
    const master = await connect({ started: true, hold: true });
    await clock.advanceAsync(STATEMENT_PERIOD_MS);
    broadcast(0, 2);
    // The end of initialization is the first; the second report has to wait.
    for (const count of [2, 3]) {
      master.acknowledge(count);
      clock.flush();
    }
    expect(bus.take(subjects.ack).length).toBe(1);
    bus.take();
    await routerLease.release();
    routerLease = lease('router.1');
    await owner({ open: false, sessions: {} });
    const taken = bus.take().filter(({ subject }) => subject === subjects.in || subject === subjects.ack);
    expect(taken.map(({ subject }) => subject)).toEqual([subjects.ack, subjects.in]);
    for (const each of taken) bus.publish(each.subject, each.data);
    expect(statements()).toMatchObject([
      { sessions: [{ started: true, expected: 2, acknowledged: 2, generation: G, starting: 0 }] },
    ]);
    expect(gateway.sessions.get(1)?.place.live).toBe(false);
  });

  it('is said every second while there are sessions, and at once when the router counts differently', async () => {
    await open();
    await connect();
    await pass(2_000);
    statements();
    await pass(5 * STATEMENT_PERIOD_MS);
    expect(statements().length).toBeGreaterThanOrEqual(4);
    await clock.advanceAsync(300);
    statements();
    await owner({ sessions: { [ME]: 2 } });
    await clock.advanceAsync(20);
    expect(statements().length).toBe(1);
    await owner({ sessions: { [ME]: 1 } });
    await clock.advanceAsync(20);
    expect(statements()).toEqual([]);
  });

  it('is said when the router counts a session that is not here', async () => {
    await open();
    await owner({ sessions: { [ME]: 1 } });
    await clock.advanceAsync(20);
    expect(statements()).toMatchObject([{ sessions: [], closed: [] }]);
  });

  it('names sessions that ended for as long as the RTU may answer them; then an idle group says nothing', async () => {
    await open();
    const master = await connect({ started: true });
    master.send(singleCommand(1, 5, true));
    await settled();
    master.close();
    await settled();
    await clock.advanceAsync(STATEMENT_PERIOD_MS + 20);
    expect(statements().at(-1)).toMatchObject({
      sessions: [],
      closed: [{ session: 1, used: true, code: 'peer_closed', commands: [{ command: 1, answered: null }] }],
    });
    await pass(SENT_REMEMBERED_MS);
    statements();
    bus.take();
    await pass(10_000);
    expect(bus.take().filter(({ subject }) => subject !== subjects.owner && subject !== subjects.state)).toEqual([]);
    expect(bus.hasInterest(subjects.outTo(1))).toBe(false);
  });

  it('is said when the bus is back', async () => {
    await open();
    await connect();
    await clock.advanceAsync(500);
    statements();
    gateway.connectionChanged(false);
    gateway.connectionChanged(true);
    // Its own moment of the period may just have been.
    await clock.advanceAsync(STATEMENT_GAP_MS + 20);
    expect(statements().length).toBe(1);
  });

  it('is asked for again when the bus is back, from where each master is', async () => {
    await open();
    await connect({ started: true });
    const [session] = gateway.sessions.values();
    const again = vi.spyOn(session as MasterSession, 'reconnected');
    gateway.connectionChanged(false);
    expect(again).not.toHaveBeenCalled();
    gateway.connectionChanged(true);
    expect(again).toHaveBeenCalledOnce();
  });
});

describe('commands', () => {
  it.each([
    ['', 0],
    [', less what they may have waited while this process did not run', 3_000],
    [', and are too late when that is too long', 9_000],
  ])('have their deadline in the connector’s clock%s', async (_, waited) => {
    await open();
    const master = await connect({ started: true });
    bus.take();
    clock.advance(1_000);
    waitedMs = waited;
    master.send(singleCommand(1, 5, true));
    clock.flush();
    const [message] = bus
      .take(subjects.in)
      .map(({ data }) => decodeIn(data))
      .filter((each) => !(each instanceof WireError) && each.kind === InKind.COMMANDS);
    if (message === undefined || message instanceof WireError || message.kind !== InKind.COMMANDS) throw new Error();
    expect(message.connectorFence).toBe(connectorLease.fence);
    const latest = 500_000 + 1_000 + COMMAND_DEADLINE_MS - waited;
    expect(message.deadline).toBeLessThanOrEqual(latest);
    expect(message.deadline).toBeGreaterThan(latest - 10);
  });

  it('are refused at once when no router was heard for the hold time', async () => {
    await open();
    const master = await connect({ started: true });
    await pass(HOLD_MS - 100, { owner: false });
    bus.take();
    master.send(singleCommand(1, 5, true));
    clock.flush();
    expect(master.received).toEqual([]);
    await pass(200, { owner: false });
    master.send(singleCommand(1, 6, true));
    clock.flush();
    expect(master.received.map((asdu) => [asdu[6], asdu[2]])).toEqual([[6, Cause.ACT_CON | 0x40]]);
    expect(gateway.masters.commandsRefused).toBe(1);
  });
});

it('what masters acknowledged is reported with its generation', async () => {
  await open();
  const masters = [await connect({ started: true, hold: true }), await connect({ started: true, hold: true })];
  broadcast(0, 2);
  bus.take();
  for (const master of masters) master.acknowledge();
  clock.flush();
  expect(bus.take(subjects.ack).flatMap(({ data }) => decodeAcks(data) as readonly Ack[])).toEqual([
    { session: 1, position: 2, generation: G },
    { session: 2, position: 2, generation: G },
  ]);
});

describe('when the gateway ends', () => {
  it('nothing is left: no listener, timer, subscription or connection', async () => {
    await open();
    const master = await connect({ started: true });
    answers = ['nothing'];
    const waiting = dial();
    await settled();
    bus.take();
    gateway.stop();
    // That its session is over, and what is known of it.
    const told = bus.take().map(({ subject }) => subject);
    expect(told).toEqual([subjects.in, subjects.in]);
    await settled();
    await clock.advanceAsync(1_200);
    expect([network.isListening(PORT), master.closed?.code, waiting.destroyed]).toEqual([false, 'peer_closed', true]);
    for (const subject of [subjects.out, subjects.outTo(1), subjects.state, subjects.owner]) {
      expect(bus.hasInterest(subject)).toBe(false);
    }
    await owner();
    await state('started');
    expect([clock.pending, network.isListening(PORT), gateway.sessions.size]).toEqual([0, false, 0]);
    expect(gateway.masters.counters.closed).toEqual({ stopped: 1 });
  });

  it('masters are owed what was sent to them, for a while', async () => {
    await open();
    const [reads, doesNot] = [
      await connect({ started: true, hold: true }),
      await connect({ started: true, hold: true }),
    ];
    const socket = doesNot.connection.socket as FakeSocket;
    socket.pause();
    broadcast(0, 3);
    let drained = false;
    void gateway.drain().then(() => {
      drained = true;
    });
    expect(network.isListening(PORT)).toBe(false);
    await clock.advanceAsync(DRAIN_MS - 100);
    expect([values(reads), drained]).toEqual([[0, 1, 2], false]);
    await clock.advanceAsync(200);
    expect(drained).toBe(true);
    expect(gateway.sessions.size).toBe(2);
    gateway.stop();
    expect(gateway.sessions.size).toBe(0);
  });

  it('draining ends as soon as all have read it', async () => {
    await open();
    const master = await connect({ started: true, hold: true });
    broadcast(0, 3);
    let drained = false;
    void gateway.drain().then(() => {
      drained = true;
    });
    await clock.advanceAsync(100);
    expect([values(master), drained]).toEqual([[0, 1, 2], true]);
  });
});

it('a session that the router closes is counted by its reason', async () => {
  await open();
  await connect();
  bus.publish(subjects.outTo(1), encodeOutText(OutKind.CLOSE, routerLease.fence, 'same_ip connected again'));
  await settled();
  expect(gateway.masters.counters.closed).toEqual({ same_ip: 1 });
  expect([bus.hasInterest(subjects.out), bus.hasInterest(subjects.outTo(1))]).toEqual([false, false]);
});

describe('whether masters can come', () => {
  const said = (): unknown[] =>
    bus.take(subjects.listener).map(({ data }) => {
      const message = decodeListener(data);
      return message instanceof WireError ? message : [message.gateway, message.listening, message.reason];
    });

  it('is said when the port cannot be had, at each attempt, and when it can', async () => {
    network.taken.add(PORT);
    await owner();
    await state('connected');
    expect(said()).toEqual([[ME, false, 'EADDRINUSE']]);
    await pass(2 * LISTEN_RETRY_MS + 200);
    expect(said()).toHaveLength(2);
    network.taken.clear();
    await pass(LISTEN_RETRY_MS + 200);
    expect(said()).toEqual([[ME, true, '']]);
  });

  it('is found out while there is no RTU, for a port that could not be had, and said', async () => {
    network.taken.add(PORT);
    await owner();
    await state('connected');
    await state('disconnected');
    said();
    await pass(2 * LISTEN_RETRY_MS + 200, { state: false });
    expect(said()).toEqual([
      [ME, false, 'EADDRINUSE'],
      [ME, false, 'EADDRINUSE'],
    ]);
    // Who cannot does not speak up for others.
    bus.publish(subjects.listener, encodeListener({ group: '1', gateway: 'gw-2', listening: false, reason: '' }));
    clock.flush();
    expect(said()).toHaveLength(1);
    network.taken.clear();
    await pass(LISTEN_RETRY_MS + 200, { state: false });
    expect(said()).toEqual([[ME, true, '']]);
    expect(network.isListening(PORT)).toBe(false);
    await state('connected');
    expect(network.isListening(PORT)).toBe(true);
  });

  it('is said by one that can when another cannot, and not otherwise', async () => {
    const another = (listening: boolean): void => {
      bus.publish(subjects.listener, encodeListener({ group: '1', gateway: 'gw-2', listening, reason: '' }));
      clock.flush();
    };
    another(false);
    expect(said()).toEqual([
      ['gw-2', false, ''],
      [ME, true, ''],
    ]);
    await open();
    said();
    another(true);
    expect(said()).toHaveLength(1);
    another(false);
    expect(said()).toEqual([
      ['gw-2', false, ''],
      [ME, true, ''],
    ]);
  });
});
