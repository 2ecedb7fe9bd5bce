/** `bin/mm2ss` as processes, and masters: all of it is ended by `Afterwards`, by pid. RTUs are at 127.0.0.2. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MasterSimulator } from '@iec104mm2ss/simulator';
import { type Columns, csvLines } from '../csv-lines.ts';
import { freePort } from '../free-port.ts';

/** Where to leave what has to be done at the end; the last one is done first. */
export type Afterwards = (end: () => void | Promise<void>) => void;

/** Another executable with the same arguments can be put to the same tests. */
export const MM2SS = process.env['MM2SS_TEST_COMMAND'] ?? resolve(import.meta.dirname, '../../bin/mm2ss');
export const RTU_HOST = '127.0.0.2';
/** The machine may be busy. */
export const PATIENCE_MS = 30_000;
/** How long a process may take to start: it is the machine that is measured here. */
const START_MS = 120_000;

/** Waits for a condition that nothing announces; what it throws counts as not yet. */
export async function until<T>(what: string, condition: () => T | Promise<T>, deadlineMs = PATIENCE_MS): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await Promise.resolve()
      .then(condition)
      .catch(() => undefined);
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await delay(20);
  }
}

export async function temporaryFolder(afterwards: Afterwards): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mm2ss-console-'));
  afterwards(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export class Program {
  output = '';
  ended = false;
  private readonly process: ChildProcess;
  private readonly exited: Promise<unknown>;

  constructor(
    readonly args: readonly string[],
    directory: string,
    afterwards: Afterwards,
    environment: Readonly<Record<string, string>> = {},
    /** A command that starts it, with its arguments. */
    by: readonly string[] = [],
  ) {
    const [command = '', ...all] = [...by, MM2SS, ...args];
    this.process = spawn(command, all, {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.exited = new Promise((settle) => {
      this.process.once('error', settle);
      this.process.once('close', settle);
    }).then(() => (this.ended = true));
    afterwards(() => this.kill());
  }

  get pid(): number {
    return this.process.pid as number;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.ended) this.process.kill(signal);
    await this.exited;
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Waits until an HTTP address of it answers. */
  async answers(url: string): Promise<void> {
    const answers = async (): Promise<boolean> => this.ended || (await fetch(url)).status < 500;
    await until(`${this.args[0]} answers ${url}`, answers, START_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output}`);
    });
    if (this.ended) throw new Error(`mm2ss ${this.args.join(' ')} has ended:\n${this.output}`);
  }
}

/** RTUs of one `mm2ss simulate rtus`. */
export interface Rtus {
  readonly ports: readonly number[];
  /** Of its HTTP API. */
  readonly url: string;
  /** Does something once: `offline`, `online`, `drop` ... `rtu` counts from 1. */
  order(rtu: number, what: string): Promise<void>;
  /** Sends the rows of an index of the IO file: 100 has all states. */
  send(index: number): Promise<void>;
  /** Ends the simulator. */
  stop(): Promise<void>;
}

const POINTS = [
  '#index,GI,typeid,IOA,value,wait sec,rtu no,type id,ioa,value,T-out(s),comment',
  '1,N,45,5001,101,0,,,,,,Command',
  '100,Y,30,101,1,0,,,,,,State',
  '100,Y,30,102,0,0,,,,,,State',
  '100,Y,36,1001,49.98,0,,,,,,Frequency',
  '',
].join('\n');

/** @param count RTUs with numbers 101, 102 ... */
export async function startRtus(count: number, directory: string, afterwards: Afterwards): Promise<Rtus> {
  const ports: number[] = [];
  for (let index = 0; index < count; index++) ports.push(await freePort());
  const rows = ports.map((port, index) => `${index + 1},RTU ${index + 1},${101 + index},${port},,12,60,points.csv`);
  await writeFile(join(directory, 'rtus.csv'), `${rows.join('\n')}\n`);
  await writeFile(join(directory, 'points.csv'), POINTS);
  const http = `127.0.0.1:${await freePort()}`;
  const args = ['simulate', 'rtus', '-i', 'rtus.csv', '--listen', RTU_HOST, '--http', http, '--no-log', '--quiet'];
  const program = new Program(args, directory, afterwards);
  await program.answers(`http://${http}/rtus`);
  const post = async (path: string, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`http://${http}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  return {
    ports,
    url: `http://${http}`,
    order: (rtu, what) => post(`/rtus/${rtu}/${what}`, {}),
    send: (index) => post('/send', { index }),
    stop: () => program.kill(),
  };
}

/** A master that comes back whenever it can. */
export function startMaster(
  port: number,
  from: string,
  ca: number,
  afterwards: Afterwards,
  host = '127.0.0.1',
): MasterSimulator {
  const master = new MasterSimulator({
    host,
    port,
    localAddress: from,
    ca,
    autoStart: true,
    link: { t2Ms: 200 },
    reconnect: { minMs: 50, maxMs: 200 },
  });
  // It is refused while the RTU is away.
  void master.connect().catch(() => undefined);
  afterwards(() => master.close());
  return master;
}

export type { Columns };

const DEFAULTS: Columns = {
  'max conn': 5,
  idletime: 60,
  t1: 15,
  t2: 1,
  t3: 20,
  w: 8,
  k: 12,
  buffsize: 1000,
  logevents: 'N',
  'same ip': 'all',
  filter: '127.0.0.0/8',
};

/** A file with a comment, a header and a row for each group; ids count from 1. */
export function csvOf(groups: readonly Columns[]): string {
  const rows = groups.map((columns, index): Columns => ({
    id: index + 1,
    'sys name': `RTU-${index + 1}`,
    ...DEFAULTS,
    ...columns,
  }));
  return ['# groups of a test', ...csvLines(rows), ''].join('\n');
}
