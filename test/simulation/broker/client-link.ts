import type { Cluster } from './cluster.ts';
import { Fifo } from './fifo.ts';
import { matchesSubject } from './subject-pattern.ts';

/** A message as the client gets it. */
export interface Delivered {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly reply: string | undefined;
}

/** The client's end. */
export interface LinkUser {
  /** Unique: answers to its requests are addressed with it. */
  readonly inbox: string;
  onMessage(subscription: number, message: Delivered): void;
  /** An answer to a request; undefined: nobody listens. */
  onReply(reply: string, data: Uint8Array | undefined): void;
  /** Whatever else comes over the connection, in its order. */
  onRun(run: () => void): void;
  onEnd(reason: string): void;
}

/** One connection of one client to one server, while it lasts: two directions, each in order. */
export class ClientLink {
  private readonly subscriptions = new Map<number, { readonly pattern: readonly string[]; readonly since: number }>();
  /** By subject, until the subscriptions change. */
  private readonly matches = new Map<string, readonly { readonly id: number; readonly since: number }[]>();
  private readonly toServer: Fifo;
  private readonly toClient: Fifo;
  private alive = true;

  constructor(
    private readonly cluster: Cluster,
    readonly address: string,
    readonly server: number,
    private readonly user: LinkUser,
  ) {
    const path = cluster.network.paths.between(address, cluster.addresses[server] as string);
    this.toServer = new Fifo(cluster.world, path);
    this.toClient = new Fifo(cluster.world, path);
  }

  get inbox(): string {
    return this.user.inbox;
  }

  get patterns(): readonly (readonly string[])[] {
    return [...this.subscriptions.values()].map(({ pattern }) => pattern);
  }

  // ---- from the client ----------------------------------------------------------------------------------------------

  subscribe(id: number, pattern: string): void {
    const tokens = pattern.split('.');
    this.up(() => {
      this.subscriptions.set(id, { pattern: tokens, since: this.cluster.world.time });
      this.matches.clear();
    });
  }

  unsubscribe(id: number): void {
    this.up(() => {
      this.subscriptions.delete(id);
      this.matches.clear();
    });
  }

  publish(subject: string, data: Uint8Array, reply: string | undefined): void {
    this.up(() => {
      if (subject.startsWith('_INBOX.')) this.cluster.answer(this, subject, data);
      else if (this.cluster.route(this, subject, data, reply) === 0 && reply !== undefined)
        this.reply(reply, undefined);
    });
  }

  /** Runs `atServer` when it has got there. */
  up(atServer: () => void): void {
    this.toServer.send(atServer);
  }

  /** The client closes. */
  close(): void {
    this.leave();
  }

  // ---- from the server ----------------------------------------------------------------------------------------------

  /** Subscriptions to a subject that were made before `knownSince`. */
  countMatching(subject: string, knownSince: number): number {
    let count = 0;
    for (const { since } of this.matching(subject)) if (since <= knownSince) count++;
    return count;
  }

  deliver(subject: string, data: Uint8Array, reply: string | undefined): void {
    for (const { id } of this.matching(subject)) this.down(() => this.user.onMessage(id, { subject, data, reply }));
  }

  reply(reply: string, data: Uint8Array | undefined): void {
    this.down(() => this.user.onReply(reply, data));
  }

  /** Runs `atClient` when it has got there. */
  run(atClient: () => void): void {
    this.down(() => this.user.onRun(atClient));
  }

  /** The connection breaks: what is under way is lost, and the client notices when it can. */
  end(reason: string): void {
    if (!this.alive) return;
    this.leave();
    this.toClient.send(() => this.user.onEnd(reason));
  }

  private matching(subject: string): readonly { readonly id: number; readonly since: number }[] {
    let found = this.matches.get(subject);
    if (found === undefined) {
      const tokens = subject.split('.');
      found = [...this.subscriptions]
        .filter(([, { pattern }]) => matchesSubject(pattern, tokens))
        .map(([id, { since }]) => ({ id, since }));
      this.matches.set(subject, found);
    }
    return found;
  }

  private down(run: () => void): void {
    if (this.alive) this.toClient.send(run);
  }

  private leave(): void {
    this.alive = false;
    this.cluster.links.delete(this);
    this.toServer.cut();
    this.toClient.cut();
  }
}
