import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
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

/** Probes, a few scrapers and a console; more is somebody who wants to use up descriptors. */
const MAX_CONNECTIONS = 64;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;

/** Serves ObservabilityHttpModule on `address` until closed. Rejects with HttpListenError. */
export async function startObservabilityHttp(
  address: HttpAddress,
  sources: HttpSources,
): Promise<ObservabilityHttpServer> {
  const app = await NestFactory.create<NestExpressApplication>(ObservabilityHttpModule.forRoot(sources), {
    logger: new NestLogger(sources.logger),
    abortOnError: false,
    bodyParser: false,
    forceCloseConnections: true,
  });
  app.disable('x-powered-by');
  app.disable('etag');
  const server = app.getHttpServer();
  server.maxConnections = MAX_CONNECTIONS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
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
