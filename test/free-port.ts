import { createServer } from 'node:net';

/** Below the ports the system gives to outgoing connections. */
const FIRST_PORT = 14_000;
const LAST_PORT = 31_900;
/** A file gets by with so many. */
const PORTS_OF_A_FILE = 200;
/** Files that run at the same time begin in different places: no more run than this. */
const MOST_WORKERS = 4;
/** A multiple of MOST_WORKERS. */
const PLACES = 88;

const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % MOST_WORKERS;
let lastPort = FIRST_PORT + ((process.pid * MOST_WORKERS + worker) % PLACES) * PORTS_OF_A_FILE;

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
