import { controlSubject } from '../subjects.js';
import { decodeJson, encodeJson } from '../messages/state-message.js';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';

/** How often a process says that it lives, and after which silence it counts as gone. */
export const BEACON_MS = 300;
export const SILENCE_MS = 1_500;

interface Beacon {
  readonly instance: string;
  readonly pools: readonly string[];
  /** Leases it holds: key to fence. */
  readonly claims: Readonly<Record<string, number>>;
  /** True in the last one: it leaves. */
  readonly leaving?: boolean;
}

export interface Member {
  readonly instance: string;
  pools: readonly string[];
  claims: Readonly<Record<string, number>>;
  /** Monotonic ms. */
  seenAt: number;
}

/**
 * Which processes live. Every process sends a beacon a few times a second; nothing is stored. While the server cannot be
 * reached nobody is declared gone, and after that everybody is given time to be heard again.
 */
export class Presence {
  readonly members = new Map<string, Member>();
  readonly pools = new Set<string>();
  readonly claims = new Map<string, number>();
  private readonly subject = controlSubject('presence');
  private readonly subscription: Subscription;
  private readonly timer: NodeJS.Timeout;
  private listeners: ((member: Member) => void)[] = [];
  private beaconListeners: ((member: Member) => void)[] = [];
  private known = false;
  private lastTick = performance.now();
  private connected = true;

  constructor(
    private readonly connection: NatsConnection,
    readonly instance: string,
  ) {
    this.subscription = connection.subscribe(this.subject, {
      callback: (error, message) => {
        if (error === null) this.onBeacon(message.data);
      },
    });
    this.timer = setInterval(() => this.tick(), BEACON_MS);
    this.send();
  }

  /** Called for a member that is gone. */
  onGone(listener: (member: Member) => void): void {
    this.listeners.push(listener);
  }

  /** Called for every beacon of another process. */
  onBeaconOf(listener: (member: Member) => void): void {
    this.beaconListeners.push(listener);
  }

  /** Members of a pool that live, this process included when it has joined. Sorted. */
  livingIn(pool: string): string[] {
    const living = [...this.members.values()]
      .filter((member) => member.pools.includes(pool))
      .map(({ instance }) => instance);
    if (this.pools.has(pool)) living.push(this.instance);
    return living.sort();
  }

  /** Says at once what has changed. */
  send(leaving = false): void {
    this.known ||= this.pools.size > 0 || this.claims.size > 0;
    // Who is in no pool and never held anything is of no interest, and may not be permitted to speak.
    if (!this.known || this.connection.isClosed()) return;
    const beacon: Beacon = {
      instance: this.instance,
      pools: [...this.pools],
      claims: Object.fromEntries(this.claims),
      ...(leaving ? { leaving } : {}),
    };
    this.connection.publish(this.subject, encodeJson(beacon));
  }

  connectionChanged(connected: boolean): void {
    this.connected = connected;
    this.grantTime();
    if (connected) this.send();
  }

  stop(): void {
    clearInterval(this.timer);
    this.send(true);
    this.subscription.unsubscribe();
  }

  private onBeacon(data: Uint8Array): void {
    const beacon = decodeJson<Beacon>(data);
    if (beacon === undefined || beacon.instance === this.instance) return;
    const { instance, pools, claims } = beacon;
    const known = this.members.get(instance);
    const member = known ?? { instance, pools, claims, seenAt: 0 };
    member.pools = pools;
    member.claims = claims;
    member.seenAt = performance.now();
    if (beacon.leaving === true) {
      this.remove(member);
      return;
    }
    this.members.set(instance, member);
    for (const listener of this.beaconListeners) listener(member);
  }

  private tick(): void {
    const now = performance.now();
    // This process was stopped or starved: what it has not heard in that time says nothing about the others.
    if (now - this.lastTick > SILENCE_MS) this.grantTime();
    this.lastTick = now;
    if (!this.connected) return;
    this.send();
    for (const member of [...this.members.values()]) if (now - member.seenAt > SILENCE_MS) this.remove(member);
  }

  private grantTime(): void {
    const now = performance.now();
    for (const member of this.members.values()) member.seenAt = now;
  }

  private remove(member: Member): void {
    if (!this.members.delete(member.instance)) return;
    for (const listener of this.listeners) listener(member);
  }
}
