import { afterAll } from 'vitest';
import type { Afterwards } from './programs.ts';

/** What the tests of a file share is ended with them, the newest first. */
export function afterThese(): Afterwards {
  const ends: (() => void | Promise<void>)[] = [];
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });
  return (end) => ends.push(end);
}
