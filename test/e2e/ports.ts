import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Below the ports the system gives to outgoing connections. */
const FIRST_PORT = 15_000;
const LAST_PORT = 31_900;

/** Files that run at the same time begin in different places. */
const worker = Number(process.env['VITEST_POOL_ID'] ?? 0);
let lastPort = FIRST_PORT + ((process.pid * 2 + (worker % 2)) % 88) * 190;

/** A port nobody has on any address; a different one at each call. */
export async function freePort(): Promise<number> {
  for (;;) {
    lastPort = lastPort >= LAST_PORT ? FIRST_PORT : lastPort + 1;
    const port = lastPort;
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen({ port, host: '0.0.0.0' }, () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

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
