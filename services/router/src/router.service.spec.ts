import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BrokerBus, type Bus, controlSubject, GroupSubjects, type KeyValue, STATE_BUCKET } from '@iec104mm2ss/bus';
import { type GroupConfig, LiveGroups, NO_OBSERVE } from '@iec104mm2ss/config';
import { createLogger, createRegistry } from '@iec104mm2ss/observability';
import type { Runtime } from '@iec104mm2ss/runtime';
import {
  eventAsdu,
  eventValue,
  type FakeBroker,
  FakeClock,
  FakeConnector,
  FakeGateway,
  FakeServer,
  type FakeSession,
  groupConfig,
} from '@iec104mm2ss/testing';
import {
  admissionRequestSchema,
  decodeJson,
  decodeRouterState,
  encodeAdmissionAnswer,
  encodeCommandResults,
  encodeOwner,
  encodeRouterState,
  encodeState,
  InKind,
  LAST_EVENTS_MS,
  OWNER_PERIOD_MS,
  PROVISIONAL_MS,
  type RouterState,
  SILENCE_MS,
  UNSTATED_MS,
  WireError,
} from '@iec104mm2ss/wire';
import type { GroupRouter } from './group-router.js';
import { RouterService } from './router.service.js';

const subjects = new GroupSubjects('1');
const { logger } = createLogger({ level: 'silent' });
const KEY = 'router.1';

let server: FakeServer;
let clock: FakeClock;
let connector: FakeConnector;
let routers: RouterProcess[];
let gateways: FakeGateway[];
/** Calls that are made every so often, as the processes around a router do. */
let every: (() => void)[];

interface RouterProcess {
  readonly service: RouterService;
  readonly broker: FakeBroker;
  readonly bus: BrokerBus;
}

function runtime(instance: string): Runtime {
  let seed = [...instance].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 2_147_483_647;
  return {
    clock,
    network: {} as Runtime['network'],
    random: () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647,
    instance,
  };
}

function connect(instance: string): { broker: FakeBroker; bus: BrokerBus } {
  const broker = server.connect(clock);
  return { broker, bus: new BrokerBus(broker, { runtime: runtime(instance), replicas: 1 }) };
}

/** Of master A. */
const COMMON_NAME = { kind: 'cn', value: 'a', text: 'cn:a' } as const;

function startRouter(instance: string, config: Partial<GroupConfig> = {}, more: GroupConfig[] = []): RouterProcess {
  const { broker, bus } = connect(instance);
  const service = new RouterService({
    bus,
    logger,
    runtime: runtime(`${instance} itself`),
    groups: new LiveGroups([
      groupConfig({ masters: [{ name: 'A', sources: [], certificateNames: [COMMON_NAME] }], ...config }),
      ...more,
    ]),
    registry: createRegistry({ processMetrics: false }),
  });
  // As the control plane does.
  bus.subscribe(controlSubject('admit'), (message) => {
    const request = admissionRequestSchema.safeParse(decodeJson('request', message.data));
    if (!request.success) return;
    void service.admit(request.data)?.then((answer) => message.respond(encodeAdmissionAnswer(answer)));
  });
  service.onApplicationBootstrap();
  const process = { service, broker, bus };
  routers.push(process);
  return process;
}

/** The process is gone without a word. */
function kill({ broker, bus }: RouterProcess): void {
  broker.setConnected(false);
  void bus.close();
  routers = routers.filter((each) => each.bus !== bus);
}

function startGateway(instance: string): FakeGateway {
  const { bus } = connect(instance);
  bus.join('gateway');
  const gateway = new FakeGateway(bus, '1', instance);
  gateways.push(gateway);
  every.push(() => {
    if (gateway.sessions.size > 0 || gateway.closed.length > 0) gateway.state();
  });
  return gateway;
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function passes(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await clock.advanceAsync(Math.min(left, 500), 25);
    if (left > 500 || ms % 1_000 === 0) for (const call of every) call();
    for (let i = 0; i < 10; i++) await turns();
  }
}

