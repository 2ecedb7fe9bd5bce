import type { Bus, Denied } from '@iec104mm2ss/bus';
import { type Logger, noPeer, numericCounter, type Registry, securityEvent } from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';

/** Between two events about one subject. */
const REPORT_MS = 60_000;
/** Subjects that are told apart; the others are one then. */
const MAX_SUBJECTS = 100;

/**
 * What the NATS server did not let this process do: each time is counted in `mm2ss_bus_denied_total`, and each operation on a
 * subject is a security event, once a minute with how often it was. Inboxes of requests are one subject.
 */
export class DeniedLog {
  private readonly counts = { publish: 0, subscription: 0 };
  /** When a subject was reported last, and how often it was denied since. */
  private readonly subjects = new Map<string, { at: number; count: number }>();

  constructor(
    bus: Pick<Bus, 'onDenied'>,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly logger: Logger,
    registry: Registry,
  ) {
    bus.onDenied((denied) => this.onDenied(denied));
    numericCounter(
      registry,
      {
        name: 'mm2ss_bus_denied_total',
        help: 'What the NATS server did not permit this process.',
        labelNames: ['operation'] as const,
      },
      () => Object.entries(this.counts).map(([operation, value]) => ({ labels: { operation }, value })),
    );
  }

  private onDenied({ operation, subject }: Denied): void {
    this.counts[operation]++;
    const family = subject.startsWith('_INBOX.') ? subject.split('.').slice(0, 3).join('.') : subject;
    const own = `${operation} ${family}`;
    const key = this.subjects.has(own) || this.subjects.size < MAX_SUBJECTS ? own : 'others';
    const now = this.clock.now();
    const known = this.subjects.get(key);
    if (known !== undefined && now - known.at < REPORT_MS) {
      known.count++;
      return;
    }
    const count = 1 + (known?.count ?? 0);
    this.subjects.set(key, { at: now, count: 0 });
    securityEvent(
      this.logger,
      'bus_denied',
      noPeer({ operation, subject, count, reason: 'permissions' }),
      'the NATS server does not permit this process what it tried',
    );
  }
}
