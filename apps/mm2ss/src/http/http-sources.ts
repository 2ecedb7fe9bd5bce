import type { Bus } from '@iec104mm2ss/bus';
import type {
  BusStatus,
  HealthSource,
  Logger,
  NtpStatus,
  Registry,
  Status,
  StatusSource,
} from '@iec104mm2ss/observability';
import { mergeStatus } from '@iec104mm2ss/observability';

/** Everything the HTTP pages show. All of it is asked at each request; nothing is kept. */
export interface HttpSources {
  readonly logger: Logger;
  readonly registry: Registry;
  /** The parts `/healthz` and `/readyz` ask. */
  readonly health: readonly HealthSource[];
  readonly release: string;
  /** Parts that run in this process, for `/status`. */
  readonly parts: readonly string[];
  readonly startedAt: Date;
  readonly bus: () => BusStatus;
  readonly ntp: () => NtpStatus;
  /** What each part knows of the groups; the configuration first, it decides their order. */
  readonly groups: readonly StatusSource[];
  /** Where `/feed` takes its messages from. */
  readonly messages: Pick<Bus, 'subscribe'>;
  /** Wall clock in milliseconds. */
  readonly now?: () => number;
}

/** Injection token of HttpSources. */
export const HTTP_SOURCES = Symbol('HTTP_SOURCES');

export const PRODUCT = 'iec104mm2ss';

/** Asks every source, and puts the answer of `GET /status` together. */
export async function readStatus(sources: HttpSources): Promise<Status> {
  const { release, parts, startedAt, now = Date.now } = sources;
  const groups = mergeStatus(await Promise.all(sources.groups.map(async (source) => source.groups())));
  const nowMs = now();
  return {
    version: 1,
    product: PRODUCT,
    release,
    startedAt: startedAt.toISOString(),
    uptimeSeconds: Math.max(0, nowMs - startedAt.getTime()) / 1000,
    parts,
    bus: sources.bus(),
    clock: { now: new Date(nowMs).toISOString(), ntp: sources.ntp() },
    groups,
  };
}
