import type { Lease, LeaseOptions } from '@iec104mm2ss/bus';
import { LiveGroups } from '@iec104mm2ss/config';
import { createLogger, createRegistry } from '@iec104mm2ss/observability';
import { eventAsdu, FakeClock, FakeNetwork, FakeRtu, groupConfig, RecordingBus } from '@iec104mm2ss/testing';
import { DeadlineScheduler } from '@iec104mm2ss/transport';
import { encodeConfirmed, encodeOwner } from '@iec104mm2ss/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConnectorController } from './connector.module.js';
import { ConnectorService } from './connector.service.js';

const { logger } = createLogger({ level: 'silent' });

/** A bus whose lease is given and taken by the spec. */
class LeaseBus extends RecordingBus {
  wanted: LeaseOptions | undefined;
  readonly given = { fence: 0, certain: false, released: false, listener: (): void => undefined };

  override lease(options: LeaseOptions): Lease {
    if (!options.key.startsWith('connector.')) return super.lease(options);
    this.wanted = options;
    const { given } = this;
    return {
      get fence() {
        return given.fence;
      },
      get certain() {
        return given.certain;
      },
      heldUp: false,
      onCertain: (listener) => (given.listener = listener),
      release: () => {
        given.released = true;
        return Promise.resolve();
      },
    };
  }

  grant(fence: number): void {
    Object.assign(this.given, { fence, certain: true });
    this.wanted?.onAcquired(fence);
  }

  lose(): void {
    Object.assign(this.given, { fence: 0, certain: false });
    this.wanted?.onLost('taken over');
  }
}

let clock: FakeClock;
let rtu: FakeRtu;
let registry: ReturnType<typeof createRegistry>;

beforeEach(() => {
  clock = new FakeClock();
  registry = createRegistry({ release: '0' });
});

