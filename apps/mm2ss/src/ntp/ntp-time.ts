import type { NtpStatus } from '@iec104mm2ss/observability';
import type { Clock, OwnTime } from '@iec104mm2ss/runtime';

/** Rounds that may fail before the clock counts as no longer known to be right. */
const MISSED_ROUNDS = 3;

/** The time by the last answer of an NTP server, whether or not the host's clock was set by it. */
export class NtpTime implements OwnTime {
  constructor(
    private readonly status: () => NtpStatus,
    private readonly clock: Pick<Clock, 'wallMs'>,
    private readonly updateEverySec: number,
  ) {}

  synchronisedMs(): number | undefined {
    const { offsetSeconds, set, lastSuccessAt } = this.status();
    if (lastSuccessAt === null || offsetSeconds === null || this.isOld(lastSuccessAt)) return undefined;
    return this.clock.wallMs() + (set ? 0 : offsetSeconds * 1_000);
  }

  zoneMs(atMs: number): number {
    return -new Date(atMs).getTimezoneOffset() * 60_000;
  }

  trouble(): string | undefined {
    const { state, lastSuccessAt, error } = this.status();
    if (state === 'off') return 'no ntp_server is configured';
    if (state === 'pending') return undefined;
    if (lastSuccessAt !== null && !this.isOld(lastSuccessAt)) return undefined;
    return error ?? 'no NTP server has answered for too long';
  }

  private isOld(at: string): boolean {
    return this.clock.wallMs() - Date.parse(at) > MISSED_ROUNDS * this.updateEverySec * 1_000;
  }
}
