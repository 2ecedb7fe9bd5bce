/**
 * The multiplexer in this process, as `mm2ss run` builds it, on free ports of the loopback: RTUs at 127.0.0.2, masters
 * from 127.0.0.11 on. Whatever is started here is stopped when its test ends.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { MemoryBus } from '@iec104mm2ss/bus';
import { configurationFile, DEFAULT_LIMITS, type Limits, parseConfiguration } from '@iec104mm2ss/config';
import type { GroupStatus, LoggerOptions, Status } from '@iec104mm2ss/observability';
import { type Runtime, SYSTEM_CLOCK, systemRuntime } from '@iec104mm2ss/runtime';
import { MasterSimulator, type MasterOptions, RtuSimulator, type RtuOptions } from '@iec104mm2ss/simulator';
import { onTestFailed, onTestFinished, vi } from 'vitest';
/* eslint-disable @nx/enforce-module-boundaries -- the app exports nothing: it is the command, and this is what it runs */
import { compose, type CompositionOptions } from '../../apps/mm2ss/src/composition.js';
import { listenHealth } from '../../apps/mm2ss/src/http/index.js';
/* eslint-enable @nx/enforce-module-boundaries */
import { type Columns, csvLines } from '../csv-lines.js';
import { freePort } from '../free-port.js';

export { type Columns, freePort };

/** Where the log lines of the next multiplexer go instead of standard output. */
const logTarget: { write: (line: string) => void } = { write: () => undefined };

// The services log as ever; only where the lines end up differs, so that tests can read them.
vi.mock('@iec104mm2ss/observability', async (importOriginal) => {
  const original = await importOriginal<typeof import('@iec104mm2ss/observability')>();
  const createLogger = (options: LoggerOptions) => {
    const { write } = logTarget;
    return original.createLogger({ ...options, destination: { write } });
  };
  return { ...original, createLogger };
});

export const RTU_HOST = '127.0.0.2';
export const GATEWAY_HOST = '127.0.0.1';
/** How long a condition may take that has no time of its own: generous, the machine may be busy. */
export const PATIENCE_MS = 8_000;

/** Masters acknowledge soon, too. */
const MASTER_LINK = { t2Ms: 200 };
/** Log lines shown when a test fails. */
const FAILURE_LINES = 25;

/** The manual's columns, as a test wants them unless it says otherwise: acknowledgements come soon. */
const DEFAULTS: Columns = {
  'rtu no': 47,
  'max conn': 10,
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

/** A file with a header row and one row per group; ids count from 1. */
export function csvOf(groups: readonly Columns[]): string {
  const rows = groups.map((columns, index): Columns => {
    return { id: index + 1, 'sys name': `RTU-${index + 1}`, ...DEFAULTS, ...columns };
  });
  return ['iec104MM2SS-1port-v1.0 ini file', ...csvLines(rows), ''].join('\n');
}

/** Waits for a condition that nothing announces. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await delay(5);
  }
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly group?: string;
  readonly session?: number;
  readonly peer?: string;
  readonly reason?: string;
  readonly [field: string]: unknown;
}

export interface MultiplexerOptions {
  /** Serve /metrics and /status. Default true. */
  readonly http?: boolean;
  /** Port of HTTP that nobody asked for. Default: any, which is never taken. */
  readonly optionalHttpPort?: number;
  /** Who gets the security events. */
  readonly syslog?: CompositionOptions['syslog'];
  /** File with the bearer tokens that HTTP asks for. */
  readonly httpToken?: string;
  /** Certificates of those who may ask over HTTP. */
  readonly httpClients?: CompositionOptions['httpClients'];
  /** Liveness and readiness are served on a port of their own, too. */
  readonly health?: boolean;
  /** The web console, as it is configured. */
  readonly console?: Pick<NonNullable<CompositionOptions['console']>, 'access' | 'tlsDir'>;
  /** Default `info`, which is what an operator has. */
  readonly logLevel?: 'debug' | 'info';
  /** How long a silent part disturbs nobody. Default 10 s. */
  readonly holdMs?: number;
  /** Bounds on what peers may do that are not as usual. */
  readonly limits?: Partial<Limits>;
  /** Path of a file to which the groups are written, and which is watched; without it they stay what they are. */
  readonly file?: string;
  /** NTP servers that it asks, each minute. */
  readonly ntpServers?: readonly string[];
  /** What of the multiplexer it is. Default: all, as `mm2ss run`. */
  readonly parts?: CompositionOptions['parts'];
  /** Shared with others, who are the other parts. */
  readonly bus?: MemoryBus;
  /** What it does TLS with. */
  readonly tls?: CompositionOptions['tls'];
}

/** A running multiplexer and what can be seen of it from outside. */
export class Multiplexer {
  readonly lines: LogLine[] = [];
  /** Audit records of all groups, as published on the bus. */
  readonly audits: Readonly<Record<string, unknown>>[] = [];
  private aheadMs = 0;
  private stopping: Promise<void> | undefined;

