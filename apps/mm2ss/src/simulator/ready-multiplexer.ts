import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMultiplexer } from '../demo/multiplexer.js';

const READY_MS = 20_000;
const ASK_AGAIN_MS = 100;

/**
 * A multiplexer of its own process with this configuration, once it is ready. Its log goes into `folder`.
 *
 * @throws Error with the end of its log when it ended instead
 */
export async function readyMultiplexer(file: string, folder: string): Promise<{ stop(): Promise<void> }> {
  const http = `127.0.0.1:${await freePort()}`;
  const multiplexer = startMultiplexer({ file, folder, http });
  let ended: string | undefined;
  void multiplexer.ended.then((how) => (ended = how));
  const until = performance.now() + READY_MS;
  while (performance.now() < until) {
    if (ended !== undefined) throw new Error(ended);
    if (await isReady(http)) return multiplexer;
    await sleep(ASK_AGAIN_MS);
  }
  await multiplexer.stop();
  throw new Error(`the multiplexer was not ready after ${READY_MS / 1000} s`);
}

async function isReady(http: string): Promise<boolean> {
  try {
    return (await fetch(`http://${http}/readyz`, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
