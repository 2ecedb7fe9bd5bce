import type { Bus } from '@iec104mm2ss/bus';
import {
  type Logger,
  noPeer,
  numericCounter,
  type Registry,
  securityEvent,
  type SecurityEventName,
} from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';

/** Between two log lines about messages of one kind that were dropped for one reason. */
const LOG_PERIOD_MS = 60_000;

const MESSAGE = 'messages of the bus dropped';
/** What a reason of a drop says of who sent it. */
const EVENTS: Readonly<Record<string, SecurityEventName>> = { SENDER: 'bus_forged', FENCE: 'bus_fence' };

interface Unlogged {
  readonly kind: string;
  readonly reason: string;
  count: number;
  detail: string;
  readonly timer: unknown;
}

/**
 * What the bus drops, for people: the first message of a kind and reason is logged at once, those of the following minute
 * together at its end. All are counted in `mm2ss_bus_dropped_total`.
 */
export class DropLog {
  /** What was dropped since the last line, while its minute runs. */
  private readonly unlogged = new Map<string, Unlogged>();
  private stopped = false;

  constructor(
    bus: Pick<Bus, 'drops'>,
    private readonly clock: Clock,
    private readonly logger: Logger,
    registry: Registry,
  ) {
    bus.drops.onDrop(({ kind, reason }, detail) => this.onDrop(kind, reason, detail));
    numericCounter(
      registry,
      {
        name: 'mm2ss_bus_dropped_total',
        help: 'Messages of the bus that were not understood, were not in force or broke their handler, by kind of subject.',
        labelNames: ['kind', 'reason'] as const,
      },
      () => bus.drops.all().map(({ kind, reason, count }) => ({ labels: { kind, reason }, value: count })),
    );
  }

  /** Logs what is left, and nothing more. */
  stop(): void {
    this.stopped = true;
    for (const unlogged of this.unlogged.values()) {
      this.clock.clearTimer(unlogged.timer);
      this.log(unlogged);
    }
    this.unlogged.clear();
  }

  private onDrop(kind: string, reason: string, detail: string): void {
    if (this.stopped) return;
    const unlogged = this.unlogged.get(`${kind} ${reason}`);
    if (unlogged === undefined) {
      this.log({ kind, reason, count: 1, detail });
      this.wait(kind, reason);
      return;
    }
    unlogged.count++;
    unlogged.detail = detail;
  }

  /** Collects what is dropped within the next period. */
  private wait(kind: string, reason: string): void {
    const key = `${kind} ${reason}`;
    const timer = this.clock.setTimer(
      () => {
        const unlogged = this.unlogged.get(key);
        this.unlogged.delete(key);
        if (unlogged === undefined || unlogged.count === 0) return;
        this.log(unlogged);
        this.wait(kind, reason);
      },
      LOG_PERIOD_MS,
      true,
    );
    this.unlogged.set(key, { kind, reason, count: 0, detail: '', timer });
  }

  private log({ kind, reason, count, detail }: Omit<Unlogged, 'timer'>): void {
    if (count === 0) return;
    const event = EVENTS[reason] ?? 'bus_dropped';
    securityEvent(this.logger, event, noPeer({ kind, reason, count, detail }), MESSAGE);
  }
}
