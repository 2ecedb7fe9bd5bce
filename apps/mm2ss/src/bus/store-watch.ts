import { askMonitor } from '@iec104mm2ss/bus';
import { numericGauge, type Registry } from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';

/** How often the servers are asked. */
export const STORE_PERIOD_MS = 15_000;

/** What `GET /varz` of a NATS server says of the store of JetStream. */
interface Varz {
  readonly jetstream?: {
    readonly config?: { readonly max_storage?: number };
    readonly stats?: { readonly storage?: number };
  };
}

export interface StoreFill {
  readonly usedBytes: number;
  /** Undefined: there is none. */
  readonly limitBytes: number | undefined;
}

/** Undefined: it says nothing of a store. */
export function storeFill(varz: unknown): StoreFill | undefined {
  const { config, stats } = ((varz ?? {}) as Varz).jetstream ?? {};
  const usedBytes = stats?.storage;
  if (typeof usedBytes !== 'number') return undefined;
  const limit = config?.max_storage;
  return { usedBytes, limitBytes: typeof limit === 'number' && limit > 0 ? limit : undefined };
}

/**
 * Asks the monitoring endpoints of the NATS servers how full their stores are, again and again. A server that does not answer has
 * no figures: that it cannot be used is told by others.
 */
export class StoreWatch {
  private readonly fills = new Map<string, StoreFill>();
  private timer: unknown;
  private stopped = false;

  /** @param monitors URLs of the monitoring endpoints; none: nothing is asked */
  constructor(
    private readonly monitors: readonly string[],
    private readonly clock: Clock,
    registry: Registry,
    private readonly ask: (url: string, page: string) => Promise<unknown> = askMonitor,
  ) {
    numericGauge(registry, 'mm2ss_nats_store_used_bytes', () =>
      Array.from(this.fills, ([server, { usedBytes }]) => ({ labels: { server }, value: usedBytes })),
    );
    numericGauge(registry, 'mm2ss_nats_store_limit_bytes', () =>
      Array.from(this.fills).flatMap(([server, { limitBytes }]) =>
        limitBytes === undefined ? [] : [{ labels: { server }, value: limitBytes }],
      ),
    );
  }

  /** Asks at once, and from then on. */
  start(): void {
    if (this.monitors.length === 0 || this.stopped) return;
    void this.look().then(() => {
      if (!this.stopped) this.timer = this.clock.setTimer(() => this.start(), STORE_PERIOD_MS, true);
    });
  }

  stop(): void {
    this.stopped = true;
    this.clock.clearTimer(this.timer);
  }

  /** Never rejects. */
  private async look(): Promise<void> {
    const one = async (url: string): Promise<void> => {
      const fill = storeFill(await this.ask(url, '/varz').catch(() => undefined));
      const { host } = new URL(url);
      if (fill === undefined) this.fills.delete(host);
      else this.fills.set(host, fill);
    };
    await Promise.all(this.monitors.map(one));
  }
}
