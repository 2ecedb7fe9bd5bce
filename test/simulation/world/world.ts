import { EventQueue, type QueuedEvent } from './event-queue.ts';
import { Random } from './random.ts';
import type { SimProcess } from './sim-process.ts';

/** What the wall clock of a process without skew shows at simulated time 0. */
export const WALL_START_MS = Date.UTC(2026, 0, 1);

/** A line of the story: when, who, what. */
export interface StoryLine {
  readonly at: number;
  readonly who: string;
  readonly what: string;
}

/**
 * The simulated world: one time (ms), one queue of what happens next, one seed. Everything random comes from streams of
 * `random`; everything that runs is called by `runUntil`, one step at a time. What a step does costs no time unless its
 * process is slow.
 */
export class World {
  time = 0;
  /** Steps taken: callbacks of processes and of the machinery between them. */
  steps = 0;
  readonly story: StoryLine[] = [];
  /** Processes whose callback has just run: their promises go on before anything else happens. */
  private ran: SimProcess[] = [];
  private readonly queue = new EventQueue();
  private readonly ties: Random;
  private readonly streams = new Map<string, Random>();
  private orders = 0;
  private hashed = 0x811c9dc5;
  private stopped = false;

  /** @param keepStory lines for people are kept, not only hashed */
  constructor(
    readonly seed: number,
    private readonly keepStory = false,
  ) {
    this.ties = new Random(`${seed}/ties`);
  }

  /** The stream for one concern; the same object for the same name. */
  random(name: string): Random {
    let stream = this.streams.get(name);
    if (stream === undefined) {
      stream = new Random(`${this.seed}/${name}`);
      this.streams.set(name, stream);
    }
    return stream;
  }

  /** What happens at the same time happens in a random order. */
  at(time: number, run: () => void): QueuedEvent {
    return this.add(Math.max(time, this.time), this.ties.next(), run);
  }

  /** Now, in the order of these calls, before anything else that happens at this time. */
  next(run: () => void): QueuedEvent {
    return this.add(this.time, -1, run);
  }

  /** Now, in the order of these calls, after everything else that happens at this time. */
  last(run: () => void): QueuedEvent {
    return this.add(this.time, 1, run);
  }

  after(delayMs: number, run: () => void): QueuedEvent {
    return this.at(this.time + delayMs, run);
  }

  /** Told by a process when one of its callbacks has run. */
  hasRun(process: SimProcess): void {
    this.ran.push(process);
  }

  /** Something worth knowing happened. It becomes part of the hash of this run, and of its story. */
  tell(who: string, what: string): void {
    this.mix(this.time);
    this.mixText(who);
    this.mixText(what);
    if (this.keepStory) this.story.push({ at: this.time, who, what });
  }

  /** For people who read the story only. */
  note(who: string, what: () => string): void {
    if (this.keepStory) this.story.push({ at: this.time, who, what: what() });
  }

  /** As `tell`, for what happens all the time: hashed only. */
  trace(what: number): void {
    this.mix(this.time);
    this.mix(what);
  }

  /** Two runs with the same hash did the same things at the same times. */
  get hash(): string {
    return (this.hashed >>> 0).toString(16).padStart(8, '0');
  }

  /** Ends `runUntil` after the present step. */
  stop(): void {
    this.stopped = true;
  }

  /** Lets the world run up to `time`. */
  async runUntil(time: number): Promise<void> {
    this.stopped = false;
    while (!this.stopped) {
      const next = this.queue.peek();
      if (next === undefined || next.at > time) break;
      this.queue.pop();
      if (next.cancelled) continue;
      this.time = Math.max(this.time, next.at);
      this.steps++;
      next.run();
      while (this.ran.length > 0) await this.settle();
    }
    if (!this.stopped) this.time = Math.max(this.time, time);
  }

  async runFor(ms: number): Promise<void> {
    await this.runUntil(this.time + ms);
  }

  /** Promises and ends of turns of the processes that have just run, until none of them has anything more to do. */
  private async settle(): Promise<void> {
    const { ran } = this;
    this.ran = [];
    for (const process of ran) process.endTurn();
    await turn();
    for (const process of ran)
      if (process.turnPending) this.ran.push(process);
      else process.turnOver();
  }

  private add(at: number, tie: number, run: () => void): QueuedEvent {
    const event = { at, tie, order: this.orders++, cancelled: false, run };
    this.queue.push(event);
    return event;
  }

  private mix(value: number): void {
    const bits = value * 1_000;
    this.hashed = Math.imul(this.hashed ^ (bits | 0), 0x01000193);
    this.hashed = Math.imul(this.hashed ^ ((bits / 0x1_0000_0000) | 0), 0x01000193);
  }

  private mixText(text: string): void {
    for (let i = 0; i < text.length; i++) this.hashed = Math.imul(this.hashed ^ text.charCodeAt(i), 0x01000193);
  }
}

/** All promises that can go on have gone on when this resolves. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
