import { setImmediate } from 'node:timers/promises';
import { collectDefaultMetrics, Registry as ForeignRegistry } from 'prom-client';
import { Exposition } from './exposition.js';
import { numericCounter, numericGauge } from './numeric-metric.js';

/** Injection token of Registry. */
export const REGISTRY = Symbol('REGISTRY');

/** The event loop's delays are not sampled: that wakes an idle process, and hundreds of them run beside each other. */
const NEVER_MS = 2 ** 30;
/** A scrape lets others have their turn after this time. */
const TURN_MS = 2;
const SAMPLED_DELAYS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
  (each) => `nodejs_eventloop_lag_${each}_seconds`,
);

export interface RegistryOptions {
  /** Release shown by `mm2ss_build_info`. */
  readonly release?: string;
  /** `process_*` and `nodejs_*` under their usual names; default true. */
  readonly processMetrics?: boolean;
}

/** What a process exposes: the metrics of the catalogue, and those of prom-client for the process. */
export class Registry extends ForeignRegistry {
  readonly exposition = new Exposition();
  private underWay: Promise<Buffer> | undefined;

  /** Everything, in the text format of Prometheus. */
  override async metrics(): Promise<string> {
    return (await this.encoded()).toString();
  }

  /**
   * The same as UTF-8. Who asks while it is written gets the same: the turns of many scrapes beside each other would come one right
   * behind the other, and hold everything up.
   */
  encoded(): Promise<Buffer> {
    this.underWay ??= this.written().finally(() => (this.underWay = undefined));
    return this.underWay;
  }

  /** Each piece is encoded at once: a text of megabytes, of which the parts must be kept, costs twice as much. */
  private async written(): Promise<Buffer> {
    const octets = [Buffer.from(await super.metrics())];
    let since = performance.now();
    for (const piece of this.exposition.pieces()) {
      octets.push(Buffer.from(piece));
      if (performance.now() - since < TURN_MS) continue;
      // Hundreds of groups take a tenth of a second, in which no event would pass.
      await setImmediate();
      since = performance.now();
    }
    return Buffer.concat(octets);
  }
}

/** A registry of its own (never prom-client's global one), with the metrics of the process in it. */
export function createRegistry({ release, processMetrics = true }: RegistryOptions = {}): Registry {
  const registry = new Registry();
  if (processMetrics) {
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
    for (const name of SAMPLED_DELAYS) registry.removeSingleMetric(name);
    numericCounter(registry, 'mm2ss_event_loop_active_seconds_total', () => [
      { labels: {}, value: performance.eventLoopUtilization().active / 1000 },
    ]);
  }
  if (release !== undefined) {
    const labels = { release, node: process.versions.node };
    numericGauge(registry, 'mm2ss_build_info', () => [{ labels, value: 1 }]);
  }
  return registry;
}
