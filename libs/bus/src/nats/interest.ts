import { createInbox, type NatsConnection } from '@nats-io/transport-node';

/** How long a found interest is believed, and how soon after "nobody" it is asked again. */
const INTERESTED_MS = 5_000;
const NOBODY_MS = 1_000;
const ANSWER_MS = 250;

/**
 * Whether anybody subscribes to a family of subjects. The server does not tell, but answers a message that asks for a
 * reply with "no responders" when nobody got it: so an empty one is sent now and then.
 */
export class Interest {
  private readonly known = new Map<string, { interested: boolean; until: number; asking: boolean }>();

  constructor(private readonly connection: NatsConnection) {}

  /** The last answer for `pattern` (ending in `.>`), which may be a second old; true until there is one to go by. */
  has(pattern: string): boolean {
    let entry = this.known.get(pattern);
    if (entry === undefined) {
      entry = { interested: true, until: 0, asking: false };
      this.known.set(pattern, entry);
    }
    if (entry.until > performance.now()) return entry.interested;
    if (!entry.asking) this.ask(pattern, entry);
    return true;
  }

  private ask(pattern: string, entry: { interested: boolean; until: number; asking: boolean }): void {
    if (this.connection.isClosed()) return;
    entry.asking = true;
    const settle = (interested: boolean): void => {
      clearTimeout(timer);
      subscription.unsubscribe();
      entry.interested = interested;
      entry.until = performance.now() + (interested ? INTERESTED_MS : NOBODY_MS);
      entry.asking = false;
    };
    const inbox = createInbox();
    const subscription = this.connection.subscribe(inbox, {
      callback: (error, message) => settle(error === null && message.headers?.code !== 503),
    });
    const timer = setTimeout(() => settle(true), ANSWER_MS);
    this.connection.publish(pattern.replace(/>$/, 'PROBE'), NOTHING, { reply: inbox });
  }
}

const NOTHING = new Uint8Array(0);
