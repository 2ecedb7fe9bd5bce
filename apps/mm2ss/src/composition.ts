import 'reflect-metadata';
import type { Bus } from '@iec104mm2ss/bus';
import { ackPolicy, type Configuration, type GroupConfig } from '@iec104mm2ss/config';
import { GatewayModule, GatewayService } from '@iec104mm2ss/master-gateway';
import {
  createLogger,
  createRegistry,
  type GroupContribution,
  type HealthSource,
  type Logger,
  type LogLevel,
  registerLogMetrics,
  type StatusSource,
} from '@iec104mm2ss/observability';
import { RouterModule, RouterService } from '@iec104mm2ss/router';
import type { Runtime } from '@iec104mm2ss/runtime';
import { ConnectorModule, ConnectorService } from '@iec104mm2ss/slave-connector';
import { DeadlineScheduler } from '@iec104mm2ss/transport';
import { type INestMicroservice, type ModuleMetadata, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DropLog } from './bus/drop-log.js';
import { DurabilityWatch } from './bus/durability-watch.js';
import { BusTransport, PassErrorsOn } from './control/bus-transport.js';
import { type HttpAddress, NestLogger, type ObservabilityHttpServer, startObservabilityHttp } from './http/index.js';
import { NtpClient, SystemClockSetter } from './ntp/index.js';
import { RELEASE } from './release.js';

export type Part = 'connector' | 'router' | 'gateway';

export interface CompositionOptions {
  readonly configuration: Configuration;
  readonly parts: readonly Part[];
  readonly bus: Bus;
  /** Clock, network, chance and identity of this process. */
  readonly runtime: Runtime;
  readonly http: HttpAddress | undefined;
  readonly logLevel: LogLevel;
  /** Folder of the per-group log files; undefined: none are written. */
  readonly logDirectory: string | undefined;
  readonly listen: string | undefined;
  readonly holdMs: number;
  readonly ntp?: { readonly servers: readonly string[]; readonly updateEverySec: number; readonly setClock: boolean };
}

/** A running set of parts. */
export interface Composition {
  readonly logger: Logger;
  readonly http: ObservabilityHttpServer | undefined;
  /** What SIGHUP does; undefined: there is nothing to reload. */
  readonly onHangup?: () => void;
  /** Stops everything in the order in which nothing is lost, and writes the last log lines. */
  stop(): Promise<void>;
}

/** Order in which Nest starts the parts: who listens before who speaks. */
const PART_ORDER: readonly Part[] = ['router', 'gateway', 'connector'];

/** Builds, wires and starts parts of the multiplexer in this process. */
export async function compose(options: CompositionOptions): Promise<Composition> {
  const { configuration, bus, parts, runtime } = options;
  const { clock } = runtime;
  const { groups } = configuration;
  const started = { wallMs: clock.wallMs(), now: clock.now() };
  const logging = createLogger({ level: options.logLevel, peerLines: clock, ...groupLogs(options) });
  const { logger } = logging;
  bus.onTrouble((reason) => logger.warn({ reason }, 'bus'));
  bus.onConnection((connected) =>
    logger.warn({ server: bus.server }, connected ? 'bus connected again' : 'bus connection lost'),
  );
  const registry = createRegistry({ release: RELEASE });
  registerLogMetrics(registry, logging);
  const dropLog = new DropLog(bus, clock, logger, registry);
  const stored = groups.filter((group) => ackPolicy(group, bus.kind) === 'stored').map(({ id }) => id);
  const durability = new DurabilityWatch(bus, logger, registry, stored);
  const scheduler = new DeadlineScheduler(clock);
  const shared = { bus, scheduler, logger, registry, runtime };

  const modules = {
    router: () => RouterModule.forRoot({ ...shared, groups }),
    gateway: () => GatewayModule.forRoot({ ...shared, groups, listen: options.listen, holdMs: options.holdMs }),
    connector: () => ConnectorModule.forRoot({ ...shared, groups }),
  };
  const imports: ModuleMetadata['imports'] = PART_ORDER.filter((part) => parts.includes(part)).map((part) =>
    modules[part](),
  );
  class RootModule {}
  Module({ imports })(RootModule);

  const ntp = startNtp(options, logger, registry);
  const app: INestMicroservice = await NestFactory.createMicroservice(RootModule, {
    strategy: new BusTransport(bus),
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  app.useGlobalFilters(new PassErrorsOn());
  await app.listen();
  void durability.ask();

  const services = parts.map((part) => app.get<StatusSource & HealthSource>(SERVICES[part]));
  const http =
    options.http === undefined
      ? undefined
      : await startObservabilityHttp(options.http, {
          logger,
          registry,
          release: RELEASE,
          parts,
          clock,
          started,
          health: [...services, busHealth(bus)],
          bus: () => ({
            kind: bus.kind,
            connected: bus.connected,
            ...(bus.server === undefined ? {} : { server: bus.server }),
            ...durability.status(),
          }),
          ntp: () => ntp.status(),
          groups: [configurationSource(groups, bus), ...services],
          messages: bus,
        });
  logger.info(
    { parts, groups: groups.length, release: RELEASE, bus: bus.kind, instance: runtime.instance },
    'iec104mm2ss runs',
  );

  return {
    logger,
    http,
    stop: async () => {
      logger.info('stopping');
      await ntp.stop();
      // The gateway first, so that what masters still acknowledge on the way out is counted.
      await app.close();
      await http?.close();
      await bus.close();
      dropLog.stop();
      logger.info('stopped');
      await logging.close();
    },
  };
}

const SERVICES = { connector: ConnectorService, router: RouterService, gateway: GatewayService } as const;

function groupLogs({ configuration, logDirectory }: CompositionOptions): Parameters<typeof createLogger>[0] & object {
  const groups = configuration.groups.filter((group) => group.logEvents).map(({ id, name }) => ({ id, name }));
  return logDirectory === undefined || groups.length === 0 ? {} : { groupLogs: { directory: logDirectory, groups } };
}

function configurationSource(groups: readonly GroupConfig[], bus: Bus): StatusSource {
  const contributions: GroupContribution[] = groups.map((group) => ({
    id: group.id,
    name: group.name,
    port: group.port,
    rtuNumber: group.rtuNumber,
    ack: ackPolicy(group, bus.kind),
    interrogation: group.interrogation,
    log: { capacity: group.buffsize },
  }));
  return { groups: () => contributions };
}

function busHealth(bus: Bus): HealthSource {
  return {
    name: 'bus',
    live: () => ({ ok: true }),
    ready: () => (bus.connected ? { ok: true } : { ok: false, reason: 'the bus is not connected' }),
  };
}

function startNtp(options: CompositionOptions, logger: Logger, registry: ReturnType<typeof createRegistry>): NtpClient {
  const { servers, updateEverySec, setClock } = options.ntp ?? { servers: [], updateEverySec: 900, setClock: false };
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
