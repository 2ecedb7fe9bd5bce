import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BrokerBus, controlSubject, GroupSubjects } from '@iec104mm2ss/bus';
import { LiveGroups } from '@iec104mm2ss/config';
import { createLogger, createRegistry } from '@iec104mm2ss/observability';
import type { Runtime } from '@iec104mm2ss/runtime';
import {
  asdusOf,
  eventAsdu,
  eventValue,
  FakeClock,
  FakeConnector,
  FakeGateway,
  FakeServer,
  type FakeSession,
  groupConfig,
} from '@iec104mm2ss/testing';
import { admissionRequestSchema, decodeJson, encodeAdmissionAnswer } from '@iec104mm2ss/wire';
import { STALLED_MS } from './data-transfer.js';
import type { GroupRouter } from './group-router.js';
import { RouterService } from './router.service.js';

const subjects = new GroupSubjects('1');
const { logger } = createLogger({ level: 'silent' });
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** After it nothing is left of what was lost: provisional sessions, silent gateways and failed owners are over. */
const QUIET_MS = 16_000;

/** Routers, gateways and a connector of one group, on a bus that loses messages. */
class Scene {
  readonly clock = new FakeClock();
  readonly server = new FakeServer();
  readonly gateways: FakeGateway[] = [];
  readonly connector: FakeConnector;
  /** Everything that gateways ever had. */
  readonly sessions: FakeSession[] = [];
  /** Part of the messages to and from the routers that is lost. */
  lossiness = 0;
  private routers: { readonly service: RouterService; readonly bus: BrokerBus }[] = [];
  private seed: number;
  private connections = 0;
  private sent = 0;
  private saidAt = 0;

  constructor(seed: number) {
    this.seed = 1 + (Math.abs(seed) % 2_147_483_646);
    this.connector = new FakeConnector(this.bus('connector'), '1', 'connector', this.clock);
    const lost = [subjects.in, subjects.ack, subjects.out, subjects.owner, subjects.state];
    this.server.loses = (subject) =>
      this.random() < this.lossiness && lost.some((each) => subject === each || subject.startsWith(`${each}.`));
  }

  readonly random = (): number => (this.seed = (this.seed * 16_807) % 2_147_483_647) / 2_147_483_647;

  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.random() * list.length)];
  }

  startRouter(): void {
    const instance = `router-${this.random()}`;
    const bus = this.bus(instance);
    const service = new RouterService({
      bus,
      logger,
      runtime: this.runtime(instance),
      groups: new LiveGroups([groupConfig({ maxConnections: 6, buffsize: 100_000 })]),
      registry: createRegistry({ processMetrics: false }),
    });
    bus.subscribe(controlSubject('admit'), (message) => {
      const request = admissionRequestSchema.safeParse(decodeJson('request', message.data));
      if (!request.success) return;
      void service.admit(request.data)?.then((answer) => message.respond(encodeAdmissionAnswer(answer)));
    });
    service.onApplicationBootstrap();
    this.routers.push({ service, bus });
  }

  killRouter(): void {
    void this.routers.shift()?.bus.close();
  }

  startGateway(): void {
    const instance = `gateway-${this.random()}`;
    const bus = this.bus(instance);
    bus.join('gateway');
    this.gateways.push(new FakeGateway(bus, '1', instance));
  }

  connect(): void {
    const gateway = this.pick(this.gateways);
    const connection = ++this.connections;
    const admit = async (): Promise<void> => {
      const session = await gateway?.connect(connection, `10.0.0.${connection % 250}`);
      if (session !== undefined) this.sessions.push(session);
    };
    void admit();
  }

  onSession(act: (gateway: FakeGateway, session: FakeSession) => void): void {
    const gateway = this.pick(this.gateways);
    const session = gateway === undefined ? undefined : this.pick([...gateway.sessions.values()]);
    if (gateway !== undefined && session !== undefined) act(gateway, session);
  }

  send(): void {
    for (let i = 0; i < 5; i++) this.connector.append(eventAsdu(this.sent++));
  }

  /** The log loses its end, and the connector begins a generation. */
  async shorten(): Promise<void> {
    const name = [...this.server.streams].find(([, { options }]) => options.subject === subjects.log)?.[0];
    if (name === undefined) return;
    const { first, last } = this.server.stream(name);
    if (last < first) return;
    this.server.forget(name, Math.max(first, last - Math.floor(this.random() * 4)));
    await this.connector.open();
  }

  /** What the log holds: values by position. */
  async logged(): Promise<Map<number, number>> {
    const values = new Map<number, number>();
    for (const { octets, apdusAt, first } of await this.bus('reader').eventLog('1').read(0, 10_000)) {
      asdusOf(octets, apdusAt).forEach((asdu, index) => values.set(first + index, eventValue(asdu)));
    }
    return values;
  }

  async passes(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 250) {
      await this.clock.advanceAsync(Math.min(left, 250), 50);
      for (let i = 0; i < 6; i++) await turns();
      if (this.clock.now() - this.saidAt < 1_000) continue;
      this.saidAt = this.clock.now();
      this.connector.say();
      for (const gateway of this.gateways) {
        if (gateway.sessions.size > 0 || gateway.closed.length > 0) gateway.state();
        for (const session of gateway.sessions.values()) if (session.started) gateway.acknowledge(session);
      }
    }
  }

  get router(): GroupRouter | undefined {
    for (const { service } of this.routers) {
      const [router] = service.serving();
      if (router?.isOpen === true) return router;
    }
    return undefined;
  }

  async end(): Promise<void> {
    await Promise.all(this.routers.map(({ service }) => service.onApplicationShutdown()));
    for (const { bus } of this.routers) await bus.close();
  }

  private runtime(instance: string): Runtime {
    return { clock: this.clock, network: {} as Runtime['network'], random: this.random, instance };
  }

  private bus(instance: string): BrokerBus {
    return new BrokerBus(this.server.connect(this.clock), { runtime: this.runtime(instance), replicas: 1 });
  }
}

