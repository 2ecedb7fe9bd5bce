import type { GroupConfig } from '@iec104mm2ss/config';
import type { GroupDetail, OverviewRow, Summary } from '@iec104mm2ss/console-api';
import type { GroupStatus, MasterStatus, ProcessStatus, Status } from '@iec104mm2ss/observability';

/** What a row is made from, beside the status of the group. */
export interface RowContext {
  /** The row of the file as it is in force in this process; undefined: it is in another's only. */
  readonly config: GroupConfig | undefined;
  /** Gateways that serve the group, or did when they were heard last. */
  readonly gateways: readonly ProcessStatus[];
  readonly lastErrorAt: string | null;
  readonly edited: boolean;
}

type Freshness = Pick<GroupDetail, 'silent' | 'lastHeardAt'> & { readonly unserved: readonly string[] };

/** The gateways of each group. */
export function gatewaysByGroup(processes: readonly ProcessStatus[]): ReadonlyMap<string, ProcessStatus[]> {
  const byGroup = new Map<string, ProcessStatus[]>();
  for (const process of processes) {
    for (const id of process.serves['gateway'] ?? []) {
      const known = byGroup.get(id);
      if (known === undefined) byGroup.set(id, [process]);
      else known.push(process);
    }
  }
  return byGroup;
}

/** Who of those that serve a group does not answer, and since when. */
export function freshnessOf(group: Pick<GroupStatus, 'servedBy'>, gateways: readonly ProcessStatus[]): Freshness {
  const { connector = null, router = null } = group.servedBy ?? {};
  const heard = [connector, router, ...gateways].flatMap((server) => (server === null ? [] : [server]));
  return {
    silent: [
      ...(connector?.silent ? ['connector'] : []),
      ...(router?.silent ? ['router'] : []),
      // Others of them may answer: those of this one are unknown all the same.
      ...(gateways.some(({ silent }) => silent) ? ['gateway'] : []),
    ],
    unserved: [
      ...(connector === null ? ['connector'] : []),
      ...(router === null ? ['router'] : []),
      ...(gateways.length > 0 ? [] : ['gateway']),
    ],
    lastHeardAt: heard.map(({ lastHeardAt }) => lastHeardAt).sort()[0] ?? null,
  };
}

/** What others heard of a link while its connector answers no more is no state of now. */
export function knownNow(group: GroupStatus, silent: readonly string[]): GroupStatus {
  const { rtu, log, rates } = group;
  return {
    ...group,
    rtu: silent.includes('connector') ? { ...rtu, state: null, since: null } : rtu,
    log: silent.includes('router') ? { ...log, confirmed: null, unconfirmed: null, full: null } : log,
    rates: silent.includes('connector') ? { ...rates, fromRtuPerSecond: null } : rates,
  };
}

export function overviewRow(of: GroupStatus, { config, gateways, lastErrorAt, edited }: RowContext): OverviewRow {
  const fresh = freshnessOf(of, gateways);
  const group = knownNow(of, fresh.silent);
  const { rtu, log, masters, rates, listener } = group;
  const started = masters.filter(({ state }) => state === 'started');
  const slowest = masters.reduce<MasterStatus | undefined>(
    (worst, master) => ((master.queue ?? -1) > (worst?.queue ?? -1) ? master : worst),
    undefined,
  );
  const named = config?.masters.map(({ name }) => name) ?? [];
  return {
    id: group.id,
    name: group.name,
    port: group.port,
    tlsPort: config?.tlsPort ?? null,
    rtuNumber: group.rtuNumber,
    state: rtu.state,
    endpoint: rtu.endpoint,
    since: rtu.since,
    linkEpoch: rtu.linkEpoch,
    listening: listener.open,
    mastersStarted: started.length,
    mastersConnected: masters.length,
    mastersMax: config?.maxConnections ?? null,
    mastersExpected: named.length,
    mastersMissing: named.filter((name) => !started.some((master) => master.name === name)),
    fromRtu: tenth(rates.fromRtuPerSecond),
    toMasters: tenth(rates.toMastersPerSecond),
    commands: tenth(rates.commandsPerSecond),
    unconfirmed: log.unconfirmed,
    capacity: log.capacity,
    full: log.full ?? false,
    queue: slowest?.queue ?? null,
    queueLimit: slowest?.queueLimit ?? null,
    lastError: rtu.lastError,
    lastErrorAt,
    ...fresh,
    // It moves with every answer: only where somebody is silent it says anything.
    lastHeardAt: fresh.silent.length > 0 ? fresh.lastHeardAt : null,
    observe: group.observe?.reason ?? null,
    trouble: group.trouble,
    edited,
  };
}

const tenth = (rate: number | null): number | null => (rate === null ? null : Math.round(rate * 10) / 10);

export function summaryOf(status: Status): Summary {
  const { bus, processes, configuration } = status;
  const refused = processes.find((process) => !process.silent && process.configuration?.refused)?.configuration;
  return {
    now: status.clock.now,
    silentProcesses: processes.filter(({ silent }) => silent).map(({ instance }) => instance),
    configurationDiffers: configuration.differ,
    configurationRefused: refused?.refused ?? null,
    busConnected: bus.connected,
    stale: bus.connected ? null : `the bus is not connected${bus.outage === undefined ? '' : `: ${bus.outage}`}`,
  };
}
