import type { World } from '../world/world.ts';

/** What they take their time on. */
export interface Way {
  /** False: nothing gets through at the moment, and is sent again until it does. */
  readonly passes: boolean;
  /** For the next one, ms. */
  delay(): number;
}

/** Things that take a while and come in the order in which they were sent. */
export class Fifo {
  private waiting: { readonly dueAt: number; readonly run: () => void }[] = [];
  private lastDueAt = 0;
  private moving = false;
  private retryMs = FIRST_RETRY_MS;

  constructor(
    private readonly world: World,
    private readonly way: Way,
  ) {}

  get length(): number {
    return this.waiting.length;
  }

  send(run: () => void): void {
    this.lastDueAt = Math.max(this.lastDueAt, this.world.time + this.way.delay());
    this.waiting.push({ dueAt: this.lastDueAt, run });
    this.move();
  }

  /** What is under way is lost; what there was is returned, oldest first. */
  cut(): (() => void)[] {
    const lost = this.waiting.map(({ run }) => run);
    this.waiting = [];
    return lost;
  }

  private move(): void {
    const [head] = this.waiting;
    if (this.moving || head === undefined) return;
    this.moving = true;
    this.world.at(head.dueAt, () => this.arrive());
  }

  private arrive(): void {
    this.moving = false;
    if (this.waiting.length === 0) return;
    if (!this.way.passes) {
      this.moving = true;
      this.world.after(this.retryMs, () => this.arrive());
      this.retryMs = Math.min(2 * this.retryMs, LONGEST_RETRY_MS);
      return;
    }
    this.retryMs = FIRST_RETRY_MS;
    while ((this.waiting[0]?.dueAt ?? Infinity) <= this.world.time) this.waiting.shift()?.run();
    this.move();
  }
}

/** As TCP sends again what was not acknowledged. */
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 4_000;
