import { type Bus, controlSubject, type Subscription } from '@iec104mm2ss/bus';
import type { Clock } from '@iec104mm2ss/runtime';
import {
  CAPTURE_INTEREST_MS,
  type CaptureAnswer,
  type CaptureSegment,
  decodeCaptureAnswer,
  encodeCaptureRequest,
  WireError,
} from '@iec104mm2ss/wire';
import type { CaptureSources } from './capture-sources.js';

/** How often it is asked again: a question or two may be lost. */
const ASK_AGAIN_MS = CAPTURE_INTEREST_MS / 3;

export interface CaptureWatchOptions {
  readonly bus: Pick<Bus, 'kind' | 'connected' | 'askAll' | 'drops'>;
  readonly clock: Clock;
  /** Who captures, for the logs of the others. */
  readonly by: string;
  readonly group: string;
  /** Tells this capture from others of the same process. */
  readonly capture: string;
  /** Of this process; undefined: it serves nothing. */
  readonly own?: CaptureSources | undefined;
}

export interface CaptureHandler {
  /** A process listens. It is told again when that process has listened to nothing for a while. */
  onSource(instance: string): void;
  /** @param leftOut segments before these that did not come here */
  onSegments(instance: string, segments: readonly CaptureSegment[], leftOut: number): void;
  onRefused(instance: string, reason: string): void;
}

/** Captures a group: in this process, and over NATS in all others. */
export class CaptureWatch {
  /** By instance: the number of the segment that comes next. */
  private readonly next = new Map<string, number>();
  /** Answers to the last two questions are heard: some are under way when it is asked again. */
  private asking: Subscription[] = [];
  private timer: unknown;

  constructor(
    private readonly options: CaptureWatchOptions,
    private readonly handler: CaptureHandler,
  ) {
    this.ask();
  }

  stop(): void {
    const { clock, own } = this.options;
    own?.stop(this.options);
    clock.clearTimer(this.timer);
    for (const each of this.asking.splice(0)) each.unsubscribe();
  }

  private ask(): void {
    const { bus, clock, own, by, group, capture } = this.options;
    own?.ask(
      { by, group, capture },
      {
        send: (answer) => this.take(answer),
        end: () => undefined,
      },
    );
    if (bus.kind === 'nats' && bus.connected) {
      const subject = controlSubject('capture');
      this.asking.push(
        bus.askAll(subject, encodeCaptureRequest(by, group, capture), (data) => {
          const answer = decodeCaptureAnswer(data);
          if (answer instanceof WireError) bus.drops.add(subject, answer.code, answer.message);
          else this.take(answer);
        }),
      );
      if (this.asking.length > 2) this.asking.shift()?.unsubscribe();
    }
    this.timer = clock.setTimer(() => this.ask(), ASK_AGAIN_MS);
  }

  private take({ instance, group, capture, first, segments, refused }: Omit<CaptureAnswer, 'v'>): void {
    if (group !== this.options.group || capture !== this.options.capture) return;
    if (refused !== undefined) {
      this.handler.onRefused(instance, refused);
      return;
    }
    let expected = this.next.get(instance);
    this.next.set(instance, first + segments.length);
    if (expected === undefined || first < expected) {
      // It has begun, or begun again as our questions did not reach it in time.
      this.handler.onSource(instance);
      expected = 0;
    }
    const leftOut = first - expected;
    if (segments.length > 0 || leftOut > 0) this.handler.onSegments(instance, segments, leftOut);
  }
}
