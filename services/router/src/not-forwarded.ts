import { type AsduView, toHex, typeName } from '@iec104mm2ss/iec104';
import type { Logger } from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';

/** ASDUs of one type, cause and reason are logged this often at most; counters have them all. */
export const NOT_FORWARDED_LOG_MS = 10_000;
/** Types, causes and reasons that are told apart. */
const MAX_KINDS = 1_000;

interface Kind {
  readonly loggedAt: number;
  /** What was not logged since. */
  suppressed: number;
}

/** Logs, with its octets, what the RTU has sent and nobody gets, a sample of each kind. */
export class NotForwarded {
  private kinds = new Map<string, Kind>();

  constructor(
    private readonly logger: Pick<Logger, 'info' | 'warn'>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  info(asdu: AsduView, reason: string): void {
    const about = this.sample(asdu, reason);
    if (about !== undefined) this.logger.info(about, reason);
  }

  warn(asdu: AsduView, reason: string): void {
    const about = this.sample(asdu, reason);
    if (about !== undefined) this.logger.warn(about, reason);
  }

  private sample(asdu: AsduView, reason: string): object | undefined {
    const { typeId, cot, ca, ioa, oa } = asdu;
    const now = this.clock.now();
    const key = `${typeId} ${cot} ${reason}`;
    const kind = this.kinds.get(key);
    if (kind !== undefined && now - kind.loggedAt < NOT_FORWARDED_LOG_MS) {
      kind.suppressed++;
      return undefined;
    }
    if (this.kinds.size >= MAX_KINDS) this.kinds.clear();
    this.kinds.set(key, { loggedAt: now, suppressed: 0 });
    const octets = toHex(asdu.subarray());
    const more = kind === undefined || kind.suppressed === 0 ? {} : { suppressed: kind.suppressed };
    return { direction: 'monitor', type: typeName(typeId), cot, ca, ioa, oa, octets, ...more };
  }
}
