import {
  changedColumns,
  type ConfigurationFile,
  configurationFile,
  digestOf,
  type GroupChanges,
  groupChanges,
  newFaults,
} from '@iec104mm2ss/config';
import {
  type Logger,
  noPeer,
  numericCounter,
  numericGauge,
  type Registry,
  securityEvent,
} from '@iec104mm2ss/observability';
import { type Clock, Timers } from '@iec104mm2ss/runtime';
import { formatProblem } from '../commands/check.js';

/** How often the file is read. A mounted ConfigMap is swapped by a symbolic link, so only the content tells. */
export const POLL_MS = 2_000;
/** A file that is being written is read again after this pause, until it is the same twice. */
export const SETTLE_MS = 500;
/** One that takes groups away must be the same for so long, unless somebody asks: who writes slowly has not come to them yet. */
export const REMOVAL_SETTLE_MS = 4_000;
/** How long one that is written all the time is waited for when somebody asks. */
const LONGEST_SETTLE_MS = 10_000;
/** Faults named in one log line. */
const FAULTS_SHOWN = 5;

export interface ConfigurationWatchParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** The octets of the file. Rejects when it cannot be read. */
  read(path: string): Promise<Uint8Array>;
  /** Puts it into force; one call at a time. */
  apply(file: ConfigurationFile, changes: GroupChanges): Promise<void>;
  /** The file, as it is now, is not in force, for this reason; null: it is again. */
  refused(reason: string | null): void;
}

interface Found {
  readonly digest: string;
  /** Undefined: it cannot be read, and `failure` says why. */
  readonly octets: Uint8Array | undefined;
  readonly failure: string;
}

/**
 * Keeps the configuration in force the one in the file: reads it every few seconds, and when somebody asks. A file that cannot
 * be read, has no group, or has a fault that the one in force has not, changes nothing.
 */