function make(bus: RecordingBus): ConnectorService {
  const network = new FakeNetwork(clock);
  rtu = new FakeRtu(network, clock);
  const runtime = { clock, network, random: () => 0.5, instance: 'here-1' };
  const groups = new LiveGroups([groupConfig({ name: 'North' })]);
  return new ConnectorService({ bus, scheduler: new DeadlineScheduler(clock), logger, runtime, groups, registry });
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    clock.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** With an RTU connected it takes a moment. */
async function shutDown(service: ConnectorService): Promise<void> {
  const over = service.onApplicationShutdown();
  clock.advance(1_000);
  await over;
}

/** The number of a metric, undefined when it has no series. */
async function metric(name: string): Promise<number | undefined> {
  const value = new RegExp(`^${name}\\{.*\\} (.+)$`, 'm').exec(await registry.metrics())?.[1];
  return value === undefined ? undefined : Number(value);
}

describe('the connectors of a process', () => {
  it('serve the groups whose lease they hold, from the first moment on in one process', async () => {
    const service = make(new RecordingBus({ clock }));
    expect(service.ready().ok).toBe(false);
    service.onApplicationBootstrap();
    expect(service.ready().ok).toBe(true);
    await settle();
    expect(rtu.links).toHaveLength(1);
    expect(service.groups()).toMatchObject([{ id: '1', rtu: { state: 'connected', linkEpoch: 1, connects: 1 } }]);
    const by = 'a test';
    expect(service.order('restart', { group: '1', by })).toMatchObject({ ok: true, instance: 'here-1' });
    expect(service.order('restart', { group: '2', by })).toBeUndefined();
    expect(service.order('next-host', { group: '1', by })).toMatchObject({ ok: false });
    expect(service.order('next-host', { group: '2', by })).toBeUndefined();
    await shutDown(service);
    await settle();
    expect(service.groups()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('say what they know, and leave out what they do not', async () => {
    const bus = new RecordingBus({ clock });
    let fence = 0;
    bus.lease({ key: 'router.1', onAcquired: (given) => (fence = given), onLost: () => undefined });
    clock.flush();
    const service = make(bus);
    service.onApplicationBootstrap();
    clock.flush();
    expect(service.groups()[0]?.log).toEqual({ capacity: 1_000, full: false });
    expect(await metric('mm2ss_log_unconfirmed_asdus')).toBeUndefined();
    await settle();
    expect(service.groups()[0]?.log).toEqual({ capacity: 1_000, full: false, next: 0 });
    bus.publish(
      'iec104.v1.1.owner',
      encodeOwner({ group: '1', owner: 'router', fence, open: true, wanted: true, sessions: {} }),
    );
    await settle();
    rtu.last.send(eventAsdu(1), eventAsdu(2));
    await settle();
    bus.publish('iec104.v1.1.confirmed', encodeConfirmed({ fence, position: 1, generation: clock.wallMs() }));
    await settle();
    expect(service.groups()).toMatchObject([
      {
        log: { next: 2, confirmed: 1, unconfirmed: 1 },
        counters: { receivedFromRtu: 2, commandsWithdrawn: 0, rtuPathResets: 0 },
      },
    ]);
    expect(await metric('mm2ss_log_unconfirmed_asdus')).toBe(1);
    expect(await metric('mm2ss_rtu_asdus_received_total')).toBe(2);
    expect(await metric('mm2ss_rtu_started')).toBe(1);
    expect(await metric('mm2ss_rtu_path_resets_total')).toBe(0);
    await shutDown(service);
  });

  it('stop with the lease, and begin again with the next one', async () => {
    const bus = new LeaseBus({ clock });
    const service = make(bus);
    service.onApplicationBootstrap();
    expect(service.groups()).toEqual([]);
    bus.grant(7);
    await settle();
    expect(rtu.last.ended).toBe('no');
    bus.lose();
    await settle();
    expect(rtu.last.ended).toBe('reset');
    expect(service.groups()).toEqual([]);
    expect(clock.pending).toBe(0);
    bus.grant(9);
    await settle();
    expect(rtu.links).toHaveLength(2);
    await shutDown(service);
    await settle();
    expect(bus.given.released).toBe(true);
    expect(rtu.last.ended).toBe('closed');
  });

  it('write to the RTU again when an uncertain lease turns out to be theirs', async () => {
    const bus = new LeaseBus({ clock });
    const service = make(bus);
    service.onApplicationBootstrap();
    bus.grant(7);
    await settle();
    bus.given.certain = false;
    bus.leaseEntry = () => Promise.resolve({ holder: 'router', fence: 5 });
    const owner = { group: '1', owner: 'router', fence: 5, open: true, wanted: true, sessions: {} };
    bus.publish('iec104.v1.1.owner', encodeOwner(owner));
    await settle();
    expect(rtu.last.link.state, 'STARTDT act waits').toBe('stopped');
    bus.given.certain = true;
    bus.given.listener();
    await settle();
    expect(rtu.last.link.state).toBe('started');
    await shutDown(service);
  });

  it('take orders that keep their schema, and count others', async () => {
    const bus = new RecordingBus({ clock });
    const service = make(bus);
    service.onApplicationBootstrap();
    await settle();
    const controller = new ConnectorController(service, bus);
    const request = { v: 2, group: '1', by: 'a test' };
    expect(controller.restart(request)).toMatchObject({ v: 2, ok: true, instance: 'here-1' });
    expect(controller.nextHost(request)).toMatchObject({ v: 2, ok: false, instance: 'here-1' });
    for (const wrong of [{}, { ...request, v: 1 }, { ...request, group: 1 }, undefined, 'restart']) {
      expect(controller.restart(wrong)).toBeUndefined();
      expect(controller.nextHost(wrong)).toBeUndefined();
    }
    expect(bus.drops.all()).toEqual([
      { kind: 'ctl.restart', reason: 'JSON', count: 5 },
      { kind: 'ctl.next-host', reason: 'JSON', count: 5 },
    ]);
    await shutDown(service);
  });
});
