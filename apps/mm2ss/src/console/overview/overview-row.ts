import type { GroupConfig } from '@iec104mm2ss/config';
import type { GroupDetail, OverviewRow, Summary } from '@iec104mm2ss/console-api';
import type { GatewayStatus, GroupStatus, MasterStatus, Status } from '@iec104mm2ss/observability';

/** What a row is made from, beside the status of the group. */
export interface RowContext {
  /** The row of the file as it is in force in this process; undefined: it is in another's only. */
  readonly config: GroupConfig | undefined;
  readonly lastErrorAt: string | null;
  readonly edited: boolean;
}

type Freshness = Pick<GroupDetail, 'silent' | 'lastHeardAt'> & { readonly unserved: readonly string[] };

/** Who of those that serve a group does not answer, and since when. */
export function freshnessOf({ servedBy, gateways = [] }: Pick<GroupStatus, 'servedBy' | 'gateways'>): Freshness {
  const { connector = null, router = null } = servedBy ?? {};
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

/** No gateway answers, and there were some: nothing is known of masters. */
const knowsNoMasters = (gateways: readonly GatewayStatus[]): boolean =>
  gateways.length > 0 && gateways.every(({ silent }) => silent);

/** What a silent part was the one to know is not known now, whatever it or others said before. */
export function knownNow(group: GroupStatus, silent: readonly string[]): GroupStatus {
  const { rtu, log, rates, listener, observe, gateways = [], ...others } = group;
  const [noLink, noRouter, noGateway] = ['connector', 'router', 'gateway'].map((part) => silent.includes(part));
  const { tls: _, habits: __, ...link } = rtu;
  return {
    ...others,
    gateways,
    rtu: noLink ? { ...link, state: null, since: null, connects: null, lastError: null } : rtu,
    log: noRouter ? { ...log, confirmed: null, unconfirmed: null, full: null } : log,
    ...(noRouter || observe === undefined ? {} : { observe }),
    listener: knowsNoMasters(gateways) ? { ...listener, open: null } : listener,
    rates: {
      ...rates,
      ...(noLink ? { fromRtuPerSecond: null } : {}),
      ...(noRouter ? { commandsPerSecond: null } : {}),
      ...(noGateway ? { toMastersPerSecond: null } : {}),
    },
  };
}

export function overviewRow(of: GroupStatus, { config, lastErrorAt, edited }: RowContext): OverviewRow {
  const fresh = freshnessOf(of);
  const group = knownNow(of, fresh.silent);
  const { rtu, log, masters, rates, listener } = group;
  const started = masters.filter(({ state }) => state === 'started');
  const slowest = masters.reduce<MasterStatus | undefined>(
    (worst, master) => ((master.queue ?? -1) > (worst?.queue ?? -1) ? master : worst),
    undefined,
  );
  const named = config?.masters.map(({ name }) => name) ?? [];
  const unknown = knowsNoMasters(of.gateways ?? []);
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
    mastersStarted: unknown ? null : started.length,
    mastersConnected: unknown ? null : masters.length,
    mastersMax: config?.maxConnections ?? null,
    mastersExpected: named.length,
    // Who is not seen may be at the gateway that is silent.
    mastersMissing: fresh.silent.includes('gateway')
      ? []
      : named.filter((name) => !started.some((master) => master.name === name)),
    hosts: config?.hosts.length ?? null,
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
    configuration: [...configuration.digests].sort().join(),
    configurationRefused: refused?.refused ?? null,
    busConnected: bus.connected,
    stale: bus.connected ? null : `the bus is not connected${bus.outage === undefined ? '' : `: ${bus.outage}`}`,
  };
}
