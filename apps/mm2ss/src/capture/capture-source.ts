import type { Clock } from '@iec104mm2ss/runtime';
import type { Tap, TapEnds, TapRecord } from '@iec104mm2ss/transport';
import type { CaptureAnswer, CaptureSegment } from '@iec104mm2ss/wire';

/** Octets that wait to be handed on. What comes beyond them is left out, and counted. */
export const MAX_WAITING_OCTETS = 1 << 20;
/** How long segments are gathered. */
export const GATHER_MS = 50;
/** Octets of segments in one message: NATS takes 1 MB, and there they are base64, four for three. */
const MESSAGE_OCTETS = 200_000;
/** Of what is read or written at a time, in one segment. */
const MAX_SEGMENT_OCTETS = 64 * 1024;
/** What a segment costs besides its octets. */
const SEGMENT_OCTETS = 300;

/** What is new: the segments, and the number of the first of them. */
export type Captured = Pick<CaptureAnswer, 'first' | 'segments'>;

/**
 * Gathers what passes at a tap and hands it on after a while, so that whoever captures takes as little as possible of the time of
 * those who are captured. A copy of the octets is all that is done at once.
 */
export class CaptureSource {
  /** Segments so far, with those that were left out. */
  private count = 0;
  private leftOut = 0;
  private first = 0;
  private waiting: CaptureSegment[] = [];
  private waitingOctets = 0;
  private timer: unknown;
  /** Connections whose octets were met at the beginning of an APDU. */
  private readonly aligned = new WeakSet<TapEnds>();
  private readonly stopListening: () => void;

  /** @param hand is called outside of what is captured */
  constructor(
    tap: Tap,
    private readonly clock: Clock,
    private readonly hand: (captured: Captured) => void,
  ) {
    this.stopListening = tap.listen((record) => this.take(record));
  }

  get figures(): { readonly segments: number; readonly leftOut: number } {
    return { segments: this.count, leftOut: this.leftOut };
  }

  /** Hands on what waits. */
  flush(): void {
    this.clock.clearTimer(this.timer);
    this.timer = undefined;
    const { waiting } = this;
    let first = this.first;
    this.waiting = [];
    this.waitingOctets = 0;
    this.first = this.count;
    for (let at = 0; at < waiting.length;) {
      const segments: CaptureSegment[] = [];
      let octets = 0;
      for (; at < waiting.length && octets < MESSAGE_OCTETS; at++) {
        const segment = waiting[at] as CaptureSegment;
        segments.push(segment);
        octets += SEGMENT_OCTETS + (segment.octets?.length ?? 0);
      }
      this.hand({ first, segments });
      first += segments.length;
    }
    // Those that were left out at the end.
    if (first < this.count) this.hand({ first: this.count, segments: [] });
  }

  stop(): void {
    this.stopListening();
    this.flush();
  }

  private take(record: TapRecord): void {
    if (record.kind === 'in' && !this.isAligned(record)) return;
    const { octets, kind } = record;
    if (octets === undefined || octets.length <= MAX_SEGMENT_OCTETS) {
      this.add(record);
      return;
    }
    for (let at = 0; at < octets.length; at += MAX_SEGMENT_OCTETS) {
      const part = octets.subarray(at, at + MAX_SEGMENT_OCTETS);
      const before = kind === 'in' ? { received: record.received + at } : { sent: record.sent + at };
      this.add({ ...record, ...before, octets: part });
    }
  }

  private add(record: TapRecord): void {
    this.count++;
    const size = SEGMENT_OCTETS + (record.octets?.length ?? 0);
    this.timer ??= this.clock.setTimer(() => this.flush(), GATHER_MS);
    // Behind one that was left out all are, so that what is handed on has no gap inside.
    if (this.waitingOctets + size > MAX_WAITING_OCTETS || this.waiting.length < this.count - 1 - this.first) {
      this.leftOut++;
      return;
    }
    this.waitingOctets += size;
    this.waiting.push(this.segmentOf(record));
  }

  private isAligned({ ends, aligned }: TapRecord): boolean {
    if (aligned === true) this.aligned.add(ends);
    return this.aligned.has(ends);
  }

  private segmentOf({ kind, ends, received, sent, octets, reason }: TapRecord): CaptureSegment {
    const { local, remote, controlling } = ends;
    return {
      kind,
      at: preciseWallMs(this.clock),
      local: [local.address, local.port],
      remote: [remote.address, remote.port],
      controlling,
      received,
      sent,
      ...(octets && { octets: Buffer.from(octets) }),
      ...(reason !== undefined && { reason }),
    };
  }
}

/** The wall clock has whole milliseconds; the monotonic one says what lies between. */
const offsets = new WeakMap<Clock, number>();
function preciseWallMs(clock: Clock): number {
  const now = clock.now();
  const wallMs = clock.wallMs();
  const offset = offsets.get(clock);
  // The wall clock may be set.
  if (offset !== undefined && Math.abs(now + offset - wallMs) < 2) return now + offset;
  offsets.set(clock, wallMs - now);
  return wallMs;
}
