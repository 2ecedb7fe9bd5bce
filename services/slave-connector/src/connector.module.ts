import { type Bus, BUS, controlSubject } from '@iec104mm2ss/bus';
import { GROUPS, type Limits, PROCESS_LIMITS } from '@iec104mm2ss/config';
import { LOGGER, REGISTRY } from '@iec104mm2ss/observability';
import { RUNTIME } from '@iec104mm2ss/runtime';
import { TLS } from '@iec104mm2ss/tls';
import { SCHEDULER, TAPS } from '@iec104mm2ss/transport';
import { type ControlAnswer, groupRequestSchema } from '@iec104mm2ss/wire';
import { Controller, Inject, Module } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { CONNECTOR_OPTIONS, type ConnectorOptions, ConnectorService } from './connector.service.js';

/** Control plane of the connectors. A handler that answers undefined leaves the answer to another process. */
@Controller()
export class ConnectorController {
  constructor(
    @Inject(ConnectorService) private readonly service: ConnectorService,
    @Inject(BUS) private readonly bus: Pick<Bus, 'drops'>,
  ) {}

  /** `restart`: connect to the RTU anew. */
  @MessagePattern('restart')
  restart(request: unknown): ControlAnswer | undefined {
    return this.order('restart', request);
  }

  /** `next-host`: connect to the next host of the RTU. */
  @MessagePattern('next-host')
  nextHost(request: unknown): ControlAnswer | undefined {
    return this.order('next-host', request);
  }

  private order(verb: 'restart' | 'next-host', request: unknown): ControlAnswer | undefined {
    const decoded = groupRequestSchema.safeParse(request);
    if (decoded.success) return this.service.order(verb, decoded.data);
    this.bus.drops.add(controlSubject(verb), 'JSON', decoded.error.message);
    return undefined;
  }
}

@Module({
  providers: [
    {
      provide: CONNECTOR_OPTIONS,
      inject: [BUS, SCHEDULER, LOGGER, RUNTIME, REGISTRY, GROUPS, PROCESS_LIMITS, TLS, TAPS],
      useFactory: (
        bus: ConnectorOptions['bus'],
        scheduler: ConnectorOptions['scheduler'],
        logger: ConnectorOptions['logger'],
        runtime: ConnectorOptions['runtime'],
        registry: ConnectorOptions['registry'],
        groups: ConnectorOptions['groups'],
        limits: Limits,
        tls: ConnectorOptions['tls'],
        taps: ConnectorOptions['taps'],
      ): ConnectorOptions => ({ bus, scheduler, logger, runtime, registry, groups, limits, tls, taps }),
    },
    ConnectorService,
  ],
  controllers: [ConnectorController],
  exports: [ConnectorService],
})
export class ConnectorModule {}
