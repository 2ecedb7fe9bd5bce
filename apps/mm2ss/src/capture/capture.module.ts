import { type Bus, BUS, controlSubject } from '@iec104mm2ss/bus';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { captureRequestSchema, encodeCaptureAnswer } from '@iec104mm2ss/wire';
import { Controller, Global, Inject, Module } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { Observable } from 'rxjs';
import { CaptureSources } from './capture-sources.js';

/** Answers who captures a group. */
@Controller()
export class CaptureVerbs {
  constructor(
    @Inject(CaptureSources) private readonly sources: CaptureSources,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'instance'>,
    @Inject(BUS) private readonly bus: Pick<Bus, 'drops'>,
  ) {}

  /** `capture`: what do the connections of this group say? */
  @MessagePattern('capture')
  capture(request: unknown): Observable<unknown> | undefined {
    const decoded = captureRequestSchema.safeParse(request);
    if (!decoded.success) {
      this.bus.drops.add(controlSubject('capture'), 'JSON', decoded.error.message);
      return undefined;
    }
    // What is captured in this process goes the short way, see CaptureWatch.
    if (decoded.data.by === this.runtime.instance || !this.sources.serves(decoded.data.group)) return undefined;
    return new Observable((subscriber) => {
      this.sources.ask(decoded.data, {
        send: (answer) => subscriber.next(encodeCaptureAnswer(answer)),
        end: () => subscriber.complete(),
      });
    });
  }
}

@Global()
@Module({ controllers: [CaptureVerbs], providers: [CaptureSources], exports: [CaptureSources] })
export class CaptureModule {}