function routerOf({ service }: RouterProcess): GroupRouter | undefined {
  return service.serving()[0];
}

const owner = (): RouterProcess => {
  const found = routers.find((each) => routerOf(each)?.isOpen === true);
  if (found === undefined) throw new Error('nobody owns the group');
  return found;
};
const router = (): GroupRouter => routerOf(owner()) as GroupRouter;
const values = ({ got }: FakeSession): number[] =>
  got.filter(({ asdu }) => asdu[0] === 11).map(({ asdu }) => eventValue(asdu));
const upTo = (end: number, from = 0): number[] => Array.from({ length: end - from }, (_, i) => from + i);

let nextValue: number;
function sends(count: number): void {
  for (let i = 0; i < count; i++) connector.append(eventAsdu(nextValue++));
}

async function connected(gateway: FakeGateway, connection: number, names: string[] = []): Promise<FakeSession> {
  const asked = gateway.connect(connection, '10.0.0.1', names);
  await passes(100);
  const session = await asked;
  if (session === undefined) throw new Error('not admitted');
  return session;
}

async function started(gateway: FakeGateway, connection: number, names: string[] = []): Promise<FakeSession> {
  const session = await connected(gateway, connection, names);
  gateway.start(session);
  await passes(100);
  return session;
}

function bucket(name = STATE_BUCKET): KeyValue {
  return connect('somebody').bus.keyValue(name);
}

async function saved(): Promise<RouterState> {
  const value = await bucket().get(KEY);
  const state = value === undefined ? undefined : decodeRouterState(value);
  if (state === undefined || state instanceof WireError) throw new Error('no state');
  return state;
}

beforeEach(async () => {
  server = new FakeServer();
  clock = new FakeClock();
  routers = [];
  gateways = [];
  every = [];
  nextValue = 0;
  connector = new FakeConnector(connect('connector-1').bus, '1', 'connector-1', clock);
  every.push(() => connector.say());
  await passes(1_000);
});

afterEach(async () => {
  await Promise.all(routers.map(({ service }) => service.onApplicationShutdown()));
  for (const { bus } of routers) await bus.close();
});

describe('admission', () => {
  it('saves the session before it answers, and asking again for the connection makes no second one', async () => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const first = gateway.ask(5, '10.0.0.1');
    const second = gateway.ask(5, '10.0.0.1');
    await passes(100);
    const [answer, again] = [await first, await second];
    expect(answer).toMatchObject({ ok: true });
    expect(again).toEqual(answer);
    expect(router().parts.table.size).toBe(1);
    const session = answer?.ok === true ? answer.session : 0;
    const oa = answer?.ok === true ? answer.originatorAddress : 0;
    expect((await saved()).addresses).toEqual([{ oa, session, restedMs: 0 }]);
  });

  it('refuses what cannot be saved within a second, and nothing of it is left', async () => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    server.fails = (question) => (question.includes('put') || question.includes('swap') ? 'TIMEOUT' : undefined);
    const asked = gateway.ask(5, '10.0.0.1');
    await passes(1_500);
    expect(await asked).toMatchObject({ ok: false, code: 'not_ready' });
    server.fails = () => undefined;
    expect(router().parts.table.size).toBe(0);
    expect(router().parts.addresses.inUse()).toEqual([]);
    const later = gateway.ask(5, '10.0.0.1');
    await passes(100);
    expect(await later).toMatchObject({ ok: true });
  });

  it('is provisional: a session that its gateway never states leaves no slot and no OA behind', async () => {
    startRouter('router-1', { maxConnections: 1, reserve: 0 });
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const asked = gateway.ask(5, '10.0.0.1');
    await passes(100);
    expect(await asked).toMatchObject({ ok: true, originatorAddress: 1 });
    const full = gateway.ask(6, '10.0.0.2');
    await passes(100);
    expect(await full).toMatchObject({ ok: false, code: 'max_connections' });
    await passes(PROVISIONAL_MS + 500);
    expect(router().parts.table.size).toBe(0);
    const again = gateway.ask(6, '10.0.0.2');
    await passes(100);
    expect(await again).toMatchObject({ ok: true });
    expect(router().parts.addresses.inUse()).toHaveLength(1);
  });

  it('waits for the connector to be heard', async () => {
    connector.die();
    every = [];
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(5_000);
    const asked = gateway.ask(5, '10.0.0.1');
    await passes(100);
    expect(await asked).toMatchObject({ ok: false, code: 'not_ready' });
  });
});

