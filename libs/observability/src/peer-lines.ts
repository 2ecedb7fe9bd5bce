import type { PeerLine } from './peer-line.js';
import { RecentTimes } from './recent-times.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** Lines of one source within a second, the one that tells what was left out among them. */
export const SOURCE_LINES_PER_SECOND = 50;
/** Lines of one kind and source within a minute, written or not: when there are more, none is written until there are fewer. */
export const KIND_LINES_PER_MINUTE = 30;
/** The same of lines that tell of something wrong. */
export const SERIOUS_LINES_PER_MINUTE = 1;
/** Lines of one group within a second, and first lines, of whatever source and kind, within a minute; serious ones apart. */
export const GROUP_LINES_PER_SECOND = 100;
export const GROUP_NEWS_PER_MINUTE = 200;
/** Lines of all groups within a second; a group that has written none in it may write one all the same. */
export const PROCESS_LINES_PER_SECOND = 1_000;
/** Sources that are remembered; the one that was heard of longest ago is forgotten. */
export const MAX_SOURCES = 2_048;
/** Kinds of lines that are told apart for each source. */
export const MAX_KINDS = 32;
/** What is left out is told so much later, at the latest. */
export const TELL_MS = MINUTE_MS;
/** Sources of a group of which it is told one by one. */
export const MAX_TOLD_APART = 20;

const FURTHER_KINDS = 'lines of further kinds';

/** What a clock must be able to do; `Clock` of libs/runtime is one. */
export interface LineClock {
  /** Monotonic milliseconds. */
  now(): number;
  setTimer(callback: () => void, delayMs: number, background?: boolean): unknown;
  clearTimer(timer: unknown): void;
}

/** Lines of one source that were not written. */
export interface LeftOut {
  readonly group: string;
  /** As in PeerLine; undefined: sources that are not told apart. */
  readonly source: string | undefined;
  /** How many of each kind. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly count: number;
  /** How many of each security event, by its id; those are among `count`. */
  readonly events: Readonly<Record<string, number>>;
  /** One of them was serious. */
  readonly serious: boolean;
  /** From the first one to now. */
  readonly periodMs: number;
}

/** Counts what is left out until it is told. */
class Tally {
  readonly kinds = new Map<string, number>();
  /** By id: there are as many as the catalogue has. */
  readonly events = new Map<string, number>();
  count = 0;
  serious = false;
  since = Infinity;

  add(kind: string, count: number, serious: boolean, since: number): void {
    const known = this.kinds.has(kind) || this.kinds.size < MAX_KINDS ? kind : FURTHER_KINDS;
    this.kinds.set(known, (this.kinds.get(known) ?? 0) + count);
    this.count += count;
    this.serious ||= serious;
    this.since = Math.min(this.since, since);
  }

  addEvent(id: string, count: number): void {
    this.events.set(id, (this.events.get(id) ?? 0) + count);
  }

  addAll(other: Tally): void {
    for (const [id, count] of other.events) this.addEvent(id, count);
    for (const [kind, count] of other.kinds) this.add(kind, count, other.serious, other.since);
  }
}

interface Source {
  readonly group: Group;
  readonly name: string;
  readonly kinds: Map<string, RecentTimes>;
  readonly lines: RecentTimes;
  leftOut: Tally | undefined;
}

interface Share {
  readonly lines: RecentTimes;
  readonly news: RecentTimes;
}

interface Group {
  readonly name: string;
  readonly serious: Share;
  readonly others: Share;
  /** When any line of it was written. */
  readonly written: RecentTimes;
  /** Of sources that are not remembered. */
  leftOut: Tally | undefined;
}

/**
 * Bounds the log lines that peers can cause: per kind and source, per source, per group, and in all, with a memory that is
 * bounded, too. The first line of each kind is written at once; what is left out is counted, and told a minute later at the
 * latest. A source that goes on is heard of once a minute then.
 *
 * Sources do not take each other's room, as far as there is any: first lines of a group have a share of their own, serious
 * lines (who is refused) another than those of masters that are served, and each group its own.
 */
export class PeerLines {
  /** Lines left out since the start. */
  leftOut = 0;
  /** By group and name; the one that was heard of longest ago first. */
  private readonly sources = new Map<string, Source>();
  private readonly groups = new Map<string, Group>();
  private readonly written = new RecentTimes(PROCESS_LINES_PER_SECOND);
  private timer: unknown;

  constructor(
    private readonly clock: LineClock,
    private readonly tell: (leftOut: LeftOut) => void,
  ) {}

  /** Sources that are remembered. */
  get size(): number {
    return this.sources.size;
  }

