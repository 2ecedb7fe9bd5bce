import { type Bus, GroupSubjects, presenceSubject } from '@iec104mm2ss/bus';
import {
  encodeAcks,
  encodeAdmissionRequest,
  encodeBeacon,
  encodeClosed,
  encodeStatement,
  encodeStatementMessage,
} from '@iec104mm2ss/wire';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hasNats } from './nats-server.ts';
import { Part } from './part.ts';
import { freePort, until } from './ports.ts';
import { oneGroup } from './scene.ts';
import type { System } from './system.ts';

/** A client with the credentials of one of the system's users. */
async function as(system: System, name: string): Promise<Bus> {
  const bus = await system.users?.connect([system.nats.url], name);
  if (bus === undefined) throw new Error('the server asks nobody who is there');
  onTestFinished(() => bus.close());
  return bus;
}

const forged = (system: System): number =>
  system.routers.reduce((sum, part) => sum + part.count({ event: 'bus_forged' }), 0);

describe.skipIf(!hasNats)('who has the credentials of another gateway', () => {
  it('cannot speak for its sessions: what is tried is dropped and reported, and their masters notice nothing', async () => {
    const { system, rtu, master } = await oneGroup({}, { routers: 1 });
    const one = master(1);
    await one.connect();
    await system.started(1);
    const [stated] = await system.masters();
    const session = Number(stated?.session);
    const gateway = String(system.part('gateway1').find({ msg: 'iec104mm2ss runs' })?.['instance']);
    expect(gateway).toMatch(/^gateway1\//);

    const bus = await as(system, 'gateway2');
    const own = new GroupSubjects('1', 'gateway2');
    const head = { session, number: 99 };
    const empty = { group: '1', gateway, sessions: [], closed: [] };
    const attempts: readonly (readonly [kind: string, attempt: () => void])[] = [
      ['in', () => bus.publish(own.in, encodeClosed(head, 'gone', 'forged'))],
      ['in', () => bus.publish(own.in, encodeStatementMessage(encodeStatement(empty)))],
      ['ack', () => bus.publish(own.ack, encodeAcks([{ session, position: 1e9, generation: 1 }]))],
      [
        'admit',
        () => {
          const request = { group: '1', gateway, connection: 7, address: '127.0.0.99', port: 1, certificateNames: [] };
          bus.request(own.admit, encodeAdmissionRequest(request), 500).catch(() => undefined);
        },
      ],
      [
        'ctl.presence',
        () =>
          bus.publish(
            `${presenceSubject('gateway')}.gateway2`,
            encodeBeacon({ instance: gateway, held: 0, leaving: true }),
          ),
      ],
    ];
    const before = await refusedOf(system);
    for (const [kind, attempt] of attempts) {
      const counted = (await refusedOf(system)).get(kind) ?? 0;
      // Somebody who forges tries again and again.
      await until(`${kind} is dropped and counted`, async () => {
        attempt();
        return ((await refusedOf(system)).get(kind) ?? 0) > counted;
      });
    }
    expect([...before.values()]).toEqual([]);
    expect(forged(system)).toBeGreaterThanOrEqual(4);

    rtu.burst(50);
    await one.hasAll();
    expect(one.disconnections).toBe(0);
    expect(await system.masters()).toHaveLength(1);
  });

  it('is refused by the server where it is another part, and says so, and goes on', async () => {
    const { system } = await oneGroup({}, { routers: 1, gateways: 1 });
    const key = String(system.users?.file('connector-1'));
    const args = ['gateway', '--listen', '127.0.0.4', '--nats', system.nats.url, '--nats-nkey', key];
    const http = `127.0.0.1:${await freePort()}`;
    const part = new Part('wrong', [...args, '-i', system.file], http, system.directory);
    onTestFinished(async () => {
      part.kill('SIGKILL');
      await part.exited;
    });
    await part.serving(60_000);
    // As a gateway of all groups hears it.
    const subject = 'iec104.v1.*.state';
    const line = await part.logged({ event: 'bus_denied', operation: 'subscription', subject });
    expect(line).toMatchObject({ event_id: 'MM2SS:5.1', severity: 'error' });
    const metrics = await (await fetch(`http://${http}/metrics`)).text();
    expect(Number(/^mm2ss_bus_denied_total\{operation="subscription"\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
    expect(part.ended).toBe(false);
  });
});

/** Messages dropped for their sender, by kind of subject. */
async function refusedOf(system: System): Promise<Map<string, number>> {
  const [router] = system.routers as [Part];
  const text = await (await fetch(`http://${router.http}/metrics`)).text();
  const lines = text.matchAll(/^mm2ss_bus_dropped_total\{kind="([^"]+)",reason="SENDER"\} (\d+)$/gm);
  return new Map([...lines].map(([, kind, count]) => [String(kind), Number(count)]));
}
