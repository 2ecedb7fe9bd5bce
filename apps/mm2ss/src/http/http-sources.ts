import type { Bus } from '@iec104mm2ss/bus';
import {
  type BusStatus,
  type HealthSource,
  type Logger,
  mergeStatus,
  type NtpStatus,
  type Registry,
  type Status,
  type StatusSource,
} from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';

/** Everything the HTTP pages show. All of it is asked at each request; nothing is kept. */
export interface HttpSources {
  readonly logger: Logger;
  readonly registry: Registry;
  /** The parts `/healthz` and `/readyz` ask. */
  readonly health: readonly HealthSource[];
  readonly release: string;
  /** Parts that run in this process, for `/status`. */
  readonly parts: readonly string[];
  readonly clock: Pick<Clock, 'now' | 'wallMs'>;
  /** When the process started: by the wall clock, and by `clock.now`. */
  readonly started: { readonly wallMs: number; readonly now: number };
  readonly bus: () => BusStatus;
  readonly ntp: () => NtpStatus;
  /** What each part knows of the groups; the configuration first, it decides their order. */
  readonly groups: readonly StatusSource[];
  /** Where `/feed` takes its messages from. */
  readonly messages: Pick<Bus, 'subscribe'>;
}

/** Injection token of HttpSources. */
export const HTTP_SOURCES = Symbol('HTTP_SOURCES');

export const PRODUCT = 'iec104mm2ss';

/** Asks every source, and puts the answer of `GET /status` together. */
export async function readStatus(sources: HttpSources): Promise<Status> {
  const { release, parts, clock, started } = sources;
  const groups = mergeStatus(await Promise.all(sources.groups.map(async (source) => source.groups())));
  return {
    version: 1,
    product: PRODUCT,
    release,
    startedAt: new Date(started.wallMs).toISOString(),
    uptimeSeconds: (clock.now() - started.now) / 1000,
    parts,
    bus: sources.bus(),
    clock: { now: new Date(clock.wallMs()).toISOString(), ntp: sources.ntp() },
    groups,
  };
}
