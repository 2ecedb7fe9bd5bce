import type { Clock, Network, Runtime } from '@iec104mm2ss/runtime';
import type { QueuedEvent } from './event-queue.ts';
import type { Random } from './random.ts';
import { WALL_START_MS, type World } from './world.ts';

/** What a callback of a process comes from: after a pause, the event loop takes one kind after the other. */
export type Phase = 'timer' | 'io' | 'soon';

interface Task {
  readonly phase: Phase;
  /** Tasks of one source (a socket, the bus connection) keep their order. */
  readonly source: string;
  readonly run: () => void;
}

export interface ProcessOptions {
  /** Unique in a story; `connector-a`. */
  readonly name: string;
  /** What the process calls its host: two containers may have the same. */
  readonly hostname: string;
  /** IP address. */
  readonly address: string;
  /** Its monotonic clock runs so many times as fast as true time; quartz is within 1e-4. */
  readonly rate?: number;
  /** How far its wall clock is off, ms. */
  readonly wallSkewMs?: number;
  /** False: the instance name has no random part (a defect put back). */
  readonly randomInstance?: boolean;
}

/** Something outside of the process that has to know when it ends: its sockets, its connection to the bus. */
export interface ProcessEnd {
  /** @param silently its machine is gone: nobody is told */
  onProcessEnd(silently: boolean): void;
}

/** Node rounds delays down to whole milliseconds, 1 at least. */
const MIN_TIMER_MS = 1;

/**
 * A process: an event loop with a clock of its own. Nothing of it ever runs after `crash`. While it is paused (SIGSTOP) its
 * timers, its sockets and its bus messages wait, and come in a burst when it goes on.
 */
export class SimProcess implements Clock {
  readonly name: string;
  readonly address: string;
  readonly instance: string;
  readonly runtime: Runtime;
  /** Set once the network has been attached. */
  network: Network = NO_NETWORK;
  wallSkewMs: number;
  /** Each callback keeps it busy for up to this long. */
  slownessMs = 0;
  readonly ends = new Set<ProcessEnd>();
  /** Errors that nothing caught: a real process would have died of them. */
  readonly uncaught: unknown[] = [];

  private readonly rate: number;
  private readonly origin: number;
  private readonly bornAt: number;
  private readonly randoms: Random;
  private readonly scheduling: Random;
  private readonly timers = new Set<SimTimer>();
  private ready: Task[] = [];
  private turnEnd: (() => void)[] = [];
  private pump: QueuedEvent | undefined;
  private busyUntil = 0;
  private isDead = false;
  private isPaused = false;
  private running = false;
  /** How many more messages and writes leave before it crashes; Infinity: it is not about to. */
  private effectsLeft = Infinity;
  private crashSilently = false;

  constructor(
    readonly world: World,
    options: ProcessOptions,
  ) {
    this.name = options.name;
    this.address = options.address;
    this.randoms = world.random(`process/${options.name}`);
    this.scheduling = world.random(`scheduling/${options.name}`);
    this.rate = options.rate ?? 1;
    this.wallSkewMs = options.wallSkewMs ?? 0;
    this.bornAt = world.time;
    this.origin = this.scheduling.between(20, 400);
    // Process id 1, as in every container.
    const random = options.randomInstance === false ? '' : `-${this.randoms.hex(8)}`;
    this.instance = `${options.hostname}-1${random}`;
    this.runtime = new SimRuntime(this, this.randoms);
  }

  // ---- Clock --------------------------------------------------------------------------------------------------------

  now(): number {
    return this.origin + (this.world.time - this.bornAt) * this.rate;
  }

  wallMs(): number {
    return Math.floor(WALL_START_MS + this.world.time + this.wallSkewMs);
  }

  setTimer(callback: () => void, delayMs: number, background = false): unknown {
    if (this.isDead) return undefined;
    const timer: SimTimer = { callback, background, event: undefined };
    const delay = Math.max(MIN_TIMER_MS, Math.floor(delayMs)) / this.rate;
    // A timer fires up to a millisecond late even on an idle machine.
    const late = this.scheduling.next() ** 4;
    this.timers.add(timer);
    timer.event = this.world.after(delay + late, () => {
      this.offer({
        phase: 'timer',
        source: 'timer',
        run: () => {
          if (!this.timers.delete(timer)) return;
          callback();
        },
      });
    });
    return timer;
  }

  clearTimer(timer: unknown): void {
    const known = timer as SimTimer | undefined;
    if (known === undefined || known === null || !this.timers.delete(known)) return;
    if (known.event !== undefined) known.event.cancelled = true;
  }

  endOfTurn(callback: () => void): void {
    if (this.isDead) return;
    this.turnEnd.push(callback);
    // Asked for from outside, by a test: there has to be a turn that ends.
    if (!this.running) this.post('io', 'turn', () => undefined);
  }

  soon(callback: () => void): void {
    this.world.last(() => this.offer({ phase: 'soon', source: 'soon', run: callback }));
  }

  // ---- faults -------------------------------------------------------------------------------------------------------

  get dead(): boolean {
    return this.isDead;
  }

