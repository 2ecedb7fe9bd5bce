import { Controller, type DynamicModule, Inject, Module } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import type { AdmissionRequest } from './admission.js';
import type { AdmissionAnswer } from './group-router.js';
import { ROUTER_OPTIONS, type RouterOptions, RouterService } from './router.service.js';

/** Control plane of the router. A handler that answers undefined leaves the answer to the owner of the group. */
@Controller()
export class RouterController {
  constructor(@Inject(RouterService) private readonly service: RouterService) {}

  /** `admit`: may this master come in? */
  @MessagePattern('admit')
  admit(request: AdmissionRequest): AdmissionAnswer | undefined {
    return this.service.admit(request);
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