describe('what the owner says', () => {
  it('is whether it is open, whether data is wanted, and how many sessions it has where', async () => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    expect(gateway.owner).toMatchObject({ open: true, wanted: false, sessions: {} });
    const session = await started(gateway, 1);
    expect(gateway.owner).toMatchObject({ open: true, wanted: true, sessions: { 'gateway-1': 1 } });
    gateway.stop(session);
    await passes(100);
    expect(gateway.owner).toMatchObject({ wanted: false });
  });
});

describe('a session', () => {
  it.each([
    ['STARTED', InKind.STARTED],
    ['STOPPED', InKind.STOPPED],
    ['CLOSED', InKind.CLOSED],
  ])('whose %s was lost is put right by the next statement', async (_name, kind) => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const session = await connected(gateway, 1);
    sends(3);
    server.loses = (subject, data) => subject === subjects.in && data[1] === kind;
    gateway.start(session);
    await passes(1_000);
    expect(values(session)).toEqual([0, 1, 2]);
    gateway.acknowledge(session);
    gateway.stop(session);
    await passes(1_000);
    expect(router().parts.table.get(session.id)?.started).toBe(false);
    gateway.close(session);
    await passes(1_000);
    expect(router().parts.table.size).toBe(0);
  });

  it('whose CLOSE was lost is closed as long as its gateway states it', async () => {
    startRouter('router-1', { sameIp: 'new' });
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const first = await started(gateway, 1);
    server.loses = (subject) => subject === subjects.outTo(first.id);
    const second = await connected(gateway, 2);
    expect(first.closed).toBeUndefined();
    server.loses = () => false;
    await passes(1_000);
    expect(first.closed).toBe('same_ip');
    expect(second.closed).toBeUndefined();
    await passes(1_000);
    expect(router().parts.table.closingSize).toBe(0);
  });

  it('that was closed here still counts for its master until its gateway says that it is gone', async () => {
    startRouter('router-1', { sameIp: 'new' });
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const first = await started(gateway, 1, ['cn:a']);
    sends(5);
    await passes(100);
    server.loses = (subject) => subject === subjects.outTo(first.id);
    await connected(gateway, 2);
    gateway.acknowledge(first, 3);
    await passes(100);
    expect(router().parts.cursors.position('A')).toBe(3);
    gateway.close(first);
    gateway.acknowledge(first, 5);
    await passes(100);
    expect(router().parts.cursors.position('A')).toBe(3);
  });

  it('that its gateway no longer states, or has not stated for too long, is over', async () => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const first = await connected(gateway, 1);
    await connected(gateway, 2);
    await passes(1_000);
    expect(router().parts.table.size).toBe(2);
    gateway.sessions.delete(first.id);
    await passes(1_000);
    expect(router().parts.table.size).toBe(1);
    every = [() => connector.say()];
    gateway.statesOnDifference = false;
    await passes(UNSTATED_MS + 1_000);
    expect(router().parts.table.size).toBe(0);
  });

  it('of a gateway that was thought dead goes on with its OA when that states it', async () => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const session = await started(gateway, 1);
    sends(2);
    await passes(100);
    router().gatewayGone('gateway-1');
    expect(router().parts.table.size).toBe(0);
    sends(2);
    await passes(1_000);
    expect(router().parts.table.get(session.id)).toMatchObject({ oa: session.oa, started: true });
    expect(values(session)).toEqual([0, 1, 2, 3]);
  });

  it('does not go on when its OA belongs to another session', async () => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const session = await connected(gateway, 1);
    const twin = gateway.add(
      { v: 2, ok: true, fence: 1, session: 77, originatorAddress: session.oa, name: null, certificateName: null },
      9,
      '10.0.0.9',
    );
    await passes(1_000);
    expect(twin.closed).toBe('oa_conflict');
    expect(session.closed).toBeUndefined();
  });

  it('that missed something gets it once more, and one whose JOIN was lost is found to be behind', async () => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const session = await started(gateway, 1);
    server.loses = (subject) => subject === subjects.out;
    sends(3);
    await passes(100);
    server.loses = () => false;
    sends(1);
    await passes(100);
    expect(values(session)).toEqual([0, 1, 2, 3]);
    session.live = false;
    sends(3);
    await passes(5_000);
    expect(values(session)).toEqual(upTo(7));
    expect(session.live).toBe(true);
  });

  it('of a named master on standby is told again when it does not hear it', async () => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const first = await started(gateway, 1, ['cn:a']);
    server.loses = (subject) => subject === subjects.outTo(first.id);
    const second = await started(gateway, 2, ['cn:a']);
    expect(first.started).toBe(true);
    server.loses = () => false;
    await passes(1_000);
    expect([first.standby, first.started]).toEqual([1, false]);
    sends(2);
    await passes(100);
    expect([values(first), values(second)]).toEqual([[], [0, 1]]);
  });

  it('that begins too far behind is disconnected with what it lost counted, by name', async () => {
    startRouter('router-1', { buffsize: 1_000, masters: [] });
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const fast = await started(gateway, 1);
    const slow = await connected(gateway, 2);
    for (let i = 0; i < 30; i++) {
      if (i === 1) gateway.start(slow);
      sends(100);
      await passes(50);
      gateway.acknowledge(fast);
      await passes(50);
    }
    expect(values(fast)).toEqual(upTo(3_000));
    // It is live and never acknowledges; what it was sent it has.
    expect(slow.closed).toBeUndefined();
    // The log is trimmed in its own time.
    await passes(40_000);
    slow.live = false;
    slow.expected = 500;
    await passes(5_000);
    expect(slow.closed).toBe('events_lost');
    const { losses } = router().parts;
    expect(losses.all().map(([master]) => master)).toEqual(['*']);
    expect(losses.total).toBeGreaterThan(0);
  });
});

