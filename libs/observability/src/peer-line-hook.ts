import type { LogFn, Logger } from 'pino';
import { type LeftOut, type LineClock, PeerLines } from './peer-lines.js';
import { kindOf, sourceOf } from './peer-line.js';
import { securityEvent } from './security/security-events.js';
import { eventIdOf } from './security/security-ledger.js';

/** From this level on (pino's numbers) a line tells of something wrong. */
const WARN = 40;
const NO_PEER = Symbol('no peer can cause this line');

/** The fields of a line of a group that no peer can cause: it is written, however many there are. */
export function noPeer<Fields extends object>(fields: Fields): Fields {
  return { ...fields, [NO_PEER]: true };
}

/** What `LoggerOptions.hooks.logMethod` of pino gets. */
type LogArguments = Parameters<LogFn>;

/**
 * Between the parts and the logger: a line that names a peer, or belongs to a group, is written as far as `PeerLines` lets it,
 * unless it is marked with `noPeer`. All others, those of the process, always are.
 */
export class PeerLineHook {
  private readonly lines: PeerLines;
  /** The `group` that loggers have bound. */
  private readonly groups = new WeakMap<Logger, string>();

  /** @param logger the root logger; asked for when something is to be told */
  constructor(
    clock: LineClock,
    private readonly logger: () => Logger,
  ) {
    this.lines = new PeerLines(clock, (leftOut) => this.tell(leftOut));
  }

  /** Lines left out since the start. */
  get leftOut(): number {
    return this.lines.leftOut;
  }

  /** Whether the line is to be written. */
  passes(logger: Logger, [fields, message]: LogArguments, level: number): boolean {
    if (typeof fields !== 'object' || fields === null || NO_PEER in fields) return true;
    const { peer, name, group = this.groupOf(logger) } = fields as { peer?: unknown; name?: unknown; group?: string };
    if (typeof peer !== 'string' && group === '') return true;
    // A named master that is away has no address.
    const source = typeof peer === 'string' ? sourceOf(peer) : typeof name === 'string' ? name : '';
    const serious = level >= WARN;
    return this.lines.take({ group, source, kind: kindOf(message ?? '', fields), serious, eventId: eventIdOf(fields) });
  }

  /** Tells what is left to be told. */
  tellAll(): void {
    this.lines.tellAll();
  }

  private groupOf(logger: Logger): string {
    let group = this.groups.get(logger);
    if (group === undefined) {
      const bound = logger.bindings()['group'] as unknown;
      group = typeof bound === 'string' ? bound : '';
      this.groups.set(logger, group);
    }
    return group;
  }

  private tell({ group, source, kinds, count, events, serious, periodMs }: LeftOut): void {
    const hasEvents = Object.keys(events).length > 0;
    const fields = noPeer({
      ...(group === '' ? {} : { group }),
      ...(source === undefined || source === '' ? {} : { peer: source }),
      count,
      seconds: Math.ceil(periodMs / 1000),
      kinds,
      ...(hasEvents ? { events } : {}),
    });
    const message = source === undefined ? 'log lines about further peers left out' : 'log lines left out';
    if (hasEvents) securityEvent(this.logger(), 'events_left_out', fields, message);
    else if (serious) this.logger().warn(fields, message);
    else this.logger().info(fields, message);
  }
}
