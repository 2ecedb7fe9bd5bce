import { byId, type LiveGroups } from '@iec104mm2ss/config';
import type { GroupDetail, Overview, OverviewDelta } from '@iec104mm2ss/console-api';
import type { Status } from '@iec104mm2ss/observability';
import { type Clock, Timers } from '@iec104mm2ss/runtime';
import type { SystemStatus } from '../../status/system-status.js';
import { OverviewHistory } from './history.js';
import { overviewDelta } from './overview-delta.js';
import { closesText } from './closes.js';
import { freshnessOf, knownNow, overviewRow, summaryOf } from './overview-row.js';

/** How often all are asked while somebody looks, a little longer than answers are shared (MAX_AGE_MS); and for the history alone. */
export const LOOK_MS = 1_050;
/** The least pause, where answers take long. */
const PAUSE_MS = 200;
const HISTORY_MS = 5_000;
/** A stream that is silent for longer is taken for dead by the page. */
const HEARTBEAT_MS = 5_000;
/** Deltas kept for tabs that come back: two minutes at least. */
const KEPT_DELTAS = 120;

export interface OverviewFeedParts {
  readonly status: Pick<SystemStatus, 'ofSystem'>;
  /** The groups in force in this process. */
  readonly groups: Pick<LiveGroups, 'current'>;
  readonly clock: Clock;
  /** Nobody else is asked for the status, so it is recorded all the time. */
  readonly alwaysRecords: boolean;
  /** Groups that run with values that are not in the file. */
  edited(): ReadonlySet<string>;
}

/** An event for tabs, as text that is made once for all of them. */
export interface FeedEvent {
  readonly id: string;
  readonly name: 'overview' | 'delta';
  readonly data: string;
}

interface Listener {
  event(event: FeedEvent): void;
  /** All were asked anew. */
  status(): void;
}

/**
 * The list of all groups, and what changes in it, for any number of tabs: however many look, all processes are asked once a
 * second, and nobody is asked while nobody looks.
 */
export class OverviewFeed {
  readonly history = new OverviewHistory();
  private readonly listeners = new Set<Listener>();
  private readonly timers: Timers;
  /** Tells one life of the feed from another: the ids of its events begin with it. */
  private epoch = 0;
  private version = 0;
  private overview: Overview | undefined;
  private status: Status | undefined;
  private deltas: { readonly version: number; readonly event: FeedEvent }[] = [];
  private toldAt = 0;
  private readonly errors = new Map<string, { readonly text: string | null; readonly at: string | null }>();
  private waiting: Promise<void> | undefined;
  private isOver = false;
  /** Ends the pause between two looks. */
  private wake: () => void = () => undefined;

  constructor(private readonly parts: OverviewFeedParts) {
    this.timers = new Timers(parts.clock);
  }

  /** Tabs that look. */
  get size(): number {
    return this.listeners.size;
  }

  start(): void {
    void this.run();
  }

  stop(): void {
    this.isOver = true;
    this.timers.stop();
    this.wake();
  }

  /** What is known now; it is asked for when nobody looked before. */
  async current(): Promise<Overview> {
    if (this.listeners.size === 0 || this.overview === undefined) await this.look();
    return this.overview as Overview;
  }

  /** The status as it was read last. */
  async currentStatus(): Promise<Status> {
    await this.current();
    return this.status as Status;
  }

  detail(id: string): GroupDetail {
    const status = this.status?.groups.find((group) => group.id === id);
    if (status === undefined) return { id, status: null, silent: [], lastHeardAt: null, closes: null };
    const { silent, lastHeardAt } = freshnessOf(status);
    return { id, status: knownNow(status, silent), silent, lastHeardAt, closes: closesText(status) };
  }

