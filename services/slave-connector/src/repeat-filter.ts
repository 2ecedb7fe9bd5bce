import { apduEnd, APCI_OCTETS, ASDU_OA_OFFSET } from '@iec104mm2ss/iec104';
import { eventTags, isAnswer, type TagRange } from './event-tags.js';

/** An ASDU of the event log. */
export interface LoggedAsdu {
  readonly ordinal: number;
  readonly asdu: Uint8Array;
}

/** What comes out of the filter, in the order of the link. */
export interface RepeatSink {
  /** `count` new ASDUs: APDUs in `octets[start..end)`. */
  fresh(octets: Uint8Array, start: number, end: number, count: number, receivedAt: number): void;
  /** An ASDU that the log has. */
  repeated(ordinal: number): void;
}

/** ASDUs without a usable time tag that may come before the repetition: the end of initialization, measured values. */
const MAX_AHEAD = 1_024;

interface HeldApdu {
  readonly octets: Uint8Array;
  readonly at: number;
  readonly next: number;
  readonly receivedAt: number;
  /** Undefined: it cannot be told from another one by its tags. */
  readonly tags: TagRange | undefined;
}

/** A way in which what is held fits the history: indices of its tagged events. */
interface Alignment {
  readonly start: number;
  next: number;
}

/**
 * Recognises what an RTU sends once more after its link broke: the events that were not acknowledged to it, in order. Those
 * that the log has are not appended again.
 *
 * Better an event twice than not at all, so an event is an old one only when its octets say so, its time tags (see
 * `eventTags`) among them, and when it belongs to a run of such events that reaches the last one of the log: an RTU repeats all
 * that it still has before it sends new ones. The run must have two different tags, which shows that the clock went on in
 * it: new events would have later ones. Until the run has got there its ASDUs are held; when it breaks off they are all new.
 * The originator address may differ: some RTUs write the one that they saw last.
 *
 * ASDUs without a usable tag are passed on as new before the run and behind it. Between two events of the run they are old
 * when they are just what the log has there, where answers may be missing; else they are new.
 */
export class RepeatFilter {
  private readonly tags: readonly (TagRange | undefined)[];
  /** Indices in the history of the events that can be recognised. */
  private readonly events: readonly number[];
  private alignments: Alignment[] = [];
  private held: HeldApdu[] = [];
  private ahead = 0;
  private live: boolean;
  /** ASDUs that were held and turned out to be new. */
  heldNew = 0;

  constructor(
    private readonly history: readonly LoggedAsdu[],
    private readonly sink: RepeatSink,
  ) {
    this.tags = history.map(({ asdu }) => eventTags(asdu));
    this.events = [...this.tags.keys()].filter((index) => this.tags[index] !== undefined);
    this.live = spread(this.tags) > 0;
  }

  /** False once everything that comes is new. */
  get active(): boolean {
    return this.live;
  }

  /** ASDUs that may be repeated ones. */
  get holding(): number {
    return this.held.length;
  }

  /** Takes the APDUs in `octets[start..end)`, which must stay unchanged. */
  take(octets: Uint8Array, start: number, end: number, receivedAt: number): void {
    let freshAt = start;
    let freshCount = 0;
    for (let at = start; at < end;) {
      const next = apduEnd(octets, at);
      if (this.live && this.mayRepeat(octets.subarray(at + APCI_OCTETS, next))) {
        if (freshCount > 0) this.sink.fresh(octets, freshAt, at, freshCount, receivedAt);
        this.hold({ octets, at, next, receivedAt, tags: eventTags(octets.subarray(at + APCI_OCTETS, next)) });
        [freshAt, freshCount] = [next, 0];
      } else freshCount++;
      at = next;
    }
    if (freshCount > 0) this.sink.fresh(octets, freshAt, end, freshCount, receivedAt);
  }

  /** What is held is new, and so is everything that follows. */
  giveUp(): void {
    this.live = false;
    this.alignments = [];
    this.heldNew += this.held.length;
    this.passFresh(this.held.splice(0));
  }

