import { describe, expect, it } from 'vitest';
import { controlSubject } from '@iec104mm2ss/bus';
import { LiveGroups } from '@iec104mm2ss/config';
import { createLogger, createRegistry } from '@iec104mm2ss/observability';
import { FakeClock, FakeMaster, FakeNetwork, type FakeSocket, groupConfig, RecordingBus } from '@iec104mm2ss/testing';
import { DeadlineScheduler } from '@iec104mm2ss/transport';
import { decodeIn, encodeAdmissionAnswer, encodeOwner, encodeState } from '@iec104mm2ss/wire';
import { GatewayController } from './gateway.module.js';
import { GatewayService } from './gateway.service.js';

const { logger } = createLogger({ level: 'silent' });

function start() {
  const clock = new FakeClock();
  const bus = new RecordingBus({ clock });
  const network = new FakeNetwork(clock);
  const scheduler = new DeadlineScheduler(clock);
  const registry = createRegistry({ processMetrics: false });
  const runtime = { clock, network, random: () => 0.5, instance: 'gateway-1' };
  const service = new GatewayService({
    bus,
    scheduler,
    registry,
    runtime,
    logger,
    groups: new LiveGroups([groupConfig({ port: 2_404 })]),
    listen: undefined,
    holdMs: 10_000,
  });
  service.onApplicationBootstrap();
  const scrape = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return { clock, bus, network, scheduler, service, scrape };
}

async function connected() {
  const scene = start();
  const { bus, clock, network, scheduler } = scene;
  const routerLease = bus.lease({ key: 'router.1', onAcquired: () => undefined, onLost: () => undefined });
  clock.flush();
  const connectorLease = bus.lease({ key: 'connector.1', onAcquired: () => undefined, onLost: () => undefined });
  clock.flush();
  let refuse = true;
  bus.subscribe(controlSubject('admit'), (message) => {
    refuse = !refuse;
    const names = { name: 'A', certificateName: null };
    message.respond(
      encodeAdmissionAnswer(
        refuse
          ? { v: 2, ok: false, code: 'filter', message: 'words' }
          : { v: 2, ok: true, fence: routerLease.fence, session: 7, originatorAddress: 3, ...names },
      ),
    );
  });
  const group = '1';
  const owner = { group, owner: 'r', fence: routerLease.fence, open: true, wanted: false, sessions: {} };
  bus.publish(`iec104.v1.1.owner`, encodeOwner(owner));
  bus.publish(
    `iec104.v1.1.state`,
    encodeState({
      group,
      connector: 'c',
      fence: connectorLease.fence,
      clock: 0,
      state: 'connected',
      epoch: 4,
      endpoint: 'rtu:2404',
      address: '10.0.0.1',
      since: 0,
      reason: 'words',
      connects: 2,
      next: 0,
      generation: 1,
    }),
  );
  await clock.advanceAsync(20);
  const master = new FakeMaster(network.dial(2_404, '10.0.0.5', 1_234) as FakeSocket, scheduler);
  await clock.advanceAsync(20);
  const refused = network.dial(2_404, '10.0.0.6', 1_234) as FakeSocket;
  await clock.advanceAsync(20);
  expect(refused.destroyed).toBe(true);
  return { ...scene, master };
}

describe('the status of a gateway', () => {
  it('leaves out what is not known', () => {
    const { service } = start();
    expect(service.groups()).toEqual([
      {
        id: '1',
        listener: { open: false, addresses: [] },
        masters: [],
        rates: { toMastersPerSecond: undefined },
        counters: { deliveredToMasters: 0, mastersAccepted: 0, mastersDisconnected: 0 },
      },
    ]);
    expect(service.ready()).toEqual({ ok: true });
  });

  it('says what is known of the RTU, the listener and each master', async () => {
    const { service } = await connected();
    expect(service.groups()).toMatchObject([
      {
        rtu: { state: 'connected', linkEpoch: 4, connects: 2, endpoint: 'rtu:2404' },
        listener: { open: true, addresses: ['0.0.0.0:2404'] },
        masters: [
          {
            session: '7',
            peer: '10.0.0.5:1234',
            name: 'A',
            gateway: 'gateway-1',
            state: 'stopped',
            originatorAddress: 3,
            since: '2026-01-01T00:00:00.030Z',
            queue: 0,
            sent: 0,
          },
        ],
      },
    ]);
  });
});

it('connections, their refusals and their ends are counted by reason', async () => {
  const { clock, master, scrape } = await connected();
  master.close();
  await clock.advanceAsync(20);
  const lines = await scrape();
  const labels = 'group="1",name="Group 1"';
  for (const line of [
    `mm2ss_master_connections_total{${labels}} 1`,
    `mm2ss_master_connections_refused_total{${labels},reason="filter"} 1`,
    `mm2ss_master_disconnects_total{${labels},reason="peer_closed"} 1`,
    `mm2ss_listener_open{${labels}} 1`,
    `mm2ss_master_commands_refused_total{${labels}} 0`,
    `mm2ss_master_asdus_undelivered_total{${labels}} 0`,
  ]) {
    expect(lines).toContain(line);
  }
});

it('a gateway that ends leaves nothing behind', async () => {
  const { clock, service, network, master } = await connected();
  await service.onApplicationShutdown();
  await clock.advanceAsync(20);
  expect([master.closed?.code, network.isListening(2_404), clock.pending]).toEqual(['peer_closed', false, 0]);
});

it('a session that an operator does not want is ended, and may come again', async () => {
  const { clock, bus, service, master, scrape } = await connected();
  const by = 'an operator';
  expect(service.disconnect({ v: 2, group: '2', session: 7, by })).toBeUndefined();
  expect(service.disconnect({ v: 2, group: '1', session: 8, by })).toBeUndefined();
  const controller = new GatewayController(service, bus);
  for (const wrong of [{}, { v: 1, group: '1', session: 7, by }, { v: 2, group: '1', session: '7', by }]) {
    expect(controller.disconnect(wrong)).toBeUndefined();
  }
  expect(bus.drops.all()).toEqual([{ kind: 'ctl.disconnect', reason: 'JSON', count: 3 }]);
  bus.take();
  expect(controller.disconnect({ v: 2, group: '1', session: 7, by })).toEqual({
    v: 2,
    ok: true,
    instance: 'gateway-1',
    message: 'master 10.0.0.5:1234, session 7, is disconnected',
  });
  await clock.advanceAsync(20);
  expect(master.closed).toMatchObject({ code: 'peer_closed' });
  const said = bus.take('iec104.v1.1.in').map(({ data }) => decodeIn(data));
  expect(said).toContainEqual(
    expect.objectContaining({ code: 'operator', message: `disconnected by an operator (${by})` }),
  );
  expect(service.disconnect({ v: 2, group: '1', session: 7, by })).toBeUndefined();
  expect(await scrape()).toContain('mm2ss_master_disconnects_total{group="1",name="Group 1",reason="operator"} 1');
});
