import { type AsduView, typeName } from '@iec104mm2ss/iec104';
import type { Logger } from '@iec104mm2ss/observability';

/** Logs, with its octets, what the RTU has sent and nobody gets. How much of that is written is for the logger to say. */
export class NotForwarded {
  constructor(private readonly logger: Pick<Logger, 'info' | 'warn'>) {}

  info(asdu: AsduView, reason: string): void {
    this.logger.info(about(asdu), reason);
  }

  warn(asdu: AsduView, reason: string): void {
    this.logger.warn(about(asdu), reason);
  }
}

/** The octets as they are: the logger writes them out if it writes the line. */
function about(asdu: AsduView): object {
  const { typeId, cot, ca, ioa, oa } = asdu;
  return { direction: 'monitor', type: typeName(typeId), cot, ca, ioa, oa, octets: asdu.subarray() };
}
