import {
  type MetricNameWith,
  numericCounter,
  numericGauge,
  type Logger,
  type NtpStatus,
  type Registry,
  securityEvent,
} from '@iec104mm2ss/observability';
import { ClockSetError, type ClockSetter } from './clock-setter.js';
import { NtpError, type NtpSample } from './ntp-packet.js';
import { parseNtpServer, queryNtpServer, type NtpClock, type NtpServer } from './ntp-query.js';

export interface NtpClientOptions {
  /** Asked in this order; `host`, `host:port`, IPv6 with or without brackets. None: nothing is done. */
  readonly servers: readonly string[];
  /** Pause between two rounds, 1..2147483 s. */
  readonly updateEverySec: number;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Present (`--set-clock`): the clock is set from the answers; absent: the offset is only reported. */
  readonly clockSetter?: ClockSetter;
  readonly clock: NtpClock;
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;
/** A clock this close is left alone: setting it is no more exact than that. */
const TOLERANCE_MS = 10;
/** Once the time is known, a jump beyond this is a broken server and not a wrong clock (RFC 5905: PANICT). */
const PANIC_MS = 1_000_000;
/** A server that asked to be asked less often (RATE) is left out this many rounds; one that refuses (DENY), a day. */
const RATE_ROUNDS = 4;
const DENY_MS = 24 * 3_600_000;

type Result = 'ok' | NtpError['failure'];

interface ServerState extends NtpServer {
  /** Monotonic time before which it is not asked. */
  silentUntil: number;
  readonly results: Map<Result, number>;
}

/**
 * SNTP client: asks the servers in turn every `updateEverySec`, the first usable answer counts for the round. The offset
 * goes to the log, the metrics `mm2ss_ntp_*` and `/status`; the clock is set only if a ClockSetter is given.
 */
export class NtpClient {
  private readonly servers: readonly ServerState[];
  private readonly clock: NtpClock;
  private readonly timeoutMs: number;
  private readonly logger: Logger;
  private readonly aborted = new AbortController();
  private readonly collectors: (() => void)[];
  private timer: unknown;
  private round: Promise<void> | undefined;
  private current: NtpStatus;
  private clockSets = 0;
  private clockSetFailures = 0;

  /** Throws an Error that names the server when one cannot be read. */
  constructor(private readonly options: NtpClientOptions) {
    this.servers = options.servers.map((text) => ({
      ...parseNtpServer(text),
      silentUntil: -Infinity,
      results: new Map<Result, number>(),
    }));
    this.clock = options.clock;
    this.timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.logger = options.logger;
    this.current = {
      state: this.servers.length > 0 ? 'pending' : 'off',
      server: null,
      stratum: null,
      offsetSeconds: null,
      delaySeconds: null,
      lastSuccessAt: null,
      set: false,
      error: null,
    };
    this.collectors = this.servers.length > 0 ? this.register(options.registry) : [];
  }

  status(): NtpStatus {
    return this.current;
  }

  /** Begins the first round at once. */
  start(): void {
    if (this.servers.length === 0) return;
    void this.update().finally(() => this.scheduleNext());
  }

  /** Ends a round under way; nothing is asked, logged or set afterwards. */
  async stop(): Promise<void> {
    this.aborted.abort();
    this.clock.clearTimer(this.timer);
    await this.round;
    for (const remove of this.collectors.splice(0)) remove();
  }

  /** One round over the servers; never rejects. A round under way is joined. */
  update(): Promise<void> {
    this.round ??= this.ask().finally(() => (this.round = undefined));
    return this.round;
  }

  private scheduleNext(): void {
    if (this.aborted.signal.aborted) return;
    this.timer = this.clock.setTimer(() => this.start(), this.options.updateEverySec * 1000);
  }

  private async ask(): Promise<void> {
    const failures: string[] = [];
    for (const server of this.servers) {
      if (this.clock.now() < server.silentUntil) {
        failures.push(`${server.name}: asked not to be asked`);
        continue;
      }
      try {
        const sample = await this.query(server);
        await this.succeed(server, sample, failures);
        return;
      } catch (error) {
        if (this.aborted.signal.aborted) return;
        failures.push(`${server.name}: ${(error as Error).message}`);
      }
    }
    if (this.aborted.signal.aborted) return;
    const reason = failures.join('; ');
    this.current = { ...this.current, state: 'unreachable', set: false, error: reason };
    securityEvent(this.logger, 'clock_unsynchronised', { reason }, 'NTP: no server gave the time');
  }