  get paused(): boolean {
    return this.isPaused;
  }

  /** Ends at once: kill -9, or with `silently` the loss of its machine. */
  crash(silently = false): void {
    if (this.isDead) return;
    this.isDead = true;
    for (const timer of this.timers) if (timer.event !== undefined) timer.event.cancelled = true;
    this.timers.clear();
    this.ready = [];
    this.turnEnd = [];
    if (this.pump !== undefined) this.pump.cancelled = true;
    const ends = [...this.ends];
    this.ends.clear();
    for (const end of ends) end.onProcessEnd(silently);
  }

  /** Crashes in the middle of something: after `effects` more messages and writes have left it. */
  crashAfter(effects: number, silently = false): void {
    this.effectsLeft = effects;
    this.crashSilently = silently;
  }

  pause(): void {
    if (this.isDead) return;
    this.isPaused = true;
    if (this.pump !== undefined) this.pump.cancelled = true;
    this.pump = undefined;
  }

  resume(): void {
    if (this.isDead || !this.isPaused) return;
    this.isPaused = false;
    this.ready = this.orderAfterPause(this.ready);
    this.schedulePump();
  }

  /** Everything the process does to the world outside asks first. False: it has crashed before it came to that. */
  effect(): boolean {
    if (this.isDead || this.effectsLeft <= 0) return false;
    this.effectsLeft--;
    return true;
  }

  // ---- the event loop -----------------------------------------------------------------------------------------------

  /** Something happened that the process has a callback for. */
  post(phase: Phase, source: string, run: () => void): void {
    this.world.next(() => this.offer({ phase, source, run }));
  }

  /** Runs `main` as the first thing the process does, or as if a signal had come. */
  start(main: () => void): void {
    this.post('soon', 'main', main);
  }

  /** Called by the world after a callback of this process has run. */
  endTurn(): void {
    const callbacks = this.turnEnd;
    this.turnEnd = [];
    for (const callback of callbacks) this.guard(callback);
  }

  get turnPending(): boolean {
    return !this.isDead && this.turnEnd.length > 0;
  }

  turnOver(): void {
    this.running = false;
    if (this.effectsLeft <= 0 && !this.isDead) {
      this.effectsLeft = Infinity;
      this.world.tell(this.name, 'crashes in the middle of a step');
      this.crash(this.crashSilently);
    }
  }

  /** Timers that are set; those in the background do not keep a process alive. */
  get pendingTimers(): { readonly all: number; readonly foreground: number } {
    const foreground = [...this.timers].filter(({ background }) => !background).length;
    return { all: this.timers.size, foreground };
  }

  private offer(task: Task): void {
    if (this.isDead) return;
    if (this.isPaused || this.ready.length > 0 || this.busyUntil > this.world.time) {
      this.ready.push(task);
      this.schedulePump();
    } else this.execute(task);
  }

  private schedulePump(): void {
    if (this.isPaused || this.pump !== undefined || this.ready.length === 0) return;
    this.pump = this.world.at(this.busyUntil, () => {
      this.pump = undefined;
      const task = this.ready.shift();
      if (task !== undefined) this.execute(task);
      this.schedulePump();
    });
  }

  private execute(task: Task): void {
    if (this.slownessMs > 0) this.busyUntil = this.world.time + this.scheduling.skewed(0, this.slownessMs);
    this.running = true;
    this.guard(task.run);
    this.world.hasRun(this);
  }

  private guard(callback: () => void): void {
    if (this.isDead) return;
    try {
      callback();
    } catch (error) {
      this.uncaught.push(error);
      this.world.tell(this.name, `uncaught: ${String(error)}`);
    }
  }

  /** Timers or sockets first, as the loop was stopped in the one or the other; sockets in any order among themselves. */
  private orderAfterPause(tasks: readonly Task[]): Task[] {
    const first = this.scheduling.chance(0.5) ? 'timer' : 'io';
    const sources = new Map<string, number>();
    for (const { source } of tasks) if (!sources.has(source)) sources.set(source, this.scheduling.next());
    const rank = ({ phase, source }: Task): number =>
      (phase === first ? 0 : phase === 'soon' ? 20 : 10) + (phase === 'io' ? (sources.get(source) as number) : 0);
    return tasks
      .map((task, index) => ({ task, index, rank: rank(task) }))
      .sort((a, b) => a.rank - b.rank || a.index - b.index)
      .map(({ task }) => task);
  }
}

interface SimTimer {
  readonly callback: () => void;
  readonly background: boolean;
  event: QueuedEvent | undefined;
}

class SimRuntime implements Runtime {
  constructor(
    private readonly process: SimProcess,
    private readonly randoms: Random,
  ) {}

  get clock(): Clock {
    return this.process;
  }
  get network(): Network {
    return this.process.network;
  }
  get instance(): string {
    return this.process.instance;
  }
  random(): number {
    return this.randoms.next();
  }
}

const NO_NETWORK: Network = {
  connect: () => {
    throw new Error('this process has no network');
  },
  listen: () => {
    throw new Error('this process has no network');
  },
};
