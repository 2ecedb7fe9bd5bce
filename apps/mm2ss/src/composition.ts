import 'reflect-metadata';
import type { Bus } from '@iec104mm2ss/bus';
import {
  ackPolicy,
  type ConfigurationFile,
  type ConfigurationSource,
  DEFAULT_LIMITS,
  type GroupConfig,
  type Limits,
  LiveGroups,
  type PeerName,
  readAgain,
} from '@iec104mm2ss/config';
import {
  createLogger,
  createRegistry,
  durationHistogram,
  LAG_BOUNDS_MS,
  type Logger,
  type LogLevel,
  LogRing,
  registerLogMetrics,
  type Registry,
  securityEvent,
} from '@iec104mm2ss/observability';
import type { Runtime } from '@iec104mm2ss/runtime';
import { DeadlineScheduler, Taps } from '@iec104mm2ss/transport';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GatewayService } from '@iec104mm2ss/master-gateway';
import { AppModule } from './app.module.js';
import { BusLog } from './bus/bus-log.js';
import { DurabilityWatch } from './bus/durability-watch.js';
import { registerBusMetrics } from './bus/bus-metrics.js';
import { StoreWatch } from './bus/store-watch.js';
import { applyGroups } from './configuration/apply-groups.js';
import { ConfigurationWatch } from './configuration/configuration-watch.js';
import { BusTransport } from './control/bus-transport.js';
import type { ConsoleParts, RunningConsole } from './console/console.js';
import type { Part } from './core/parts.module.js';
import {
  BearerTokens,
  BoundedHttpAdapter,
  type BoundHttp,
  type HttpAddress,
  type HealthServer,
  HttpListenError,
  listenHttp,
  NestLogger,
  ownNames,
  SecureEntrance,
} from './http/index.js';
import { keepChanges } from './lines/kept-changes.js';
import { NtpClient, NtpTime, SystemClockSetter } from './ntp/index.js';
import { registerTcpFigures } from './process/tcp-figures.js';
import { RELEASE } from './release.js';
import type { ConsoleSettings } from './console/console-settings.js';
import { Health } from './status/health.js';
import { SystemStatus } from './status/system-status.js';
import type { SyslogOptions } from './syslog/index.js';
import type { SyslogSender } from './syslog/syslog-sender.js';
import { type OpenTls, openTls } from './tls/open-tls.js';
import type { TlsOptions } from './tls/tls-options.js';

export type { Part } from './core/parts.module.js';

export interface CompositionOptions {
  readonly file: ConfigurationFile;
  /** The file is read again and again, and put into force when it has changed. */
  readonly watched: boolean;
  /** The groups of the file that are this process's; undefined: all. */
  readonly serves?: (group: GroupConfig) => boolean;
  readonly parts: readonly Part[];
  readonly bus: Bus;
  /** Clock, network, chance and identity of this process. */
  readonly runtime: Runtime;
  readonly http: HttpAddress | undefined;
  /** Nobody asked for that address: where it is taken the process goes on without HTTP. */
  readonly isHttpOptional?: boolean;
  /** Names under which HTTP is reached besides its own. */
  readonly httpHosts?: readonly string[];
  /** File with the bearer tokens that HTTP asks for; undefined: it asks for none. */
  readonly httpToken?: string | undefined;
  /** Certificates of those who may ask over HTTP, which needs `tls`; empty: it asks for none. */
  readonly httpClients?: readonly PeerName[];
  /** Monitoring endpoints of the NATS servers; without NATS there are none. */
  readonly natsMonitors?: readonly string[];
  /** The web console; undefined: none. */
  readonly console?: ConsoleSettings | undefined;
  /** Where liveness and readiness are served apart. */
  readonly health?: HealthServer | undefined;
  /** Who gets the security events by syslog. */
  readonly syslog?: SyslogOptions | undefined;
  readonly logLevel: LogLevel;
  /** Folder of the per-group log files; undefined: none are written. */
  readonly logDirectory: string | undefined;
  /** Takes the log lines instead of standard output, which a service of Windows does not have. */
  readonly logFile?: string | undefined;
  readonly listen: string | undefined;
  readonly holdMs: number;
  /** See GatewayOptions. */
  readonly drainMs?: number;
  /** Bounds on what peers may do. Default: DEFAULT_LIMITS. */
  readonly limits?: Limits;
  /** Undefined: no certificates are given, nothing that needs them is served. */
  readonly tls?: TlsOptions | undefined;
  readonly ntp?: { readonly servers: readonly string[]; readonly updateEverySec: number; readonly setClock: boolean };
}

