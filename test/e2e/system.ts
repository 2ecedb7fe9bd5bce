/**
 * The whole system as it runs in a cluster: nats-server, connectors, routers and gateways as processes of `bin/mm2ss`, on
 * the loopback. RTUs are at 127.0.0.2, gateways listen at 127.0.0.1 and 127.0.0.3 on the same port, masters come from
 * 127.0.0.11 on. All of it ends with the test; when that fails, everybody's last log lines are printed.
 */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsBus } from '@iec104mm2ss/bus';
import type { GroupStatus, MasterStatus } from '@iec104mm2ss/observability';
import { AUDIT_JOURNAL, AUDIT_LIMITS, type AuditRecord } from '@iec104mm2ss/router';
import { systemRuntime } from '@iec104mm2ss/runtime';
import { onTestFailed, onTestFinished } from 'vitest';
import { type Columns, csvLines } from '../csv-lines.ts';
import { BusUsers } from './bus-users.ts';
import { type NatsRelease, type NatsServer, startNatsServer } from './nats-server.ts';
import { Part } from './part.ts';
import { freePort, PATIENCE_MS, until } from './ports.ts';
import type { Afterwards } from './stations.ts';

export type { Columns };

export const GATEWAY_HOSTS = ['127.0.0.1', '127.0.0.3', '127.0.0.4'] as const;
/** How long a process may take to start: it is the machine that is measured here. */
const START_MS = 60_000;
/** Log lines of each part shown when a test fails. */
const FAILURE_LINES = Number(process.env['MM2SS_FAILURE_LINES'] ?? 30);

