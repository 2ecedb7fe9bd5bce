import type { Clock } from '@iec104mm2ss/runtime';

/** Who waits for longer is sent away: its peer has given up by then, or will come again. */
export const TURN_MS = 10_000;
/** One source has this part of the room to wait in at most. */
const SOURCE_SHARE = 4;

export type Turn = { readonly ok: true; readonly done: () => void } | { readonly ok: false; readonly message: string };

interface Waiting {
  readonly source: string;
  readonly gone: () => boolean;
  readonly resolve: (turn: Turn) => void;
  readonly timer: unknown;
}

/**
 * So many do something at the same time; others wait, in their order, but a source that has none under way comes first: one that
 * wants many does not keep others waiting.
 */
export class Turns {
  private readonly active = new Map<string, number>();
  private running = 0;
  private waiting: Waiting[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly atOnce: number,
    private readonly room: number,
  ) {}

  /** How many are under way, and how many wait. */
  get size(): { readonly active: number; readonly waiting: number } {
    return { active: this.running, waiting: this.waiting.length };
  }

  /**
   * A turn, at once if there is one. `done` has to be called once.
   *
   * @param gone who waited for it is not there any more
   */
  take(source: string, gone: () => boolean): Turn | Promise<Turn> {
    if (this.running < this.atOnce) return this.begin(source);
    const own = this.waiting.filter((each) => each.source === source).length;
    if (this.waiting.length >= this.room || own >= Math.max(1, this.room / SOURCE_SHARE)) {
      return { ok: false, message: `${this.waiting.length} connections wait, ${own} of them of ${source}` };
    }
    return new Promise((resolve) => {
      const timer = this.clock.setTimer(() => {
        this.waiting = this.waiting.filter((each) => each !== entry);
        resolve({ ok: false, message: `no turn within ${TURN_MS / 1_000} s` });
      }, TURN_MS);
      const entry: Waiting = { source, gone, resolve, timer };
      this.waiting.push(entry);
    });
  }

  private begin(source: string): Turn {
    this.running++;
    this.active.set(source, (this.active.get(source) ?? 0) + 1);
    let over = false;
    return {
      ok: true,
      done: () => {
        if (over) return;
        over = true;
        this.end(source);
      },
    };
  }

  private end(source: string): void {
    this.running--;
    const left = (this.active.get(source) ?? 1) - 1;
    if (left > 0) this.active.set(source, left);
    else this.active.delete(source);
    const gone = this.waiting.filter((each) => each.gone());
    if (gone.length > 0) this.waiting = this.waiting.filter((each) => !gone.includes(each));
    for (const { resolve, timer } of gone) {
      this.clock.clearTimer(timer);
      resolve({ ok: false, message: 'it is gone' });
    }
    const next = this.waiting.find((each) => !this.active.has(each.source)) ?? this.waiting[0];
    if (next === undefined) return;
    this.waiting.splice(this.waiting.indexOf(next), 1);
    this.clock.clearTimer(next.timer);
    next.resolve(this.begin(next.source));
  }
}
