import { type Logger, securityEvent } from '@iec104mm2ss/observability';
import type { CloseReason } from '@iec104mm2ss/transport';
import { rtuLinkUp, type RtuState } from '@iec104mm2ss/wire';

/** An RTU that is not reached for one and the same reason is spoken of this often. */
export const SAME_FAILURE_MS = 600_000;
/** Reasons that are remembered as told; beyond that all are forgotten. */
const MAX_REASONS = 64;

export interface LinkStep {
  /** `host:port` of the RTU. */
  readonly peer: string;
  readonly epoch: number;
  readonly from: RtuState;
  readonly to: RtuState;
  readonly reason: string;
}

/**
 * What the log says of one RTU: at `info` a story that a person can follow (reached, started, stopped, lost, why it is not
 * reached), at `debug` each step, at `warn` what the RTU does against the protocol.
 */
export class RtuStory {
  /** Why the RTU was not reached, and when that was told. */
  private readonly failures = new Map<string, number>();
  private attempts = 0;

  constructor(
    private readonly logger: Logger,
    private readonly now: () => number,
  ) {}

  step({ peer, epoch, from, to, reason }: LinkStep): void {
    const fields = { peer, link_epoch: epoch, from, to, reason };
    if (to === 'connecting') this.attempts++;
    if (rtuLinkUp(from) !== rtuLinkUp(to)) {
      const { attempts } = this;
      if (rtuLinkUp(to)) this.reached();
      if (rtuLinkUp(to)) securityEvent(this.logger, 'rtu_connected', { ...fields, attempts }, 'RTU connected');
      else securityEvent(this.logger, 'rtu_lost', fields, 'RTU link lost');
    } else if (to === 'started') this.logger.info(fields, 'RTU sends data');
    else if (to === 'connected') this.logger.info(fields, 'RTU sends no data');
    else if (from === 'connecting' && this.isNews(reason)) {
      this.logger.info({ ...fields, attempts: this.attempts }, 'RTU is not reached');
    } else this.logger.debug(fields, 'RTU link state');
  }

  breach(peer: string, epoch: number, { code, message, clause, octets }: CloseReason): void {
    const fields = { peer, link_epoch: epoch, reason: code, clause, octets };
    securityEvent(this.logger, 'rtu_breach', fields, `the RTU breaks the protocol: ${message}`);
  }

  private reached(): void {
    this.attempts = 0;
    this.failures.clear();
  }

  private isNews(reason: string): boolean {
    const now = this.now();
    if (now < (this.failures.get(reason) ?? -Infinity) + SAME_FAILURE_MS) return false;
    if (this.failures.size >= MAX_REASONS) this.failures.clear();
    this.failures.set(reason, now);
    return true;
  }
}
