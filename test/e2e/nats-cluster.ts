import { jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type NatsServer, startNatsProcess } from './nats-server.ts';
import { freePort, until } from './ports.ts';

const SIZE = 3;

/** Three nats-servers that replicate, as processes. To a system it is one server, its URL a list. */
export class NatsCluster implements NatsServer {
  readonly kind = 'process';
  readonly host = '127.0.0.1';

  private constructor(
    readonly servers: NatsServer[],
    private readonly startNext: () => Promise<NatsServer>,
  ) {}

  /**
   * @param running how many of the three are started now
   * @param more settings of each
   */
  static async start(running = 3, more: readonly string[] = []): Promise<NatsCluster> {
    const ports: number[] = [];
    while (ports.length < 2 * SIZE) ports.push(await freePort());
    const routes = ports.slice(0, SIZE).map((port) => `nats://127.0.0.1:${port}`);
    const start = (index: number): Promise<NatsServer> => {
      const settings = ['--server_name', nameOf(index), '--cluster_name', 'mm2ss'];
      const links = ['--cluster', routes[index] as string, '--routes', routes.join(',')];
      return startNatsProcess([...settings, ...links, ...more], ports[SIZE + index]);
    };
    const servers = await Promise.all(Array.from({ length: running }, (_, index) => start(index)));
    return new NatsCluster(servers, () => start(servers.length));
  }

  /** Starts one that was left out. */
  async addServer(): Promise<void> {
    this.servers.push(await this.startNext());
  }

  get port(): number {
    return (this.servers[0] as NatsServer).port;
  }
  get url(): string {
    return this.servers.map(({ url }) => url).join(',');
  }
  get monitorUrl(): string {
    return this.servers.map(({ monitorUrl }) => monitorUrl).join(',');
  }
  get log(): string {
    return this.servers.map(({ log }) => log).join('\n');
  }

  /** The one at `host:port`. */
  at(address: string | undefined): NatsServer {
    const found = this.servers.find(({ host, port }) => `${host}:${port}` === address);
    if (found === undefined) throw new Error(`no server at ${address}`);
    return found;
  }

  /** What the cluster says of its streams, the buckets among them. */
  streams(): Promise<StreamInfo[]> {
    return this.asking(async (connection) => (await jetstreamManager(connection)).streams.list().next());
  }

  /** Every stream has all its copies, and they have caught up. */
  async whole(): Promise<boolean> {
    const streams = await this.streams().catch(() => []);
    const copies = streams.map(({ cluster }) => cluster?.replicas?.filter(({ current }) => current).length ?? 0);
    return copies.length > 0 && copies.every((others) => others === SIZE - 1);
  }

  /** Makes a server the leader of a stream. */
  async lead(stream: string, server: NatsServer): Promise<void> {
    const preferred = this.nameOf(server);
    await this.asking(async (connection) => {
      const leader = async () => (await (await jetstreamManager(connection)).streams.info(stream)).cluster?.leader;
      await until(`${preferred} leads ${stream}`, async () => {
        if ((await leader().catch(() => undefined)) === preferred) return true;
        // Not answered while the stream has no leader.
        const stepDown = `$JS.API.STREAM.LEADER.STEPDOWN.${stream}`;
        await connection.request(stepDown, JSON.stringify({ placement: { preferred } })).catch(() => {});
        return false;
      });
    });
  }

  private nameOf(server: NatsServer): string {
    return nameOf(this.servers.indexOf(server));
  }

  private async asking<T>(ask: (connection: NatsConnection) => Promise<T>): Promise<T> {
    const connection = await connect({ servers: this.servers.map(({ host, port }) => `${host}:${port}`) });
    try {
      return await ask(connection);
    } finally {
      await connection.close();
    }
  }

  reconfigure(): never {
    throw new Error('its servers ask nobody who is there');
  }
  async kill(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
  }
  async restart(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.restart()));
  }
  async pause(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.pause()));
  }
  async resume(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.resume()));
  }
  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

const nameOf = (index: number): string => `n${index + 1}`;
