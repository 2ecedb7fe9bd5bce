import { setTimeout as delay } from 'node:timers/promises';

export { freePort } from '../free-port.ts';

/** How long a condition may take that has no time of its own: generous, the machine may be busy. */
export const PATIENCE_MS = 30_000;

/** Waits for a condition that nothing announces; returns how long it took, in ms. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = PATIENCE_MS,
): Promise<number> {
  const startedAt = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedAt > deadlineMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await delay(10);
  }
  return performance.now() - startedAt;
}
