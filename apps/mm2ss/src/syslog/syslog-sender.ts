import { type Logger, numericCounter, numericGauge, type Registry, securityEvent } from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';
import { type EventLine, syslogMessage, type SyslogOrigin } from './syslog-message.js';
import type { OpenWay, SyslogWay } from './syslog-way.js';

/** Events that wait for the receiver; the oldest gives way. About 6 MB at most. */
export const MAX_WAITING = 10_000;
/** Handed to the system at a time. */
const BATCH = 64;
/** A connection must be open, and what was written taken, so soon. */
export const OPEN_LIMIT_MS = 10_000;
export const WRITE_LIMIT_MS = 30_000;
/**
 * Nothing is sent so long after a connection was opened: a receiver that does not want us (our certificate, its own limits) closes
 * it again within this time, and what the system has taken by then is lost.
 */
export const SETTLE_MS = 1_000;
/** A connection that lived so long was good: the next attempt after it comes soon. */
export const STABLE_MS = 10_000;
/** Pause before the next attempt: doubled each time, and up to a half of it at random. */
export const MIN_PAUSE_MS = 1_000;
export const MAX_PAUSE_MS = 60_000;
/** At the end of the process. */
export const END_LIMIT_MS = 2_000;

export interface SyslogSenderParts {
  readonly open: OpenWay;
  /** Of the receiver, for people. */
  readonly name: string;
  readonly origin: SyslogOrigin;
  readonly clock: Clock;
  random(): number;
}

/**
 * Sends security events to a syslog receiver. It never keeps anybody waiting: events queue in memory, and when that is full
 * the oldest is dropped and counted. An event leaves the queue when the system has taken it, so a connection that breaks loses
 * what was on its way only: syslog has no acknowledgement, but the receiver sees a gap in the sequence numbers.
 */
export class SyslogSender {
  private waiting: Buffer[] = [];
  private sending: readonly Buffer[] = [];
  private way: SyslogWay | undefined;
  /** `settling`: connected, and nothing is sent yet. */
  private state: 'closed' | 'settling' | 'open' = 'closed';
  private openedAt = 0;
  private pauseMs = MIN_PAUSE_MS;
  private timer: unknown;
  private logger: Logger | undefined;
  /** Told that it cannot be reached, and how many had been dropped by then; and that some are dropped. */
  private lostAt: number | undefined;
  private toldDropping = false;
  private sent = 0;
  private dropped = 0;
  private ending: (() => void) | undefined;
  private stopped = false;

  constructor(private readonly parts: SyslogSenderParts) {}

  /** Takes one JSON line of the logger. */
  write(line: string): void {
    if (this.stopped) return;
    this.waiting.push(syslogMessage(JSON.parse(line) as EventLine, this.parts.origin));
    this.keepBound();
    this.pump();
  }

  /** Connects. What it has to say of itself goes to `logger`. */
  start(logger: Logger, registry: Registry): void {
    this.logger = logger;
    this.register(registry);
    this.connect();
  }

  /** Sends what waits, for a moment; resolves with the number of events that were not taken. */
  async stop(): Promise<number> {
    const { clock } = this.parts;
    let timer: unknown;
    await new Promise<void>((resolve) => {
      this.ending = resolve;
      timer = clock.setTimer(resolve, END_LIMIT_MS);
      if (this.state === 'settling') this.onSettled();
      else this.pump();
    });
    clock.clearTimer(timer);
    this.stopped = true;
    clock.clearTimer(this.timer);
    if (this.state === 'open' && this.sending.length === 0) this.way?.end();
    else this.way?.destroy('the process ends');
    return this.count;
  }

  /** Events that wait or are on their way. */
  private get count(): number {
    return this.waiting.length + this.sending.length;
  }

  private connect(): void {
    const { open } = this.parts;
    // Events of a connection that is given up come too late.
    const way: SyslogWay = open({
      opened: () => {
        if (this.way === way) this.onOpen();
      },
      closed: (reason) => {
        if (this.way === way) this.onClosed(reason);
      },
    });
    this.way = way;
    this.limit(OPEN_LIMIT_MS, `it does not answer within ${OPEN_LIMIT_MS / 1000} s`);
  }

