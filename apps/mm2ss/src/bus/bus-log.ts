import type { Bus, Denied } from '@iec104mm2ss/bus';
import {
  type Logger,
  noPeer,
  numericCounter,
  type Registry,
  securityEvent,
  type SecurityEventName,
} from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';

/** Between two log lines about one thing. */
const LOG_PERIOD_MS = 60_000;
/** Subjects of what was denied that are told apart; the others are one then. */
const MAX_SUBJECTS = 100;

const DROPPED = 'messages of the bus dropped';
const DENIED = 'the NATS server does not permit this process what it tried';
/** What a reason of a drop says of who sent it. */
const EVENTS: Readonly<Record<string, SecurityEventName>> = { SENDER: 'bus_forged', FENCE: 'bus_fence' };

/** What happened, by what it is told apart. */
interface Incident {
  readonly event: SecurityEventName;
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}

interface Unlogged extends Incident {
  count: number;
  /** Of the last one. */
  detail: string | undefined;
  readonly timer: unknown;
}

/**
 * What the bus drops, and what the NATS server does not permit this process, for people: the first of a kind is logged at once,
 * those of the following minute together at its end. All are counted, in `mm2ss_bus_dropped_total` and `mm2ss_bus_denied_total`.
 */
export class BusLog {
  /** By kind: what came since the last line, while its minute runs. */
  private readonly unlogged = new Map<string, Unlogged>();
  private readonly denied = { publish: 0, subscription: 0 };
  private stopped = false;

  constructor(
    bus: Pick<Bus, 'drops' | 'onDenied'>,
    private readonly clock: Clock,
    private readonly logger: Logger,
    registry: Registry,
  ) {
    bus.drops.onDrop(({ kind, reason }, detail) => {
      const event = EVENTS[reason] ?? 'bus_dropped';
      this.happened(`dropped ${kind} ${reason}`, { event, message: DROPPED, fields: { kind, reason } }, detail);
    });
    bus.onDenied((denied) => this.onDenied(denied));
    numericCounter(registry, 'mm2ss_bus_dropped_total', () =>
      bus.drops.all().map(({ kind, reason, count }) => ({ labels: { kind, reason }, value: count })),
    );
    numericCounter(registry, 'mm2ss_bus_denied_total', () =>
      Object.entries(this.denied).map(([operation, value]) => ({ labels: { operation }, value })),
    );
  }

  /** Logs what is left, and nothing more. */
  stop(): void {
    this.stopped = true;
    for (const unlogged of this.unlogged.values()) {
      this.clock.clearTimer(unlogged.timer);
      this.log(unlogged, unlogged.count, unlogged.detail);
    }
    this.unlogged.clear();
  }

  /** Inboxes of requests are one subject. */
  private onDenied({ operation, subject }: Denied): void {
    this.denied[operation]++;
    const family = subject.startsWith('_INBOX.') ? subject.split('.').slice(0, 3).join('.') : subject;
    const own = `denied ${operation} ${family}`;
    const key = this.unlogged.has(own) || this.unlogged.size < MAX_SUBJECTS ? own : 'denied';
    const fields = { operation, subject, reason: 'permissions' };
    this.happened(key, { event: 'bus_denied', message: DENIED, fields });
  }

  private happened(key: string, incident: Incident, detail?: string): void {
    if (this.stopped) return;
    const unlogged = this.unlogged.get(key);
    if (unlogged === undefined) {
      this.log(incident, 1, detail);
      this.wait(key, incident);
      return;
    }
    unlogged.count++;
    unlogged.detail = detail;
  }

  /** Collects what happens within the next period. */
  private wait(key: string, { event, message, fields }: Incident): void {
    const timer = this.clock.setTimer(
      () => {
        const unlogged = this.unlogged.get(key);
        this.unlogged.delete(key);
        if (unlogged === undefined || unlogged.count === 0) return;
        this.log(unlogged, unlogged.count, unlogged.detail);
        this.wait(key, unlogged);
      },
      LOG_PERIOD_MS,
      true,
    );
    this.unlogged.set(key, { event, message, fields, count: 0, detail: undefined, timer });
  }

  private log({ event, message, fields }: Incident, count: number, detail: string | undefined): void {
    if (count === 0) return;
    securityEvent(
      this.logger,
      event,
      noPeer({ ...fields, count, ...(detail === undefined ? {} : { detail }) }),
      message,
    );
  }
}
