import { BUS } from '@iec104mm2ss/bus';
import { GROUPS } from '@iec104mm2ss/config';
import { LOGGER, REGISTRY } from '@iec104mm2ss/observability';
import { RUNTIME } from '@iec104mm2ss/runtime';
import { SCHEDULER } from '@iec104mm2ss/transport';
import { type DynamicModule, Module } from '@nestjs/common';
import { GATEWAY_OPTIONS, type GatewayOptions, GatewayService } from './gateway.service.js';

/** What is said of the gateways on the command line. */
export type GatewaySettings = Pick<GatewayOptions, 'listen' | 'holdMs'>;

@Module({})
export class GatewayModule {
  static forRoot(settings: GatewaySettings): DynamicModule {
    const options = {
      provide: GATEWAY_OPTIONS,
      inject: [BUS, SCHEDULER, LOGGER, RUNTIME, REGISTRY, GROUPS],
      useFactory: (
        bus: GatewayOptions['bus'],
        scheduler: GatewayOptions['scheduler'],
        logger: GatewayOptions['logger'],
        runtime: GatewayOptions['runtime'],
        registry: GatewayOptions['registry'],
        groups: GatewayOptions['groups'],
      ): GatewayOptions => ({ bus, scheduler, logger, runtime, registry, groups, ...settings }),
    };
    return { module: GatewayModule, providers: [options, GatewayService], exports: [GatewayService] };
  }
}
