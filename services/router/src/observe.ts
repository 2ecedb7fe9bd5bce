import type { ObserveSetting } from '@iec104mm2ss/config';
import { type Logger, noPeer, securityEvent } from '@iec104mm2ss/observability';
import type { Clock, OwnTime } from '@iec104mm2ss/runtime';
import type { SavedObserve } from '@iec104mm2ss/wire';
import type { LiveRow } from './live-row.js';

export interface ObserveParts {
  readonly row: LiveRow;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly time: OwnTime;
  /** The RTU's link is up, and its connector can be heard. */
  readonly rtu: () => { readonly up: boolean; readonly heard: boolean };
  /** It began or ended: others are to know at once, and it is to be saved. */
  readonly changed: () => void;
}

/** Why the file says so. */
const BY_FILE = 'observe = Y';

/**
 * Observe mode of one group: commands of all classes but `monitor` are refused. It begins by the file, by a condition of the
 * column `observe`, or by an operator, and goes on until the file says otherwise, somebody ends it, or `release` has passed
 * without any of the conditions. What began outlives its router: it is in the saved state.
 */
export class ObserveMode {
  private latched: SavedObserve | undefined;
  /** It was on when it was looked at last. */
  private was: boolean;
  private fileSince: number;
  /** When the link was lost, monotonic, as far as that may still count. */
  private losses: number[] = [];
  /** When a condition was seen last, monotonic. */
  private troubleAt: number;
  /** A condition that lasts was seen, and counts as new only when it was gone meanwhile. */
  private readonly lasting = { bus: false, clock: false };
  private connectorHeard = false;

  constructor(
    private readonly parts: ObserveParts,
    saved: SavedObserve | undefined,
  ) {
    this.latched = saved;
    this.was = saved !== undefined;
    this.dropConditions();
    this.troubleAt = parts.clock.now();
    this.fileSince = parts.clock.wallMs();
  }

  get on(): boolean {
    return this.setting.always || this.latched !== undefined;
  }

  /** For people; undefined while it is off. */
  get status(): { readonly since: string; readonly reason: string } | undefined {
    const { since, reason } = this.latched ?? { since: this.fileSince, reason: BY_FILE };
    return this.on ? { since: new Date(since).toISOString(), reason } : undefined;
  }

  /** What the next owner has to know. */
  get saved(): SavedObserve | undefined {
    return this.latched;
  }

  // ---- what happens -------------------------------------------------------------------------------------------------

  /** The RTU's link was lost. */
  linkLost(): void {
    const { link } = this.setting;
    if (link === null) return;
    const now = this.parts.clock.now();
    this.losses = [...this.losses, now].filter((at) => now - at < link.withinMs).slice(-link.losses);
    const count = this.losses.length;
    this.trouble(
      count < link.losses ? undefined : `the RTU's link was lost ${count} times in ${link.withinMs / 1_000} s`,
    );
  }

  /** This process was cut off from the bus. */
  busLost(): void {
    if (this.setting.bus) this.trouble('the connection to the bus was lost');
  }

  /** Call a few times a second. */
  tick(): void {
    const { setting } = this;
    if (this.on !== this.was) this.update(this.byFile);
    const { clock, rtu, time } = this.parts;
    const { up, heard } = rtu();
    const clockTrouble = time.trouble();
    if (heard) this.connectorHeard = true;
    this.look('bus', setting.bus && this.connectorHeard && !heard, 'the connector of the group is not heard');
    this.look('clock', setting.clock && clockTrouble !== undefined, `the clock is not synchronised (${clockTrouble})`);
    if (setting.link !== null && !up) this.troubleAt = clock.now();
    const { latched } = this;
    const { releaseMs } = setting;
    if (latched?.by === 'condition' && releaseMs !== null && clock.now() - this.troubleAt >= releaseMs) {
      this.latched = undefined;
      this.update(`${releaseMs / 60_000} quiet minutes have passed`);
    }
  }

  /** Another row of the file is in force. */
  reconfigured(): void {
    const { always } = this.setting;
    this.dropConditions();
    if (always && !this.was) this.fileSince = this.parts.clock.wallMs();
    if (this.on !== this.was) this.update(this.byFile);
  }

  /** What an operator wants. */
  order(on: boolean, by: string): { readonly ok: boolean; readonly message: string } {
    if (on) {
      this.latched = {
        since: this.latched?.since ?? this.parts.clock.wallMs(),
        reason: `asked for by ${by}`,
        by: 'operator',
      };
      this.update(this.latched.reason);
      return { ok: true, message: 'observe mode is on: only monitoring passes' };
    }
    if (this.setting.always) return { ok: false, message: 'observe mode stays on: the file says observe = Y' };
    const wasOn = this.on;
    this.latched = undefined;
    this.losses = [];
    this.update(`ended by ${by}`);
    return { ok: true, message: wasOn ? 'observe mode is off' : 'observe mode was off already' };
  }

  /** Why it is not as it was, when nothing else has happened. */
  private get byFile(): string {
    return this.setting.always ? BY_FILE : 'the configuration has changed';
  }

  /** Who takes the conditions out of the file does not want them to go on. */
  private dropConditions(): void {
    const { link, bus, clock } = this.setting;
    if (this.latched?.by === 'condition' && link === null && !bus && !clock) this.latched = undefined;
  }

  private get setting(): ObserveSetting {
    return this.parts.row.config.observe;
  }

  /** A condition that lasts: it begins observe mode once, so that an operator can end that while it goes on. */
  private look(which: 'bus' | 'clock', isBad: boolean, reason: string): void {
    const isNew = isBad && !this.lasting[which];
    this.lasting[which] = isBad;
    if (isNew) this.trouble(reason);
    else if (isBad) this.trouble(undefined);
  }

  /** `reason`: it is enough to begin. */
  private trouble(reason: string | undefined): void {
    this.troubleAt = this.parts.clock.now();
    if (reason === undefined || this.on) return;
    this.latched = { since: this.parts.clock.wallMs(), reason, by: 'condition' };
    this.update(reason);
  }

  private update(reason: string): void {
    const { on } = this;
    const hasChanged = on !== this.was;
    this.was = on;
    if (hasChanged) {
      const text = on ? 'observe mode: only monitoring passes' : 'observe mode is over';
      securityEvent(this.parts.logger, on ? 'observe_on' : 'observe_off', noPeer({ reason }), text);
    }
    this.parts.changed();
  }
}