  private async query(server: ServerState): Promise<NtpSample> {
    const { clock, timeoutMs } = this;
    try {
      const sample = await queryNtpServer(server, { clock, timeoutMs, signal: this.aborted.signal });
      count(server, 'ok');
      return sample;
    } catch (error) {
      if (error instanceof NtpError && !this.aborted.signal.aborted) {
        count(server, error.failure);
        if (error.failure === 'kiss') server.silentUntil = clock.now() + this.silenceMs(error.kissCode);
      }
      throw error;
    }
  }

  /** RFC 5905 clause 7.4: DENY and RSTR mean never again, RATE less often; other codes are no order. */
  private silenceMs(kissCode: string | undefined): number {
    if (kissCode === 'DENY' || kissCode === 'RSTR') return DENY_MS;
    return kissCode === 'RATE' ? RATE_ROUNDS * this.options.updateEverySec * 1000 : 0;
  }

  private async succeed(server: ServerState, sample: NtpSample, failures: readonly string[]): Promise<void> {
    const known = this.current.lastSuccessAt !== null;
    const fields = {
      server: server.name,
      stratum: sample.stratum,
      offset_seconds: sample.offsetMs / 1000,
      delay_seconds: sample.delayMs / 1000,
    };
    this.logger.info(fields, 'NTP: offset of the clock');
    if (failures.length > 0) this.logger.warn({ reason: failures.join('; ') }, 'NTP: servers passed over');
    const error = await this.setClock(sample.offsetMs, known, fields);
    this.current = {
      state: 'ok',
      server: server.name,
      stratum: sample.stratum,
      offsetSeconds: fields.offset_seconds,
      delaySeconds: fields.delay_seconds,
      lastSuccessAt: new Date(this.clock.wallMs()).toISOString(),
      set: this.options.clockSetter !== undefined && error === null,
      error,
    };
  }

  /** Sets the clock if wanted and needed; returns why it could not be set. */
  private async setClock(offsetMs: number, known: boolean, fields: object): Promise<string | null> {
    const { clockSetter } = this.options;
    if (!clockSetter || Math.abs(offsetMs) < TOLERANCE_MS || this.aborted.signal.aborted) return null;
    try {
      if (known && Math.abs(offsetMs) > PANIC_MS) {
        throw new ClockSetError(`an offset above ${PANIC_MS / 1000} s after the time was known is not believed`);
      }
      await clockSetter.adjust(offsetMs);
      this.clockSets++;
      securityEvent(this.logger, 'clock_set', { ...fields }, 'NTP: clock set');
      return null;
    } catch (error) {
      this.clockSetFailures++;
      const reason = error instanceof Error ? error.message : String(error);
      securityEvent(this.logger, 'clock_not_set', { ...fields, reason }, 'NTP: clock not set');
      return reason;
    }
  }

  private register(registry: Registry): (() => void)[] {
    const gauge = (name: MetricNameWith<'gauge', never>, read: () => number | null): (() => void) =>
      numericGauge(registry, name, () => {
        const value = read();
        return value === null ? [] : [{ labels: {}, value }];
      });
    return [
      gauge('mm2ss_ntp_offset_seconds', () => this.current.offsetSeconds),
      gauge('mm2ss_ntp_delay_seconds', () => this.current.delaySeconds),
      gauge('mm2ss_ntp_stratum', () => this.current.stratum),
      gauge('mm2ss_ntp_last_success_timestamp_seconds', () =>
        this.current.lastSuccessAt === null ? null : Date.parse(this.current.lastSuccessAt) / 1000,
      ),
      numericCounter(registry, 'mm2ss_ntp_requests_total', () =>
        this.servers.flatMap((server) =>
          [...server.results].map(([result, value]) => ({ labels: { server: server.name, result }, value })),
        ),
      ),
      numericCounter(registry, 'mm2ss_ntp_clock_sets_total', () => [
        { labels: { result: 'ok' }, value: this.clockSets },
        { labels: { result: 'failed' }, value: this.clockSetFailures },
      ]),
    ];
  }
}

function count(server: ServerState, result: Result): void {
  server.results.set(result, (server.results.get(result) ?? 0) + 1);
}
