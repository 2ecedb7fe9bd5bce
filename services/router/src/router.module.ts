import { controlSubject } from '@iec104mm2ss/bus';
import { type AdmissionAnswer, admissionRequestSchema } from '@iec104mm2ss/wire';
import { Controller, type DynamicModule, Inject, Module } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { ROUTER_OPTIONS, type RouterOptions, RouterService } from './router.service.js';

/** Control plane of the router. A handler that answers undefined leaves the answer to the owner of the group. */
@Controller()
export class RouterController {
  constructor(
    @Inject(RouterService) private readonly service: RouterService,
    @Inject(ROUTER_OPTIONS) private readonly options: RouterOptions,
  ) {}

  /** `admit`: may this master come in? */
  @MessagePattern('admit')
  async admit(request: unknown): Promise<AdmissionAnswer | undefined> {
    const decoded = admissionRequestSchema.safeParse(request);
    if (decoded.success) return this.service.admit(decoded.data);
    this.options.bus.drops.add(controlSubject('admit'), 'JSON', decoded.error.message);
    return undefined;
  }
}

@Module({})
export class RouterModule {
  static forRoot(options: RouterOptions): DynamicModule {
    return {
      module: RouterModule,
      providers: [{ provide: ROUTER_OPTIONS, useValue: options }, RouterService],
      controllers: [RouterController],
      exports: [RouterService],
    };
  }
}
