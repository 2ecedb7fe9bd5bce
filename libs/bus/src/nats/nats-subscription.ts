import type { Clock } from '@iec104mm2ss/runtime';
import { errors, type Msg, type NatsConnection, type Subscription as NatsSubscription } from '@nats-io/transport-node';
import type { Subscription } from '../bus.js';

/** A subscription that the server refused is tried again after this: somebody may mend its permissions meanwhile. */
export const SUBSCRIBE_AGAIN_MS = 5_000;

/** Subscribes until it is unsubscribed: the client gives a subscription up that the server does not permit. */
export function subscribeAgain(
  connection: NatsConnection,
  clock: Pick<Clock, 'setTimer' | 'clearTimer'>,
  pattern: string,
  handler: (message: Msg) => void,
): Subscription {
  let timer: unknown;
  let subscription: NatsSubscription;
  const subscribe = (): void => {
    subscription = connection.subscribe(pattern, {
      callback: (error, message) => {
        if (error === null) handler(message);
        else if (error instanceof errors.PermissionViolationError) {
          clock.clearTimer(timer);
          timer = clock.setTimer(() => {
            if (!connection.isClosed() && !connection.isDraining()) subscribe();
          }, SUBSCRIBE_AGAIN_MS);
        }
      },
    });
  };
  subscribe();
  return {
    unsubscribe: () => {
      clock.clearTimer(timer);
      subscription.unsubscribe();
    },
  };
}
