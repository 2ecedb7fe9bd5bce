/**
 * A real nats-server with JetStream on a store of its own: in a container where a Docker engine answers, else as a
 * process. The same tests run on either.
 *
 * | variable | meaning |
 * | --- | --- |
 * | `MM2SS_TEST_NATS` | `container`, `process`; default: a container if a Docker engine answers, else a process |
 * | `MM2SS_TEST_NATS_IMAGE` | image of the container, default `nats:2.15-alpine`; where it cannot be had, an image is built from the local binary |
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers';
import { requireTool } from '../../tools/require.mjs';
import { freePort, until } from './ports.ts';

const DEFAULT_IMAGE = 'nats:2.15-alpine';
const NATS_PORT = 4222;
const MONITOR_PORT = 8222;
/** What is confirmed is on disk, as the product asks for. */
export const SYNC_ALWAYS = jetstreamBlock();

/** @param storeMegabytes default: what the server takes of the disk */
function jetstreamBlock(storeMegabytes?: number): string {
  const limit = storeMegabytes === undefined ? '' : `, max_file_store: ${storeMegabytes}MB`;
  return `jetstream { sync_interval: always${limit} }\n`;
}
const HOST = '127.0.0.1';

/** The releases that are tested: the current one and the oldest supported, Debian's. */
export type NatsRelease = 'current' | '2.9';

export interface NatsServer {
  readonly kind: 'container' | 'process';
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Where it says what it is; several of a cluster, separated by commas. */
  readonly monitorUrl: string;
  readonly log: string;
  /** As kill -9. */
  kill(): Promise<void>;
  /** Starts again on the same store and port. */
  restart(): Promise<void>;
  /** Reads another configuration, what is beside `authorization` being as it was. */
  reconfigure(authorization: string): Promise<void>;
  /** As SIGSTOP and SIGCONT. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends it and removes its store. */
  stop(): Promise<void>;
}

/** nats-server begins what an account that is new imports at the second reading of its configuration. */
const READINGS = 2;

/** Whether these tests can run here at all. */
export const hasNats = requireTool('nats-server') !== undefined;
export const hasNats29 = requireTool('nats-server-2.9') !== undefined;

function binaryOf(release: NatsRelease): string {
  const path = requireTool(release === 'current' ? 'nats-server' : 'nats-server-2.9');
  if (path === undefined) throw new Error(`no nats-server (${release}) on this machine`);
  return path;
}

/**
 * @param authorization block of its configuration; empty: it asks nobody who is there
 * @param storeMegabytes what it may store; of the current release only
 */
export async function startNatsServer(
  release: NatsRelease = 'current',
  authorization = '',
  storeMegabytes?: number,
): Promise<NatsServer> {
  const jetstream = release === 'current' ? jetstreamBlock(storeMegabytes) : '';
  if (release === 'current' && usesContainer()) return ContainerServer.start(jetstream, authorization);
  return ProcessServer.start(binaryOf(release), { jetstream, authorization });
}

/**
 * A process with settings of its own, in the files and folders of this machine; `url` is plain. It syncs before it
 * confirms, but with a `--config` of its own only if that says so.
 */
export function startNatsProcess(settings: readonly string[], port?: number): Promise<NatsServer> {
  return ProcessServer.start(binaryOf('current'), {
    settings,
    jetstream: settings.includes('--config') ? '' : SYNC_ALWAYS,
    ...(port === undefined ? {} : { port }),
  });
}

/** A process of the current release that confirms before it syncs, as one without a configuration does. */
export function startForgetfulNats(): Promise<NatsServer> {
  return ProcessServer.start(binaryOf('current'), { jetstream: '' });
}

let container: boolean | undefined;

function usesContainer(): boolean {
  const wanted = process.env['MM2SS_TEST_NATS'];
  if (wanted === 'process') return false;
  container ??= wanted === 'container' || dockerAnswers();
  return container;
}

/** Asked with the client, which is quick to say no: testcontainers would look for an engine in many places first. */
function dockerAnswers(): boolean {
  const { status } = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], {
    stdio: 'ignore',
    timeout: 5_000,
  });
  return status === 0;
}

