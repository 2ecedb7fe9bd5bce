import { type Bus, controlSubject, decodeJson, encodeJson, type Subscription } from '@iec104mm2ss/bus';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';

/**
 * NestJS microservice handlers on our bus: `@MessagePattern('admit')` answers requests on the control subject `admit`, in
 * JSON. It carries the control plane only.
 *
 * Every process on the bus gets every request; a handler that returns undefined is not the one concerned and says
 * nothing.
 */
export class BusTransport extends Server implements CustomTransportStrategy {
  private subscriptions: Subscription[] = [];

  constructor(private readonly bus: Bus) {
    super();
  }

  listen(callback: () => void): void {
    for (const [verb, handler] of this.getHandlers()) {
      this.subscriptions.push(
        this.bus.subscribe(controlSubject(verb), (message) => {
          const request = decodeJson<unknown>(message.data);
          if (request === undefined) return;
          void this.answer(handler, request, (answer) => message.respond(encodeJson(answer)));
        }),
      );
    }
    callback();
  }

  close(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.subscriptions = [];
  }

  on(): never {
    throw new Error('this transport has no events');
  }

  unwrap<T>(): T {
    return this.bus as T;
  }

  private async answer(
    handler: (data: unknown) => Promise<unknown>,
    request: unknown,
    respond: (answer: unknown) => void,
  ): Promise<void> {
    try {
      const result = await handler(request);
      const answer: unknown = isObservable(result) ? await lastValueFrom(result, { defaultValue: undefined }) : result;
      if (answer !== undefined) respond(answer);
    } catch (error) {
      this.logger.error(error);
    }
  }
}
