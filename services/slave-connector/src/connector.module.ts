import { BUS } from '@iec104mm2ss/bus';
import { GROUPS } from '@iec104mm2ss/config';
import { LOGGER, REGISTRY } from '@iec104mm2ss/observability';
import { RUNTIME } from '@iec104mm2ss/runtime';
import { SCHEDULER } from '@iec104mm2ss/transport';
import { Controller, Inject, Module } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { CONNECTOR_OPTIONS, type ConnectorOptions, ConnectorService } from './connector.service.js';

/** Control plane of the connectors. A handler that answers undefined leaves the answer to another process. */
@Controller()
export class ConnectorController {
  constructor(@Inject(ConnectorService) private readonly service: ConnectorService) {}

  /** `restart { group }`: connect to the RTU anew. */
  @MessagePattern('restart')
  restart(request: { readonly group: string }): { ok: true } | undefined {
    return this.service.restart(request.group) ? { ok: true } : undefined;
  }
}

@Module({
  providers: [
    {
      provide: CONNECTOR_OPTIONS,
      inject: [BUS, SCHEDULER, LOGGER, RUNTIME, REGISTRY, GROUPS],
      useFactory: (
        bus: ConnectorOptions['bus'],
        scheduler: ConnectorOptions['scheduler'],
        logger: ConnectorOptions['logger'],
        runtime: ConnectorOptions['runtime'],
        registry: ConnectorOptions['registry'],
        groups: ConnectorOptions['groups'],
      ): ConnectorOptions => ({ bus, scheduler, logger, runtime, registry, groups }),
    },
    ConnectorService,
  ],
  controllers: [ConnectorController],
  exports: [ConnectorService],
})
export class ConnectorModule {}
