/** The multiplexer as its users run it: one process, from a CSV file, on free ports of the loopback. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { csvLines } from '../csv-lines.ts';
import { freePort } from '../free-port.ts';
import { patience } from './peer.ts';

export { freePort };

/** Where RTUs listen. Not 127.0.0.1, from where masters come: a master may not have the RTU's own address. */
export const rtuHost = '127.0.0.2';
/** Where masters connect to. */
export const gatewayHost = '127.0.0.1';

const repository = resolve(import.meta.dirname, '../..');
/** Another executable with the same arguments can be put to the same tests. */
const executable = process.env['INTEROP_MM2SS'] ?? join(repository, 'bin/mm2ss');

/** One row of the CSV; what is absent has the manual's default. */
export interface GroupRow {
  readonly id: number;
  readonly port: number;
  readonly rtuNumber: number;
  /** `host:port;host:port` */
  readonly hosts: string;
  /** Columns by header name that replace a default or come on top of it. */
  readonly columns?: Readonly<Record<string, string | number>>;
}

/** The manual's columns with the values of its sample. */
const defaults = {
  'max conn': 10,
  idletime: 60,
  t1: 15,
  t2: 10,
  t3: 20,
  w: 8,
  k: 12,
  buffsize: 1000,
  logevents: 'N',
  'same ip': 'all',
  filter: '127.0.0.0/8',
};

export function csvOf(groups: readonly GroupRow[]): string {
  const rows = groups.map(({ id, port, rtuNumber, hosts, columns }) => ({
    id,
    'sys name': `RTU-${id}`,
    'port no': port,
    'rtu no': rtuNumber,
    ...defaults,
    hosts,
    ...columns,
  }));
  return ['iec104MM2SS-1port-v1.0 ini file', 'nogui', ...csvLines(rows), ''].join('\n');
}

export class Multiplexer {
  /** `host:port` of its HTTP server. */
  readonly http: string;
  #log = '';
  readonly #process: ChildProcess;
  readonly #directory: string;
  readonly #exited: Promise<number | string>;

  private constructor(http: string, process: ChildProcess, directory: string) {
    this.http = http;
    this.#process = process;
    this.#directory = directory;
    const collect = (text: string): void => void (this.#log += text);
    this.#process.stdout?.setEncoding('utf8').on('data', collect);
    this.#process.stderr?.setEncoding('utf8').on('data', collect);
    this.#exited = new Promise((settle) => {
      this.#process.once('error', (error) => settle(error.message));
      this.#process.once('close', (code, signal) => settle(code ?? signal ?? 'unknown'));
    });
  }

  /** Resolves when the process serves its HTTP port; listeners for masters open when their RTU is connected. */
  static async start(groups: readonly GroupRow[], more: readonly string[] = []): Promise<Multiplexer> {
    const directory = await mkdtemp(join(tmpdir(), 'mm2ss-interop-'));
    const file = join(directory, 'groups.csv');
    await writeFile(file, csvOf(groups));
    const http = `127.0.0.1:${await freePort()}`;
    const child = spawn(executable, ['run', '-i', file, '-n', '--http', http, ...more], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const multiplexer = new Multiplexer(http, child, directory);
    try {
      await multiplexer.#untilServing();
    } catch (error) {
      await multiplexer.stop();
      throw error;
    }
    return multiplexer;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Everything the process has written so far. */
  get log(): string {
    return this.#log;
  }

  /** Run part of a set-up; when it fails, what the process wrote goes with the error. */
  async explaining(setUp: () => Promise<void>): Promise<void> {
    try {
      await setUp();
    } catch (error) {
      throw new Error(`${String(error)}\nmm2ss wrote:\n${this.#log}`, { cause: error });
    }
  }

  /** Ask the process to end, as an operator or Kubernetes does. Resolves with its exit code, or the signal it took. */
  async stop(): Promise<number | string> {
    this.#process.kill('SIGTERM');
    const late = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
    const outcome = await this.#exited;
    clearTimeout(late);
    await rm(this.#directory, { recursive: true, force: true });
    return outcome;
  }

  async #untilServing(): Promise<void> {
    const serving = eventually('the HTTP port of mm2ss', async () =>
      fetch(`http://${this.http}/healthz`).then(
        () => true,
        () => false,
      ),
    );
    const ended = this.#exited.then((outcome) => {
      throw new Error(`${executable} ended at once (${outcome}):\n${this.#log}`);
    });
    await Promise.race([serving, ended]);
  }
}

/**
 * What a master meets that comes now: the connection is closed again at once. `reset`: the listener was just closing,
 * and the kernel dropped who was waiting to be accepted.
 */
export async function knock(port: number, host = gatewayHost): Promise<'open' | 'refused' | 'reset'> {
  return await new Promise((settle, reject) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      settle('open');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') {
        settle('refused');
      } else if (error.code === 'ECONNRESET') {
        settle('reset');
      } else {
        reject(error);
      }
    });
  });
}

/** For conditions that no event announces. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = patience,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`waited for ${what}: not within ${deadlineMs} ms`);
    }
    await delay(20);
  }
}

export async function listenerIs(state: 'open' | 'refused', port: number, deadlineMs = patience): Promise<void> {
  await eventually(`port ${port} to be ${state}`, async () => (await knock(port)) === state, deadlineMs);
}
