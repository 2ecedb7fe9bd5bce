import type { HealthSource } from './health.js';
import { RateMeter } from './rate-meter.js';
import type { GroupContribution, StatusSource } from './merge-status.js';

/**
 * What the services have in common for those who look at them: the groups that they serve now, each with its rate, as
 * `/status` shows them, and whether the service has started. `G` is what serves one group.
 */
export abstract class GroupService<G extends { readonly config: { readonly id: string } }>
  implements StatusSource, HealthSource
{
  protected started = false;
  private readonly rates = new Map<string, RateMeter>();

  /** @param now monotonic ms */
  protected constructor(
    readonly name: string,
    private readonly now: () => number,
  ) {}

  /** What serves the groups that this process has now. */
  abstract serving(): readonly G[];
  /** The running total whose rate the contribution shows. */
  protected abstract total(serving: G): number;
  /** What is known of a group; what is not is left out. */
  protected abstract contribution(serving: G, perSecond: number | undefined): GroupContribution;

  live() {
    return { ok: true };
  }

  ready() {
    return this.started ? { ok: true } : { ok: false, reason: 'not started yet' };
  }

  groups(): GroupContribution[] {
    const now = this.now();
    const serving = this.serving();
    const ids = new Set(serving.map(({ config }) => config.id));
    for (const id of this.rates.keys()) if (!ids.has(id)) this.rates.delete(id);
    return serving.map((each) => {
      const { id } = each.config;
      const rate = this.rates.get(id) ?? new RateMeter();
      this.rates.set(id, rate);
      return this.contribution(each, rate.update(this.total(each), now));
    });
  }
}