  private constructor(
    readonly ports: readonly number[],
    readonly bus: MemoryBus,
    private readonly halt: {
      stop: () => Promise<void>;
      reload: () => Promise<void>;
      url: string;
      healthUrl: string;
      consoleUrl: string;
    },
  ) {}

  static async start(groups: readonly Columns[], options: MultiplexerOptions = {}): Promise<Multiplexer> {
    const ports: number[] = [];
    for (const group of groups) ports.push(Number(group['port no'] ?? (await freePort())));
    const text = csvOf(groups.map((group, index) => ({ ...group, 'port no': ports[index] ?? 0 })));
    const path = options.file ?? '';
    if (options.file !== undefined) writeFileSync(path, text);
    const configuration = parseConfiguration(text);
    if (configuration.groups.length !== groups.length) {
      throw new Error(`not all groups load: ${JSON.stringify(configuration.problems)}`);
    }
    const halt = {
      stop: () => Promise.resolve(),
      reload: () => Promise.resolve(),
      url: '',
      healthUrl: '',
      consoleUrl: '',
    };
    const open = configuration.groups.map(({ plain, port, tlsPort }) => (plain ? port : (tlsPort ?? port)));
    const multiplexer = new Multiplexer(open, options.bus ?? new MemoryBus(), halt);
    logTarget.write = (line) => multiplexer.lines.push(JSON.parse(line) as LogLine);
    multiplexer.bus.subscribe('iec104.v1.*.audit', ({ data }) => {
      multiplexer.audits.push(JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>);
    });
    const composition = await compose({
      file: { ...configurationFile(path, Buffer.from(text)), configuration },
      watched: options.file !== undefined,
      parts: options.parts ?? ['connector', 'router', 'gateway'],
      bus: multiplexer.bus,
      runtime: multiplexer.runtime(),
      http: options.http === false ? undefined : { host: GATEWAY_HOST, port: options.optionalHttpPort ?? 0 },
      isHttpOptional: options.optionalHttpPort !== undefined,
      syslog: options.syslog,
      httpToken: options.httpToken,
      console: options.console && { address: { host: GATEWAY_HOST, port: 0 }, hosts: [], ...options.console },
      ...(options.httpClients && { httpClients: options.httpClients }),
      health: options.health === true ? await listenHealth({ host: GATEWAY_HOST, port: 0 }) : undefined,
      logLevel: options.logLevel ?? 'info',
      logDirectory: undefined,
      listen: GATEWAY_HOST,
      holdMs: options.holdMs ?? 10_000,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      ntp: { servers: options.ntpServers ?? [], updateEverySec: 60, setClock: false },
      tls: options.tls,
    });
    halt.stop = () => composition.stop();
    halt.reload = () => composition.onHangup();
    halt.url = composition.http?.url ?? '';
    halt.healthUrl = composition.health?.url ?? '';
    halt.consoleUrl = composition.console?.url ?? '';
    onTestFinished(() => multiplexer.stop());
    onTestFailed(() => {
      const lines = multiplexer.lines.slice(-FAILURE_LINES).map((line) => JSON.stringify(line));
      console.log(`the multiplexer's last log lines:\n${lines.join('\n')}`);
    });
    return multiplexer;
  }

  stop(): Promise<void> {
    this.stopping ??= this.halt.stop();
    return this.stopping;
  }

  /** As SIGHUP: reads the file now. Resolves when it is in force, or was refused. */
  reload(): Promise<void> {
    return this.halt.reload();
  }

  /** Lets so much time pass for the multiplexer: its monotonic clock jumps; its timers fire when they would have anyway. */
  moveClock(ms: number): void {
    this.aheadMs += ms;
  }

  private runtime(): Runtime {
    const clock = { ...SYSTEM_CLOCK, now: () => SYSTEM_CLOCK.now() + this.aheadMs };
    return { ...systemRuntime(), clock };
  }

  /** Port for the masters of the first group. */
  get port(): number {
    return this.ports[0] as number;
  }

  /** As `POST /control/<verb>`. */
  async control(verb: string, body: object): Promise<{ readonly ok: boolean; readonly message: string }> {
    const headers = { 'Content-Type': 'application/json' };
    const url = new URL(`/control/${verb}`, this.halt.url);
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as { ok: boolean; message: string };
  }

  get url(): string {
    return this.halt.url;
  }

  get consoleUrl(): string {
    return this.halt.consoleUrl;
  }

  get healthUrl(): string {
    return this.halt.healthUrl;
  }

  async page(path: string): Promise<string> {
    const response = await fetch(new URL(path, this.halt.url));
    return response.text();
  }

  async status(): Promise<Status> {
    return JSON.parse(await this.page('/status')) as Status;
  }

