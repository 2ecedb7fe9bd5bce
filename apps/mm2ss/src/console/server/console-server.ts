import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { peerText, plainAddress } from '@iec104mm2ss/config';
import type { Clock } from '@iec104mm2ss/runtime';
import { type Logger, securityEvent } from '@iec104mm2ss/observability';
import { ApiError } from '../../api/api-error.js';
import { openApiDocument } from '../../api/openapi.js';
import { findRoute, isJson, parsedBody, readJson, readQuery } from '../../api/route.js';
import { UsageError } from '../../commands/errors.js';
import { ConnectionLimit } from '../../http/connection-limit.js';
import { type BoundHttp, boundOf, HttpListenError, setTimeLimits, TIMEOUT_CHECK_MS } from '../../http/http-server.js';
import { isOwnName, ownNames } from '../../http/own-names.js';
import { type Access, type Caller, isRefusal } from '../access/index.js';
import { type ConsoleSettings, isAtLeast } from '../console-settings.js';
import { ANSWERED, type ConsoleRoute, StatusAnswer, TextAnswer } from './console-request.js';
import { tlsBefore } from './console-tls.js';
import { isSameOrigin } from './same-origin.js';
import { PAGE_HEADERS } from './page.js';
import type { StaticFiles } from './static-files.js';

const ROOT = '/api/v1';
const DOCUMENT = `${ROOT}/openapi.json`;
const BOUNDS = { idle: 64, answering: 64 };
/** Behind those bounds and the streams. */
const MAX_SOCKETS = 512;

export interface ConsoleServerParts {
  readonly settings: ConsoleSettings;
  readonly access: Access;
  readonly routes: readonly ConsoleRoute[];
  readonly files: StaticFiles;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'setTimer' | 'clearTimer'>;
}

export interface ConsoleServer extends BoundHttp {
  /** Sockets of streams, which have a bound of their own, are not counted with the others. */
  exempt(request: IncomingMessage): void;
  close(): Promise<void>;
}

/**
 * The console's own listener. It is a table of routes as the simulator's API, no second Nest application: the table is what the
 * document of the API is made from, and says of each route which role it needs. Rejects with HttpListenError; UsageError when it is
 * to be served over TLS, and cannot.
 */
export async function listenConsole(parts: ConsoleServerParts): Promise<ConsoleServer> {
  const { settings, logger, clock } = parts;
  const { address, tlsDir } = settings;
  const handler = new RequestHandler(parts);
  const server = createServer({ connectionsCheckingInterval: TIMEOUT_CHECK_MS }, (request, response) => {
    void handler.handle(request, response);
  });
  const limit = new ConnectionLimit(server, BOUNDS);
  setTimeLimits(server);
  const tls =
    tlsDir === undefined
      ? undefined
      : tlsBefore(server, tlsDir, clock, (reason) =>
          logger.error({ reason }, 'console: the certificate that was read last counts on'),
        );
  const listener: NetServer = tls?.server ?? server;
  listener.maxConnections = MAX_SOCKETS;
  await listening(listener, settings);
  return {
    ...boundOf(address, listener.address() as AddressInfo, tls === undefined ? 'http' : 'https'),
    exempt: ({ socket }) => {
      limit.exempt(socket);
      socket.setTimeout(0);
      socket.setKeepAlive(true, 30_000);
    },
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        tls?.stop();
        if (tls !== undefined) server.close();
        server.closeAllConnections();
      }),
  };
}

function listening(server: NetServer, { address }: ConsoleSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new HttpListenError(address, error, '--console')));
    server.listen({ port: address.port, ...(address.host === undefined ? {} : { host: address.host }) }, resolve);
  });
}

class RequestHandler {
  private readonly names: ReadonlySet<string>;
  private readonly document: string;

