/** A run of APDUs of the link that have ordinals in a row. */
interface Segment {
  /** How many APDUs of the link were before it. */
  readonly count: number;
  /** Ordinal of its first one. */
  readonly first: number;
}

/**
 * Which ASDUs the I-format APDUs of one link are, in the order of the link: an N(R) can only be given for the first so many
 * of them. APDUs that the RTU repeated have the ordinals of their first time.
 */
export class LinkOrdinals {
  private readonly segments: Segment[] = [];
  private total = 0;
  /** Of segments that are safe and forgotten. */
  private safeEnd = 0;

  /** The next `count` APDUs of the link are the ASDUs from `first` on. */
  add(first: number, count: number): void {
    const last = this.segments.at(-1);
    if (last === undefined || last.first + this.total - last.count !== first) {
      this.segments.push({ count: this.total, first });
    }
    this.total += count;
  }

  /** How many APDUs from the first one on are all ASDUs before `ordinal`. */
  countBefore(ordinal: number): number {
    for (;;) {
      const [segment, next] = this.segments;
      if (segment === undefined) return 0;
      const end = next?.count ?? this.total;
      if (ordinal < segment.first + end - segment.count) return segment.count + Math.max(0, ordinal - segment.first);
      if (next === undefined) return this.total;
      // What was safe once is not asked for again.
      this.segments.shift();
      this.safeEnd = Math.max(this.safeEnd, segment.first + end - segment.count);
    }
  }

  /** The ordinal up to which the log must be safe for the first `count` APDUs to be; not for fewer than are safe now. */
  endOf(count: number): number {
    let end = this.safeEnd;
    this.segments.forEach((segment, index) => {
      if (segment.count >= count) return;
      const segmentEnd = Math.min(count, this.segments[index + 1]?.count ?? this.total);
      end = Math.max(end, segment.first + segmentEnd - segment.count);
    });
    return end;
  }
}