  private onOpen(): void {
    const { clock } = this.parts;
    this.state = 'settling';
    this.openedAt = clock.now();
    clock.clearTimer(this.timer);
    this.timer = clock.setTimer(() => this.onSettled(), SETTLE_MS, true);
    if (this.ending !== undefined) this.onSettled();
  }

  private onSettled(): void {
    this.state = 'open';
    this.parts.clock.clearTimer(this.timer);
    const { name: server } = this.parts;
    if (this.lostAt !== undefined) {
      const dropped = this.dropped - this.lostAt;
      this.tell('syslog_restored', { server, dropped }, 'the syslog receiver is reached again');
    }
    this.lostAt = undefined;
    this.toldDropping = false;
    this.pump();
  }

  private onClosed(reason: string): void {
    const { clock, name: server } = this.parts;
    this.way = undefined;
    if (this.state !== 'closed' && clock.now() - this.openedAt >= STABLE_MS) this.pauseMs = MIN_PAUSE_MS;
    this.state = 'closed';
    clock.clearTimer(this.timer);
    this.waiting = [...this.sending, ...this.waiting];
    this.sending = [];
    this.keepBound();
    if (this.stopped) return;
    if (this.lostAt === undefined) {
      this.lostAt = this.dropped;
      this.tell('syslog_lost', { server, reason }, 'the syslog receiver cannot be reached: events wait');
    }
    const pauseMs = this.pauseMs * (1 + this.parts.random() / 2);
    this.pauseMs = Math.min(2 * this.pauseMs, MAX_PAUSE_MS);
    this.timer = clock.setTimer(() => this.connect(), pauseMs, true);
  }

  private pump(): void {
    if (this.state === 'open' && this.sending.length === 0 && this.waiting.length > 0) {
      const batch = this.waiting.splice(0, BATCH);
      this.sending = batch;
      this.limit(WRITE_LIMIT_MS, `it has taken nothing for ${WRITE_LIMIT_MS / 1000} s`);
      this.way?.send(batch, () => this.taken(batch));
    }
    if (this.count === 0) this.ending?.();
  }

  private taken(batch: readonly Buffer[]): void {
    if (this.sending !== batch) return;
    this.sending = [];
    this.sent += batch.length;
    this.parts.clock.clearTimer(this.timer);
    this.pump();
  }

  private limit(ms: number, reason: string): void {
    const { clock } = this.parts;
    clock.clearTimer(this.timer);
    this.timer = clock.setTimer(() => this.way?.destroy(reason), ms, true);
  }

  private keepBound(): void {
    const surplus = this.count - MAX_WAITING;
    if (surplus <= 0) return;
    this.waiting.splice(0, surplus);
    this.dropped += surplus;
    if (this.toldDropping) return;
    this.toldDropping = true;
    const { name: server } = this.parts;
    this.tell(
      'syslog_dropped',
      { server, waiting: MAX_WAITING },
      'security events for syslog are dropped, the oldest first',
    );
  }

  private tell(event: 'syslog_lost' | 'syslog_restored' | 'syslog_dropped', fields: object, message: string): void {
    if (this.logger !== undefined) securityEvent(this.logger, event, { ...fields }, message);
  }

  private register(registry: Registry): void {
    const value = (read: () => number) => () => [{ labels: {}, value: read() }];
    numericCounter(
      registry,
      'mm2ss_syslog_sent_total',
      value(() => this.sent),
    );
    numericCounter(
      registry,
      'mm2ss_syslog_dropped_total',
      value(() => this.dropped),
    );
    numericGauge(
      registry,
      'mm2ss_syslog_connected',
      value(() => (this.state === 'closed' ? 0 : 1)),
    );
    numericGauge(
      registry,
      'mm2ss_syslog_waiting_events',
      value(() => this.count),
    );
  }
}
