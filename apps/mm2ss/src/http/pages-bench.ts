import 'reflect-metadata';
import { type Bus, MemoryBus } from '@iec104mm2ss/bus';
import { DEFAULT_LIMITS, type GroupConfig, LiveGroups } from '@iec104mm2ss/config';
import {
  type BusStatus,
  createRegistry,
  createSilentLogger,
  type Logger,
  type Registry,
  LogRing,
} from '@iec104mm2ss/observability';
import { NO_TIME, SYSTEM_CLOCK, systemRuntime } from '@iec104mm2ss/runtime';
import { DeadlineScheduler, Taps } from '@iec104mm2ss/transport';
import { type DynamicModule } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { DurabilityWatch } from '../bus/durability-watch.js';
import { CaptureModule } from '../capture/capture.module.js';
import { CoreModule } from '../core/core.module.js';
import { PARTS, type PartService } from '../core/parts.module.js';
import { ErrorFilter } from '../error.filter.js';
import { NtpClient } from '../ntp/index.js';
import { StatusModule } from '../status/status.module.js';
import type { BearerTokens } from './bearer-tokens.js';
import type { HttpAddress } from './http-address.js';
import { BoundedHttpAdapter, type BoundHttp, type HttpLimits, listenHttp } from './http-server.js';
import { HttpModule } from './http.module.js';
import { NestLogger } from './nest-logger.js';
import { ownNames } from './own-names.js';

/** What the pages show; all of it may be left out. */
export interface PagesSources {
  readonly tokens?: BearerTokens;
  readonly logger?: Logger;
  readonly registry?: Registry;
  readonly bus?: Bus;
  readonly clock?: { readonly now: () => number; readonly wallMs: () => number };
  readonly started?: { readonly wallMs: number; readonly now: number };
  readonly services?: readonly PartService[];
  readonly groups?: readonly GroupConfig[];
  readonly durability?: () => Pick<BusStatus, 'syncsAlways' | 'durability'>;
}

export interface Pages extends BoundHttp {
  close(): Promise<void>;
}

const NTP_OFF = {
  state: 'off',
  server: null,
  stratum: null,
  offsetSeconds: null,
  delaySeconds: null,
  lastSuccessAt: null,
  set: false,
  error: null,
};

/** The pages of a process, on a real socket, over parts that are made up. */
export async function servePages(
  address: HttpAddress,
  sources: PagesSources = {},
  limits: Partial<HttpLimits> = {},
): Promise<Pages> {
  const clock = { ...SYSTEM_CLOCK, ...sources.clock };
  const logger = sources.logger ?? createSilentLogger();
  const core = CoreModule.forRoot({
    time: NO_TIME,
    bus: sources.bus ?? new MemoryBus({ clock: SYSTEM_CLOCK }),
    runtime: { ...systemRuntime(), clock },
    logger,
    ring: new LogRing(),
    registry: sources.registry ?? createRegistry({ processMetrics: false }),
    scheduler: new DeadlineScheduler(),
    taps: new Taps(),
    groups: new LiveGroups(sources.groups ?? []),
    limits: DEFAULT_LIMITS,
    tls: undefined,
    process: {
      release: '0.1.0',
      parts: ['connector', 'router', 'gateway'],
      started: sources.started ?? { wallMs: 0, now: 0 },
    },
  });
  const providers = [
    { provide: PARTS, useValue: sources.services ?? [] },
    { provide: DurabilityWatch, useValue: { status: sources.durability ?? (() => ({})) } },
    { provide: NtpClient, useValue: { status: () => NTP_OFF } },
  ];
  const adapter = new BoundedHttpAdapter(limits);
  class PagesModule {}
  const root: DynamicModule = {
    module: PagesModule,
    global: true,
    imports: [
      core,
      StatusModule,
      CaptureModule,
      HttpModule.forRoot({
        readers: adapter.readers,
        names: ownNames(address, ['mm2ss.example']),
        tokens: sources.tokens,
      }),
    ],
    providers: [...providers, { provide: APP_FILTER, useClass: ErrorFilter }],
    exports: providers,
  };
  const options = { logger: new NestLogger(logger), abortOnError: false, bodyParser: false };
  const app = await NestFactory.create(root, adapter, options);
  const bound = await listenHttp(app, address);
  const close = async (): Promise<void> => {
    await app.close();
    await adapter.closeServer();
  };
  return { ...bound, close };
}
