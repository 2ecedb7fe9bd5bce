import { type Bus, BusError } from '@iec104mm2ss/bus';
import type { Clock } from '@iec104mm2ss/runtime';
import { type CommandReport, decodeCommandReport, encodeCommandQuery, WireError } from '@iec104mm2ss/wire';

/** The connector says at once what became of a command. After this long its word, or the command, was lost. */
export const RESULT_DUE_MS = 1_000;
/** How long the connector may take to answer, and the pause between two questions. */
export const QUERY_PERIOD_MS = 1_000;

export interface InquiryNeeds {
  /** True when there is anything to ask about. */
  due(now: number): boolean;
  /** Number of the last command that was handed over. */
  lastNumber(): number;
  /** @param askedAt when it was asked: it says nothing about what was handed over since */
  report(report: CommandReport, askedAt: number): void;
  /** It was not answered. @param nobody there is no process that would hear it */
  unanswered(nobody: boolean): void;
}

/** Asks the connector what became of commands: one question at a time for all of them, repeated until it is answered. */
export class CommandInquiry {
  private asking = false;
  private nextAt = -Infinity;
  private stopped = false;

  constructor(
    private readonly context: {
      readonly bus: Bus;
      readonly subject: string;
      readonly fence: number;
      readonly clock: Clock;
    },
    private readonly needs: InquiryNeeds,
  ) {}

  tick(now: number): void {
    if (this.stopped || this.asking || now < this.nextAt || !this.needs.due(now)) return;
    this.nextAt = now + QUERY_PERIOD_MS;
    void this.ask(now);
  }

  stop(): void {
    this.stopped = true;
  }

  private async ask(now: number): Promise<void> {
    const { bus, subject, fence } = this.context;
    this.asking = true;
    let answer: Uint8Array;
    try {
      answer = await bus.request(
        subject,
        encodeCommandQuery({ fence, upTo: this.needs.lastNumber() }),
        QUERY_PERIOD_MS,
      );
    } catch (error) {
      // It is asked again. That the bus is away says nothing of the connector.
      const code = error instanceof BusError ? error.code : undefined;
      if (code === 'NO_RESPONDERS' || code === 'TIMEOUT') this.needs.unanswered(code === 'NO_RESPONDERS');
      return;
    } finally {
      this.asking = false;
    }
    if (this.stopped) return;
    const report = decodeCommandReport(answer);
    if (report instanceof WireError) bus.drops.add(subject, report.code, report.message);
    else this.needs.report(report, now);
  }
}