describe('when the RTU is lost', () => {
  it('sessions are told where its data ended, and are ended here if their gateway does not', async () => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const session = await started(gateway, 1);
    sends(2);
    await passes(100);
    const { next } = connector.writer!;
    connector.say('disconnected');
    await passes(100);
    expect(session.expected).toBe(next);
    expect(session.closed).toBeUndefined();
    sends(1);
    await passes(100);
    expect(values(session), 'the last events still come').toEqual([0, 1, 2]);
    await passes(LAST_EVENTS_MS + 1_000);
    expect(session.closed).toBe('rtu_lost');
    expect(router().parts.table.size).toBe(0);
  });

  it('because another connector takes over, sessions stay', async () => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const session = await started(gateway, 1);
    connector.die();
    const { bus } = connect('connector-2');
    every.shift();
    const lease = bus.leaseEntry('connector.1');
    expect((await lease).holder).toBe('connector-1');
    connector = new FakeConnector(bus, '1', 'connector-2', clock);
    connector.state = 'connecting';
    every.push(() => connector.say());
    await passes(5_000);
    connector.say('started');
    await passes(3_000);
    expect(session.closed).toBeUndefined();
  });
});

describe('an owner whose connection to the bus was lost', () => {
  it('publishes once more what may have been published to nobody', async () => {
    const process = startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    await started(gateway, 1);
    const again = vi.spyOn((routerOf(process) as GroupRouter).parts.delivery, 'beginAgain');
    process.broker.setConnected(false);
    await passes(100);
    expect(again).not.toHaveBeenCalled();
    process.broker.setConnected(true);
    await passes(500);
    expect(again).toHaveBeenCalledOnce();
    expect(routerOf(process)?.isOpen).toBe(true);
  });
});

