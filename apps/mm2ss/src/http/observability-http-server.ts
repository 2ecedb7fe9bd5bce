import 'reflect-metadata';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { ConnectionLimit } from './connection-limit.js';
import { FeedReaders, MAX_FEED_READERS } from './feed-readers.js';
import { formatHttpAddress, type HttpAddress } from './http-address.js';
import type { HttpSources } from './http-sources.js';
import { NestLogger } from './nest-logger.js';
import { ObservabilityHttpModule } from './observability-http.module.js';

/** The port cannot be listened on; the message names it and what can be done. */
export class HttpListenError extends Error {
  readonly code = 'ERR_HTTP_LISTEN';

  constructor(address: HttpAddress, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`HTTP on ${formatHttpAddress(address)}: ${reason} (another address: --http HOST:PORT, none: --http off)`, {
      cause,
    });
    this.name = 'HttpListenError';
  }
}

export interface ObservabilityHttpServer {
  /** Where it listens, with the port the system chose if 0 was asked for. */
  readonly address: HttpAddress;
  readonly url: string;
  /** Stops listening and ends open connections. */
  close(): Promise<void>;
}

/** Probes, a few scrapers and a console; more are left open by somebody, and the oldest give way. */
const MAX_CONNECTIONS = 64;
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
const TIMEOUT_CHECK_MS = 1_000;

/** Bounds of the server; smaller ones in tests. */
export interface HttpLimits {
  readonly connections: number;
  readonly feedReaders: number;
  readonly headersTimeoutMs: number;
}
const LIMITS: HttpLimits = {
  connections: MAX_CONNECTIONS,
  feedReaders: MAX_FEED_READERS,
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
};

/** Nest's adapter for Express around a server that looks after its time-outs every second instead of every 30 s. */
class TimelyExpressAdapter extends ExpressAdapter {
  override initHttpServer(): void {
    const server = createServer({ connectionsCheckingInterval: TIMEOUT_CHECK_MS }, this.getInstance<RequestListener>());
    this.setHttpServer(server);
  }

  override close(): Promise<unknown> | undefined {
    const closing = super.close();
    // It waits for every connection, and a reader of the feed never goes by itself.
    (this.getHttpServer() as Server).closeAllConnections();
    return closing;
  }
}

/** Serves ObservabilityHttpModule on `address` until closed. Rejects with HttpListenError. */
export async function startObservabilityHttp(
  address: HttpAddress,
  sources: HttpSources,
  limits: Partial<HttpLimits> = {},
): Promise<ObservabilityHttpServer> {
  const { connections, feedReaders, headersTimeoutMs } = { ...LIMITS, ...limits };
  const readers = new FeedReaders(feedReaders, (socket) => limit.exempt(socket));
  const app = await NestFactory.create<NestExpressApplication>(
    ObservabilityHttpModule.forRoot(sources, readers),
    new TimelyExpressAdapter(),
    { logger: new NestLogger(sources.logger), abortOnError: false, bodyParser: false },
  );
  app.disable('x-powered-by');
  app.disable('etag');
  const server = app.getHttpServer();
  const limit = new ConnectionLimit(server, connections);
  server.maxConnections = MAX_SOCKETS;
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.timeout = IDLE_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  try {
    await (address.host === undefined ? app.listen(address.port) : app.listen(address.port, address.host));
  } catch (error) {
    await app.close().catch(() => undefined);
    throw new HttpListenError(address, error);
  }
  const bound = { ...address, port: (server.address() as AddressInfo).port };
  const url = `http://${formatHttpAddress({ host: bound.host ?? 'localhost', port: bound.port })}/`;
  sources.logger.info({ url }, 'HTTP: metrics, health and status');
  return { address: bound, url, close: () => app.close() };
}
