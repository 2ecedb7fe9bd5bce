import { createServer, type Server } from 'node:net';

/** Below the ports the system gives to outgoing connections. */
const FIRST_PORT = 14_000;
const LAST_PORT = 31_900;
const PORTS_OF_A_RANGE = 100;
const RANGES = (LAST_PORT - FIRST_PORT) / PORTS_OF_A_RANGE;

/**
 * Who listens on the first port of a range has the others. Between the look at a port and its use nobody else takes it then,
 * whatever runs at the same time.
 */
const guards: Server[] = [];
let range = process.pid % RANGES;
let next = 0;

/** One call after the other: two at once would take two ranges, and the same port of the second. */
let last: Promise<unknown> = Promise.resolve();

/** A port nobody has on any address; a different one at each call. */
export function freePort(): Promise<number> {
  const port = last.then(findPort);
  last = port.catch(() => undefined);
  return port;
}

async function findPort(): Promise<number> {
  for (;;) {
    if (guards.length === 0 || next >= PORTS_OF_A_RANGE) await takeRange();
    const port = FIRST_PORT + range * PORTS_OF_A_RANGE + next++;
    const server = await listening(port);
    if (server === undefined) continue;
    await new Promise((closed) => server.close(closed));
    return port;
  }
}

async function takeRange(): Promise<void> {
  for (let tries = 0; tries < RANGES; tries++) {
    range = (range + 1) % RANGES;
    const guard = await listening(FIRST_PORT + range * PORTS_OF_A_RANGE);
    if (guard === undefined) continue;
    guards.push(guard);
    next = 1;
    return;
  }
  throw new Error('no range of ports is free');
}

/** Undefined: somebody has the port, on this address or on all. */
function listening(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.unref();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => resolve(server));
  });
}
