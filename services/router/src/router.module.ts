import { type Bus, BUS, checkSender, controlSubject, groupAndGateway } from '@iec104mm2ss/bus';
import { GROUPS, type Limits, PROCESS_LIMITS } from '@iec104mm2ss/config';
import { LOGGER, REGISTRY } from '@iec104mm2ss/observability';
import { OWN_TIME, type OwnTime, RUNTIME } from '@iec104mm2ss/runtime';
import {
  type AdmissionAnswer,
  admissionRequestSchema,
  type ControlAnswer,
  observeRequestSchema,
} from '@iec104mm2ss/wire';
import { Controller, Inject, Module } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
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
  async admit(
    @Payload() request: unknown,
    @Ctx() { subject }: { readonly subject: string },
  ): Promise<AdmissionAnswer | undefined> {
    const { drops } = this.bus;
    const decoded = admissionRequestSchema.safeParse(request);
    if (!decoded.success) {
      drops.add(controlSubject('admit'), 'JSON', decoded.error.message);
      return undefined;
    }
    const { group, gateway } = decoded.data;
    const { group: permitted, gateway: by } = groupAndGateway(subject);
    if (!checkSender(drops, subject, by, gateway, 'asks for admission as')) return undefined;
    if (by !== undefined && group !== permitted) {
      drops.add(subject, 'SENDER', `${by} asks for admission to group ${group}`);
      return undefined;
    }
    return this.service.admit(decoded.data);
  }

  /** `observe`: begin or end observe mode of a group. */
  @MessagePattern('observe')
  async observe(request: unknown): Promise<ControlAnswer | undefined> {
    const decoded = observeRequestSchema.safeParse(request);
    if (decoded.success) return this.service.observe(decoded.data);
    this.bus.drops.add(controlSubject('observe'), 'JSON', decoded.error.message);
    return undefined;
  }
}

@Module({
  providers: [
    {
      provide: ROUTER_OPTIONS,
      inject: [BUS, LOGGER, RUNTIME, REGISTRY, GROUPS, PROCESS_LIMITS, OWN_TIME],
      useFactory: (
        bus: RouterOptions['bus'],
        logger: RouterOptions['logger'],
        runtime: RouterOptions['runtime'],
        registry: RouterOptions['registry'],
        groups: RouterOptions['groups'],
        limits: Limits,
        time: OwnTime,
      ): RouterOptions => ({ bus, logger, runtime, registry, groups, limits, time }),
    },
    RouterService,
  ],
  controllers: [RouterController],
  exports: [RouterService],
})
export class RouterModule {}