describe('a takeover', () => {
  it('gives every session what it misses, with its OA, and nothing twice', async () => {
    const first = startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const a = await started(gateway, 1);
    const b = await started(gateway, 2, ['cn:a']);
    sends(5);
    await passes(100);
    gateway.acknowledge(a);
    await passes(500);
    kill(first);
    startRouter('router-2');
    sends(5);
    await passes(SILENCE_MS + 4_000);
    sends(5);
    await passes(500);
    expect(values(a)).toEqual(upTo(15));
    expect(values(b)).toEqual(upTo(15));
    expect([a.closed, b.closed]).toEqual([undefined, undefined]);
    expect(
      router()
        .parts.table.all()
        .map(({ id, oa }) => [id, oa]),
    ).toEqual([
      [a.id, a.oa],
      [b.id, b.oa],
    ]);
    expect(gateway.owner).toMatchObject({ open: true, wanted: true, sessions: { 'gateway-1': 2 } });
  });

  it('knows masters by their certificates, all of what they say, and nobody with TLS by his address', async () => {
    const here = { text: '10.0.0.9', cidr: '10.0.0.9/32', contains: (address: string) => address === '10.0.0.9' };
    const masters = [{ name: 'A', sources: [here], certificateNames: [COMMON_NAME] }];
    const first = startRouter('router-1', { masters });
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    await gateway.connect(1, '10.0.0.1', ['sha256:00', 'cn:a']);
    await gateway.connect(2, '10.0.0.9', ['cn:stranger']);
    await gateway.connect(3, '10.0.0.9');
    const names = (): (string | null)[] =>
      router()
        .parts.table.all()
        .map(({ name }) => name);
    expect(names()).toEqual(['A', null, 'A']);
    kill(first);
    startRouter('router-2', { masters });
    await passes(SILENCE_MS + 4_000);
    expect(names()).toEqual(['A', null, 'A']);
  });

  it('keeps the OA of a master that left meanwhile from the next one', async () => {
    const first = startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const a = await started(gateway, 1);
    a.nextCommand = 2;
    await passes(1_000);
    kill(first);
    gateway.close(a);
    startRouter('router-2');
    await passes(SILENCE_MS + 4_000);
    const b = await connected(gateway, 2);
    expect(b.oa).not.toBe(a.oa);
    expect((await saved()).addresses).toContainEqual({ oa: a.oa, session: 0, restedMs: expect.any(Number) });
  });

  it('keeps the OA of a master that was lost together with its gateway and its router, too', async () => {
    const first = startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const a = await started(gateway, 1);
    await passes(1_000);
    gateway.die();
    kill(first);
    const other = startGateway('gateway-2');
    startRouter('router-2');
    await passes(SILENCE_MS + 4_000);
    const b = await connected(other, 2);
    expect(b.oa).not.toBe(a.oa);
    expect(router().parts.addresses.inUse()).toEqual([[b.oa, b.id]]);
  });

  it('does not depend on what the clocks of two machines show', async () => {
    const first = startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const a = await started(gateway, 1);
    sends(3);
    await passes(500);
    kill(first);
    clock.wallOffsetMs -= 3_600_000;
    startRouter('router-2');
    await passes(SILENCE_MS + 4_000);
    clock.wallOffsetMs += 7_200_000;
    sends(3);
    await passes(UNSTATED_MS);
    expect(values(a)).toEqual(upTo(6));
    expect(a.closed).toBeUndefined();
  });

  it('asks the connector with its own fence, and goes on without one that does not answer', async () => {
    connector.sent = undefined;
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(6_000);
    expect(gateway.owner?.open).toBe(true);
    connector.sent = [];
    kill(owner());
    startRouter('router-2');
    await passes(SILENCE_MS + 4_000);
    expect(connector.queries[0]).toEqual({ v: 2, fence: gateway.owner?.fence, upTo: 0 });
  });

  it('of a state that cannot be read sets it aside and begins without it', async () => {
    for (const value of ['{}', '-1', '{"confirmed":5,"resting":true}', '{"v":2,"confirmed":-1}']) {
      await bucket().put(KEY, Buffer.from(value));
      const process = startRouter(`router ${value.length}`);
      sends(1);
      await passes(SILENCE_MS + 4_000);
      expect(routerOf(process)?.isOpen, value).toBe(true);
      expect(Buffer.from((await bucket().get(`${KEY}.unreadable`)) ?? []).toString()).toBe(value);
      expect(process.bus.drops.all(), value).toContainEqual({
        kind: 'owner.saved',
        reason: expect.any(String),
        count: 1,
      });
      kill(process);
    }
  });

  it('goes on at what still holds when the log has lost its end meanwhile', async () => {
    const first = startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const a = await started(gateway, 1, ['cn:a']);
    sends(10);
    await passes(100);
    gateway.acknowledge(a);
    await passes(1_000);
    expect((await saved()).confirmed).toBe(10);
    kill(first);
    const name = [...server.streams.keys()].find(
      (stream) => !stream.includes('KV') && server.stream(stream).last === 10,
    );
    server.forget(name as string, 5);
    await connector.open();
    nextValue = 100;
    sends(3);
    startRouter('router-2');
    await passes(SILENCE_MS + 4_000);
    expect(values(a)).toEqual([...upTo(10), 100, 101, 102]);
    expect((await saved()).confirmed).toBeLessThanOrEqual(7);
    gateway.acknowledge(a);
    await passes(1_000);
    expect(await saved()).toMatchObject({ confirmed: 7, cursors: { A: 7 } });
  });

  it('is not undone by the owner that was cut off when it comes back', async () => {
    const first = startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const a = await started(gateway, 1);
    sends(5);
    await passes(100);
    first.broker.setConnected(false);
    startRouter('router-2');
    await passes(SILENCE_MS + 4_000);
    gateway.acknowledge(a);
    await passes(1_000);
    const { confirmed } = await saved();
    expect(confirmed).toBe(5);
    const old = routerOf(first);
    first.broker.setConnected(true);
    await old?.save().catch(() => undefined);
    await passes(3_000);
    expect((await saved()).confirmed).toBe(5);
    expect(routerOf(first)).toBeUndefined();
    expect(values(a)).toEqual(upTo(5));
  });

  it('that fails is tried again, instead of ending every router in turn', async () => {
    const process = startRouter('router-1');
    const { bus } = process;
    const journal = bus.journal.bind(bus);
    let failures = 0;
    bus.journal = (name, options) => {
      if (failures++ === 0) throw new Error('something is wrong here');
      return journal(name, options);
    };
    await passes(4_000);
    expect([failures, process.service.groups()]).toEqual([1, []]);
    await passes(6_000);
    expect(routerOf(process)?.isOpen).toBe(true);
  });

  it('leaves nothing running in the one that lost the group', async () => {
    const first = startRouter('router-1');
    await passes(3_000);
    await first.service.onApplicationShutdown();
    await first.bus.close();
    routers = [];
    const before = clock.pending;
    await passes(10_000);
    expect(clock.pending).toBeLessThanOrEqual(before);
    expect(routerOf(first)).toBeUndefined();
  });
});

