import { groupOfLine } from './group-logs.js';

/** Injection token of LogRing. */
export const LOG_RING = Symbol('LOG_RING');

/** Lines kept of each group, of what belongs to none, and of changes. */
export const RING_LINES = 500;
/** Longer lines are replaced by a word about them, so that the memory of a ring has a bound. */
const LONGEST_LINE = 8_192;

/** The ring of lines that belong to no group, and the one of what operators and the configuration did. Neither is a group id. */
export const NO_GROUP = '*';
export const CHANGES = '*changes';

/** What is a change: somebody intervened, or the configuration became another one. */
const CHANGE =
  /"event":"(?:operator_verb|observe_on|observe_off|configuration_taken|configuration_refused|configuration_in_part|configuration_edited)"/;

export interface RingLine {
  /** Growing by one for each line of this process. */
  readonly seq: number;
  /** JSON, as it was logged. */
  readonly line: string;
}

class Ring {
  /** Oldest first. */
  private lines: RingLine[] = [];

  add(line: RingLine): void {
    this.lines.push(line);
    // Cut now and then only: to shift five hundred entries with each line costs more than to keep some longer.
    if (this.lines.length >= RING_LINES * 2) this.lines = this.lines.slice(-RING_LINES);
  }

  after(seq: number): RingLine[] {
    const { lines } = this;
    let from = lines.length;
    while (from > 0 && from > lines.length - RING_LINES && (lines[from - 1] as RingLine).seq > seq) from--;
    return lines.slice(from);
  }
}

/** The last log lines of this process, of each group by itself, for people who look at it now. */
export class LogRing {
  private readonly rings = new Map<string, Ring>();
  private seq = 0;
  /** Told of each line that is a change. */
  onChange: ((line: RingLine) => void) | undefined;

  /** @param line one JSON line of the logger */
  add(line: string): void {
    const group = groupOfLine(line);
    const kept = { seq: ++this.seq, line: line.length > LONGEST_LINE ? shortened(line) : line };
    this.ring(group ?? NO_GROUP).add(kept);
    if (!CHANGE.test(line)) return;
    this.ring(CHANGES).add(kept);
    this.onChange?.(kept);
  }

  /** Lines of an earlier process, oldest first. */
  restore(group: string, lines: readonly string[]): void {
    for (const line of lines) this.ring(group).add({ seq: ++this.seq, line });
  }

  /** The lines of a group (or NO_GROUP, CHANGES) behind `seq`, oldest first, RING_LINES at most. */
  after(group: string, seq: number): RingLine[] {
    return this.rings.get(group)?.after(seq) ?? [];
  }

  /** The groups are these from now on: what is kept of others is given up. */
  setGroups(ids: readonly string[]): void {
    const kept = new Set([...ids, NO_GROUP, CHANGES]);
    for (const group of this.rings.keys()) if (!kept.has(group)) this.rings.delete(group);
  }

  private ring(group: string): Ring {
    let ring = this.rings.get(group);
    if (ring === undefined) {
      ring = new Ring();
      // A piece of a text keeps all of it in memory.
      this.rings.set(Buffer.from(group).toString(), ring);
    }
    return ring;
  }
}

function shortened(line: string): string {
  const { level, time, group, msg } = JSON.parse(line) as Record<string, unknown>;
  return JSON.stringify({ level, time, group, msg: String(msg).slice(0, 200), left_out_characters: line.length });
}
