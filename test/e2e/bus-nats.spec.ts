import { NatsBus } from '@iec104mm2ss/bus';
import { systemRuntime } from '@iec104mm2ss/runtime';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hasNats, hasNats29, type NatsServer, startForgetfulNats, startNatsServer } from './nats-server.ts';
import { freePort, until } from './ports.ts';

async function connect(server: NatsServer, monitorUrl = server.monitorUrl): Promise<NatsBus> {
  const bus = await NatsBus.connect({ servers: [server.url], runtime: systemRuntime(), replicas: 1, monitorUrl });
  onTestFinished(() => bus.close());
  return bus;
}

async function started(start: () => Promise<NatsServer>): Promise<NatsServer> {
  const server = await start();
  onTestFinished(() => server.stop());
  return server;
}

describe.skipIf(!hasNats)('whether a nats-server syncs before it confirms', () => {
  it('is true of one that is configured to', async () => {
    const bus = await connect(await started(() => startNatsServer()));
    expect(await bus.durability()).toMatchObject({ syncsAlways: true });
  });

  it('is false of one without a configuration, with what that means', async () => {
    const { syncsAlways, reason } = await (await connect(await started(startForgetfulNats))).durability();
    expect(syncsAlways).toBe(false);
    expect(reason).toContain('confirms before it syncs, which it does every 120 s: a power failure loses events');
  });

  it.skipIf(!hasNats29)('is false of a release that cannot be configured to', async () => {
    const { syncsAlways, reason } = await (await connect(await started(() => startNatsServer('2.9')))).durability();
    expect(syncsAlways).toBe(false);
    expect(reason).toContain('nats-server 2.9');
  });

  it('is unknown where nobody answers, and that is known within seconds', async () => {
    const server = await started(() => startNatsServer());
    const port = await freePort();
    const refused = await (await connect(server, `http://127.0.0.1:${port}`)).durability();
    expect(refused).toMatchObject({ syncsAlways: 'unknown', reason: expect.stringContaining('ECONNREFUSED') });

    const silent = createServer().listen(port, '127.0.0.1');
    onTestFinished(() => void silent.close());
    const ignored = await (await connect(server, `http://127.0.0.1:${port}`)).durability();
    expect(ignored).toMatchObject({ syncsAlways: 'unknown', reason: expect.stringContaining('no answer within 2 s') });
  });
});

describe.skipIf(!hasNats)('a connection to a nats-server that says nothing any more', () => {
  it('is given up within 5 s, and used again when the server goes on', async () => {
    const server = await started(() => startNatsServer());
    const bus = await connect(server);
    const changes: boolean[] = [];
    bus.onConnection((connected) => changes.push(connected));
    await server.pause();
    await until('it is given up', () => !bus.connected, 8_000);
    await server.resume();
    await until('it is used again', () => bus.connected);
    expect(changes).toEqual([false, true]);
    await bus.keyValue('bus_nats').put('a', Buffer.from('value'));
  });
});

describe.skipIf(!hasNats)('questions for many groups at once', () => {
  it('do not all fail because the server was slow: those that wait for their turn are asked then', async () => {
    const MANY = 500;
    const server = await started(() => startNatsServer());
    const bus = await connect(server);
    const values = bus.keyValue('many');
    await values.put('first', Buffer.from('value'));
    await server.pause();
    const asked = Array.from({ length: MANY }, (_, index) => values.put(`key-${index}`, Buffer.from('value')));
    await expect(Promise.all(asked)).rejects.toThrow('timeout');
    await server.resume();
    const failed = (await Promise.allSettled(asked)).filter(({ status }) => status === 'rejected');
    expect(failed.length).toBeLessThan(MANY / 4);
  });
});
