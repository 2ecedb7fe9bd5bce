import type { Clock } from '@iec104mm2ss/runtime';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { BusError, type Subscription } from '../bus.js';
import { askInboxes, newAskInbox } from './inboxes.js';
import { subscribeAgain } from './nats-subscription.js';

const NO_RESPONDERS = 503;

/** An answer, or undefined: nobody was there to be asked. */
type OnAnswer = (answer: Msg | undefined) => void;

/**
 * Questions to other processes. All answers come by one subscription, made with the first question: on a server with users each
 * subscription is compared with all imports of its account, and one for each question kept the server busy with that.
 */
export class Asking {
  private readonly inboxes: string;
  private readonly waiting = new Map<string, OnAnswer>();
  /** How each question that waits for its one answer fails, and its subject. */
  private readonly pending = new Map<(error: BusError) => void, string>();
  private subscription: Subscription | undefined;

  /** @param name see Bus.name */
  constructor(
    private readonly connection: NatsConnection,
    private readonly clock: Pick<Clock, 'setTimer' | 'clearTimer'>,
    name: string | undefined,
    /** Called whenever the server says something. */
    private readonly heard: () => void,
  ) {
    this.inboxes = askInboxes(name);
  }

  /** Asks everybody who hears it; what is answered is heard until it is unsubscribed. */
  askAll(subject: string, data: Uint8Array, onAnswer: OnAnswer): Subscription {
    this.subscription ??= subscribeAgain(this.connection, this.clock, this.inboxes, (message) => {
      this.heard();
      const isNobody = message.headers?.code === NO_RESPONDERS;
      this.waiting.get(message.subject)?.(isNobody ? undefined : message);
    });
    const inbox = newAskInbox(this.inboxes);
    this.waiting.set(inbox, onAnswer);
    this.connection.publish(subject, data, { reply: inbox });
    return { unsubscribe: () => void this.waiting.delete(inbox) };
  }

  /**
   * Resolves with the first answer.
   *
   * @throws {BusError} TIMEOUT, NO_RESPONDERS, REFUSED, and what `fail` is called with
   */
  ask(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.clock.clearTimer(timer);
        this.pending.delete(fail);
        asking.unsubscribe();
      };
      const fail = (error: BusError): void => {
        end();
        reject(error);
      };
      const asking = this.askAll(subject, data, (answer) => {
        if (answer === undefined) fail(new BusError('NO_RESPONDERS', `nobody answers on ${subject}`));
        else {
          end();
          resolve(answer.data);
        }
      });
      const late = `no answer on ${subject} within ${timeoutMs} ms`;
      const timer = this.clock.setTimer(() => fail(new BusError('TIMEOUT', late)), timeoutMs);
      this.pending.set(fail, subject);
    });
  }

  /** No answer comes any more to what was asked. */
  fail(error: BusError): void {
    for (const fail of [...this.pending.keys()]) fail(error);
  }

  /** The server does not let this process ask on this subject. */
  denied(subject: string): void {
    const error = new BusError('REFUSED', `the NATS user of this process may not ask on ${subject}`);
    for (const [fail, asked] of [...this.pending]) if (asked === subject) fail(error);
  }
}