const argumentsOf = (store: string, port: number, monitorPort: number, host: string): string[] => [
  '--jetstream',
  '--store_dir',
  store,
  '--addr',
  host,
  '--port',
  String(port),
  '--http_port',
  String(monitorPort),
];

async function untilServing(host: string, port: number): Promise<void> {
  await until('nats-server answers', () => answers(host, port));
}

/** The server greets with INFO; a port that is only mapped accepts and says nothing. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(500, () => settle(false));
    socket.once('data', (octets) => settle(octets.toString('latin1').startsWith('INFO')));
    socket.once('error', () => settle(false));
    socket.once('end', () => settle(false));
  });
}

interface ProcessOptions {
  readonly settings?: readonly string[];
  readonly port?: number;
  /** The block `jetstream` of its configuration; empty: its settings have one, or it needs none. */
  readonly jetstream: string;
  readonly authorization?: string;
}

const CONFIGURATION = 'nats-server.conf';
const reloads = (log: string): number => log.split('Reloaded server configuration').length;

class ProcessServer implements NatsServer {
  readonly kind = 'process';
  readonly host = HOST;
  log = '';
  private process: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  /** Nobody has started it again. */
  private ended = false;

  private constructor(
    private readonly binary: string,
    /** What is in it goes when the server is stopped. */
    private readonly folder: string,
    readonly port: number,
    private readonly monitorPort: number,
    private readonly settings: readonly string[],
    private readonly jetstream: string,
  ) {}

  static async start(binary: string, options: ProcessOptions): Promise<ProcessServer> {
    const { settings = [], port = await freePort(), jetstream, authorization = '' } = options;
    const folder = await mkdtemp(join(tmpdir(), 'mm2ss-e2e-nats-'));
    const configured = jetstream !== '' || authorization !== '';
    const all = [...(configured ? ['--config', join(folder, CONFIGURATION)] : []), ...settings];
    const server = new ProcessServer(binary, folder, port, await freePort(), all, jetstream);
    await server.write(authorization);
    await server.restart();
    return server;
  }

  get url(): string {
    return `nats://${this.host}:${this.port}`;
  }
  get monitorUrl(): string {
    return `http://${this.host}:${this.monitorPort}`;
  }

