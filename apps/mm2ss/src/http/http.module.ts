import { type Bus, BUS } from '@iec104mm2ss/bus';
import { type DynamicModule, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { ControlDesk } from '../control/control-desk.js';
import { SystemStatus } from '../status/system-status.js';
import { BEARER_TOKENS, type BearerTokens } from './bearer-tokens.js';
import { CaptureController } from './capture.controller.js';
import { ControlController } from './control.controller.js';
import { HealthController, IndexController, MetricsController, StatusController } from './controllers.js';
import { FEED_READERS, type FeedReaders } from './feed-readers.js';
import { FeedController } from './feed.controller.js';
import { Guard } from './guard.js';
import { OWN_NAMES } from './own-names.js';

export interface HttpModuleOptions {
  readonly readers: FeedReaders;
  /** See ownNames. */
  readonly names: ReadonlySet<string>;
  /** Who may ask; undefined: everybody who can reach the port. */
  readonly tokens?: BearerTokens | undefined;
}

/** `/metrics`, `/healthz`, `/readyz`, `/status`, `/feed`, `/capture`, an index of them at `/`; and `/control/...`. */
@Module({})
export class HttpModule implements NestModule {
  static forRoot({ readers, names, tokens }: HttpModuleOptions): DynamicModule {
    const desk = {
      provide: ControlDesk,
      inject: [BUS, SystemStatus],
      useFactory: (bus: Bus, status: SystemStatus) =>
        new ControlDesk(bus, async () => (await status.ofSystem()).groups),
    };
    return {
      module: HttpModule,
      controllers: [
        IndexController,
        MetricsController,
        HealthController,
        StatusController,
        FeedController,
        CaptureController,
        ControlController,
      ],
      providers: [
        { provide: FEED_READERS, useValue: readers },
        { provide: OWN_NAMES, useValue: names },
        { provide: BEARER_TOKENS, useValue: tokens ?? null },
        desk,
      ],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(Guard).forRoutes('{*path}');
  }
}