describe('observe mode', () => {
  const ask = (on: boolean): Promise<unknown> => {
    const answers = routers.map(({ service }) => service.observe({ v: 2, group: '1', on, by: 'me' }));
    return Promise.all(answers).then((all) => all.find((answer) => answer !== undefined));
  };

  it('that an operator begins is said to the connector and saved before the answer, and goes on at the next owner', async () => {
    startRouter('router-1');
    startRouter('router-2');
    await passes(3_000);
    expect(connector.owner?.observe).toBe(false);
    const answer = ask(true);
    await passes(1_000);
    expect(await answer).toMatchObject({ ok: true, message: 'observe mode is on: only monitoring passes' });
    expect(connector.owner?.observe).toBe(true);
    expect((await saved()).observe).toMatchObject({ by: 'operator', reason: 'asked for by me' });
    kill(owner());
    connector.owner = undefined;
    await passes(SILENCE_MS + 4_000);
    expect(router().parts.observe.status?.reason).toBe('asked for by me');
    expect((connector.owner as { observe?: boolean } | undefined)?.observe).toBe(true);
    const off = ask(false);
    await passes(1_000);
    expect(await off).toMatchObject({ ok: true });
    expect((await saved()).observe).toBe(undefined);
  });

  it('says so when it cannot be saved', async () => {
    startRouter('router-1');
    await passes(3_000);
    router().save = () => Promise.reject(new Error('no store'));
    const answer = ask(true);
    await passes(500);
    expect(await answer).toMatchObject({ ok: true, message: expect.stringContaining('not saved yet (no store)') });
  });

  it('by the condition bus begins when this process was cut off, and is over for who is not the owner', async () => {
    const only = startRouter('router-1', { observe: { ...NO_OBSERVE, bus: true } });
    await passes(3_000);
    expect(router().parts.observe.on).toBe(false);
    only.broker.setConnected(false);
    await passes(500);
    only.broker.setConnected(true);
    await passes(3_000);
    expect(router().parts.observe.status?.reason).toBe('the connection to the bus was lost');
    expect((await saved()).observe).toMatchObject({ by: 'condition' });
    expect(connector.owner?.observe).toBe(true);
    expect(await only.service.observe({ v: 2, group: '2', on: true, by: 'me' })).toBe(undefined);
  });

  it('by the condition link begins when the RTU was lost too often', async () => {
    startRouter('router-1', { observe: { ...NO_OBSERVE, link: { losses: 2, withinMs: 60_000 } } });
    await passes(3_000);
    for (let loss = 0; loss < 2; loss++) {
      expect(router().parts.observe.on).toBe(false);
      connector.say('disconnected');
      await passes(1_000);
      connector.epoch++;
      connector.say('started');
      await passes(1_000);
    }
    expect(router().parts.observe.on).toBe(true);
  });
});

