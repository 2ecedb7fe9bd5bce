import { LAST_EVENTS_MS, type LogPlace } from '@iec104mm2ss/wire';
import type { GroupParts } from './group-parts.js';

/** Gateways end the sessions of a lost link themselves: this much later it is done for them. */
const END_MARGIN_MS = 1_000;

type Parts = Pick<GroupParts, 'clock' | 'table' | 'delivery' | 'places' | 'commands'>;

/**
 * Tells live sessions that there is nothing for them in the positions routed last, where only others got something: when
 * nothing more comes for a moment, so that their gateways know where they are; and when the RTU is lost, so that they can
 * end as soon as they have everything.
 */
export class LastWord {
  /** Where the log went on when the RTU was lost, while sessions of that link are left. */
  private linkEnd: LogPlace | undefined;
  /** What was routed when it was last looked at, and what they were told last. */
  private lookedAt = 0;
  private toldTo = 0;

  constructor(private readonly parts: Parts) {}

  /** The RTU is lost. Its masters get what was received of it, and are disconnected by their gateways. */
  rtuLost(reason: string, end: LogPlace): void {
    const { clock, table, commands } = this.parts;
    commands.linkLost(reason);
    const endsAt = clock.now() + LAST_EVENTS_MS + END_MARGIN_MS;
    for (const session of table.all()) session.endsAt = Math.min(session.endsAt, endsAt);
    this.linkEnd = end;
    this.tellWhenComplete();
  }

  /** Records were routed. */
  routed(): void {
    if (this.linkEnd !== undefined) this.tellWhenComplete();
  }

  tick(): void {
    const { table, delivery } = this.parts;
    if (this.linkEnd !== undefined) {
      this.tellWhenComplete();
      if (table.all().every(({ endsAt }) => endsAt === Infinity)) this.linkEnd = undefined;
    } else if (delivery.routed !== this.toldTo && delivery.routed === this.lookedAt) {
      this.toldTo = delivery.routed;
      delivery.tellNothingMore();
    }
    this.lookedAt = delivery.routed;
  }

  private tellWhenComplete(): void {
    const { places, delivery } = this.parts;
    const end = this.linkEnd === undefined ? undefined : places.present(this.linkEnd);
    if (end !== undefined && delivery.routed >= end) delivery.tellNothingMore();
  }
}
