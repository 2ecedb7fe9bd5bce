import type { TcpListener } from '@iec104mm2ss/runtime';
import { describe, expect, it } from 'vitest';
import { SimProcess } from '../world/sim-process.ts';
import { World } from '../world/world.ts';
import type { SimSocket } from './sim-socket.ts';
import { SimNetwork } from './sim-network.ts';

class Scene {
  readonly world = new World(5);
  readonly network = new SimNetwork(this.world);
  readonly server = this.process('server', '10.0.0.1');
  readonly client = this.process('client', '10.0.0.2');
  readonly log: string[] = [];
  accepted: SimSocket | undefined;
  listener: TcpListener | undefined;

  process(name: string, address: string): SimProcess {
    const process = new SimProcess(this.world, { name, hostname: name, address });
    this.network.attach(process);
    return process;
  }

  listen(port = 2404, backlog = 5): void {
    this.server.start(() => {
      this.listener = this.server.network.listen({
        port,
        host: undefined,
        backlog,
        onListening: () => this.log.push('listening'),
        onConnection: (socket) => {
          this.accepted = socket as SimSocket;
          this.watch('server', this.accepted);
        },
        onError: (error) => this.log.push(`listener ${error.code}`),
      });
    });
  }

  connect(port = 2404): SimSocket {
    const socket = this.client.network.connect('10.0.0.1', port) as SimSocket;
    this.watch('client', socket);
    return socket;
  }

  watch(who: string, socket: SimSocket): void {
    socket.on('data', (chunk: Buffer) => this.log.push(`${who} data ${chunk.toString()}`));
    socket.on('error', (error: NodeJS.ErrnoException) => this.log.push(`${who} error ${error.code}`));
    for (const event of ['connect', 'drain', 'end', 'close']) {
      socket.on(event, () => this.log.push(`${who} ${event}`));
    }
  }

  /** Both ends of a connection that is being read from. */
  async connected(): Promise<{ readonly client: SimSocket; readonly server: SimSocket }> {
    this.listen();
    await this.world.runFor(1);
    const client = this.connect();
    await this.world.runFor(10);
    const server = this.accepted as SimSocket;
    server.resume();
    this.log.length = 0;
    return { client, server };
  }

  path() {
    return this.network.paths.between('10.0.0.1', '10.0.0.2');
  }
}

