import type { Clock } from '@iec104mm2ss/runtime';
import type { Session } from './session.js';
import type { SessionTable } from './session-table.js';

/** After the turn of one connection of a master its others stay for so long: it is back by then. */
export const AGE_SPACING_MS = 60_000;
/** Turns at once: what a message holds. */
const MAX_TURNS = 1_000;

/** A connection of a master whose turn it is; undefined: its turn has ended at `endedAt`. */
interface Turn {
  session: number | undefined;
  endedAt: number;
}

export interface AgeTurnsParts {
  readonly clock: Clock;
  readonly table: Pick<SessionTable, 'all' | 'get'>;
  /** It is the turn of others. */
  readonly changed: () => void;
}

/**
 * Which sessions may end as their TLS sessions have reached their largest age: of several connections of one master one at a
 * time, whichever gateways have them. A gateway says which are to end and whether something is under way; it ends them.
 */
export class AgeTurns {
  private readonly turns = new Map<string, Turn>();
  private readonly begins: number;

  /** @param first no owner before this one had sessions: none of them has ended a moment ago */
  constructor(
    private readonly parts: AgeTurnsParts,
    first: boolean,
  ) {
    this.begins = parts.clock.now() + (first ? 0 : AGE_SPACING_MS);
  }

  /** The sessions whose turn it is. */
  get sessions(): number[] {
    return [...this.turns.values()].flatMap(({ session }) => session ?? []).slice(0, MAX_TURNS);
  }

  /** Call a few times a second. */
  tick(now: number): void {
    let changed = false;
    for (const [master, turn] of this.turns) {
      // Whether it has ended, or has something to do again: its gateway may not have heard that yet.
      if (turn.session !== undefined && this.parts.table.get(turn.session)?.aged !== true) {
        turn.session = undefined;
        turn.endedAt = now;
        changed = true;
      }
      if (turn.session === undefined && now - turn.endedAt >= AGE_SPACING_MS) this.turns.delete(master);
    }
    if (now >= this.begins) {
      for (const session of this.parts.table.all()) {
        if (!session.aged || this.turns.has(masterOf(session))) continue;
        this.turns.set(masterOf(session), { session: session.id, endedAt: now });
        changed = true;
      }
    }
    if (changed) this.parts.changed();
  }
}

/** Whom a session is a connection of: what a master without a name is told by is its certificate. */
function masterOf({ name, certificateName, id }: Session): string {
  if (name !== null) return `name ${name}`;
  return certificateName === null ? `session ${id}` : `certificate ${certificateName}`;
}