  constructor(private readonly parts: ConsoleServerParts) {
    this.names = ownNames(parts.settings.address, parts.settings.hosts);
    const what = 'Looks at a running multiplexer, and changes it.';
    this.document = JSON.stringify(openApiDocument(parts.routes, 'mm2ss console', what));
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    try {
      await this.answer(request, response);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else this.answerError(request, response, error);
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    if (headers.host !== undefined && !isOwnName(headers.host, this.names)) {
      this.report(request, 'not_our_name', `it was for ${JSON.stringify(headers.host.slice(0, 200))}`);
      throw new ApiError(421, 'no name of the console (its own: --console-host NAME, or MM2SS_CONSOLE_HOST)');
    }
    const parsed = URL.parse(url, 'http://console');
    if (parsed === null) throw new ApiError(400, 'the path cannot be read');
    const { pathname, searchParams } = parsed;
    const caller = await this.callerOf(request, response);
    if (!pathname.startsWith('/api/')) {
      if (method !== 'GET' && method !== 'HEAD') throw new ApiError(405, 'only GET');
      if (!this.parts.files.serve(pathname, request, response)) throw new ApiError(404, this.whyNoFile(pathname));
      return;
    }
    if (method === 'GET' && pathname === DOCUMENT) return answerText(response, 200, this.document);
    const { route, parameters } = findRoute(this.parts.routes, method === 'HEAD' ? 'GET' : method, pathname, DOCUMENT);
    if (route.method !== 'GET') this.refuseStrangers(request);
    if (!isAtLeast(caller.role, route.role)) {
      if (route.method !== 'GET')
        this.report(request, 'role', `${caller.user ?? 'a'} ${caller.role} wanted ${pathname}`);
      throw new ApiError(403, `this needs the role ${route.role}, and you are ${caller.role}`);
    }
    const body = route.body === undefined ? undefined : parsedBody(route.body, await readJson(request));
    const query = route.takesAnyQuery === true ? Object.fromEntries(searchParams) : readQuery(route, searchParams);
    const by = `${caller.user ?? caller.role} at ${peerOf(request)}, console`;
    const answer = await route.handle({ parameters, query, body, caller, by, request, response });
    if (answer === ANSWERED) return;
    if (answer instanceof TextAnswer) {
      if (answer.fileName !== undefined) {
        response.setHeader('Content-Disposition', `attachment; filename="${answer.fileName}"`);
      }
      answerText(response, route.status ?? 200, answer.text, answer.type);
    } else if (answer instanceof StatusAnswer) answerText(response, answer.status, JSON.stringify(answer.body));
    else answerText(response, route.status ?? 200, JSON.stringify(answer));
  }

  private async callerOf(request: IncomingMessage, response: ServerResponse): Promise<Caller> {
    const outcome = await this.parts.access.callerOf(request);
    if (!isRefusal(outcome)) return outcome;
    const { status, reason, message, retryAfterS } = outcome;
    if (reason !== undefined) this.report(request, reason, message);
    if (retryAfterS !== undefined) response.setHeader('Retry-After', retryAfterS);
    if (status === 401) response.setHeader('WWW-Authenticate', 'Basic realm="mm2ss console", charset="UTF-8"');
    throw new ApiError(status, message);
  }

  /** A page of somebody else may make a browser ask us, with the password or the address of its user. */
  private refuseStrangers(request: IncomingMessage): void {
    const { headers } = request;
    if (!isSameOrigin(headers)) {
      this.report(
        request,
        'other_origin',
        `it came from a page of ${JSON.stringify(String(headers.origin).slice(0, 200))}`,
      );
      throw new ApiError(403, 'only the page of this console may ask for that');
    }
    if (!isJson(headers['content-type'])) throw new ApiError(415, 'only Content-Type: application/json');
  }

  private whyNoFile(path: string): string {
    const { isEmpty } = this.parts.files;
    return path === '/' && isEmpty ? 'the page is not built here; the API is below /api/v1' : 'no such page';
  }

  private answerError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (error instanceof ApiError) answerText(response, error.status, JSON.stringify({ error: error.message }));
    else if (error instanceof UsageError) answerText(response, 400, JSON.stringify({ error: error.message }));
    else {
      const reason = error instanceof Error ? error.message : String(error);
      this.parts.logger.error({ reason, path: request.url?.slice(0, 200) }, 'console: a request failed');
      answerText(response, 500, JSON.stringify({ error: 'it failed: the log says why' }));
    }
  }

  private report(request: IncomingMessage, reason: string, what: string): void {
    const fields = { peer: peerOf(request), reason, method: request.method };
    securityEvent(this.parts.logger, 'http_refused', fields, `console request refused: ${what}`);
  }
}

const peerOf = ({ socket }: IncomingMessage): string =>
  peerText(plainAddress(socket.remoteAddress ?? ''), socket.remotePort ?? 0);

function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'application/json; charset=utf-8',
): void {
  // What was not read of a request stands before the next one: nothing more is asked on this connection.
  if (!response.req.complete) response.setHeader('Connection', 'close');
  response.writeHead(status, { 'Content-Type': type });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}
