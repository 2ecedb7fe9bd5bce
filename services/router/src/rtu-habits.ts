import { Likeness } from '@iec104mm2ss/iec104';
import type { SavedHabits } from '@iec104mm2ss/wire';
import { type OaBehaviour, OaHabit } from './oa-habit.js';
import { isProcessCommand } from './rules.js';

/** Added to the TypeID of a counter interrogation that freezes: it has no objects, and from many stations no ACT_TERM. */
export const FREEZE_KIND = 0x100;
/** Added to the TypeID of a command on an object that its master has selected: some stations send ACT_TERM only then. */
export const SELECTED_KIND = 0x200;

/** Objects and stations that are remembered for having terminated, or for not having answered. */
const MAX_OBJECTS = 10_000;
/** What is waited for at most because an RTU is known to be slow. */
const LONGEST_PATIENCE_MS = 30_000;
/** Answers that come sooner do not make an RTU a slow one. */
const SLOW_MS = 3_000;

/**
 * What is known of how an RTU answers, so that nobody waits longer than it needs, and nothing goes out whose answer could be
 * mistaken. It outlives the link and, but for what only saves a few seconds, the owner of the group; what an RTU contradicts
 * is unlearnt.
 */
export class RtuHabits {
  readonly oa = new OaHabit();
  /** Whether commands of a kind (see `kindOf`) are ended with ACT_TERM. */
  private readonly terminating = new Map<number, boolean>();
  /** Objects for themselves, the least recent first: drives and relays of one station differ. */
  private readonly terminatedObjects = new Set<string>();
  /** Types that are ended with ACT_TERM without having been confirmed. */
  private readonly unconfirmed = new Set<number>();
  /** When an ACT_CON of each type came last, monotonic. */
  private readonly confirmedAt = new Map<number, number>();
  /** Types whose answers do not repeat the qualifier, or the value either. */
  private readonly altered = new Map<number, Likeness>();
  /** How long the slowest of the last answers has taken, in whole seconds. */
  private slowestMs = 0;
  /** What has not been answered when it was asked last, by lane. */
  private readonly silent = new Set<number>();
  /** Stations that answered commands to all stations, by TypeID. */
  private readonly stations = new Map<number, ReadonlySet<number>>();
  /** Stations that have answered anything but that they are unknown. */
  private readonly answering = new Set<number>();

  // ---- ACT_TERM -----------------------------------------------------------------------------------------------------

  /** True: ends with ACT_TERM. False: does not. Undefined: nothing is known of this RTU. */
  terminates(kind: number): boolean | undefined {
    const known = this.terminating.get(kind);
    if (known !== undefined || !isProcess(kind)) return known;
    // A type by itself counts; of the others it is likely.
    const others = [...this.terminating].filter(([other]) => isProcess(other));
    return others.length > 0 && others.every(([, terminates]) => !terminates) ? false : undefined;
  }

  /** True when what was asked of this object in this way has been ended with ACT_TERM. */
  terminatesAt(kind: number, lane: number): boolean {
    return this.terminatedObjects.has(`${kind} ${lane}`);
  }

  terminated(kind: number, lane: number): void {
    this.terminating.set(kind, true);
    addBounded(this.terminatedObjects, `${kind} ${lane}`, MAX_OBJECTS);
  }

  /** It was confirmed, and there was no ACT_TERM for as long as is waited for one. */
  notTerminated(kind: number, lane: number): void {
    this.terminatedObjects.delete(`${kind} ${lane}`);
    if (this.terminating.get(kind) === true) this.terminating.delete(kind);
    else this.terminating.set(kind, false);
  }

  // ---- the first answer ---------------------------------------------------------------------------------------------

  /** True when ACT_TERM may be all that comes. */
  isUnconfirmed(typeId: number): boolean {
    return this.unconfirmed.has(typeId);
  }

  /** An ACT_CON of this type came, to whatever: it is confirmed. */
  confirmed(typeId: number, now: number): void {
    this.unconfirmed.delete(typeId);
    this.confirmedAt.set(typeId, now);
  }

  /** A command of this type, sent at `since`, was ended by ACT_TERM and not confirmed. An ACT_CON since may have been its. */
  notConfirmed(typeId: number, since: number): void {
    if ((this.confirmedAt.get(typeId) ?? -Infinity) < since) this.unconfirmed.add(typeId);
  }

