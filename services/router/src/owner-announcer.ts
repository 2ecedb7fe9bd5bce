import { encodeOwner, type OwnerMessage } from '@iec104mm2ss/wire';
import type { GroupParts } from './group-parts.js';

type Parts = Pick<GroupParts, 'bus' | 'subjects' | 'clock' | 'table' | 'ownership' | 'observe' | 'ageTurns'> & {
  readonly commands: Pick<GroupParts['commands'], 'takeSettled'>;
};

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
    const message = this.message();
    const settled = this.parts.bus.connected ? this.parts.commands.takeSettled() : [];
    const plain = encodeOwner(message);
    this.say(plain, settled.length === 0 ? plain : encodeOwner({ ...message, settled }));
  }

  /** Something may have changed: once this turn is over that is looked at, and said. */
  changed(): void {
    if (this.pending) return;
    this.pending = true;
    this.parts.clock.endOfTurn(() => {
      this.pending = false;
      const message = encodeOwner(this.message());
      if (!this.stopped && this.last?.equals(message) !== true) this.say(message);
    });
  }

  stop(): void {
    this.stopped = true;
  }

  /** @param told what goes out: the message, and what is said in passing */
  private say(message: Buffer, told = message): void {
    const { bus, subjects } = this.parts;
    this.last = message;
    bus.publish(subjects.owner, told);
  }

  private message(): Omit<OwnerMessage, 'v' | 'settled'> {
    const { subjects, ownership, table, observe, ageTurns } = this.parts;
    return {
      group: subjects.group,
      owner: this.instance,
      fence: ownership.fence,
      open: this.isOpen(),
      wanted: table.anyStarted(),
      sessions: table.byGateway(),
      observe: observe.on,
      mayEnd: ageTurns.sessions,
    };
  }
}
