import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { type ConnectionBounds, ConnectionLimit } from './connection-limit.js';
import { FeedReaders, MAX_FEED_READERS } from './feed-readers.js';
import { formatHttpAddress, type HttpAddress } from './http-address.js';
import type { SecureEntrance } from './secure-entrance.js';

/** The port cannot be listened on; the message names it and what can be done. */
export class HttpListenError extends Error {
  readonly code = 'ERR_HTTP_LISTEN';

  /** @param flag that gives another address */
  constructor(address: HttpAddress, cause: unknown, flag = '--http') {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`HTTP on ${formatHttpAddress(address)}: ${reason} (another address: ${flag} HOST:PORT, none: ${flag} off)`, {
      cause,
    });
    this.name = 'HttpListenError';
  }
}

/** Where a process is listening for HTTP, with the port the system chose if 0 was asked for. */
export interface BoundHttp {
  readonly address: HttpAddress;
  readonly url: string;
}

/** Probes, a few scrapers and a console; more are left open by somebody, and the oldest give way. */
const MAX_IDLE = 64;
/** Answers under way at a time, which may wait for other processes. */
const MAX_ANSWERING = 256;
/** Behind both bounds, for what is being closed. */
const MAX_SOCKETS = 1_024;
/** A whole head, and a whole request, must be there so soon. */
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** A connection on which nothing moves: a request that stops, an answer that is not read. */
const IDLE_TIMEOUT_MS = 15_000;
/** Between two requests on one connection. */
const KEEP_ALIVE_TIMEOUT_MS = 5_000;
/** How often Node looks whether the first two have passed. */
export const TIMEOUT_CHECK_MS = 1_000;

/** Bounds of the server; smaller ones in tests. */
export interface HttpLimits {
  readonly connections: ConnectionBounds;
  readonly feedReaders: number;
  readonly headersTimeoutMs: number;
}
const LIMITS: HttpLimits = {
  connections: { idle: MAX_IDLE, answering: MAX_ANSWERING },
  feedReaders: MAX_FEED_READERS,
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
};

/**
 * Nest's adapter for Express around a server with bounds: of its connections, of its readers of the feed, and of the time a
 * peer may take, which it looks after every second instead of every 30 s.
 */
export class BoundedHttpAdapter extends ExpressAdapter {
  readonly readers: FeedReaders;
  private readonly limits: HttpLimits;
  private connections: ConnectionLimit | undefined;

  /** @param entrance undefined: HTTP without TLS, for whoever reaches the port */
  constructor(
    limits: Partial<HttpLimits> = {},
    private readonly entrance?: SecureEntrance,
  ) {
    super();
    this.limits = { ...LIMITS, ...limits };
    this.readers = new FeedReaders(this.limits.feedReaders, (socket: Socket) => this.connections?.exempt(socket));
  }

  override initHttpServer(): void {
    const server = createServer({ connectionsCheckingInterval: TIMEOUT_CHECK_MS }, this.getInstance<RequestListener>());
    this.connections = new ConnectionLimit(server, this.limits.connections);
    server.maxConnections = MAX_SOCKETS;
    setTimeLimits(server, this.limits.headersTimeoutMs);
    this.entrance?.standBefore(server);
    this.setHttpServer(server);
    this.disable('x-powered-by');
    this.disable('etag');
  }

  get isSecure(): boolean {
    return this.entrance !== undefined;
  }

  /** Nothing: Nest closes it before it stops the parts, and probes are to be answered until they have stopped. See `closeServer`. */
  override close(): undefined {
    return undefined;
  }

  /** Stops listening and ends open connections. */
  async closeServer(): Promise<void> {
    const server = this.getHttpServer() as Server;
    if (!server.listening) return;
    const closed = super.close();
    this.entrance?.close();
    // It waits for every connection, and a reader of the feed never goes by itself.
    server.closeAllConnections();
    await closed;
  }
}

/** Lets an application that was made with BoundedHttpAdapter listen on `address`. Rejects with HttpListenError. */
export async function listenHttp(app: INestApplication, address: HttpAddress): Promise<BoundHttp> {
  try {
    await (address.host === undefined ? app.listen(address.port) : app.listen(address.port, address.host));
  } catch (error) {
    throw new HttpListenError(address, error);
  }
  const { isSecure } = app.getHttpAdapter() as unknown as BoundedHttpAdapter;
  return boundOf(address, (app.getHttpServer() as Server).address() as AddressInfo, isSecure ? 'https' : 'http');
}

/** Where a server that was to listen on `address` listens. */
export function boundOf(
  address: HttpAddress,
  { port }: Pick<AddressInfo, 'port'>,
  scheme: 'http' | 'https' = 'http',
): BoundHttp {
  const bound = { ...address, port };
  return { address: bound, url: `${scheme}://${formatHttpAddress({ host: bound.host ?? 'localhost', port })}/` };
}

/** The time that a peer may take. */
export function setTimeLimits(server: Server, headersTimeoutMs = HEADERS_TIMEOUT_MS): void {
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.timeout = IDLE_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
}
