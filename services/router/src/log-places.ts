import type { EventLog } from '@iec104mm2ss/bus';
import type { LogPlace } from '@iec104mm2ss/wire';

/** The log went on at `begins` in `generation`: positions `begins..end` of earlier generations are lost. */
interface Cut {
  readonly generation: number;
  readonly begins: number;
  readonly end: number;
}

/** Cuts remembered: what was said in an earlier generation is then asked of the log. */
const MAX_CUTS = 64;

/**
 * What becomes of places of earlier generations. Everything in the router is a position of the present generation; what
 * others say is brought to it here.
 */
export class LogPlaces {
  private cuts: Cut[] = [];
  /** Places of older generations are unknown here. */
  private oldestKnown: number;
  /** What the connector says of the generation that it writes. */
  private stated: { readonly generation: number; readonly lost: number } | undefined;

  constructor(
    private readonly log: Pick<EventLog, 'validUpTo'>,
    /** The present generation. */
    public generation: number,
  ) {
    this.oldestKnown = generation;
  }

  /** The connector says how many ASDUs the log had lost when its generation began. */
  heard(generation: number, lost: number | undefined): void {
    if (lost !== undefined) this.stated = { generation, lost };
  }

  /**
   * A later generation goes on at `begins`, where another one was routed up to `end`: up to where that can have been lost.
   * What the connector had not been told to be stored comes again.
   */
  lostEnd(generation: number, begins: number, end: number): number {
    return this.stated?.generation === generation ? Math.min(end, begins + this.stated.lost) : end;
  }

  /** A later generation begins: of what was routed, everything from `begins` on is void, up to `end` it is lost. */
  cut(generation: number, begins: number, end: number): void {
    this.generation = generation;
    this.cuts.push({ generation, begins, end });
    if (this.cuts.length <= MAX_CUTS) return;
    this.oldestKnown = (this.cuts.shift() as Cut).generation;
  }

  /** The place in the present generation; undefined when only the log can tell, or when it is not known here yet. */
  present({ generation, position }: LogPlace): number | undefined {
    if (generation > this.generation || generation < this.oldestKnown) return undefined;
    let present = position;
    for (const cut of this.cuts) if (cut.generation > generation) present = Math.min(present, cut.begins);
    return present;
  }

  /** As `present`, asking the log where need be. Rejects with BusError. */
  async resolve(place: LogPlace): Promise<number> {
    const known = this.present(place);
    if (known !== undefined) return known;
    if (place.position === 0) return 0;
    const { generation } = this;
    const position = Math.min(place.position, await this.log.validUpTo(place));
    // The log may have been cut meanwhile.
    return this.present({ generation, position }) ?? position;
  }

  /** How many ASDUs somebody has lost for ever who had got everything before `place`, and no more. */
  lostBehind({ generation, position }: LogPlace): number {
    let lost = 0;
    let present = position;
    for (const cut of this.cuts) {
      if (cut.generation <= generation) continue;
      if (present < cut.end) lost += cut.end - Math.max(present, cut.begins);
      present = Math.min(present, cut.begins);
    }
    return lost;
  }
}