  /** How long a first answer is waited for. */
  patienceMs(leastMs: number): number {
    return Math.min(Math.max(leastMs, 1.5 * this.slowestMs), Math.max(leastMs, LONGEST_PATIENCE_MS));
  }

  /** True when one of the last answers has taken so long that silence for a few seconds says nothing. */
  get isSlow(): boolean {
    return this.slowestMs > 0;
  }

  isSilent(lane: number): boolean {
    return this.silent.has(lane);
  }

  notAnswered(lane: number): void {
    addBounded(this.silent, lane, MAX_OBJECTS);
  }

  /** An answer came, of which it says nothing how long it took. */
  heard(lane: number): void {
    this.silent.delete(lane);
  }

  /** The first answer came after `ms`. */
  answered(lane: number, ms: number): void {
    this.heard(lane);
    const slowest =
      ms >= this.slowestMs ? Math.ceil(ms / 1_000) : Math.floor(Math.max(ms, 0.9 * this.slowestMs) / 1_000);
    this.slowestMs = slowest * 1_000 < SLOW_MS ? 0 : slowest * 1_000;
  }

  // ---- what answers repeat ------------------------------------------------------------------------------------------

  /** The answer to a command of this type repeated only so much of it. */
  repeated(typeId: number, likeness: Likeness): void {
    if (likeness !== Likeness.OTHER_QUALIFIER && likeness !== Likeness.OTHER_VALUE) return;
    this.altered.set(typeId, Math.max(likeness, this.altered.get(typeId) ?? 0) as Likeness);
  }

  /** Answers that differ no more than this are as good as any. */
  tolerated(typeId: number): Likeness {
    return this.altered.get(typeId) ?? Likeness.SAME;
  }

  // ---- all stations -------------------------------------------------------------------------------------------------

  /** True when these are the stations that answered last time, or more. */
  areAll(typeId: number, stations: readonly number[]): boolean {
    const known = this.stations.get(typeId);
    return known !== undefined && [...known].every((ca) => stations.includes(ca));
  }

  stationsAre(typeId: number, stations: readonly number[]): void {
    if (stations.length > 0) this.stations.set(typeId, new Set(stations));
  }

  stationAnswered(typeId: number, ca: number): void {
    this.stations.set(typeId, new Set([...(this.stations.get(typeId) ?? []), ca]));
  }

  /** This station has answered: it is there. */
  stationIsThere(ca: number): void {
    addBounded(this.answering, ca, MAX_OBJECTS);
  }

  /** True when it has answered commands as a station that is there does. */
  hasAnswered(ca: number): boolean {
    return this.answering.has(ca);
  }

  // ---- for the next owner, and for people ---------------------------------------------------------------------------

  get saved(): SavedHabits {
    const { slowestMs } = this;
    const alters = [...this.altered].map(([typeId, likeness]): [number, number] => [typeId, likeness]);
    return { terminating: [...this.terminating], unconfirmed: [...this.unconfirmed], alters, slowestMs };
  }

  /** What an earlier owner saved. `habits` is undefined when an older release did: that believed in mirrored OAs too soon. */
  load(oaBehaviour: OaBehaviour, habits: SavedHabits | undefined): void {
    this.oa.behaviour = habits === undefined && oaBehaviour === 'mirrors' ? 'unknown' : oaBehaviour;
    if (habits === undefined) return;
    const { terminating, unconfirmed, alters, slowestMs } = habits;
    for (const [kind, terminates] of terminating) this.terminating.set(kind, terminates);
    for (const typeId of unconfirmed) this.unconfirmed.add(typeId);
    for (const [typeId, likeness] of alters) this.repeated(typeId, likeness as Likeness);
    this.slowestMs = slowestMs;
  }
}

function isProcess(kind: number): boolean {
  return isProcessCommand(kind % SELECTED_KIND);
}

/** Adds it, as the most recent one; the least recent one goes for it. */
function addBounded<T>(set: Set<T>, value: T, limit: number): void {
  set.delete(value);
  set.add(value);
  if (set.size <= limit) return;
  for (const oldest of set) {
    set.delete(oldest);
    return;
  }
}
