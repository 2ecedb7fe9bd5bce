interface Segment {
  /** Position after the segment's last ASDU. */
  end: number;
  /** For all masters, for one session, or for nobody. */
  readonly kind: 'all' | 'reply' | 'none';
  readonly session: number;
  done: boolean;
}

/**
 * How far the event log was acknowledged by masters: every position before `confirmed` was acknowledged by at least one
 * master, was an answer its master acknowledged (or nobody is left to), or is for nobody.
 *
 * Positions are added in order; consecutive ones of one kind share a segment, so the queue stays short.
 */
export class ConfirmedMark {
  private segments: Segment[] = [];
  private head = 0;
  private highestAcknowledged = 0;
  private voids: { from: number; to: number }[] = [];

  constructor(private position: number) {
    this.highestAcknowledged = position;
  }

  get confirmed(): number {
    return this.position;
  }

  addAll(end: number): void {
    this.add(end, 'all', 0);
  }

  addNone(end: number): void {
    this.add(end, 'none', 0);
  }

  addReply(end: number, session: number): void {
    this.segments.push({ end, kind: 'reply', session, done: false });
  }

  /** `session`'s master acknowledged everything for it before `position`. Returns true when the mark moved. */
  acknowledged(session: number, position: number): boolean {
    if (position > this.highestAcknowledged) this.highestAcknowledged = position;
    for (let i = this.head; i < this.segments.length; i++) {
      const segment = this.segments[i] as Segment;
      if (segment.end > position) break;
      if (segment.kind === 'reply' && segment.session === session) segment.done = true;
    }
    return this.advance();
  }

  /** The session is gone: answers to it are for nobody now. */
  forget(session: number): boolean {
    for (let i = this.head; i < this.segments.length; i++) {
      const segment = this.segments[i] as Segment;
      if (segment.kind === 'reply' && segment.session === session) segment.done = true;
    }
    return this.advance();
  }

  /** Positions `from..to` are to be forgotten: the RTU sends these ASDUs again. */
  forgetRange(from: number, to: number): boolean {
    if (to <= this.position || this.voids.some((range) => range.from === from && range.to === to)) return false;
    this.voids.push({ from, to });
    return this.advance();
  }

  isForgotten(position: number): boolean {
    return this.voids.some((range) => position >= range.from && position < range.to);
  }

  private add(end: number, kind: 'all' | 'none', session: number): void {
    const last = this.segments.at(-1);
    if (last !== undefined && last.kind === kind && this.segments.length > this.head) last.end = end;
    else this.segments.push({ end, kind, session, done: kind === 'none' });
  }

  private advance(): boolean {
    const before = this.position;
    for (;;) {
      const gone = this.voids.find((range) => this.position >= range.from && this.position < range.to);
      if (gone !== undefined) this.position = gone.to;
      const segment = this.segments[this.head];
      if (segment === undefined) break;
      if (segment.end <= this.position || segment.done) {
        this.position = Math.max(this.position, segment.end);
        this.head++;
        continue;
      }
      if (segment.kind !== 'all' || this.highestAcknowledged <= this.position) break;
      this.position = Math.min(this.highestAcknowledged, segment.end);
    }
    if (this.head === this.segments.length) {
      this.segments.length = 0;
      this.head = 0;
    } else if (this.head > 1_000) {
      this.segments = this.segments.slice(this.head);
      this.head = 0;
    }
    this.voids = this.voids.filter((range) => range.to > this.position);
    return this.position > before;
  }
}