/** The manual's columns, as a test wants them unless it says otherwise. */
const DEFAULTS: Columns = {
  'rtu no': 47,
  'max conn': 20,
  idletime: 60,
  t1: 15,
  t2: 10,
  t3: 20,
  w: 8,
  k: 12,
  buffsize: 20_000,
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

const idsOf = (groups: readonly Columns[]): string[] => groups.map(({ id }, index) => String(id ?? index + 1));

export interface SystemOptions {
  readonly routers?: number;
  readonly gateways?: number;
  /** Connectors of each group: the second one stands by. */
  readonly connectors?: number;
  /** Instead of a connector for each group one with this `--group`. */
  readonly selection?: readonly string[];
  readonly holdSeconds?: number;
  readonly release?: NatsRelease;
  /** What the NATS server may store; default: what it takes of the disk. */
  readonly natsStoreMegabytes?: number;
  /** A server started before, which asks nobody who is there, or whom its own tests say; the system ends it. */
  readonly nats?: NatsServer;
  /** Every part hands on what is ordered at its HTTP port. */
  readonly httpControl?: boolean;
  /** Further arguments and environment of every part. */
  readonly partArguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where a part finds NATS, when not at the server itself. */
  readonly natsUrlOf?: (part: string, nats: NatsServer) => string | Promise<string>;
  /** All parts in one process, `mm2ss run --nats`. */
  readonly allInOne?: boolean;
  /** Default true: wait until every gateway listens for every group. */
  readonly untilListening?: boolean;
  readonly logLevel?: string;
  /** Default: all of it ends with the running test. */
  readonly afterwards?: Afterwards;
}

export class System {
  readonly parts = new Map<string, Part>();
  /** Every process there was, restarted ones and their predecessors. */
  private readonly everything: Part[] = [];

  private constructor(
    readonly nats: NatsServer,
    readonly ports: readonly number[],
    readonly directory: string,
    /** The configuration file. */
    readonly file: string,
    private readonly options: SystemOptions,
    /** Undefined: the server asks nobody who is there. */
    readonly users: BusUsers | undefined,
  ) {}

  static async start(groups: readonly Columns[], options: SystemOptions = {}): Promise<System> {
    const directory = await mkdtemp(join(tmpdir(), 'mm2ss-e2e-'));
    const ports: number[] = [];
    for (const group of groups) ports.push(Number(group['port no'] ?? (await freePort())));
    const file = join(directory, 'groups.csv');
    await writeFile(file, csvOf(groups.map((group, index) => ({ ...group, 'port no': ports[index] ?? 0 }))));
    const users =
      options.nats === undefined
        ? new BusUsers(directory, { selection: options.selection, httpControl: options.httpControl })
        : undefined;
    const authorization = users?.authorization(idsOf(groups));
    const nats = options.nats ?? (await startNatsServer(options.release, authorization, options.natsStoreMegabytes));
    const system = new System(nats, ports, directory, file, options, users);
    (options.afterwards ?? onTestFinished)(() => system.stop());
    system.explainFailure();
    await users?.setUp(system.servers);
    await system.startParts(groups.length);
    return system;
  }

  /** Another configuration file, in the place of the one that every part watches. Rows have ids and ports of their own. */
  async rewrite(groups: readonly Columns[] | string): Promise<void> {
    const text = typeof groups === 'string' ? groups : csvOf(groups);
    if (typeof groups !== 'string') await this.authorize(idsOf(groups));
    // As Kubernetes does it, and as editors do: the path names another file from one moment to the next.
    await writeFile(`${this.file}.next`, text);
    await rename(`${this.file}.next`, this.file);
  }

  /** As an operator does when there are other groups: `mm2ss nats-auth`, reload, `mm2ss nats-setup`. */
  private async authorize(ids: readonly string[]): Promise<void> {
    if (this.users === undefined) return;
    await this.nats.reconfigure(this.users.authorization(ids));
    await this.users.setUp(this.servers);
  }

  /** Port for the masters of the first group. */
  get port(): number {
    return this.ports[0] as number;
  }

  part(name: string): Part {
    const part = this.parts.get(name);
    if (part === undefined) throw new Error(`no part ${name}; there are ${[...this.parts.keys()].join(', ')}`);
    return part;
  }

  get routers(): Part[] {
    return this.named('router');
  }
  get gateways(): Part[] {
    return this.named('gateway');
  }
  get connectors(): Part[] {
    return this.named('connector');
  }

  /** Starts a part, or one that has ended anew; resolves when it serves. `name` is `gateway2`, `connector1.2` ... */
  async startPart(name: string): Promise<Part> {
    const { holdSeconds, natsUrlOf, logLevel = 'info', partArguments = [], environment } = this.options;
    const url = (await natsUrlOf?.(name, this.nats)) ?? this.nats.url;
    const args = [...this.argumentsOf(name), '-i', this.file, '--log-level', logLevel, ...partArguments];
    args.push('--nats-monitor', this.nats.monitorUrl);
    if (environment?.['MM2SS_NATS'] === undefined) args.push('--nats', url);
    if (this.users !== undefined) args.push('--nats-nkey', this.users.fileOfPart(name));
    if (holdSeconds !== undefined) args.push('--hold-seconds', String(holdSeconds));
    const part = new Part(name, args, `127.0.0.1:${await freePort()}`, this.directory, environment);
    this.parts.set(name, part);
    this.everything.push(part);
    await part.serving(START_MS);
    return part;
  }

  /** A listener is open for every group at these gateways. */
  async listening(gateways: readonly Part[] = this.gateways, deadlineMs = START_MS): Promise<void> {
    for (const gateway of gateways) {
      await until(
        `${gateway.name} listens for all groups`,
        async () => (await gateway.status()).groups.every(({ listener }) => listener.open),
        deadlineMs,
      );
    }
  }

  /** The router that owns a group. */
  async owner(group = '1', deadlineMs = PATIENCE_MS): Promise<Part> {
    let owner: Part | undefined;
    await until(
      `group ${group} has an owner`,
      async () => {
        for (const router of this.routers) {
          if (router.ended) continue;
          const status = await router.status().catch(() => undefined);
          if (status?.groups.find(({ id }) => id === group)?.owner !== undefined) owner = router;
        }
        return owner !== undefined;
      },
      deadlineMs,
    );
    return owner as Part;
  }

  /** Groups that each router owns. */
  async ownership(): Promise<Map<string, string[]>> {
    const owned = new Map<string, string[]>();
    for (const router of this.routers) {
      if (router.ended) continue;
      const { groups } = await router.status();
      owned.set(
        router.name,
        groups.filter(({ owner }) => owner !== undefined).map(({ id }) => id),
      );
    }
    return owned;
  }

  /** So many starts of data transfer have reached the routers: what comes from now on is for these masters. */
  async started(count: number): Promise<void> {
    const msg = 'master started data transfer';
    await until(`${count} starts`, () => this.everything.reduce((sum, part) => sum + part.count({ msg }), 0) >= count);
  }

  /** The masters of a group as its owner knows them. */
  async masters(group = '1'): Promise<readonly MasterStatus[]> {
    return (await groupOf(await this.owner(group), group)).masters;
  }

  /** A client of the same server, for what is to be seen there. */
  async bus(): Promise<NatsBus> {
    const bus = await this.connect();
    onTestFinished(() => bus.close());
    return bus;
  }

  /** The audit records of a group, of commands that came at `since` (ms since 1970) or later. */
  async audits(since = 0, group = '1'): Promise<AuditRecord[]> {
    const bus = await this.connect(true);
    try {
      const entries = await bus.journal(AUDIT_JOURNAL, AUDIT_LIMITS).read(group, AUDIT_LIMITS.maxEntries);
      const records = entries.map((entry) => JSON.parse(Buffer.from(entry).toString()) as AuditRecord);
      return records.filter(({ at }) => Date.parse(at) >= since);
    } finally {
      await bus.close();
    }
  }

  private connect(listenOnly = false): Promise<NatsBus> {
    if (this.users !== undefined) return this.users.connect(this.servers, 'admin', listenOnly);
    return NatsBus.connect({ servers: this.servers, runtime: systemRuntime(), replicas: 1, listenOnly });
  }

  async stop(): Promise<void> {
    // In the order in which nothing waits for another: gateways drain while there are routers.
    for (const kind of ['gateway', 'router', 'connector', 'run']) {
      await Promise.all(this.everything.filter(({ name }) => name.startsWith(kind)).map((part) => endAtOnce(part)));
    }
    await this.nats.stop();
    await rm(this.directory, { recursive: true, force: true });
    const denied = this.everything.flatMap(({ name, lines }) =>
      lines
        .filter(({ event }) => event === 'bus_denied')
        .map((line) => `${name}: ${String(line['operation'])} ${String(line['subject'])}`),
    );
    if (denied.length > 0) throw new Error(`not permitted:\n${denied.join('\n')}`);
  }

  /** Everybody's last log lines are printed should the running test fail. */
  explainFailure(): void {
    onTestFailed(() => console.log(this.lastLines()));
  }

  /** Starts what has ended; resolves when every part serves, is at the bus, and listens. */
  async makeWhole(): Promise<void> {
    for (const part of [...this.parts.values()]) if (part.ended) await this.startPart(part.name);
    for (const part of this.parts.values()) {
      await until(`${part.name} is at the bus`, async () => (await part.status()).bus.connected);
    }
    await this.listening();
    await this.owner();
  }

  /** The connectors that hold a group's RTU now. */
  async serving(group = '1'): Promise<Part[]> {
    const states = await Promise.all(
      this.connectors.map(async (part) => (part.ended ? undefined : (await groupOf(part, group)).rtu.state)),
    );
    return this.connectors.filter((_, index) => states[index] === 'started');
  }

  lastLines(): string {
    const tails = this.everything.map((part) => {
      const lines = part.log.trimEnd().split('\n').slice(-FAILURE_LINES);
      return `--- ${part.name} (pid ${part.pid}${part.ended ? ', ended' : ''})\n${lines.join('\n')}`;
    });
    const nats = this.nats.log.trimEnd().split('\n').slice(-FAILURE_LINES);
    return [...tails, `--- nats-server (${this.nats.kind})\n${nats.join('\n')}`].join('\n');
  }

  /** The server, or those of a cluster. */
  get servers(): string[] {
    return this.nats.url.split(',');
  }

  private named(kind: string): Part[] {
    return [...this.parts.values()].filter(({ name }) => name.startsWith(kind));
  }

  private async startParts(groups: number): Promise<void> {
    const {
      routers = 2,
      gateways = 2,
      connectors = 1,
      allInOne = false,
      untilListening = true,
      selection,
    } = this.options;
    const names = allInOne
      ? ['run']
      : [
          ...counted('router', routers),
          ...counted('gateway', gateways),
          ...(selection === undefined ? counted('connector', groups) : ['connector']).flatMap((name) =>
            counted(`${name}.`, connectors),
          ),
        ];
    await Promise.all(names.map((name) => this.startPart(name)));
    if (untilListening) await this.listening(allInOne ? [this.part('run')] : this.gateways);
  }

  private argumentsOf(name: string): string[] {
    const [, kind = '', number = ''] = /^([a-z]+)(\d*)/.exec(name) ?? [];
    const host = GATEWAY_HOSTS[Number(number) - 1];
    if (kind === 'gateway') return ['gateway', '--listen', host as string];
    if (kind === 'connector')
      return ['connector', ...(this.options.selection ?? [number]).flatMap((ids) => ['--group', ids])];
    if (kind === 'run') return ['run', '-n', '--listen', GATEWAY_HOSTS[0]];
    return [kind];
  }
}

const counted = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name}${index + 1}`);

/** What is tested is over: nothing is drained. */
async function endAtOnce(part: Part): Promise<void> {
  if (!part.ended) part.kill('SIGKILL');
  await part.exited;
}

export async function groupOf(part: Part, id = '1'): Promise<GroupStatus> {
  const group = (await part.status()).groups.find((candidate) => candidate.id === id);
  if (group === undefined) throw new Error(`no group ${id} in /status of ${part.name}`);
  return group;
}