describe('rights that change', () => {
  it('disconnect who has none any more, give the others what they have now, and keep out who states a session', async () => {
    const process = startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const [a, b] = [await started(gateway, 1, ['cn:a']), await started(gateway, 2)];
    const monitor = [{ cas: [], ioas: [] }];
    const masters = [{ name: 'A', sources: [], certificateNames: [COMMON_NAME] }];
    const rights: GroupConfig['rights'] = [{ subject: 'A', kind: 'name', rights: { monitor } }];
    await process.service.apply([groupConfig({ masters, rights })]);
    await passes(1_000);
    expect(
      router()
        .parts.table.all()
        .map(({ id }) => id),
    ).toEqual([a.id]);
    expect(gateway.sessions.has(b.id)).toBe(false);
    expect(await gateway.connect(3, '10.0.0.1', []).then((session) => session?.id)).toBe(undefined);
  });
});

describe('who claims to be what he is not', () => {
  const state = (fence: number, address: string) => ({
    group: '1',
    connector: 'forger',
    fence,
    clock: 1e9,
    state: 'started' as const,
    epoch: 99,
    endpoint: null,
    address,
    since: 0,
    reason: '',
    connects: 1,
    next: 1e6,
    generation: 1e15,
  });
  let forger: Bus;
  beforeEach(() => {
    forger = connect('forger').bus;
  });

  it('is not believed about the RTU, whatever his fence', async () => {
    startRouter('router-1');
    await passes(3_000);
    for (const fence of [0, connector.fence - 1, connector.fence + 1, 0xffffffff]) {
      forger.publish(subjects.state, encodeState(state(fence, '10.6.6.6')));
      forger.publish(subjects.commandResult, encodeCommandResults({ connectorFence: fence, results: [] }));
    }
    await passes(500);
    expect(router().parts.rtu.address).toBe('10.9.9.9');
    expect(router().parts.connectorClock.connectorFence).toBe(connector.fence);
    connector.say();
    await passes(100);
    expect(router().parts.rtu.state?.connector).toBe('connector-1');
  });

  it('does not take the group from its owner, nor stop it, with the largest fence there is', async () => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const message = { group: '1', owner: 'forger', fence: 0xffffffff, open: true, wanted: false, sessions: {} };
    gateway.deaf = true;
    forger.publish(subjects.owner, encodeOwner(message));
    await passes(100);
    gateway.deaf = false;
    await passes(3_000);
    const session = await started(gateway, 1);
    sends(2);
    await passes(100);
    expect(values(session)).toEqual([0, 1]);
  });

  it('does no harm with octets that are no message', async () => {
    startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const session = await started(gateway, 1);
    for (const subject of [subjects.in, subjects.ack, subjects.state, subjects.commandResult]) {
      for (const octets of [[], [2], [9, 9, 9], [...Buffer.from('null')], [2, 7, ...Buffer.alloc(38), 0x7b]]) {
        forger.publish(subject, Uint8Array.from(octets));
      }
    }
    sends(2);
    await passes(500);
    expect(values(session)).toEqual([0, 1]);
    expect(
      owner()
        .bus.drops.all()
        .map(({ kind }) => kind),
    ).toEqual(expect.arrayContaining(['in', 'ack', 'state', 'cmd.result']));
  });
});

