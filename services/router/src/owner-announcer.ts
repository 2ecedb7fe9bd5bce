import { encodeOwner, type OwnerMessage } from '@iec104mm2ss/wire';
import type { GroupParts } from './group-parts.js';

type Parts = Pick<GroupParts, 'config' | 'bus' | 'subjects' | 'clock' | 'table' | 'ownership'>;

/** Says on `.owner` who owns the group and what is wanted: on every change, and as often as it is told to. */
export class OwnerAnnouncer {
  private last = '';
  private pending = false;
  private stopped = false;

  constructor(
    private readonly parts: Parts,
    private readonly instance: string,
    private readonly isOpen: () => boolean,
  ) {}

  announce(): void {
    const { bus, subjects } = this.parts;
    const message = this.message();
    this.last = JSON.stringify(message);
    bus.publish(subjects.owner, encodeOwner(message));
  }

  /** Something may have changed: once this turn is over that is looked at, and said. */
  changed(): void {
    if (this.pending) return;
    this.pending = true;
    this.parts.clock.endOfTurn(() => {
      this.pending = false;
      if (!this.stopped && JSON.stringify(this.message()) !== this.last) this.announce();
    });
  }

  stop(): void {
    this.stopped = true;
  }

  private message(): Omit<OwnerMessage, 'v'> {
    const { config, ownership, table } = this.parts;
    return {
      group: config.id,
      owner: this.instance,
      fence: ownership.fence,
      open: this.isOpen(),
      wanted: table.anyStarted(),
      sessions: table.byGateway(),
    };
  }
}
