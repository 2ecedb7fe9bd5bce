/** What is asked for again and again while it is shown. */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

export interface Polled<T> {
  readonly value: T | undefined;
  /** Why the last time failed; `value` is then an older one. */
  readonly failure: string | undefined;
}

/** @param key when it is another one, it is asked anew at once */
export function usePolled<T>(ask: () => Promise<T>, everyMs: number, key = ''): Signal<Polled<T>> {
  const polled = useSignal<Polled<T>>({ value: undefined, failure: undefined });
  useEffect(() => {
    let gone = false;
    const again = async (): Promise<void> => {
      if (document.hidden) return;
      try {
        const value = await ask();
        if (!gone) polled.value = { value, failure: undefined };
      } catch (error) {
        const failure = error instanceof Error ? error.message : String(error);
        if (!gone) polled.value = { value: polled.value.value, failure };
      }
    };
    void again();
    const timer = setInterval(() => void again(), everyMs);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [key]);
  return polled;
}

/** The line above what is older, or instead of what is not there yet. */
export function waitingText<T>({ value, failure }: Polled<T>): string | undefined {
  if (failure !== undefined) return value === undefined ? failure : `${failure} What is shown is older.`;
  return value === undefined ? 'Waiting …' : undefined;
}
