import { LOGGER, type Logger, securityEvent } from '@iec104mm2ss/observability';
import { GROUPS, type LiveGroups } from '@iec104mm2ss/config';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { type Taps, TAPS } from '@iec104mm2ss/transport';
import { CAPTURE_INTEREST_MS, type CaptureAnswer, type CaptureRequest } from '@iec104mm2ss/wire';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PROCESS, type ProcessInfo } from '../core/process-info.js';
import { CaptureSource } from './capture-source.js';

/** At a time in one process: each costs a copy of all that passes. */
const MAX_CAPTURES = 8;

export interface CaptureReceiver {
  send(answer: Omit<CaptureAnswer, 'v'>): void;
  /** Nothing more comes here: another one is told, or the capture is over. */
  end(): void;
}

interface Running {
  readonly source: CaptureSource;
  receiver: CaptureReceiver;
  expiry: unknown;
}

/** The captures that this process takes part in. */
@Injectable()
export class CaptureSources implements OnApplicationShutdown {
  private readonly running = new Map<string, Running>();

  constructor(
    @Inject(TAPS) private readonly taps: Taps,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'clock' | 'instance'>,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(GROUPS) private readonly groups: Pick<LiveGroups, 'current'>,
    @Inject(PROCESS) private readonly process: Pick<ProcessInfo, 'parts'>,
  ) {}

  onApplicationShutdown(): void {
    for (const key of [...this.running.keys()]) this.end(key);
  }

  /** This process has connections of the group, or may have some. */
  serves(group: string): boolean {
    const { parts } = this.process;
    return parts.some((part) => part !== 'router') && this.groups.current.some(({ id }) => id === group);
  }

  /** Begins a capture, or goes on with it; it ends by itself when nobody asks again in time. */
  ask({ by, group, capture }: Omit<CaptureRequest, 'v'>, receiver: CaptureReceiver): void {
    if (!this.serves(group)) {
      receiver.end();
      return;
    }
    const key = JSON.stringify([by, capture]);
    const known = this.running.get(key);
    if (known === undefined && this.running.size >= MAX_CAPTURES) {
      const refused = `${MAX_CAPTURES} captures are running already`;
      receiver.send({ ...this.answer(group, capture), refused });
      receiver.end();
      return;
    }
    const running = known ?? this.begin(key, group, capture, by, receiver);
    if (running.receiver !== receiver) {
      running.source.flush();
      running.receiver.end();
      running.receiver = receiver;
    }
    // How far it has come, so that what is lost on the way is missed even when nothing follows.
    receiver.send({ ...this.answer(group, capture), first: running.source.figures.segments });
    const { clock } = this.runtime;
    clock.clearTimer(running.expiry);
    running.expiry = clock.setTimer(() => this.end(key), CAPTURE_INTEREST_MS, true);
  }

  /** Nobody wants it any more. */
  stop({ by, capture }: Pick<CaptureRequest, 'by' | 'capture'>): void {
    this.end(JSON.stringify([by, capture]));
  }

  private begin(key: string, group: string, capture: string, by: string, receiver: CaptureReceiver): Running {
    const running: Running = {
      source: new CaptureSource(this.taps.of(group), this.runtime.clock, (captured) =>
        running.receiver.send({ ...this.answer(group, capture), ...captured }),
      ),
      receiver,
      expiry: undefined,
    };
    this.running.set(key, running);
    securityEvent(this.logger, 'capture_started', { group, by, capture }, 'the traffic of the group is being captured');
    return running;
  }

  private answer(group: string, capture: string): Omit<CaptureAnswer, 'v'> {
    return { instance: this.runtime.instance, group, capture, first: 0, segments: [] };
  }

  private end(key: string): void {
    const running = this.running.get(key);
    if (running === undefined) return;
    this.running.delete(key);
    this.runtime.clock.clearTimer(running.expiry);
    running.source.stop();
    running.receiver.end();
    this.logger.info(running.source.figures, 'capture ended');
  }
}
