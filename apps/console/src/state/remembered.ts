/** A choice of the user that this browser keeps. */
import { effect, type Signal, signal } from '@preact/signals';

const PREFIX = 'mm2ss.';

export function remembered<T extends string>(name: string, initial: T, isValid: (value: T) => boolean): Signal<T> {
  const kept = read(name) as T | null;
  const value = signal(kept !== null && isValid(kept) ? kept : initial);
  effect(() => {
    const text = value.value;
    try {
      localStorage.setItem(PREFIX + name, text);
    } catch {
      // Storage is switched off: the choice lasts as long as the page.
    }
  });
  return value;
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}