describe('the simulated network', () => {
  it('connects, and an accepted socket is paused until it is resumed', async () => {
    const scene = new Scene();
    scene.listen();
    await scene.world.runFor(1);
    const client = scene.connect();
    client.write(Buffer.from('early'));
    await scene.world.runFor(50);
    expect(scene.log).toEqual(['listening', 'client connect']);
    expect(scene.accepted?.remoteAddress).toBe('10.0.0.2');
    scene.accepted?.resume();
    await scene.world.runFor(1);
    expect(scene.log.at(-1)).toBe('server data early');
  });

  it('refuses where nobody listens, and a port that is taken', async () => {
    const scene = new Scene();
    scene.connect();
    await scene.world.runFor(50);
    expect(scene.log).toEqual(['client error ECONNREFUSED', 'client close']);
    scene.listen();
    scene.listen();
    await scene.world.runFor(1);
    expect(scene.log.slice(2)).toEqual(['listening', 'listener EADDRINUSE']);
  });

  it('delivers in order, whole, in pieces and octet by octet', async () => {
    for (const cutting of ['whole', 'pieces', 'octets'] as const) {
      const scene = new Scene();
      const { client } = await scene.connected();
      scene.path().cutting = cutting;
      for (let i = 0; i < 5; i++) client.write(Buffer.from(`message ${i} `));
      await scene.world.runFor(1_000);
      const text = scene.log.map((line) => line.slice('server data '.length)).join('');
      expect(text).toBe('message 0 message 1 message 2 message 3 message 4 ');
      if (cutting === 'octets') expect(scene.log.length).toBeGreaterThan(10);
    }
  });

  it('holds a writer back whose peer does not read, and tells it when there is room', async () => {
    const scene = new Scene();
    const { client, server } = await scene.connected();
    server.pause();
    let written = 0;
    while (client.write(Buffer.alloc(10_000))) written += 10_000;
    await scene.world.runFor(1_000);
    expect(client.writableLength).toBeGreaterThan(0);
    expect(written).toBeGreaterThan(60_000);
    expect(scene.log).not.toContain('client drain');
    server.resume();
    await scene.world.runFor(1_000);
    expect(client.writableLength).toBe(0);
    expect(scene.log).toContain('client drain');
  });

  it('ends with FIN on both sides, close comes last', async () => {
    const scene = new Scene();
    const { client } = await scene.connected();
    client.write(Buffer.from('last'));
    client.end();
    await scene.world.runFor(1_000);
    expect(scene.log.filter((line) => line.startsWith('server'))).toEqual([
      'server data last',
      'server end',
      'server close',
    ]);
    expect(scene.log.filter((line) => line.startsWith('client'))).toEqual(['client end', 'client close']);
    expect(scene.network.open(scene.client).sockets).toBe(0);
  });

  it('delivers what was written before a stall after it', async () => {
    const scene = new Scene();
    const { client } = await scene.connected();
    scene.path().stalledUntil = scene.world.time + 5_000;
    client.write(Buffer.from('stuck'));
    await scene.world.runFor(4_999);
    expect(scene.log).toEqual([]);
    await scene.world.runFor(10_000);
    expect(scene.log).toEqual(['server data stuck']);
  });

  it('throws away what is stuck when the socket is reset, and the peer learns of it when it sends', async () => {
    const scene = new Scene();
    const { client, server } = await scene.connected();
    scene.path().stalledUntil = scene.world.time + 5_000;
    client.write(Buffer.from('stuck'));
    client.resetAndDestroy();
    await scene.world.runFor(20_000);
    expect(scene.log).toEqual(['client close']);
    server.write(Buffer.from('anybody?'));
    await scene.world.runFor(1_000);
    expect(scene.log.slice(1)).toEqual(['server error ECONNRESET', 'server close']);
  });

  it('resets: what had arrived is still read', async () => {
    const scene = new Scene();
    const { client } = await scene.connected();
    client.write(Buffer.from('arrives'));
    await scene.world.runFor(5);
    client.resetAndDestroy();
    await scene.world.runFor(100);
    expect(scene.log).toEqual(['server data arrives', 'client close', 'server error ECONNRESET', 'server close']);
  });

  it('keeps what was written by a process that crashed, and says FIN', async () => {
    const scene = new Scene();
    const { client } = await scene.connected();
    client.write(Buffer.from('last words'));
    scene.client.crash();
    await scene.world.runFor(100);
    expect(scene.log).toEqual(['server data last words', 'server end', 'server close']);
  });

  it('says nothing when a machine is lost; once it is back it resets what it does not know', async () => {
    const scene = new Scene();
    const { client, server } = await scene.connected();
    client.write(Buffer.from('lost'));
    scene.network.paths.setDown('10.0.0.2', true);
    scene.client.crash(true);
    await scene.world.runFor(30_000);
    expect(scene.log).toEqual([]);
    server.write(Buffer.from('hello?'));
    await scene.world.runFor(1_000);
    expect(scene.log).toEqual([]);
    scene.network.paths.setDown('10.0.0.2', false);
    await scene.world.runFor(30_000);
    expect(scene.log).toEqual(['server error ECONNRESET', 'server close']);
  });

  it('accepts for a paused process as far as its backlog goes', async () => {
    const scene = new Scene();
    scene.listen(2404, 2);
    await scene.world.runFor(1);
    scene.log.length = 0;
    scene.server.pause();
    for (let i = 0; i < 3; i++) scene.connect();
    await scene.world.runFor(900);
    expect(scene.log).toEqual(['client connect', 'client connect']);
    scene.server.resume();
    await scene.world.runFor(2_000);
    expect(scene.log).toEqual(['client connect', 'client connect', 'client connect']);
  });

  it('tells an actor when its octets were read', async () => {
    const scene = new Scene();
    const { client, server } = await scene.connected();
    server.pause();
    let readAt = -1;
    client.write(Buffer.from('x'));
    client.whenPeerHasRead(() => (readAt = scene.world.time));
    await scene.world.runFor(500);
    expect(readAt).toBe(-1);
    server.resume();
    await scene.world.runFor(1);
    expect(readAt).toBeGreaterThan(500);
  });
});
