import type { GatewaySettings } from '@iec104mm2ss/master-gateway';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DurabilityWatch } from './bus/durability-watch.js';
import { CaptureModule } from './capture/capture.module.js';
import { type Core, CoreModule } from './core/core.module.js';
import { PartsModule } from './core/parts.module.js';
import { ErrorFilter } from './error.filter.js';
import { LinesModule } from './lines/lines.module.js';
import { HttpModule, type HttpModuleOptions } from './http/http.module.js';
import { NtpClient } from './ntp/index.js';
import { StatusModule } from './status/status.module.js';

export interface AppOptions {
  readonly core: Core;
  readonly gateway: GatewaySettings;
  readonly durability: DurabilityWatch;
  readonly ntp: NtpClient;
  readonly http: HttpModuleOptions;
}

/** All of one process: the core, the parts that run here, and HTTP. */
@Global()
@Module({})
export class AppModule {
  static forRoot({ core, gateway, durability, ntp, http }: AppOptions): DynamicModule {
    const watches = [
      { provide: DurabilityWatch, useValue: durability },
      { provide: NtpClient, useValue: ntp },
    ];
    return {
      module: AppModule,
      imports: [
        CoreModule.forRoot(core),
        PartsModule.forRoot(core.process.parts, gateway),
        StatusModule,
        LinesModule,
        CaptureModule,
        HttpModule.forRoot(http),
      ],
      providers: [...watches, { provide: APP_FILTER, useClass: ErrorFilter }],
      exports: watches,
    };
  }
}