describe('the status', () => {
  it('leaves out what is not known yet', async () => {
    connector.die();
    every = [];
    server.fails = () => 'TIMEOUT';
    const process = startRouter('router-1');
    await passes(3_000);
    expect(process.service.groups()).toEqual([]);
    server.fails = () => undefined;
    await passes(8_000);
    const [group] = process.service.groups();
    expect(group).toMatchObject({ id: '1', owner: 'router-1 itself', log: { first: 0 }, masters: [] });
    expect(group).not.toHaveProperty('rtu');
  });

  it('has every master with its session, gateway and OA', async () => {
    const process = startRouter('router-1');
    const gateway = startGateway('gateway-1');
    await passes(3_000);
    const session = await started(gateway, 1, ['cn:a']);
    const [group] = process.service.groups();
    expect(group).toMatchObject({
      rtu: { state: 'started', habits: { originatorAddress: 'unknown', terminates: [], slowestAnswerMs: 0 } },
      masters: [{ session: String(session.id), name: 'A', gateway: 'gateway-1', originatorAddress: session.oa }],
      counters: { mastersAdmitted: 1, lostByNamedMasters: 0, lostByUnnamedMasters: 0 },
    });
  });
});

describe('what is saved', () => {
  it('does not depend on the wall clock', async () => {
    const rests = { oa: 9, session: 0, restedMs: 5_000 };
    await bucket().put(
      KEY,
      encodeRouterState({
        confirmed: 0,
        generation: 0,
        cursors: {},
        addresses: [rests],
        savedAt: 1e15,
        oaBehaviour: 'unknown',
      }),
    );
    clock.wallOffsetMs -= 3_600_000;
    startRouter('router-1');
    await passes(4_000);
    expect(router().parts.addresses.saved(clock.now())).toContainEqual({ ...rests, restedMs: 5_000 });
  });
});

it('states many groups one after the other, each once a period', async () => {
  const more = Array.from({ length: 19 }, (_, i) => groupConfig({ id: String(i + 2) }));
  const { bus } = startRouter('r1', {}, more);
  await passes(3_000);
  let stated: string[] = [];
  for (const { id } of [groupConfig({}), ...more]) {
    bus.subscribe(new GroupSubjects(id).owner, ({ subject }) => stated.push(subject));
  }
  const atOnce: number[] = [];
  const all: string[] = [];
  for (let ms = 0; ms < OWNER_PERIOD_MS; ms += 25) {
    await clock.advanceAsync(25, 25);
    atOnce.push(stated.length);
    all.push(...stated);
    stated = [];
  }
  expect(new Set(all).size).toBe(20);
  expect(all).toHaveLength(20);
  expect(Math.max(...atOnce)).toBeLessThanOrEqual(4);
});