export class ConfigurationWatch {
  /** How often a file was put into force, and how often one was refused. */
  applied = 0;
  refusals = 0;
  /** How often a part could not take one. */
  failures = 0;
  /** Digest of the file on disk that what is in force comes from. */
  private onDisk: string;
  private refused: { readonly digest: string; readonly reason: string } | undefined;
  /** Of the file as it was read last, if it is neither in force nor refused. */
  private seen = '';
  private seenAt = 0;
  private readonly timers: Timers;
  private work: Promise<void> = Promise.resolve();
  private applying: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private file: ConfigurationFile,
    private readonly parts: ConfigurationWatchParts,
  ) {
    this.onDisk = file.digest;
    this.timers = new Timers(parts.clock);
    this.registerMetrics(parts.registry);
  }

  /** Path of the file. */
  get path(): string {
    return this.file.path;
  }

  /** Digest of what is in force, which is another one than that of the file after `put`. */
  get digest(): string {
    return this.file.digest;
  }

  /** The file on disk, as it is now. */
  read(): Promise<Uint8Array> {
    return this.parts.read(this.file.path);
  }

  /**
   * Puts `octets` into force in place of the file, as somebody wants it until the next restart. The file is looked at as before: when
   * it is another one than `base`, or somebody asks (SIGHUP), it is taken.
   *
   * @param base digest of the file on disk that counts as the one in force
   * @returns why not; undefined: they are in force
   */
  async put(octets: Uint8Array, base: string): Promise<string | undefined> {
    const digest = digestOf(octets);
    let reason: string | undefined;
    await this.inTurn(async () => {
      const { file, onDisk } = this;
      if (digest !== file.digest) await this.take({ digest, octets, failure: '' });
      if (digest === this.file.digest) this.onDisk = base;
      else {
        reason = this.refused?.reason ?? 'it was not taken';
        // What is on disk is not at fault.
        this.onDisk = onDisk;
        this.accept();
      }
    });
    return reason;
  }

  /** Looks at the file from now on. */
  start(): void {
    void this.poll();
  }

  /** Reads the file now; what was asked for (SIGHUP) is always answered in the log. */
  reload(): Promise<void> {
    return this.inTurn(async () => {
      const { refused } = this;
      this.refused = undefined;
      const found = await this.readSettled();
      if (found.digest === this.file.digest) {
        this.accept();
        this.parts.logger.info({ digest: found.digest }, 'the configuration file is the one in force');
      } else if (refused?.digest === found.digest) this.refuse(found.digest, refused.reason);
      else await this.take(found);
    });
  }

  /** Resolves when what is being put into force is. A file that cannot be read to its end is not waited for. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timers.stop();
    await this.applying;
  }

  private async poll(): Promise<void> {
    let pauseMs = POLL_MS;
    while (!this.stopped) {
      await this.timers.pause(pauseMs);
      if (this.stopped) return;
      await this.inTurn(async () => {
        pauseMs = (await this.look()) ? SETTLE_MS : POLL_MS;
      });
    }
  }

  /** True when the file is another one, and is to be read once more before it counts. */
  private async look(): Promise<boolean> {
    const found = await this.find();
    const { digest } = found;
    if (digest === this.onDisk) {
      if (this.refused !== undefined) {
        this.parts.logger.info({ digest }, 'the configuration file is the one in force again');
        this.accept();
      }
    } else if (digest !== this.refused?.digest) {
      // It may be written just now, and editors take it away for a moment.
      const now = this.parts.clock.now();
      if (digest !== this.seen) {
        this.seen = digest;
        this.seenAt = now;
        return true;
      }
      if (now - this.seenAt < REMOVAL_SETTLE_MS && this.takesGroupsAway(found)) return true;
      await this.take(found);
    }
    this.seen = '';
    return false;
  }

  private async take({ digest, octets, failure }: Found): Promise<void> {
    const { logger } = this.parts;
    if (octets === undefined) return this.refuse(digest, failure);
    const { path, configuration: before } = this.file;
    const file = configurationFile(path, octets);
    const { configuration: after } = file;
    const faults = newFaults(before, after);
    const cut = this.file.endsLine && !file.endsLine ? ['it ends in the middle of a line: it may have been cut'] : [];
    if (cut.length > 0 || faults.length > 0 || after.groups.length === 0) {
      const texts = [...cut, ...faults.slice(0, FAULTS_SHOWN).map(formatProblem)];
      const left = faults.length - FAULTS_SHOWN;
      const reason = texts.length === 0 ? 'no group loads' : texts.join('; ') + (left > 0 ? `; ${left} more` : '');
      this.refuse(digest, reason);
      return;
    }
    const changes = groupChanges(before.groups, after.groups);
    securityEvent(logger, 'configuration_taken', { digest, path }, `a new configuration: ${summaryOf(changes)}`);
    if (JSON.stringify(before.settings) !== JSON.stringify(after.settings)) {
      logger.warn({ digest }, 'the general settings (NTP) of the file count from the next start on');
    }
    for (const change of changes.changed) {
      const { id } = change.after;
      logger.info(
        noPeer({ group: id, effect: change.effect }),
        `the group changes: ${changedColumns(change).join(', ')}`,
      );
    }
    this.applying = this.parts.apply(file, changes).catch((error: unknown) => {
      this.failures++;
      const reason = (error as Error).message;
      securityEvent(
        logger,
        'configuration_in_part',
        { digest, reason },
        'the new configuration is in force only in part',
      );
    });
    await this.applying;
    this.file = file;
    this.onDisk = digest;
    this.accept();
    this.applied++;
  }

  /** The file, as it is now, is the one in force. */
  private accept(): void {
    this.refused = undefined;
    this.parts.refused(null);
  }

  /** A file that cannot be read has the reason for its digest. */
  private async find(): Promise<Found> {
    try {
      const octets = await this.read();
      return { digest: digestOf(octets), octets, failure: '' };
    } catch (error) {
      const failure = (error as Error).message;
      return { digest: failure, octets: undefined, failure };
    }
  }

  /** As it is once it is the same twice. */
  private async readSettled(): Promise<Found> {
    const { clock } = this.parts;
    const until = clock.now() + LONGEST_SETTLE_MS;
    let found = await this.find();
    while (found.digest !== this.file.digest && !this.stopped && clock.now() < until) {
      await this.timers.pause(SETTLE_MS);
      const again = await this.find();
      if (again.digest === found.digest) break;
      found = again;
    }
    return found;
  }

  private takesGroupsAway({ octets }: Found): boolean {
    if (octets === undefined) return false;
    const { configuration } = configurationFile(this.file.path, octets);
    return groupChanges(this.file.configuration.groups, configuration.groups).removed.length > 0;
  }

  private refuse(digest: string, reason: string): void {
    this.refused = { digest, reason };
    this.refusals++;
    this.parts.refused(reason);
    const fields = { path: this.file.path, digest: this.file.digest, reason };
    const message = 'the configuration file is not taken: nothing changes';
    securityEvent(this.parts.logger, 'configuration_refused', fields, message);
  }

  private registerMetrics(registry: Registry): void {
    numericGauge(registry, 'mm2ss_config_info', () => [{ labels: { digest: this.file.digest }, value: 1 }]);
    numericGauge(registry, 'mm2ss_config_in_force', () => [{ labels: {}, value: this.refused === undefined ? 1 : 0 }]);
    numericCounter(registry, 'mm2ss_config_reloads_total', () => [
      { labels: { outcome: 'applied' }, value: this.applied },
      { labels: { outcome: 'refused' }, value: this.refusals },
      { labels: { outcome: 'in part' }, value: this.failures },
    ]);
  }

  private inTurn(step: () => Promise<void>): Promise<void> {
    this.work = this.work.then(() => (this.stopped ? undefined : step()));
    return this.work;
  }
}

function summaryOf({ added, removed, changed }: GroupChanges): string {
  const ids = (groups: readonly { readonly id: string }[]): string => groups.map(({ id }) => id).join(', ');
  const parts = [
    added.length === 0 ? [] : `new: ${ids(added)}`,
    removed.length === 0 ? [] : `gone: ${ids(removed)}`,
    changed.length === 0 ? [] : `changed: ${ids(changed.map(({ after }) => after))}`,
  ].flat();
  return parts.length === 0 ? 'no group is concerned' : parts.join('; ');
}