const STEPS = [
  'connect',
  'start',
  'start',
  'stop',
  'close',
  'send',
  'send',
  'wait',
  'router',
  'gateway',
  'shorten',
] as const;
type Step = (typeof STEPS)[number];

async function take(scene: Scene, step: Step): Promise<void> {
  switch (step) {
    case 'connect':
      scene.connect();
      break;
    case 'start':
      scene.onSession((gateway, session) => {
        if (!session.started) gateway.start(session);
      });
      break;
    case 'stop':
      scene.onSession((gateway, session) => {
        if (session.started) gateway.stop(session);
      });
      break;
    case 'close':
      scene.onSession((gateway, session) => gateway.close(session));
      break;
    case 'send':
      scene.send();
      break;
    case 'router':
      scene.startRouter();
      scene.killRouter();
      break;
    case 'gateway': {
      if (scene.random() < 0.7) break;
      const gateway = scene.gateways.shift();
      gateway?.die();
      scene.startGateway();
      break;
    }
    case 'shorten':
      await scene.shorten();
      break;
    case 'wait':
      await scene.passes(1_000);
  }
  await scene.passes(250);
}

it('after messages were lost, the router has exactly what the gateways have, and masters have everything', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...STEPS), { minLength: 10, maxLength: 40 }),
      fc.integer(),
      fc.constantFrom(0.1, 0.3, 0.6),
      async (steps, seed, lossiness) => {
        const scene = new Scene(seed);
        scene.startGateway();
        scene.startGateway();
        scene.startRouter();
        await scene.passes(3_000);
        scene.lossiness = lossiness;
        for (const step of ['connect', 'connect', ...steps] as const) await take(scene, step);
        scene.lossiness = 0;
        await scene.passes(QUIET_MS);
        scene.send();
        await scene.passes(STALLED_MS + 4_000);

        const { parts } = scene.router as GroupRouter;
        const here = scene.gateways.flatMap((gateway) => [...gateway.sessions.values()]);
        const described = (list: { id: number; oa: number; started: boolean }[]) =>
          list.map(({ id, oa, started }) => `${id} ${oa} ${started}`).sort();
        expect(described(parts.table.all())).toEqual(described(here));
        expect(parts.table.closingSize).toBe(0);
        expect(parts.addresses.inUse().sort()).toEqual(here.map(({ oa, id }): [number, number] => [oa, id]).sort());
        const logged = await scene.logged();
        for (const session of here) {
          if (!session.started) continue;
          // What it got last at a position is what the log has there: from its start on, without a gap.
          const got = new Map(session.got.map(({ position, asdu }) => [position, eventValue(asdu)]));
          const from = Math.min(...got.keys());
          for (const [position, value] of logged) {
            if (position >= from) expect(`${position}: ${got.get(position)}`).toBe(`${position}: ${value}`);
          }
          expect(session.live).toBe(true);
        }
        await scene.end();
      },
    ),
    { numRuns: 25, endOnFailure: true },
  );
});
