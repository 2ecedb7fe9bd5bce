/** Two logs that show the same time: whoever is scrolled takes the other along, and a marker is drawn in both. */
import { type Signal, signal } from '@preact/signals';

export interface TimeLock {
  readonly on: Signal<boolean>;
  /** Time of the marker line, ms; undefined: none. */
  readonly marker: Signal<number | undefined>;
  /** The time that pane `by` was scrolled to. */
  readonly scrolledTo: Signal<{ readonly by: string; readonly time: number } | undefined>;
  /** The pane that follows the newest line again. */
  readonly follows: Signal<string | undefined>;
  /** @param time undefined: at the end, it follows */
  scrolled(by: string, time: number | undefined): void;
}

export function timeLock(): TimeLock {
  const lock: TimeLock = {
    on: signal(true),
    marker: signal<number | undefined>(undefined),
    scrolledTo: signal<{ by: string; time: number } | undefined>(undefined),
    follows: signal<string | undefined>(undefined),
    scrolled(by, time): void {
      lock.scrolledTo.value = time === undefined ? undefined : { by, time };
      lock.follows.value = time === undefined ? by : undefined;
    },
  };
  return lock;
}
