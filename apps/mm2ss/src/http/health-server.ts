import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkHealth, type HealthSource } from '@iec104mm2ss/observability';
import type { Health } from '../status/health.js';
import { ConnectionLimit } from './connection-limit.js';
import type { HttpAddress } from './http-address.js';
import { type BoundHttp, boundOf, HttpListenError, setTimeLimits, TIMEOUT_CHECK_MS } from './http-server.js';

/** Probes of one orchestrator and of a person. */
const BOUNDS = { idle: 16, answering: 16 };
const MAX_SOCKETS = 64;

/** Liveness and readiness, and nothing else, for whoever asks. */
export interface HealthServer extends BoundHttp {
  /** It waits for its bus still, and why. */
  waits(reason: string): void;
  /** Everything has been started: from now on the parts say how they are. */
  started(health: Pick<Health, 'check'>): void;
  close(): Promise<void>;
}

/** A process that waits for its bus is no reason to end it, and there is nothing yet to send anybody to. */
const starting = (reason: string): Pick<Health, 'check'> => {
  const source: HealthSource = { name: 'start', live: () => ({ ok: true }), ready: () => ({ ok: false, reason }) };
  return { check: (question) => checkHealth([source], question) };
};

/** Answers from the beginning. Rejects with HttpListenError. */
export async function listenHealth(address: HttpAddress): Promise<HealthServer> {
  let health = starting('it is starting, or waits for the bus');
  const server = createServer({ connectionsCheckingInterval: TIMEOUT_CHECK_MS }, ({ url, method }, response) => {
    const question = url === '/healthz' ? 'live' : url === '/readyz' ? 'ready' : undefined;
    if (question === undefined) answer(response, 404, { error: 'only /healthz and /readyz' });
    else if (method !== 'GET' && method !== 'HEAD') answer(response, 405, { error: 'only GET' });
    else {
      const report = health.check(question);
      answer(response, report.status === 'ok' ? 200 : 503, report);
    }
  });
  new ConnectionLimit(server, BOUNDS);
  server.maxConnections = MAX_SOCKETS;
  setTimeLimits(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new HttpListenError(address, error, '--health')));
    server.listen({ port: address.port, ...(address.host === undefined ? {} : { host: address.host }) }, resolve);
  });
  return {
    ...boundOf(address, server.address() as AddressInfo),
    waits: (reason) => (health = starting(`it waits for the bus: ${reason}`)),
    started: (parts) => (health = parts),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(JSON.stringify(body));
}