  /** True: the line is to be written. False: it was counted as left out. */
  take(line: PeerLine): boolean {
    const { group: groupName, source: name, kind: text, serious } = line;
    const now = this.clock.now();
    const group = this.groupOf(groupName);
    const share = serious ? group.serious : group.others;
    const key = `${groupName} ${name}`;
    let source = this.sources.get(key);
    if (source === undefined) {
      // The group as a whole is no stranger.
      if (name !== '' && share.news.full(now, MINUTE_MS)) {
        group.leftOut = this.leaveOut(group.leftOut, line, now);
        return false;
      }
      source = {
        group,
        name,
        kinds: new Map(),
        lines: new RecentTimes(SOURCE_LINES_PER_SECOND - 1),
        leftOut: undefined,
      };
    }
    this.remember(key, source);

    const kind = kindIn(source, text, serious, now);
    const isFirst = kind.quiet(now, MINUTE_MS);
    const tooMany = kind.full(now, MINUTE_MS);
    kind.add(now);
    const room = isFirst ? !share.news.full(now, MINUTE_MS) : !share.lines.full(now, SECOND_MS);
    const roomInAll = !this.written.full(now, SECOND_MS) || group.written.quiet(now, SECOND_MS);
    const roomOfSource = isFirst || !source.lines.full(now, SECOND_MS);
    if (tooMany || !roomOfSource || !(room || (isFirst && name === '')) || !roomInAll) {
      source.leftOut = this.leaveOut(source.leftOut, line, now);
      return false;
    }
    (isFirst ? share.news : share.lines).add(now);
    for (const times of [source.lines, group.written, this.written]) times.add(now);
    return true;
  }

  /** Tells everything that was left out and not told yet. */
  tellAll(): void {
    this.clock.clearTimer(this.timer);
    this.timer = undefined;
    const now = this.clock.now();
    const toldApart = new Map<Group, number>();
    for (const source of this.sources.values()) {
      const { group, name, leftOut } = source;
      if (leftOut === undefined) continue;
      source.leftOut = undefined;
      const told = toldApart.get(group) ?? 0;
      toldApart.set(group, told + 1);
      if (told < MAX_TOLD_APART) this.report(group, name, leftOut, now);
      else (group.leftOut ??= new Tally()).addAll(leftOut);
    }
    for (const group of this.groups.values()) {
      const { leftOut } = group;
      group.leftOut = undefined;
      if (leftOut !== undefined) this.report(group, undefined, leftOut, now);
    }
  }

  private report(group: Group, source: string | undefined, tally: Tally, now: number): void {
    const { count, serious, since } = tally;
    const kinds = Object.fromEntries(tally.kinds);
    const events = Object.fromEntries(tally.events);
    this.tell({ group: group.name, source, kinds, count, events, serious, periodMs: now - since });
  }

  private leaveOut(tally: Tally | undefined, { kind, serious, eventId }: PeerLine, now: number): Tally {
    this.leftOut++;
    this.timer ??= this.clock.setTimer(() => this.tellAll(), TELL_MS, true);
    const counting = tally ?? new Tally();
    counting.add(kind, 1, serious, now);
    if (eventId !== undefined) counting.addEvent(eventId, 1);
    return counting;
  }

  private remember(key: string, source: Source): void {
    this.sources.delete(key);
    this.sources.set(key, source);
    if (this.sources.size <= MAX_SOURCES) return;
    const [oldestKey, oldest] = this.sources.entries().next().value as [string, Source];
    this.sources.delete(oldestKey);
    if (oldest.leftOut !== undefined) (oldest.group.leftOut ??= new Tally()).addAll(oldest.leftOut);
  }

  private groupOf(name: string): Group {
    const known = this.groups.get(name);
    if (known !== undefined) return known;
    const share = (): Share => ({
      lines: new RecentTimes(GROUP_LINES_PER_SECOND),
      news: new RecentTimes(GROUP_NEWS_PER_MINUTE),
    });
    const group = { name, serious: share(), others: share(), written: new RecentTimes(1), leftOut: undefined };
    this.groups.set(name, group);
    return group;
  }
}

function kindIn({ kinds }: Source, text: string, serious: boolean, now: number): RecentTimes {
  const known = kinds.get(text);
  if (known !== undefined) return known;
  if (kinds.size >= MAX_KINDS) for (const [each, times] of kinds) if (times.quiet(now, MINUTE_MS)) kinds.delete(each);
  if (kinds.size >= MAX_KINDS) {
    const further = kinds.get(FURTHER_KINDS) ?? new RecentTimes(SERIOUS_LINES_PER_MINUTE);
    kinds.set(FURTHER_KINDS, further);
    return further;
  }
  const kind = new RecentTimes(serious ? SERIOUS_LINES_PER_MINUTE : KIND_LINES_PER_MINUTE);
  kinds.set(text, kind);
  return kind;
}