/** A running set of parts. */
export interface Composition {
  readonly logger: Logger;
  readonly http: BoundHttp | undefined;
  readonly console: BoundHttp | undefined;
  /** Liveness and readiness, where they are served apart. */
  readonly health: BoundHttp | undefined;
  /** What SIGHUP does: reads the configuration file now, and puts it into force. */
  onHangup(): Promise<void>;
  /** Stops everything in the order in which nothing is lost, and writes the last log lines. */
  stop(): Promise<void>;
}

/** Builds, wires and starts parts of the multiplexer in this process: one Nest application, for HTTP and for the bus. */
export async function compose(options: CompositionOptions): Promise<Composition> {
  const { file, bus, parts, runtime, serves = () => true } = options;
  const { clock } = runtime;
  const sourceOf = ({ path, digest }: ConfigurationFile): ConfigurationSource => {
    return { file: path, digest, loadedAt: clock.wallMs(), refused: null };
  };
  const groups = new LiveGroups(file.configuration.groups.filter(serves), sourceOf(file));
  const started = { wallMs: clock.wallMs(), now: clock.now() };
  const { logDirectory: directory } = options;
  const syslog = await openSyslog(options);
  const ring = new LogRing();
  const logging = createLogger({
    level: options.logLevel,
    file: options.logFile,
    peerLines: clock,
    instance: runtime.instance,
    securityOutput: syslog,
    ring,
    ...(directory === undefined ? {} : { groupLogs: { directory, groups: loggedGroups(groups.current) } }),
  });
  const { logger } = logging;
  if (directory !== undefined && bus.kind === 'memory') await keepChanges(bus, ring, logger, runtime.instance);
  bus.onTrouble((reason) => logger.warn({ reason }, 'bus'));
  bus.onConnection((connected) =>
    logger.warn({ server: bus.server }, connected ? 'bus connected again' : 'bus connection lost'),
  );
  const registry = createRegistry({ release: RELEASE });
  const scheduler = new DeadlineScheduler(clock, LAG_BOUNDS_MS);
  durationHistogram(registry, 'mm2ss_event_loop_lag_seconds', () => [{ labels: {}, durations: scheduler.lags }]);
  registerLogMetrics(registry, logging);
  registerTcpFigures(registry, logger);
  syslog?.start(logger, registry);
  const busLog = new BusLog(bus, clock, logger, registry);
  registerBusMetrics(registry, bus);
  const stored = (): string[] =>
    groups.current.filter((group) => ackPolicy(group, bus.kind) === 'stored').map(({ id }) => id);
  const durability = new DurabilityWatch(bus, logger, registry, stored);
  const stores = new StoreWatch(parts.includes('router') ? (options.natsMonitors ?? []) : [], clock, registry);
  const ntp = startNtp(options, logger, registry);
  const time = new NtpTime(() => ntp.status(), clock, ntpOf(options).updateEverySec);
  const tls = options.tls === undefined ? undefined : await openTls(options.tls, { clock, logger, registry });

  const tokens = bearerTokens(options, logger);
  const entrance = secureEntrance(options, tls, logger);
  const adapter = new BoundedHttpAdapter({}, entrance);
  const app = await NestFactory.create(
    AppModule.forRoot({
      core: {
        ...{ bus, runtime, logger, ring, registry, groups, tls, limits: options.limits ?? DEFAULT_LIMITS },
        scheduler,
        taps: new Taps(),
        process: { release: RELEASE, parts, started },
        time,
      },
      gateway: { listen: options.listen, holdMs: options.holdMs, drainMs: options.drainMs ?? 0 },
      ...{ durability, ntp },
      http: { readers: adapter.readers, names: ownNames(options.http, options.httpHosts), tokens },
    }),
    adapter,
    { logger: new NestLogger(logger), abortOnError: false, bodyParser: false },
  );
  app.connectMicroservice({ strategy: new BusTransport(bus) }, { inheritAppConfig: true });
  await app.init();
  await app.startAllMicroservices();
  void durability.ask();
  stores.start();
  const watch = new ConfigurationWatch(file, {
    clock,
    logger,
    registry,
    read: readAgain,
    apply: async (changed, { removed }) => {
      const next = changed.configuration.groups.filter(serves);
      await applyGroups(app, parts, next);
      for (const { id } of removed) bus.forgetGroup(id);
      logging.setGroupLogs(loggedGroups(next));
      ring.setGroups(next.map(({ id }) => id));
      groups.set(next, sourceOf(changed));
    },
    refused: (reason) => groups.refused(reason),
  });
  if (options.watched) watch.start();
  const http = await openHttp(app, options, logger);
  entrance?.tellTrouble();
  const console = await openConsole(options, { bus, logger, ring, groups, watch, status: app.get(SystemStatus) });
  const { health } = options;
  health?.started(app.get(Health));
  if (health !== undefined) logger.info({ url: health.url }, 'HTTP: liveness and readiness');
  else if (tokens !== undefined || entrance !== undefined) {
    const what = [entrance && 'a certificate', tokens && 'a token'].filter(Boolean).join(' and ');
    logger.info(`HTTP: liveness and readiness ask for ${what}, too; --health HOST:PORT keeps them open`);
  }
  securityEvent(
    logger,
    'process_started',
    { parts, groups: groups.current.length, release: RELEASE, bus: bus.kind, instance: runtime.instance },
    'iec104mm2ss runs',
  );

  return {
    logger,
    http,
    console,
    health,
    onHangup: () => watch.reload(),
    stop: async () => {
      securityEvent(logger, 'process_stopped', {}, 'stopping');
      await console?.close();
      await watch.stop();
      await ntp.stop();
      stores.stop();
      tls?.stop();
      // The gateway first, so that what masters still acknowledge on the way out is counted.
      if (parts.includes('gateway')) await app.get(GatewayService).onApplicationShutdown();
      await app.close();
      await adapter.closeServer();
      await health?.close();
      await bus.close();
      busLog.stop();
      logger.info('stopped');
      await logging.close();
      const unsent = (await syslog?.stop()) ?? 0;
      if (unsent > 0) process.stderr.write(`mm2ss: syslog: ${unsent} security events were not sent\n`);
    },
  };
}

