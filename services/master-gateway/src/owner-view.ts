import { OWNER_PERIOD_MS, OWNER_SILENCE_MS, type OwnerMessage } from '@iec104mm2ss/wire';
import { type Loss, RECONNECT_GRACE_MS } from './connector-view.js';

/**
 * What is known of the router that owns a group, from its `.owner`. Masters do not notice when it is away, or another one
 * takes over, for less than the hold time.
 */
export class OwnerView {
  private open = false;
  private heardAt = -Infinity;
  /** When it last said that it serves the group. */
  private servedAt = -Infinity;
  private graceUntil = -Infinity;

  constructor(private readonly holdMs: number) {}

  heard({ open }: OwnerMessage, now: number): void {
    this.open = open;
    this.heardAt = now;
    if (open) this.servedAt = now;
  }

  /** It serves the group and is there: new masters may come. */
  serves(now: number): boolean {
    return this.open && now - this.heardAt < OWNER_SILENCE_MS;
  }

  /** There is one, or another one will have time to take over: a command may be left to it. */
  expected(now: number): boolean {
    return now < this.heardAt + this.holdMs;
  }

  /** When the masters have to go, as nobody has served them for too long. */
  get deadline(): number {
    return Math.max(this.servedAt + this.holdMs + OWNER_PERIOD_MS, this.graceUntil);
  }

  get loss(): Loss {
    return { code: 'router_silent', message: `no sign of the group's router for ${this.holdMs / 1000} s` };
  }

  /** The connection to the bus is back. */
  reconnected(now: number): void {
    this.graceUntil = now + RECONNECT_GRACE_MS;
  }
}
