import type { Clock } from '@iec104mm2ss/runtime';
import { asBuffer, BEACON_MS, type Beacon, decodeBeacon, encodeBeacon, SILENCE_MS, WireError } from '@iec104mm2ss/wire';
import type { Broker } from '../broker.js';
import type { Subscription } from '../bus.js';
import type { DropCounter } from '../drop-counter.js';
import { checkSender } from '../senders.js';

/** A holder beside whom nobody has been heard for this long need not speak often. */
const ALONE_AFTER_MS = 2 * SILENCE_MS;
const ALONE_BEACON_MS = 40 * BEACON_MS;
/** When a member that is gone was heard last is known for this long. */
const GONE_REMEMBERED_MS = 10 * SILENCE_MS;

export interface PresenceWorld {
  readonly broker: Pick<Broker, 'publish' | 'subscribe'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly instance: string;
  /** See Bus.name. */
  readonly name?: string | undefined;
  readonly drops: DropCounter;
}

export interface Member {
  readonly instance: string;
  /** Leases it says it holds. */
  held: number;
  heardAt: number;
  /** When it was heard first. */
  readonly since: number;
}

/**
 * Which processes live, of those that speak on one subject: the members of a pool, or those who want a lease that has no
 * pool. A beacon proves only that its sender lives. Who does not need to know the others only speaks, and who does not
 * belong to them only listens, so nobody receives what it does not need.
 */
export class Presence {
  /** The others that live, by instance name. */
  readonly members = new Map<string, Member>();
  /** When those that are gone were heard last. */
  private readonly gone = new Map<string, number>();
  private readonly goneListeners: ((member: Member) => void)[] = [];
  private readonly beaconListeners: ((beacon: Beacon) => void)[] = [];
  private subscriptions: Subscription[] = [];
  private heldNow: (() => number) | undefined;
  private listeningSince = 0;
  private heardAt = -Infinity;
  private sentAt = -Infinity;
  /** Since when our own beacons have not come back; undefined: none is under way. */
  private unheardSince: number | undefined;
  private sent: { readonly held: number; readonly octets: Buffer } | undefined;

  /**
   * @param answering true where everybody who listens also speaks: then a holder that is alone need not speak often, for
   * it hears who comes
   */
  constructor(
    private readonly world: PresenceWorld,
    private readonly subject: string,
    private readonly answering: boolean,
    /** Where each of them speaks as itself: subjects below `subject`, of which `own` is this process's. */
    private readonly apart?: { readonly own: string; readonly heard: readonly string[] },
  ) {}

  /** Says from now on that this process lives, and how many leases it holds. */
  speak(held: () => number): void {
    this.heldNow = held;
    this.send();
  }

  get speaks(): boolean {
    return this.heldNow !== undefined;
  }

  /** Hears the others from now on. */
  listen(): void {
    if (this.listens) return;
    this.listeningSince = this.world.clock.now();
    this.subscriptions = (this.apart?.heard ?? [this.subject]).map((pattern) =>
      this.world.broker.subscribe(pattern, ({ subject, data }) => this.onMessage(subject, data)),
    );
  }

  /** Called for a member that has left or is silent. */
  onGone(listener: (member: Member) => void): void {
    this.listen();
    this.goneListeners.push(listener);
  }

  /** Called for every beacon of another process. */
  onBeacon(listener: (beacon: Beacon) => void): void {
    this.listen();
    this.beaconListeners.push(listener);
  }

  /** For how long `instance` would have been heard if it lived, and was not, ms. */
  silenceOf(instance: string): number {
    const heardAt = this.members.get(instance)?.heardAt ?? this.gone.get(instance) ?? -Infinity;
    return this.world.clock.now() - Math.max(heardAt, this.listeningSince);
  }

  /** Says at once what has changed. */
  send(leaving = false): void {
    if (this.heldNow === undefined) return;
    this.sentAt = this.world.clock.now();
    if (this.listens) this.unheardSince ??= this.sentAt;
    this.world.broker.publish(this.apart?.own ?? this.subject, this.encode(this.heldNow(), leaving));
  }

  /** Not even our own beacons come back: the server says nothing, so the silence of the others says nothing. */
  get deaf(): boolean {
    return this.unheardSince !== undefined && this.world.clock.now() - this.unheardSince >= BEACON_MS;
  }

  /** Nobody is there to hear us. */
  get alone(): boolean {
    return this.isAlone(this.world.clock.now());
  }

  /** To be called every BEACON_MS, or about that while alone. */
  tick(): void {
    const now = this.world.clock.now();
    for (const member of [...this.members.values()]) if (now - member.heardAt > SILENCE_MS) this.remove(member);
    for (const [instance, heardAt] of this.gone) if (now - heardAt > GONE_REMEMBERED_MS) this.gone.delete(instance);
    if (!this.isAlone(now) || now - this.sentAt >= ALONE_BEACON_MS) this.send();
  }

  /** Nobody could be heard until now, so the silence of the others says nothing. */
  grantTime(): void {
    const now = this.world.clock.now();
    this.listeningSince = now;
    for (const member of this.members.values()) member.heardAt = now;
  }

  /** Says that it leaves, and hears nothing more. */
  stop(): void {
    this.send(true);
    this.heldNow = undefined;
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.subscriptions = [];
    this.members.clear();
  }

  private get listens(): boolean {
    return this.subscriptions.length > 0;
  }

  private isAlone(now: number): boolean {
    return this.answering && now - this.heardAt > ALONE_AFTER_MS && (this.heldNow?.() ?? 0) > 0;
  }

  private encode(held: number, leaving: boolean): Buffer {
    const { instance } = this.world;
    if (leaving) return encodeBeacon({ instance, held, leaving });
    if (this.sent?.held !== held) this.sent = { held, octets: encodeBeacon({ instance, held, leaving }) };
    return this.sent.octets;
  }

  private onMessage(subject: string, data: Uint8Array): void {
    // Our own come back to us: most of them are recognised without decoding.
    if (this.sent?.octets.equals(asBuffer(data)) === true) {
      this.unheardSince = undefined;
      return;
    }
    const beacon = decodeBeacon(data);
    if (beacon instanceof WireError) this.world.drops.add(this.subject, beacon.code, beacon.message);
    else if (this.apart !== undefined && !this.isOfItsSender(subject, beacon)) return;
    else if (beacon.instance !== this.world.instance) this.onOther(beacon);
    else this.unheardSince = undefined;
  }

  private isOfItsSender(subject: string, { instance }: Beacon): boolean {
    const by = subject === this.subject ? undefined : subject.slice(this.subject.length + 1);
    return checkSender(this.world.drops, subject, by, instance, 'says that it is');
  }

  private onOther(beacon: Beacon): void {
    const { instance, held, leaving } = beacon;
    const now = this.world.clock.now();
    this.heardAt = now;
    const member = this.members.get(instance) ?? { instance, held, heardAt: now, since: now };
    member.held = held;
    member.heardAt = now;
    this.members.set(instance, member);
    if (leaving) this.remove(member);
    for (const listener of this.beaconListeners) listener(beacon);
  }

  private remove(member: Member): void {
    if (!this.members.delete(member.instance)) return;
    this.gone.set(member.instance, member.heardAt);
    for (const listener of this.goneListeners) listener(member);
  }
}
