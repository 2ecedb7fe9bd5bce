import { encodeOwner } from '@iec104mm2ss/wire';
import type { GroupParts } from './group-parts.js';

type Parts = Pick<GroupParts, 'bus' | 'subjects' | 'clock' | 'table' | 'ownership' | 'observe' | 'ageTurns'>;

/** Says on `.owner` who owns the group and what is wanted: on every change, and as often as it is told to. */
export class OwnerAnnouncer {
  /** What was said last. */
  private last: Buffer | undefined;
  private pending = false;
  private stopped = false;

  constructor(
    private readonly parts: Parts,
    private readonly instance: string,
    private readonly isOpen: () => boolean,
  ) {}

  announce(): void {
    this.say(this.message());
  }

  /** Something may have changed: once this turn is over that is looked at, and said. */
  changed(): void {
    if (this.pending) return;
    this.pending = true;
    this.parts.clock.endOfTurn(() => {
      this.pending = false;
      const message = this.message();
      if (!this.stopped && this.last?.equals(message) !== true) this.say(message);
    });
  }

  stop(): void {
    this.stopped = true;
  }

  private say(message: Buffer): void {
    const { bus, subjects } = this.parts;
    this.last = message;
    bus.publish(subjects.owner, message);
  }

  private message(): Buffer {
    const { subjects, ownership, table, observe, ageTurns } = this.parts;
    return encodeOwner({
      group: subjects.group,
      owner: this.instance,
      fence: ownership.fence,
      open: this.isOpen(),
      wanted: table.anyStarted(),
      sessions: table.byGateway(),
      observe: observe.on,
      mayEnd: ageTurns.sessions,
    });
  }
}
