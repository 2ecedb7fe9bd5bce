import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@iec104mm2ss/observability';
import type { NatsProcess } from './nats-process.js';
import type { ServerFiles } from './server-files.js';

/** What the server was told, or why it was not. */
type Outcome = 'reloaded' | 'kept' | 'unknown';

export interface ReloadTimes {
  /** How often the files are read. */
  readonly everyMs: number;
  /** Files that were the same twice, so long apart, are written. */
  readonly settleMs: number;
  /** A server that takes a configuration says so within. */
  readonly answerMs: number;
}

export const RELOAD_TIMES: ReloadTimes = { everyMs: 2_000, settleMs: 500, answerMs: 5_000 };
const ASK_EVERY_MS = 100;

/**
 * Lets a nats-server read its configuration whenever its files have changed, once they are written, and says what became of it. What
 * it does not take leaves the old one in force.
 */
export class ReloadWatch {
  /** Of the files that the server was told of, whatever it made of them. */
  private told: string | undefined;
  /** Of those that it took, whether they asked somebody who he is. */
  private askedWho = false;
  /** And the names of their blocks; undefined before it has taken any. */
  private blocks: ReadonlySet<string> | undefined;
  private said: string | undefined;

  constructor(
    private readonly files: () => Promise<ServerFiles>,
    private readonly server: NatsProcess,
    private readonly logger: Logger,
    private readonly times: ReloadTimes = RELOAD_TIMES,
  ) {}

  /** Until it is told to end. What has changed before is told to the server at the beginning. */
  async run(end: AbortSignal): Promise<void> {
    try {
      while (!end.aborted) {
        await this.look(end);
        await sleep(this.times.everyMs, undefined, { signal: end });
      }
    } catch (error) {
      if (!end.aborted) throw error;
    }
  }

  private async look(end: AbortSignal): Promise<void> {
    const first = await this.files();
    if (first.digest === this.told) return;
    await sleep(this.times.settleMs, undefined, { signal: end });
    const files = await this.files();
    if (files.digest !== first.digest) return;
    const fault = files.fault ?? this.opens(files);
    if (fault !== undefined) {
      this.once(files.digest + fault, () =>
        this.logger.error({ reason: fault }, 'the configuration of NATS is not handed on: the old one stays in force'),
      );
      return;
    }
    const digest = files.digest.slice(0, 12);
    if (this.told === undefined && (await this.server.hasRead(files.changedAt))) {
      this.taken(files);
      this.logger.info({ digest }, 'NATS has the configuration already');
      return;
    }
    const outcome = await this.handOver(files, end);
    if (outcome === undefined) return;
    if (outcome === 'kept') this.told = files.digest;
    else this.taken(files);
    this.said = undefined;
    if (outcome === 'reloaded') this.logger.info({ digest }, 'NATS has taken the configuration');
    else if (outcome === 'kept') this.logger.error({ digest }, KEPT);
    else this.logger.warn({ digest }, 'NATS was told to read its configuration, and does not say whether it took it');
  }

  /** A server without users lets everybody in: nobody means that while it runs. */
  private opens(files: ServerFiles): string | undefined {
    if (!this.askedWho || files.asksWho) return undefined;
    return 'it asks nobody any more who he is; if that is meant, start the server anew';
  }

  private taken(files: ServerFiles): void {
    this.told = files.digest;
    this.askedWho = files.asksWho;
    this.blocks = files.blocks();
  }

  /**
   * Once, or twice: what an account that is new imports is begun by nats-server (2.9 to 2.15) only when it reads the configuration once
   * more. No more often than needed: it is busy for seconds with the accounts of hundreds of groups.
   */
  private async handOver(files: ServerFiles, end: AbortSignal): Promise<Outcome | undefined> {
    const { blocks } = this;
    const isNew = blocks === undefined || [...files.blocks()].some((name) => !blocks.has(name));
    const outcome = await this.hand(end);
    if (outcome === undefined || outcome === 'kept' || !isNew) return outcome;
    return (await this.hand(end)) ?? outcome;
  }

  /** Undefined: it could not be told yet. */
  private async hand(end: AbortSignal): Promise<Outcome | undefined> {
    const before = await this.server.loadedAt();
    try {
      await this.server.reload();
    } catch (error) {
      const { message } = error as Error;
      this.once(message, () =>
        this.logger.warn({ reason: message }, 'NATS cannot be told to read its configuration yet'),
      );
      return undefined;
    }
    const last = performance.now() + this.times.answerMs;
    let now: string | undefined;
    while (performance.now() < last) {
      await sleep(ASK_EVERY_MS, undefined, { signal: end });
      now = await this.server.loadedAt();
      if (now !== undefined && now !== before) return 'reloaded';
    }
    return now === undefined || before === undefined ? 'unknown' : 'kept';
  }

  private once(what: string, say: () => void): void {
    if (this.said === what) return;
    this.said = what;
    say();
  }
}

const KEPT =
  'NATS has not taken the configuration, the old one stays in force: its own log says why. When it is started anew it will not ' +
  'start with this one';
