import type { Bus, Durability } from '@iec104mm2ss/bus';
import { type BusStatus, type Logger, numericGauge, type Registry } from '@iec104mm2ss/observability';

/** What a server means that confirms before it has written to disk, and what can be done. */
const ADVICE =
  'the NATS server may confirm events before they are on disk: a power failure then loses events that were acknowledged ' +
  'to the RTU. Set sync_interval: always in its jetstream block, or ack = delivered for the group';

/**
 * Asks the server, at the start and after each reconnect, whether what it confirms survives a power failure; says so in the
 * log, in `/status` and in `mm2ss_bus_sync_always`.
 */
export class DurabilityWatch {
  private known: Durability | undefined;
  private logged: string | undefined;
  /** Counts the questions: an answer to an earlier one counts no longer. */
  private asked = 0;

  /** @param stored ids of the groups whose events are acknowledged to the RTU when they are stored */
  constructor(
    private readonly bus: Pick<Bus, 'kind' | 'durability' | 'onConnection' | 'server'>,
    private readonly logger: Logger,
    registry: Registry,
    private readonly stored: () => readonly string[],
  ) {
    bus.onConnection((connected) => {
      if (connected) void this.ask();
    });
    numericGauge(registry, 'mm2ss_bus_sync_always', () => {
      const syncsAlways = this.known?.syncsAlways;
      return typeof syncsAlways === 'boolean' ? [{ labels: {}, value: syncsAlways ? 1 : 0 }] : [];
    });
  }

  /** Resolves when the server was asked. Never rejects. */
  async ask(): Promise<void> {
    const number = ++this.asked;
    const answer = await this.bus
      .durability()
      .catch((error: unknown): Durability => ({ syncsAlways: 'unknown', reason: messageOf(error) }));
    if (number !== this.asked) return;
    this.known = answer;
    if (answer !== undefined) this.log(answer);
  }

  status(): Pick<BusStatus, 'syncsAlways' | 'durability'> {
    if (this.bus.kind === 'memory') return {};
    const { syncsAlways = 'unknown', reason = null } = this.known ?? {};
    return { syncsAlways: syncsAlways === 'unknown' ? null : syncsAlways, durability: reason };
  }

  private log({ syncsAlways, reason }: Durability): void {
    const finding = `${syncsAlways} ${reason}`;
    if (finding === this.logged) return;
    this.logged = finding;
    const { server } = this.bus;
    if (syncsAlways === true) this.logger.info({ server, reason }, 'the NATS server writes to disk before it confirms');
    else if (this.stored().length === 0) this.logger.info({ server, reason }, ADVICE);
    else this.logger.warn({ server, reason, groups: this.stored() }, ADVICE);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
