import { type Bus, BUS, controlSubject } from '@iec104mm2ss/bus';
import { GROUPS, type Limits, PROCESS_LIMITS } from '@iec104mm2ss/config';
import { LOGGER, REGISTRY } from '@iec104mm2ss/observability';
import { RUNTIME } from '@iec104mm2ss/runtime';
import { TLS } from '@iec104mm2ss/tls';
import { SCHEDULER, TAPS } from '@iec104mm2ss/transport';
import { type ControlAnswer, disconnectRequestSchema } from '@iec104mm2ss/wire';
import { Controller, type DynamicModule, Inject, Module } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { GATEWAY_OPTIONS, type GatewayOptions, GatewayService } from './gateway.service.js';

/** What is said of the gateways on the command line. */
export type GatewaySettings = Pick<GatewayOptions, 'listen' | 'holdMs' | 'drainMs'>;

/** Control plane of the gateways. A handler that answers undefined leaves the answer to another process. */
@Controller()
export class GatewayController {
  constructor(
    @Inject(GatewayService) private readonly service: GatewayService,
    @Inject(BUS) private readonly bus: Pick<Bus, 'drops'>,
  ) {}

  /** `disconnect`: end one session. */
  @MessagePattern('disconnect')
  disconnect(request: unknown): ControlAnswer | undefined {
    const decoded = disconnectRequestSchema.safeParse(request);
    if (decoded.success) return this.service.disconnect(decoded.data);
    this.bus.drops.add(controlSubject('disconnect'), 'JSON', decoded.error.message);
    return undefined;
  }
}

@Module({})
export class GatewayModule {
  static forRoot(settings: GatewaySettings): DynamicModule {
    const options = {
      provide: GATEWAY_OPTIONS,
      inject: [BUS, SCHEDULER, LOGGER, RUNTIME, REGISTRY, GROUPS, PROCESS_LIMITS, TLS, TAPS],
      useFactory: (
        bus: GatewayOptions['bus'],
        scheduler: GatewayOptions['scheduler'],
        logger: GatewayOptions['logger'],
        runtime: GatewayOptions['runtime'],
        registry: GatewayOptions['registry'],
        groups: GatewayOptions['groups'],
        limits: Limits,
        tls: GatewayOptions['tls'],
        taps: GatewayOptions['taps'],
      ): GatewayOptions => ({ bus, scheduler, logger, runtime, registry, groups, limits, tls, taps, ...settings }),
    };
    return {
      module: GatewayModule,
      providers: [options, GatewayService],
      controllers: [GatewayController],
      exports: [GatewayService],
    };
  }
}
