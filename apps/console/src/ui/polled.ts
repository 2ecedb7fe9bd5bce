/** What is asked for again and again while it is shown. */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { messageOf, sentence } from './words.js';

export interface Polled<T> {
  readonly value: T | undefined;
  /** Why the last time failed; `value` is then an older one. */
  readonly failure: string | undefined;
}

const RETRY_MS = 2_000;

/**
 * @param key what is asked for: when it is another one, it is asked for at once, and what was known is no older answer to it
 * @param news when it is another one, it is asked for at once
 */
export function usePolled<T>(ask: () => Promise<T>, everyMs: number, key = '', news = 0): Signal<Polled<T>> {
  const polled = useSignal<Polled<T>>({ value: undefined, failure: undefined });
  const answered = useRef('');
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          const value = await ask();
          if (gone) return;
          answered.current = key;
          polled.value = { value, failure: undefined };
        } catch (error) {
          const failure = messageOf(error);
          if (gone) return;
          polled.value = { value: answered.current === key ? polled.value.value : undefined, failure };
        }
      }
      // What went wrong is soon over, mostly, and must not be shown for longer.
      const inMs = polled.peek().failure === undefined ? everyMs : Math.min(everyMs, RETRY_MS);
      if (!gone) timer = setTimeout(() => void again(), inMs);
    };
    void again();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [key, news]);
  return polled;
}

/** The line above what is older, or instead of what is not there yet. */
export function waitingText<T>({ value, failure }: Polled<T>): string | undefined {
  if (failure !== undefined) return value === undefined ? failure : `${sentence(failure)} What is shown is older.`;
  return value === undefined ? 'Waiting …' : undefined;
}
