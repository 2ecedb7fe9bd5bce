import { type Bus, BUS, controlSubject } from '@iec104mm2ss/bus';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { encodeLeft, leftMessageSchema, statusRequestSchema } from '@iec104mm2ss/wire';
import { Controller, Global, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';
import { Health } from './health.js';
import { statusAnswers } from './known.js';
import { OwnStatus } from './own-status.js';
import { SystemStatus } from './system-status.js';
import { inTurns } from './turns.js';

/** What processes ask and tell each other about themselves. */
@Controller()
export class StatusVerbs {
  constructor(
    @Inject(OwnStatus) private readonly own: OwnStatus,
    @Inject(SystemStatus) private readonly system: SystemStatus,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'instance'>,
    @Inject(BUS) private readonly bus: Pick<Bus, 'drops'>,
  ) {}

  /** `status`: what does this process know? Who asks knows what he knows himself. */
  @MessagePattern('status')
  async status(request: unknown): Promise<Observable<unknown> | undefined> {
    const decoded = statusRequestSchema.safeParse(request);
    if (!decoded.success) this.bus.drops.add(controlSubject('status'), 'JSON', decoded.error.message);
    else if (decoded.data.by !== this.runtime.instance) return from(inTurns(statusAnswers(await this.own.known())));
    return undefined;
  }

  /** `left`: a process ends as it was told to. */
  @MessagePattern('left')
  left(message: unknown): undefined {
    const decoded = leftMessageSchema.safeParse(message);
    if (decoded.success) this.system.left(decoded.data.instance);
    else this.bus.drops.add(controlSubject('left'), 'JSON', decoded.error.message);
  }
}

/** Says good-bye, so that nobody misses this process. */
@Injectable()
export class Leaving implements OnApplicationShutdown {
  constructor(
    @Inject(BUS) private readonly bus: Pick<Bus, 'publish'>,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'instance'>,
  ) {}

  onApplicationShutdown(): void {
    this.bus.publish(controlSubject('left'), encodeLeft(this.runtime.instance));
  }
}

@Global()
@Module({
  controllers: [StatusVerbs],
  providers: [Health, OwnStatus, SystemStatus, Leaving],
  exports: [Health, SystemStatus],
})
export class StatusModule {}
