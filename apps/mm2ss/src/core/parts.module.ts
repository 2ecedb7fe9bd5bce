import { GatewayModule, GatewayService, type GatewaySettings } from '@iec104mm2ss/master-gateway';
import type { HealthSource, StatusSource } from '@iec104mm2ss/observability';
import { RouterModule, RouterService } from '@iec104mm2ss/router';
import { ConnectorModule, ConnectorService } from '@iec104mm2ss/slave-connector';
import { type DynamicModule, Global, Module } from '@nestjs/common';

export type Part = 'connector' | 'router' | 'gateway';

/** Injection token of the services of this process. */
export const PARTS = Symbol('PARTS');

export type PartService = StatusSource & HealthSource;

/** Order in which Nest starts the parts: who listens before who speaks. */
const PART_ORDER: readonly Part[] = ['router', 'gateway', 'connector'];
const SERVICES = { connector: ConnectorService, router: RouterService, gateway: GatewayService } as const;

/** The parts that run in this process, and PARTS: all of them, to be asked how they are. */
@Global()
@Module({})
export class PartsModule {
  static forRoot(parts: readonly Part[], gateway: GatewaySettings): DynamicModule {
    const modules = {
      router: () => RouterModule,
      gateway: () => GatewayModule.forRoot(gateway),
      connector: () => ConnectorModule,
    };
    const all = {
      provide: PARTS,
      inject: parts.map((part) => SERVICES[part]),
      useFactory: (...services: PartService[]): readonly PartService[] => services,
    };
    return {
      module: PartsModule,
      imports: PART_ORDER.filter((part) => parts.includes(part)).map((part) => modules[part]()),
      providers: [all],
      exports: [all],
    };
  }
}
