import { type Bus, BUS, controlSubject } from '@iec104mm2ss/bus';
import { GROUPS, type Limits, PROCESS_LIMITS } from '@iec104mm2ss/config';
import { LOGGER, REGISTRY } from '@iec104mm2ss/observability';
import { RUNTIME } from '@iec104mm2ss/runtime';
import { type AdmissionAnswer, admissionRequestSchema } from '@iec104mm2ss/wire';
import { Controller, Inject, Module } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { ROUTER_OPTIONS, type RouterOptions, RouterService } from './router.service.js';

/** Control plane of the router. A handler that answers undefined leaves the answer to the owner of the group. */
@Controller()
export class RouterController {
  constructor(
    @Inject(RouterService) private readonly service: RouterService,
    @Inject(BUS) private readonly bus: Pick<Bus, 'drops'>,
  ) {}

  /** `admit`: may this master come in? */
  @MessagePattern('admit')
  async admit(request: unknown): Promise<AdmissionAnswer | undefined> {
    const decoded = admissionRequestSchema.safeParse(request);
    if (decoded.success) return this.service.admit(decoded.data);
    this.bus.drops.add(controlSubject('admit'), 'JSON', decoded.error.message);
    return undefined;
  }
}

@Module({
  providers: [
    {
      provide: ROUTER_OPTIONS,
      inject: [BUS, LOGGER, RUNTIME, REGISTRY, GROUPS, PROCESS_LIMITS],
      useFactory: (
        bus: RouterOptions['bus'],
        logger: RouterOptions['logger'],
        runtime: RouterOptions['runtime'],
        registry: RouterOptions['registry'],
        groups: RouterOptions['groups'],
        limits: Limits,
      ): RouterOptions => ({ bus, logger, runtime, registry, groups, limits }),
    },
    RouterService,
  ],
  controllers: [RouterController],
  exports: [RouterService],
})
export class RouterModule {}
