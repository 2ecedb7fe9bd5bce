interface Segment {
  /** Position after the segment's last ASDU. */
  end: number;
  /** True: events for all masters. False: answers, and what is for nobody; nothing waits for them. */
  readonly events: boolean;
}

/**
 * How far the event log was acknowledged by masters: every event before `confirmed` was acknowledged by at least one
 * master. Answers are no events: they die with their master's connection, so nothing waits for them.
 *
 * Positions are added in order; consecutive ones of one kind share a segment, so the queue stays short.
 */
export class ConfirmedMark {
  private segments: Segment[] = [];
  private head = 0;
  private highestAcknowledged = 0;

  constructor(private position: number) {
    this.highestAcknowledged = position;
  }

  get confirmed(): number {
    return this.position;
  }

  /** Events for all masters, up to `end`. True when the mark moved: they may have been acknowledged to an earlier owner. */
  addEvents(end: number): boolean {
    this.add(end, true);
    return this.highestAcknowledged > this.position && this.advance();
  }

  /** Answers, or ASDUs for nobody, up to `end`. True when the mark moved. */
  addOthers(end: number): boolean {
    this.add(end, false);
    return this.advance();
  }

  /** A master acknowledged everything for it before `position`. True when the mark moved. */
  acknowledged(position: number): boolean {
    if (position > this.highestAcknowledged) this.highestAcknowledged = position;
    return this.advance();
  }

  /** The log goes on at `position`: what was known of it from there on is void. */
  cut(position: number): void {
    this.position = Math.min(this.position, position);
    this.highestAcknowledged = Math.min(this.highestAcknowledged, position);
    const kept: Segment[] = [];
    let begin = this.position;
    for (const { end, events } of this.segments.slice(this.head)) {
      if (begin >= position) break;
      begin = Math.min(end, position);
      kept.push({ end: begin, events });
    }
    this.segments = kept;
    this.head = 0;
  }

  private add(end: number, events: boolean): void {
    // Routed once more after a takeover.
    if (end <= this.position) return;
    const last = this.segments.at(-1);
    if (last !== undefined && last.events === events && this.segments.length > this.head) last.end = end;
    else this.segments.push({ end, events });
  }

  private advance(): boolean {
    const before = this.position;
    for (let segment = this.segments[this.head]; segment !== undefined; segment = this.segments[this.head]) {
      if (segment.end <= this.position || !segment.events) {
        this.position = Math.max(this.position, segment.end);
        this.head++;
        continue;
      }
      if (this.highestAcknowledged <= this.position) break;
      this.position = Math.min(this.highestAcknowledged, segment.end);
    }
    if (this.head === this.segments.length) {
      this.segments.length = 0;
      this.head = 0;
    } else if (this.head > 1_000) {
      this.segments = this.segments.slice(this.head);
      this.head = 0;
    }
    return this.position > before;
  }
}