  /** True when this ASDU has to be held. When it ends a run that is none, all that was held is passed on before. */
  private mayRepeat(asdu: Uint8Array): boolean {
    const tagged = eventTags(asdu) !== undefined;
    if (this.held.length === 0) {
      if (tagged) this.alignments = this.startsWith(asdu);
      if (this.alignments.length > 0) return true;
      this.live = !tagged && ++this.ahead <= MAX_AHEAD;
      return false;
    }
    if (tagged) {
      this.alignments = this.alignments.filter(({ next }) => this.isEvent(next, asdu));
      for (const alignment of this.alignments) alignment.next++;
    }
    if (this.alignments.length > 0 && this.held.length < this.history.length + MAX_AHEAD) return true;
    this.giveUp();
    return false;
  }

  private startsWith(asdu: Uint8Array): Alignment[] {
    const starts = [...this.events.keys()].filter((index) => this.isEvent(index, asdu));
    return starts.map((start) => ({ start, next: start + 1 }));
  }

  private isEvent(index: number, asdu: Uint8Array): boolean {
    const logged = this.history[this.events[index] ?? -1];
    return logged !== undefined && sameOctets(logged.asdu, asdu, ASDU_OA_OFFSET);
  }

  private hold(apdu: HeldApdu): void {
    this.held.push(apdu);
    const complete = this.alignments.find(({ next }) => next === this.events.length);
    if (complete === undefined) return;
    // One tag alone proves nothing: the clock may stand still, and several events may be alike within a millisecond.
    if (spread(this.held.map(({ tags }) => tags)) > 0) this.pass(complete);
    else {
      this.alignments = this.alignments.filter((alignment) => alignment !== complete);
      if (this.alignments.length === 0) this.giveUp();
    }
  }

  /** The run is a repetition: says so of each ASDU that is held. */
  private pass({ start }: Alignment): void {
    this.live = false;
    const held = this.held.splice(0);
    let event = start;
    for (let at = 0; at < held.length;) {
      const index = this.events[event++] as number;
      this.sink.repeated((this.history[index] as LoggedAsdu).ordinal);
      let gapEnd = ++at;
      while (gapEnd < held.length && (held[gapEnd] as HeldApdu).tags === undefined) gapEnd++;
      this.passBetween(held.slice(at, gapEnd), this.history.slice(index + 1, this.events[event] ?? index + 1));
      at = gapEnd;
    }
  }

  /** What came between two events of the run, and what the log has there. */
  private passBetween(held: readonly HeldApdu[], logged: readonly LoggedAsdu[]): void {
    const ordinals: number[] = [];
    for (const { ordinal, asdu } of logged) {
      const apdu = held[ordinals.length];
      if (apdu !== undefined && sameOctets(asdu, asduOf(apdu))) ordinals.push(ordinal);
      else if (!isAnswer(asdu)) return this.passFresh(held);
    }
    if (ordinals.length < held.length) this.passFresh(held);
    else for (const ordinal of ordinals) this.sink.repeated(ordinal);
  }

  private passFresh(apdus: readonly HeldApdu[]): void {
    for (const { octets, at, next, count, receivedAt } of mergeNeighbours(apdus)) {
      this.sink.fresh(octets, at, next, count, receivedAt);
    }
  }
}

/** How far apart the earliest and the latest tag are; 0 or less when there are no two. */
function spread(all: readonly (TagRange | undefined)[]): number {
  let earliest = Infinity;
  let latest = -Infinity;
  for (const tags of all) {
    if (tags === undefined) continue;
    earliest = Math.min(earliest, tags.earliest);
    latest = Math.max(latest, tags.latest);
  }
  return latest - earliest;
}

/** APDUs that lie back to back as one. */
function mergeNeighbours(apdus: readonly HeldApdu[]): (HeldApdu & { readonly count: number })[] {
  const merged: (HeldApdu & { count: number })[] = [];
  for (const apdu of apdus) {
    const last = merged.at(-1);
    if (last?.octets === apdu.octets && last.next === apdu.at) {
      merged[merged.length - 1] = { ...last, next: apdu.next, count: last.count + 1 };
    } else merged.push({ ...apdu, count: 1 });
  }
  return merged;
}

const asduOf = ({ octets, at, next }: HeldApdu): Uint8Array => octets.subarray(at + APCI_OCTETS, next);

/** @param except index of an octet that may differ */
function sameOctets(a: Uint8Array, b: Uint8Array, except = -1): boolean {
  return a.length === b.length && a.every((octet, index) => index === except || octet === b[index]);
}