async function openHttp(
  app: INestApplication,
  { http: address, isHttpOptional }: CompositionOptions,
  logger: Logger,
): Promise<BoundHttp | undefined> {
  if (address === undefined) return undefined;
  try {
    const bound = await listenHttp(app, address);
    logger.info({ url: bound.url }, 'HTTP: metrics, health and status');
    return bound;
  } catch (error) {
    if (!(error instanceof HttpListenError) || isHttpOptional !== true) throw error;
    logger.warn({ reason: error.message }, 'no metrics, health and status: the port of HTTP is taken');
    return undefined;
  }
}

/** Loaded only where it is wanted. */
async function openConsole(
  { console: settings, runtime, watched }: CompositionOptions,
  parts: Pick<ConsoleParts, 'bus' | 'logger' | 'ring' | 'groups' | 'status'> & { readonly watch: ConfigurationWatch },
): Promise<RunningConsole | undefined> {
  if (settings === undefined) return undefined;
  const { openConsole: open } = await import('./console/console.js');
  const { watch, ...others } = parts;
  const { logger } = others;
  try {
    const running = await open({ settings, runtime, configuration: watch, isFile: watched, ...others });
    logger.info({ url: running.url, auth: settings.access.mode }, 'console');
    return running;
  } catch (error) {
    if (!(error instanceof HttpListenError) || settings.isOptional !== true) throw error;
    logger.warn({ reason: error.message }, 'no console: its port is taken');
    return undefined;
  }
}

/** Who may ask over HTTP. */
function bearerTokens({ httpToken, runtime }: CompositionOptions, logger: Logger): BearerTokens | undefined {
  if (httpToken === undefined) return undefined;
  return new BearerTokens(httpToken, runtime.clock, (reason) =>
    logger.error({ reason }, 'HTTP: the tokens that were read last count on'),
  );
}

/** What asks for their certificates of those who come over HTTP; undefined: nobody is asked. */
function secureEntrance(
  { httpClients: names = [], runtime, http }: CompositionOptions,
  settings: OpenTls | undefined,
  logger: Logger,
): SecureEntrance | undefined {
  if (names.length === 0 || http === undefined) return undefined;
  if (settings === undefined) throw new Error('HTTP asks for certificates, and there are none of ours');
  return new SecureEntrance({ settings, names, runtime, logger });
}

/** Loaded only where it is wanted: TLS costs memory. */
async function openSyslog({ syslog, runtime }: CompositionOptions): Promise<SyslogSender | undefined> {
  if (syslog === undefined) return undefined;
  const { syslogSender } = await import('./syslog/index.js');
  return syslogSender(syslog, runtime, RELEASE);
}

/** Those that have a file of their own. */
function loggedGroups(groups: readonly GroupConfig[]): { readonly id: string; readonly name: string }[] {
  return groups.filter(({ logEvents }) => logEvents).map(({ id, name }) => ({ id, name }));
}

function ntpOf({ ntp }: CompositionOptions): NonNullable<CompositionOptions['ntp']> {
  return ntp ?? { servers: [], updateEverySec: 900, setClock: false };
}

function startNtp(options: CompositionOptions, logger: Logger, registry: Registry): NtpClient {
  const { servers, updateEverySec, setClock } = ntpOf(options);
  const client = new NtpClient({
    servers,
    updateEverySec,
    logger,
    registry,
    clock: options.runtime.clock,
    ...(setClock ? { clockSetter: new SystemClockSetter() } : {}),
  });
  client.start();
  return client;
}