  /** Hears of changes from now on; who has just waited for `current` misses none. @returns ends it */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    this.wake();
    return () => this.listeners.delete(listener);
  }

  /** What a tab needs that has had all events up to `last`: what it missed, or all. */
  since(last: string | undefined): FeedEvent[] {
    if (this.overview === undefined) return [];
    const [epoch, version = Number.NaN] = (last ?? '').split('.').map(Number);
    const oldest = this.deltas[0]?.version ?? this.version + 1;
    if (epoch === this.epoch && version <= this.version && version >= oldest - 1) {
      return this.deltas.filter((delta) => delta.version > version).map(({ event }) => event);
    }
    return [{ id: this.id(), name: 'overview', data: JSON.stringify(this.overview) }];
  }

  private async run(): Promise<void> {
    while (!this.isOver) {
      const begun = this.parts.clock.now();
      if (this.listeners.size > 0 || this.parts.alwaysRecords) await this.look();
      const took = this.parts.clock.now() - begun;
      await (this.listeners.size > 0 ? this.timers.pause(Math.max(PAUSE_MS, LOOK_MS - took)) : this.idle());
    }
  }

  /** Until somebody looks, or it is time for the history. */
  private idle(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      if (this.parts.alwaysRecords) this.timers.after(HISTORY_MS, resolve);
    });
  }

  /** Asks once for all who want to know at the same time. */
  private look(): Promise<void> {
    this.waiting ??= this.ask().finally(() => (this.waiting = undefined));
    return this.waiting;
  }

  private async ask(): Promise<void> {
    const { clock } = this.parts;
    let next: Overview;
    try {
      const status = await this.parts.status.ofSystem();
      next = this.overviewOf(status);
      this.status = status;
    } catch (error) {
      const stale = `the status cannot be read: ${(error as Error).message}`;
      const now = new Date(clock.wallMs()).toISOString();
      const unknown = {
        silentProcesses: [],
        configurationDiffers: false,
        configuration: '',
        configurationRefused: null,
        busConnected: true,
      };
      next = { summary: { ...unknown, ...this.overview?.summary, now, stale }, rows: this.overview?.rows ?? [] };
    }
    this.history.record(next.rows, clock.now(), clock.wallMs());
    this.tell(next);
  }

  private overviewOf(status: Status): Overview {
    const configured = byId(this.parts.groups.current);
    const edited = this.parts.edited();
    const wanted = new Set(status.groups.map(({ id }) => id));
    for (const id of this.errors.keys()) if (!wanted.has(id)) this.errors.delete(id);
    const rows = status.groups.map((group) =>
      overviewRow(group, {
        config: configured.get(group.id),
        lastErrorAt: this.errorAt(group.id, group.rtu.lastError, status.clock.now),
        edited: edited.has(group.id),
      }),
    );
    return { summary: summaryOf(status), rows };
  }

  /** When the error was seen to come. */
  private errorAt(id: string, text: string | null, now: string): string | null {
    const known = this.errors.get(id);
    if (known !== undefined && known.text === text) return known.at;
    const at = known === undefined || text === null ? null : now;
    this.errors.set(id, { text, at });
    return at;
  }

  private tell(next: Overview): void {
    const before = this.overview;
    this.overview = next;
    if (before === undefined) this.epoch = Math.floor(this.parts.clock.wallMs());
    else this.tellDelta(overviewDelta(before, next), next);
    for (const listener of this.listeners) listener.status();
  }

  private tellDelta(delta: OverviewDelta | undefined, { summary: { now } }: Overview): void {
    const time = this.parts.clock.now();
    if (delta === undefined && time - this.toldAt < HEARTBEAT_MS) return;
    this.toldAt = time;
    this.version++;
    const data = JSON.stringify(delta ?? { summary: { now }, changed: [], removed: [] });
    const event: FeedEvent = { id: this.id(), name: 'delta', data };
    this.deltas.push({ version: this.version, event });
    if (this.deltas.length > KEPT_DELTAS) this.deltas.shift();
    for (const listener of this.listeners) listener.event(event);
  }

  private id(): string {
    return `${this.epoch}.${this.version}`;
  }
}
