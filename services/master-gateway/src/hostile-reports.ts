import { type Logger, securityEvent } from '@iec104mm2ss/observability';
import { type CloseReason, isExcess } from '@iec104mm2ss/transport';
import { looksLikeProxyHeader } from './proxy-header.js';

/** Whose connection it is. */
export interface Reported {
  readonly session: number;
  readonly peer: string;
}

/** Its commands wait, as there are more than `perSecond`. */
export function reportDelayed(logger: Logger, who: Reported, perSecond: number): void {
  const fields = { ...who, reason: 'cmd_rate' };
  securityEvent(logger, 'commands_delayed', fields, `more than ${perSecond} commands a second: they wait`);
}

/** `count` of its commands were refused, as they had waited too long. */
export function reportLate(logger: Logger, who: Reported, count: number): void {
  const fields = { ...who, count, reason: 'late' };
  securityEvent(logger, 'commands_late', fields, 'commands beyond `cmd rate` waited for too long: refused');
}

/**
 * What of the end of a connection is more than an end.
 *
 * @param untaken commands that waited: they were neither acknowledged nor executed
 */
export function reportEnd(
  logger: Logger,
  who: Reported,
  { code, message, octets }: CloseReason,
  untaken: number,
): void {
  if (looksLikeProxyHeader(octets ?? '')) {
    const text = 'a header of the PROXY protocol from an address that is not in the column `proxy`';
    securityEvent(logger, 'proxy_header_refused', { ...who, reason: 'not_a_proxy' }, text);
  }
  const fields = { ...who, reason: code };
  if (isExcess(code) || code === 'command_flood') securityEvent(logger, 'peer_flood', fields, `a master: ${message}`);
  if (untaken > 0)
    logger.warn({ ...fields, count: untaken }, 'commands waited when the connection ended: not executed');
}
