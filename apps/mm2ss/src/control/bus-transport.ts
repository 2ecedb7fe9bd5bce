import { admissionPatterns, type Bus, controlSubject, type Message, type Subscription } from '@iec104mm2ss/bus';
import { decodeJson, encodeJson, WireError } from '@iec104mm2ss/wire';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { isObservable } from 'rxjs';

/** Asked by gateways, each on a subject of its own where the bus has names. */
const ADMIT = 'admit';

/** The context, `@Ctx()`, is the subject that the request came on. */
type Handler = (data: unknown, context: { readonly subject: string }) => Promise<unknown>;

/**
 * NestJS microservice handlers on our bus: `@MessagePattern('admit')` answers requests on the control subject `admit`, in
 * JSON. It carries the control plane only.
 *
 * Every process on the bus gets every request; a handler that returns undefined is not the one concerned and says
 * nothing; one that returns an Observable answers with each of its values. Octets are sent as they are: what is JSON only on
 * the wire is encoded by its handler. A request that is no JSON, or whose handler
 * fails, is answered with nothing and counted in `bus.drops`.
 */
export class BusTransport extends Server implements CustomTransportStrategy {
  private subscriptions: Subscription[] = [];

  constructor(private readonly bus: Bus) {
    super();
  }

  listen(callback: () => void): void {
    for (const [verb, handler] of this.getHandlers()) {
      for (const pattern of verb === ADMIT ? admissionPatterns(this.bus) : [controlSubject(verb)]) {
        this.subscriptions.push(this.bus.subscribe(pattern, (message) => this.onRequest(verb, handler, message)));
      }
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

  private onRequest(verb: string, handler: Handler, message: Message): void {
    const request = decodeJson(verb, message.data);
    if (request instanceof WireError) this.bus.drops.add(message.subject, request.code, request.message);
    else void this.answer(handler, request, message);
  }

  private async answer(handler: Handler, request: unknown, message: Message): Promise<void> {
    try {
      const respond = (answer: unknown): void => {
        if (answer !== undefined) message.respond(answer instanceof Uint8Array ? answer : encodeJson(answer));
      };
      const result = await handler(request, { subject: message.subject });
      if (isObservable(result)) await result.forEach(respond);
      else respond(result);
    } catch (error) {
      this.bus.drops.add(message.subject, 'HANDLER', error instanceof Error ? error.message : String(error));
    }
  }
}
