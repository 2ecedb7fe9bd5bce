import {
  type Bus,
  type EventLog,
  type GroupSubjects,
  KEPT_BUCKET,
  type KeyValue,
  type LogExtent,
  STATE_BUCKET,
} from '@iec104mm2ss/bus';
import { type Logger, noPeer } from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';
import { KeptObserve, observedFor } from './kept-observe.js';
import { decodeRouterState, encodeRouterState, type RouterState, WireError } from '@iec104mm2ss/wire';

/** What an earlier owner of a group left, brought to what its log holds now. */
export interface Legacy {
  /** There was an earlier owner. */
  readonly saved: boolean;
  readonly log: LogExtent;
  /** Everything before this position is confirmed. */
  readonly confirmed: number;
  /** `confirmed` as it was saved, when the log has lost its end since. */
  readonly confirmedBefore: number;
  /** Positions of named masters, of the log as it was. */
  readonly cursors: RouterState['cursors'];
  readonly addresses: RouterState['addresses'];
  readonly oaBehaviour: RouterState['oaBehaviour'];
  readonly habits: RouterState['habits'];
  readonly observe: RouterState['observe'];
}

/** What is known of an RTU that nobody knows anything of. */
const FRESH: Pick<Legacy, 'cursors' | 'addresses' | 'oaBehaviour' | 'habits' | 'observe'> = {
  cursors: {},
  addresses: [],
  oaBehaviour: 'unknown',
  habits: undefined,
  observe: undefined,
};

export interface StateStoreParts {
  readonly bus: Bus;
  readonly subjects: GroupSubjects;
  readonly log: EventLog;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * What survives the owner of a group, in the bucket `iec104_state`. In one process nothing but observe mode outlives the process:
 * the rest is stored only where the group gets another owner because of a new configuration.
 */
export class StateStore {
  private readonly bucket: KeyValue;
  private readonly key: string;
  /** In one process. */
  private readonly kept: KeptObserve | undefined;
  private stored = '';
  /**
   * Who takes the group over with what is stored needs the log from this position on, and counts as lost what is not there.
   * Infinity while nothing is stored, which begins at the oldest event kept.
   */
  savedUpTo = Infinity;
  private writing: Promise<void> | undefined;
  private following: Promise<void> | undefined;

  constructor(private readonly parts: StateStoreParts) {
    this.bucket = parts.bus.keyValue(STATE_BUCKET);
    this.key = keyOf(parts.subjects.group);
    const { bus, logger, clock } = parts;
    if (bus.kind === 'memory') this.kept = new KeptObserve(bus.keyValue(KEPT_BUCKET), this.key, logger, clock);
  }

  /** Rejects with BusError when it cannot be read now. */
  async load(): Promise<Legacy> {
    const { log } = this.parts;
    const extent = await log.extent();
    const saved = await this.read();
    if (saved === undefined || saved === 'unreadable') {
      const { first } = extent;
      const observe =
        saved === undefined ? await this.kept?.load() : observedFor('what was saved cannot be read', this.parts.clock);
      return { ...FRESH, observe, saved: false, log: extent, confirmed: first, confirmedBefore: first };
    }
    if (saved.ended === true) return this.beginBehind(extent);
    const { confirmed: position, generation, cursors, addresses, oaBehaviour, habits, observe } = saved;
    const valid = Math.min(position, await log.validUpTo({ generation, position }));
    const confirmed = Math.min(Math.max(valid, extent.first), Math.max(extent.next, extent.first));
    const confirmedBefore = Math.max(position, confirmed);
    const learnt = { oaBehaviour, habits, observe };
    return { saved: true, log: extent, confirmed, confirmedBefore, cursors, addresses, ...learnt };
  }

  /** The group was taken out of the configuration and is back: it may be another RTU. */
  private beginBehind(log: LogExtent): Legacy {
    const { next: confirmed } = log;
    const count = confirmed - log.first;
    if (count > 0) this.parts.logger.info({ count }, 'events of before the group was taken out are given up');
    return { ...FRESH, saved: true, log, confirmed, confirmedBefore: confirmed };
  }

  /**
   * Stores `state()` as it is now or later. Rejects when it is not stored, and when it is not `certain` that this process
   * owns the group: a paused owner must not undo what its successor has stored.
   */
  save(state: () => RouterState, certain: () => boolean): Promise<void> {
    if (this.kept !== undefined) return this.kept.save(state().observe);
    if (this.writing === undefined) return this.write(state, certain);
    // The one under way may be older than what is to be stored: one more follows for all who ask meanwhile.
    this.following ??= this.writing
      .catch(() => undefined)
      .then(() => {
        this.following = undefined;
        return this.write(state, certain);
      });
    return this.following;
  }

  /** For the owner that follows in this process. */
  async handOver(state: () => RouterState, certain: () => boolean): Promise<void> {
    if (this.kept !== undefined) await this.put(state, certain);
    await this.save(state, certain);
  }

  /** The group is no longer in the configuration: an owner that comes later begins behind what is logged by then. */
  async end(state: () => RouterState, certain: () => boolean): Promise<void> {
    await this.writing?.catch(() => undefined);
    await this.put(() => ({ ...state(), ended: true }), certain);
    await this.kept?.save(undefined);
  }

  /** Stores it if it has changed, in its own time. True when that begins now. */
  saveChanged(state: () => RouterState, certain: () => boolean): boolean {
    const { bus, logger } = this.parts;
    if (this.writing !== undefined || !bus.connected || !certain()) return false;
    if (this.kept === undefined ? textOf(state()) === this.stored : !this.kept.failed) return false;
    this.save(state, certain).catch((error: Error) => logger.debug({ reason: error.message }, 'state not saved yet'));
    return true;
  }

  private write(state: () => RouterState, certain: () => boolean): Promise<void> {
    const writing = this.put(state, certain).finally(() => {
      this.writing = undefined;
    });
    this.writing = writing;
    return writing;
  }

  private async put(state: () => RouterState, certain: () => boolean): Promise<void> {
    if (!certain()) throw new Error('another router may own the group');
    const value = state();
    await this.bucket.put(this.key, encodeRouterState(value));
    this.stored = textOf(value);
    this.savedUpTo = oldestOf(value);
  }

  /**
   * One that cannot be understood is set aside, for people, and the group starts without it: observing, as it may have been.
   * One of a later release, as a step back finds it, is no reason to observe.
   */
  private async read(): Promise<RouterState | 'unreadable' | undefined> {
    const { bus, logger, subjects } = this.parts;
    const value = await this.bucket.get(this.key);
    if (value === undefined) return undefined;
    const state = decodeRouterState(value);
    if (!(state instanceof WireError)) {
      this.savedUpTo = oldestOf(state);
      return state;
    }
    const aside = `${this.key}.unreadable`;
    bus.drops.add(`${subjects.owner}.saved`, state.code, state.message);
    logger.error(
      noPeer({ reason: state.message, key: aside }),
      'the saved state of the group cannot be read: it is set aside, and the group begins at the oldest event kept',
    );
    await this.bucket.put(aside, value);
    return state.code === 'VERSION' ? undefined : 'unreadable';
  }
}

function keyOf(group: string): string {
  return `router.${group}`;
}

function oldestOf({ confirmed, cursors }: RouterState): number {
  return Math.min(confirmed, ...Object.values(cursors));
}

/** Without the time, which always changes. */
function textOf(state: RouterState): string {
  return JSON.stringify({ ...state, savedAt: 0 });
}
