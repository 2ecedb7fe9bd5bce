/** Samples that are kept; with more, every other one is forgotten. */
const MAX_SAMPLES = 256;
/** Between two samples at least. */
const GAP_MS = 250;

/**
 * When the ASDUs of an event log were received, for those that somebody has yet to acknowledge: a sample now and then, taken
 * of whole records. The longer the way back, the further apart the samples are. Times are ms since 1970-01-01 UTC, by the
 * connector's clock.
 */
export class PositionTimes {
  private positions: number[] = [];
  private times: number[] = [];
  private gapMs = GAP_MS;

  /** A record that begins at `position` was received at `time`. Positions before the last one are no news. */
  add(position: number, time: number): void {
    const { positions, times } = this;
    const last = positions.length - 1;
    // A clock that was set back must not end the samples.
    if (
      last >= 0 &&
      (position <= (positions[last] as number) || Math.abs(time - (times[last] as number)) < this.gapMs)
    ) {
      return;
    }
    positions.push(position);
    times.push(time);
    if (positions.length > MAX_SAMPLES) this.thin();
  }

  /** The first position of which the time is known; Infinity: none. */
  get first(): number {
    return this.positions[0] ?? Infinity;
  }

  /** What was received before all that is known. */
  addBefore(position: number, time: number): void {
    if (position >= this.first) return;
    this.positions.unshift(position);
    this.times.unshift(time);
  }

  /** When the ASDU at `position` was received, or a moment before; of what is older than all samples: later. */
  at(position: number): number | undefined {
    let low = 0;
    let high = this.positions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.positions[middle] as number) <= position) low = middle + 1;
      else high = middle;
    }
    return this.times[Math.max(0, low - 1)];
  }

  /** Nobody will ask for what is before `position`; at `end`, where the log ends: for nothing that is known. */
  forgetBefore(position: number, end: number): void {
    if (position >= end) this.keep(0, 0);
    let count = 0;
    while (count + 1 < this.positions.length && (this.positions[count + 1] as number) <= position) count++;
    if (count > 0) this.keep(count, this.positions.length);
    if (this.positions.length <= 1) this.gapMs = GAP_MS;
  }

  /** The log goes on at `position`: what was known from there on is void. */
  cut(position: number): void {
    let end = this.positions.length;
    while (end > 0 && (this.positions[end - 1] as number) >= position) end--;
    this.keep(0, end);
  }

  private keep(from: number, to: number): void {
    this.positions = this.positions.slice(from, to);
    this.times = this.times.slice(from, to);
  }

  private thin(): void {
    const even = (_: number, index: number): boolean => index % 2 === 0;
    this.positions = this.positions.filter(even);
    this.times = this.times.filter(even);
    this.gapMs *= 2;
  }
}
