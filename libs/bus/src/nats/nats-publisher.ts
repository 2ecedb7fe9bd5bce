import { asBuffer } from '@iec104mm2ss/wire';
import { headers, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { PublishConfirmation, StreamPublisher } from '../broker.js';
import { serverInbox } from './inboxes.js';

/** "Wrong last sequence", "maximum messages exceeded" and the like carry an error object instead of a sequence. */
interface PubAck {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly description: string };
}

const NO_RESPONDERS = 503;

/** Confirmations come back on an inbox of our own, not as promises: that is twice as fast. */
export class NatsPublisher implements StreamPublisher {
  private readonly inbox: string;
  private readonly subscription: Subscription;

  constructor(
    private readonly connection: NatsConnection,
    private readonly isConnected: () => boolean,
    onConfirmed: (confirmation: PublishConfirmation) => void,
    /** See Bus.name. */
    name?: string,
  ) {
    this.inbox = serverInbox(name);
    this.subscription = connection.subscribe(this.inbox, {
      callback: (error, message) => {
        if (error !== null) onConfirmed({ sequence: undefined, reason: error.message });
        else if (message.headers?.code === NO_RESPONDERS) {
          onConfirmed({ sequence: undefined, reason: 'no JetStream answers' });
        } else onConfirmed(confirmationOf(message.data));
      },
    });
  }

  publish(subject: string, data: Uint8Array, options: Parameters<StreamPublisher['publish']>[2]): void {
    const { expectedLastSequence, expectedLastId, messageId } = options;
    // The client would send it after the writer has given it up. It is not confirmed, so the writer notices.
    if (!this.isConnected()) return;
    const header = headers();
    if (expectedLastSequence !== undefined) header.set('Nats-Expected-Last-Sequence', String(expectedLastSequence));
    if (expectedLastId !== undefined) header.set('Nats-Expected-Last-Msg-Id', expectedLastId);
    if (messageId !== undefined) header.set('Nats-Msg-Id', messageId);
    this.connection.publish(subject, data, { headers: header, reply: this.inbox });
  }

  close(): void {
    this.subscription.unsubscribe();
  }
}

function confirmationOf(data: Uint8Array): PublishConfirmation {
  try {
    const { seq, duplicate = false, error } = JSON.parse(asBuffer(data).toString('utf8')) as PubAck;
    if (error === undefined && typeof seq === 'number') return { sequence: seq, duplicate };
    return { sequence: undefined, reason: error?.description ?? 'the server confirmed no sequence' };
  } catch {
    return { sequence: undefined, reason: 'the server answered something that is not JSON' };
  }
}
