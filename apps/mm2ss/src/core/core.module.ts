import { type Bus, BUS } from '@iec104mm2ss/bus';
import { GROUPS, type Limits, type LiveGroups, PROCESS_LIMITS } from '@iec104mm2ss/config';
import { LOG_RING, LOGGER, type Logger, type LogRing, REGISTRY, type Registry } from '@iec104mm2ss/observability';
import { OWN_TIME, type OwnTime, type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { TLS, type TlsSettings } from '@iec104mm2ss/tls';
import { type DeadlineScheduler, SCHEDULER, type Taps, TAPS } from '@iec104mm2ss/transport';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { PROCESS, type ProcessInfo } from './process-info.js';

/** What every part of the process may have injected, by the tokens that stand beside the types. */
export interface Core {
  readonly bus: Bus;
  readonly runtime: Runtime;
  readonly logger: Logger;
  /** The last lines of `logger`. */
  readonly ring: LogRing;
  readonly registry: Registry;
  readonly scheduler: DeadlineScheduler;
  /** Where connections can be captured. */
  readonly taps: Taps;
  readonly groups: LiveGroups;
  readonly limits: Limits;
  readonly process: ProcessInfo;
  readonly time: OwnTime;
  /** Undefined: this process was told nothing of TLS. */
  readonly tls: TlsSettings | undefined;
}

@Global()
@Module({})
export class CoreModule {
  static forRoot(core: Core): DynamicModule {
    const { bus, runtime, logger, ring, registry, scheduler, taps, groups, limits, process, time, tls } = core;
    const providers = [
      { provide: BUS, useValue: bus },
      { provide: RUNTIME, useValue: runtime },
      { provide: LOGGER, useValue: logger },
      { provide: LOG_RING, useValue: ring },
      { provide: REGISTRY, useValue: registry },
      { provide: SCHEDULER, useValue: scheduler },
      { provide: TAPS, useValue: taps },
      { provide: GROUPS, useValue: groups },
      { provide: PROCESS_LIMITS, useValue: limits },
      { provide: PROCESS, useValue: process },
      { provide: OWN_TIME, useValue: time },
      { provide: TLS, useValue: tls },
    ];
    return { module: CoreModule, providers, exports: providers };
  }
}
