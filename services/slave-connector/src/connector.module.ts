import { Controller, type DynamicModule, Inject, Module } from '@nestjs/common';
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

@Module({})
export class ConnectorModule {
  static forRoot(options: ConnectorOptions): DynamicModule {
    return {
      module: ConnectorModule,
      providers: [{ provide: CONNECTOR_OPTIONS, useValue: options }, ConnectorService],
      controllers: [ConnectorController],
      exports: [ConnectorService],
    };
  }
}
