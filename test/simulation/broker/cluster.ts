import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import type { SimNetwork } from '../network/sim-network.ts';
import { ClientLink, type LinkUser } from './client-link.ts';
import { Fifo } from './fifo.ts';
import { Store } from './store.ts';
import { patternsMeet } from './subject-pattern.ts';

export interface ClusterOptions {
  /** 1 or 3. */
  readonly servers: 1 | 3;
  /** `always`: what is confirmed is on disk. Otherwise it is written to disk every so many ms. */
  readonly sync: 'always' | number;
  /** See BrokerBusOptions. */
  readonly trimMs?: number;
}

/** What a publisher sends may be lost on the way to some: nobody notices. */
export interface LossRule {
  /** Of messages whose subject contains this. */
  readonly part: string;
  readonly probability: number;
  readonly until: number;
  /** Processes by address; undefined: all. */
  readonly to: string | undefined;
}

/** Interest in a subject is known at the other servers of a cluster after this long, ms. */
const INTEREST_MS = 1;

/** The simulated servers of a bus: messages, and what they store. All that is stored is on all of them. */
export class Cluster {
  readonly links = new Set<ClientLink>();
  readonly addresses: readonly string[];
  losses: LossRule[] = [];
  store = new Store();
  /** A write takes so much longer, ms. */
  diskDelayMs = 0;

  readonly random: Random;
  private readonly up: boolean[];
  /** Nobody leads: what is stored cannot be read or written. */
  private leaderlessUntil = 0;
  private leaderlessSilent = false;
  /** Counts what makes the servers forget whom they owe an answer. */
  private era = 0;
  private readonly routes: Fifo[][];
  private readonly disk: Fifo;
  private synced: Store | undefined;
  private readonly images: { readonly at: number; readonly store: Store }[] = [];

  constructor(
    readonly world: World,
    readonly network: SimNetwork,
    readonly options: ClusterOptions,
  ) {
    const { servers, sync } = options;
    this.random = world.random('bus');
    this.addresses = Array.from({ length: servers }, (_, i) => `10.9.0.${i + 1}`);
    this.up = this.addresses.map(() => true);
    this.routes = this.addresses.map((from) =>
      this.addresses.map((to) => new Fifo(world, network.paths.between(from, to))),
    );
    const delay = (): number => this.random.skewed(0.05, 1) + this.random.skewed(0, 2 * this.diskDelayMs);
    this.disk = new Fifo(world, { passes: true, delay });
    if (sync !== 'always') this.syncEvery(sync);
  }

  // ---- connections --------------------------------------------------------------------------------------------------

  isUp(server: number): boolean {
    return this.up[server] === true;
  }

  connect(address: string, server: number, user: LinkUser): ClientLink {
    const link = new ClientLink(this, address, server, user);
    this.links.add(link);
    return link;
  }

  /** Ends the connection of every client at this address; what was on its way is lost. */
  disconnect(address: string): void {
    for (const link of [...this.links]) if (link.address === address) link.end('the server closed the connection');
  }

  // ---- messages -----------------------------------------------------------------------------------------------------

  /** A message has reached `from`'s server. Returns how many subscribers it has. */
  route(from: ClientLink, subject: string, data: Uint8Array, reply: string | undefined): number {
    let interested = 0;
    for (let server = 0; server < this.addresses.length; server++) {
      const links = this.linksOf(server);
      const known = server === from.server ? Infinity : this.world.time - INTEREST_MS;
      for (const link of links) interested += link.countMatching(subject, known);
      const deliver = (): void => {
        for (const link of links) if (!this.isLost(subject, link)) link.deliver(subject, data, reply);
      };
      if (server === from.server) deliver();
      else if (links.length > 0) (this.routes[from.server]?.[server] as Fifo).send(deliver);
    }
    return interested;
  }

  /** An answer to a request that was made over another connection. */
  answer(from: ClientLink, reply: string, data: Uint8Array): void {
    const link = [...this.links].find((candidate) => reply.startsWith(candidate.inbox));
    if (link === undefined || this.isLost('reply', link)) return;
    (this.routes[from.server]?.[link.server] as Fifo).send(() => link.reply(reply, data));
  }

  hasInterest(pattern: string): boolean {
    const tokens = pattern.split('.');
    return [...this.links].some((link) => link.patterns.some((other) => patternsMeet(tokens, other)));
  }

  // ---- what is stored -----------------------------------------------------------------------------------------------

  /**
   * Carries out something on the store, in order; `done` hears the result. When nobody leads, nothing is heard at all or
   * `refused` is called.
   */
  execute<T>(operation: (store: Store) => T, done: (result: T) => void, refused: () => void, writes = true): void {
    if (this.world.time < this.leaderlessUntil) {
      if (!this.leaderlessSilent) refused();
      return;
    }
    if (!writes && this.disk.length === 0) {
      done(operation(this.store));
      return;
    }
    const { era } = this;
    this.disk.send(() => {
      const result = operation(this.store);
      if (this.era === era) done(result);
    });
  }

  // ---- faults -------------------------------------------------------------------------------------------------------

  /** Another server leads after `ms`; what was confirmed is kept, what was not may be. */
  loseLeader(ms: number, silent: boolean): void {
    this.dropUnconfirmed();
    this.leaderlessSilent = silent;
    this.leaderlessUntil = Math.max(this.leaderlessUntil, this.world.time + ms);
  }

  /** One server's process ends; its clients go to another one. */
  stopServer(server: number): void {
    this.up[server] = false;
    for (const link of [...this.links]) if (link.server === server) link.end('the server is gone');
    for (const routes of this.routes) routes[server]?.cut();
    for (const route of this.routes[server] ?? []) route.cut();
    if (this.up.every((isUp) => !isUp)) this.dropUnconfirmed();
  }

  startServer(server: number): void {
    if (this.up.every((isUp) => !isUp))
      for (const stream of this.store.streams.values()) stream.restarted(this.world.time);
    this.up[server] = true;
  }

  /** All servers lose power: what was not on disk is gone. */
  losePower(): void {
    this.addresses.forEach((_, server) => this.stopServer(server));
    if (this.synced !== undefined) this.store = this.synced.copy();
  }

  /** The disk is a new one. */
  loseStore(): void {
    this.store = new Store();
    this.synced &&= new Store();
  }

  /** Keeps a copy of what is stored now, for `restore`. */
  backUp(): void {
    this.images.push({ at: this.world.time, store: this.store.copy() });
  }

  /** Brings the newest copy back; false when there is none. */
  restore(): boolean {
    const image = this.images.at(-1);
    if (image === undefined) return false;
    this.store = image.store.copy();
    this.synced &&= image.store.copy();
    return true;
  }

  private dropUnconfirmed(): void {
    const underWay = this.disk.cut();
    // Some of it was done, and nobody will be told.
    this.era++;
    for (const run of underWay.slice(0, this.random.integer(0, underWay.length))) run();
  }

  private syncEvery(ms: number): void {
    if (this.up.some((isUp) => isUp)) this.synced = this.store.copy();
    this.world.after(ms, () => this.syncEvery(ms));
  }

  private linksOf(server: number): readonly ClientLink[] {
    if (this.addresses.length === 1) return [...this.links];
    return [...this.links].filter((link) => link.server === server);
  }

  private isLost(subject: string, link: ClientLink): boolean {
    if (this.losses.length === 0) return false;
    for (const { part, probability, until, to } of this.losses) {
      if (until < this.world.time || (to !== undefined && to !== link.address) || !subject.includes(part)) continue;
      if (this.random.chance(probability)) return true;
    }
    return false;
  }
}
