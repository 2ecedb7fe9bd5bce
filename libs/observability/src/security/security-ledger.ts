import type { Logger } from 'pino';

const LEDGER = Symbol('security ledger');

/** What a process remembers of its security events: how many of each there were, and the number of the last one written. */
export class SecurityLedger {
  private readonly counts = new Map<string, number>();
  private sequence = 0;

  /**
   * @param instance name of the process: sequence numbers are its own
   * @param always events are written at any log level, as somebody else than the log gets them
   */
  constructor(
    private readonly instance: string | undefined,
    readonly always: boolean,
  ) {}

  /** It happened, written or not. */
  count(event: string): void {
    this.counts.set(event, (this.counts.get(event) ?? 0) + 1);
  }

  /** How often it happened. */
  countOf(event: string): number {
    return this.counts.get(event) ?? 0;
  }

  /**
   * What the line of an event gets when it is written. Numbers are given to nothing else, so that a reader who misses one
   * knows that a line was lost on its way to him.
   */
  number(): { readonly event_seq: number; readonly instance?: string } {
    const event_seq = ++this.sequence;
    return this.instance === undefined ? { event_seq } : { event_seq, instance: this.instance };
  }
}

/** Binds the ledger to a root logger, and to all its children, which inherit from it. */
export function keepLedger(logger: Logger, ledger: SecurityLedger): void {
  Object.defineProperty(logger, LEDGER, { value: ledger });
}

/** Undefined: a logger that was not made by `createLogger`. */
export function ledgerOf(logger: Logger): SecurityLedger | undefined {
  return (logger as { [LEDGER]?: SecurityLedger })[LEDGER];
}

/** The id of the event that a log line with these fields is; undefined: it is none. */
export function eventIdOf(fields: unknown): string | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined;
  const { event_id } = fields as { event_id?: unknown };
  return typeof event_id === 'string' ? event_id : undefined;
}

const EVENT_FIELD = '"event_id":"';

/** Whether a JSON line of the logger is a security event: inside a JSON string the quotes would be escaped. */
export function isSecurityEvent(line: string): boolean {
  return line.includes(EVENT_FIELD);
}