  async group(id = '1'): Promise<GroupStatus> {
    const group = (await this.status()).groups.find((candidate) => candidate.id === id);
    if (group === undefined) throw new Error(`no group ${id} in /status`);
    return group;
  }

  /** Value of a metric of one group; further labels must be there as given. Undefined when there is no such line. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    const wanted = Object.entries({ group: '1', ...labels }).map(([label, value]) => `${label}="${value}"`);
    const found = (await this.page('/metrics'))
      .split('\n')
      .find((text) => text.startsWith(`${name}{`) && wanted.every((label) => text.includes(label)));
    return found === undefined ? undefined : Number(found.slice(found.lastIndexOf(' ')));
  }

  /** Waits for a log line that has these fields; `msg` need only be contained. */
  async logged(fields: Partial<LogLine>, deadlineMs = PATIENCE_MS): Promise<LogLine> {
    await until(`log line ${JSON.stringify(fields)}`, () => this.findLine(fields) !== undefined, deadlineMs);
    return this.findLine(fields) as LogLine;
  }

  findLine(fields: Partial<LogLine>): LogLine | undefined {
    const { msg = '', ...rest } = fields;
    return this.lines.find(
      (line) => line.msg.includes(msg) && Object.entries(rest).every(([name, value]) => line[name] === value),
    );
  }

  /** Waits until the listener of a group is open, which shows that its RTU is connected. */
  async listening(group = '1', deadlineMs = PATIENCE_MS): Promise<void> {
    const port = this.ports[Number(group) - 1] as number;
    const count = (msg: string): number =>
      this.lines.filter((line) => line.group === group && line['port'] === port && line.msg === msg).length;
    await until(
      `listener of group ${group} open`,
      () => count('listening for masters') > count('stopped listening for masters'),
      deadlineMs,
    );
  }

  async audit(fields: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
    const find = (): Readonly<Record<string, unknown>> | undefined =>
      this.audits.find((record) => Object.entries(fields).every(([name, value]) => record[name] === value));
    await until(`audit record ${JSON.stringify(fields)}, there are ${JSON.stringify(this.audits)}`, () => {
      return find() !== undefined;
    });
    return find() as Readonly<Record<string, unknown>>;
  }
}

/** A simulated RTU that listens. CA 47 unless told otherwise. */
export async function startRtu(options: RtuOptions = {}): Promise<RtuSimulator> {
  const rtu = new RtuSimulator({ host: RTU_HOST, ca: 47, ...options });
  onTestFinished(() => rtu.close());
  await rtu.start();
  return rtu;
}

/** `host:port` as the CSV has it. */
export function hostOf(rtu: { readonly address: { host: string; port: number } }): string {
  return `${rtu.address.host}:${rtu.address.port}`;
}

/** Address of the n-th master, counted from 1. */
export function masterAddress(n: number): string {
  return `127.0.0.${10 + n}`;
}

export interface TestMaster extends MasterSimulator {
  /** Everything received on all its connections, in order, as hexadecimal ASDUs. */
  readonly asdus: string[];
  /** Of `asdus`: process information (TypeID 1-40). */
  readonly events: string[];
}

/** A simulated master, not connected yet. */
export function newMaster(port: number, n: number, options: Partial<MasterOptions> = {}): TestMaster {
  const asdus: string[] = [];
  const events: string[] = [];
  const master = new MasterSimulator({
    host: GATEWAY_HOST,
    port,
    localAddress: masterAddress(n),
    name: `master ${n}`,
    ca: 47,
    link: MASTER_LINK,
    ...options,
    onAsdu: ({ octets }) => {
      const text = Buffer.from(octets).toString('hex');
      asdus.push(text);
      if ((octets[0] as number) <= 40) events.push(text);
    },
  });
  onTestFinished(() => master.close());
  return Object.assign(master, { asdus, events });
}

/** A simulated master, connected and started. */
export async function startMaster(port: number, n: number, options: Partial<MasterOptions> = {}): Promise<TestMaster> {
  const master = newMaster(port, n, options);
  await master.connect();
  return master;
}

export function startMasters(port: number, count: number): Promise<TestMaster[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => startMaster(port, index + 1)));
}

/** The usual picture: one RTU, one group, its listener open. */
export async function oneGroup(
  columns: Columns = {},
  rtuOptions: RtuOptions = {},
  options: MultiplexerOptions = {},
): Promise<{ rtu: RtuSimulator; mux: Multiplexer }> {
  const rtu = await startRtu(rtuOptions);
  const mux = await Multiplexer.start([{ hosts: hostOf(rtu), ...columns }], options);
  await mux.listening();
  return { rtu, mux };
}

/** The events an RTU creates from now on, hexadecimal, in its order. */
export function eventsOf(rtu: RtuSimulator): string[] {
  const events: string[] = [];
  rtu.on('event', ({ asdu }) => events.push(Buffer.from(asdu).toString('hex')));
  return events;
}