  async restart(): Promise<void> {
    const own = argumentsOf(join(this.folder, 'store'), this.port, this.monitorPort, this.host);
    const child = spawn(this.binary, [...own, ...this.settings], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.process = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    this.ended = false;
    this.exited = new Promise((resolve) => child.once('close', () => resolve()));
    void this.exited.then(() => (this.ended = this.process === child));
    await untilServing(this.host, this.port);
  }

  async reconfigure(authorization: string): Promise<void> {
    await this.write(authorization);
    for (let time = 0; time < READINGS; time++) {
      const before = reloads(this.log);
      this.process?.kill('SIGHUP');
      await until('nats-server has read its configuration', () => reloads(this.log) > before || this.ended);
      if (this.ended) {
        // A fault of its own, see docs/nats.md: the parts have to live with it.
        console.warn('nats-server crashed while it read its configuration: it is started again');
        return this.restart();
      }
    }
  }

  private async write(authorization: string): Promise<void> {
    await writeFile(join(this.folder, CONFIGURATION), `${this.jetstream}${authorization}`);
  }

  async kill(): Promise<void> {
    this.process?.kill('SIGKILL');
    await this.exited;
  }

  pause(): Promise<void> {
    this.process?.kill('SIGSTOP');
    return Promise.resolve();
  }

  resume(): Promise<void> {
    this.process?.kill('SIGCONT');
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    // A stopped process takes no SIGTERM.
    await this.resume();
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Where the store is in the container: in its own layer, so that it is there again after a kill. */
const CONTAINER_STORE = '/data';
const CONTAINER_CONFIGURATION = '/sync-always.conf';

class ContainerServer implements NatsServer {
  readonly kind = 'container';
  readonly host = HOST;
  log = '';

  private constructor(
    private readonly started: StartedTestContainer,
    readonly port: number,
    private readonly monitorPort: number,
    private readonly jetstream: string,
  ) {}

  static async start(jetstream: string, authorization: string): Promise<ContainerServer> {
    // A port of our choice: one chosen by Docker would be another one after a restart.
    const port = await freePort();
    const monitorPort = await freePort();
    const image = await natsImage();
    const lines: string[] = [];
    const started = await image
      .withExposedPorts({ container: NATS_PORT, host: port }, { container: MONITOR_PORT, host: monitorPort })
      .withCopyContentToContainer([{ content: `${jetstream}${authorization}`, target: CONTAINER_CONFIGURATION }])
      .withCommand([
        ...argumentsOf(CONTAINER_STORE, NATS_PORT, MONITOR_PORT, '0.0.0.0'),
        '--config',
        CONTAINER_CONFIGURATION,
      ])
      .withLogConsumer((stream) => stream.on('data', (line: string | Buffer) => lines.push(String(line))))
      .withWaitStrategy(Wait.forLogMessage('Server is ready'))
      .start();
    const server = new ContainerServer(started, port, monitorPort, jetstream);
    Object.defineProperty(server, 'log', { get: () => lines.join('') });
    await untilServing(server.host, port);
    return server;
  }

  get url(): string {
    return `nats://${this.host}:${this.port}`;
  }
  get monitorUrl(): string {
    return `http://${this.host}:${this.monitorPort}`;
  }

  async reconfigure(authorization: string): Promise<void> {
    const content = `${this.jetstream}${authorization}`;
    await this.started.copyContentToContainer([{ content, target: CONTAINER_CONFIGURATION }]);
    for (let time = 0; time < READINGS; time++) {
      const before = reloads(this.log);
      await (await this.handle()).kill({ signal: 'SIGHUP' });
      await until('nats-server has read its configuration', () => reloads(this.log) > before);
    }
  }
  async kill(): Promise<void> {
    await (await this.handle()).kill({ signal: 'SIGKILL' });
  }
  async restart(): Promise<void> {
    await (await this.handle()).start();
    await untilServing(this.host, this.port);
  }
  async pause(): Promise<void> {
    await (await this.handle()).pause();
  }
  async resume(): Promise<void> {
    await (await this.handle()).unpause();
  }
  async stop(): Promise<void> {
    await this.started.stop({ remove: true, removeVolumes: true, timeout: 0 });
  }

  private async handle() {
    const client = await getContainerRuntimeClient();
    return client.container.getById(this.started.getId());
  }
}

const PULL_LIMIT_MS = 60_000;

/** What to start, found out once: an image built here, or undefined for the one of the setting. */
let built: Promise<GenericContainer | undefined> | undefined;

/** The image of the setting, or one built from the local binary where that cannot be had. */
async function natsImage(): Promise<GenericContainer> {
  const name = process.env['MM2SS_TEST_NATS_IMAGE'] ?? DEFAULT_IMAGE;
  built ??= choose(name);
  return (await built) ?? new GenericContainer(name);
}

async function choose(name: string): Promise<GenericContainer | undefined> {
  if (pulled(name)) return undefined;
  withoutReaper();
  return (await isHere(name)) ? undefined : buildImage();
}

function pulled(name: string): boolean {
  return spawnSync('docker', ['pull', '--quiet', name], { stdio: 'ignore', timeout: PULL_LIMIT_MS }).status === 0;
}

async function isHere(name: string): Promise<boolean> {
  const { container } = await getContainerRuntimeClient();
  return (await container.dockerode.listImages({ filters: { reference: [name] } })).length > 0;
}

/** Where nothing can be pulled there is no image of testcontainers' own reaper either. Containers end with their test. */
function withoutReaper(): void {
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
}

async function buildImage(): Promise<GenericContainer> {
  const context = await mkdtemp(join(tmpdir(), 'mm2ss-e2e-image-'));
  try {
    await copyFile(binaryOf('current'), join(context, 'nats-server'));
    await mkdir(join(context, 'data'));
    // The binary is static: it needs nothing around it.
    const dockerfile = ['FROM scratch', 'COPY nats-server /nats-server', 'ENTRYPOINT ["/nats-server"]', ''].join('\n');
    await writeFile(join(context, 'Dockerfile'), dockerfile);
    return await GenericContainer.fromDockerfile(context).build('mm2ss-e2e-nats:local', { deleteOnExit: false });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}
