import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import type { RtuFleet } from '@iec104mm2ss/simulator';
import { BearerTokens } from '../http/bearer-tokens.js';
import { boundOf, type BoundHttp, setTimeLimits, TIMEOUT_CHECK_MS } from '../http/http-server.js';
import type { HttpAddress } from '../http/http-address.js';
import { isOwnName, ownNames } from '../http/own-names.js';
import { ApiError } from '../api/api-error.js';
import { openApiDocument } from '../api/openapi.js';
import { findRoute, isJson, parsedBody, readJson } from '../api/route.js';
import { PAGE_HEADERS, pageFiles } from '../console/server/page.js';
import { StaticFiles } from '../console/server/static-files.js';
import type { RecentLines } from './recent-lines.js';
import { simulatorRoutes } from './routes.js';
import { metricsText } from './metrics.js';

const PAGE_PATHS = /^\/$|^\/assets\/|^\/favicon\.svg$/;

export interface SimulatorServer extends BoundHttp {
  close(): Promise<void>;
}

/**
 * The HTTP API of a running simulator, and its page.
 *
 * @param recent the last lines of its logs
 * @param tokenFile bearer tokens that it asks for; default: none
 * @throws UsageError for a bad token file; rejects when it cannot listen
 */
export async function listenSimulator(
  fleet: RtuFleet,
  address: HttpAddress,
  recent: RecentLines,
  tokenFile?: string,
): Promise<SimulatorServer> {
  const names = ownNames(address);
  const complain = (reason: string): void => void process.stderr.write(`${reason}\n`);
  const tokens = tokenFile === undefined ? undefined : new BearerTokens(tokenFile, SYSTEM_CLOCK, complain);
  const routes = simulatorRoutes(fleet, recent);
  const page = new StaticFiles(pageFiles());
  const document = openApiDocument(routes, 'mm2ss simulate', 'Drives a running RTU simulator.');

  const handle = async (request: IncomingMessage): Promise<{ status: number; body: unknown }> => {
    refuseStrangers(request, names, tokens);
    const { method = 'GET', url = '/' } = request;
    const asked = URL.parse(url, 'http://simulator');
    if (asked === null) throw new ApiError(404, 'no such path');
    const { pathname, searchParams } = asked;
    if (method === 'GET' && pathname === '/openapi.json') return { status: 200, body: document };
    const { route, parameters } = findRoute(routes, method, pathname);
    const query = Object.fromEntries(searchParams);
    const body = route.body === undefined ? undefined : parsedBody(route.body, await readJson(request));
    return { status: route.status ?? 200, body: await route.handle({ parameters, query, body }) };
  };

  const server = createServer({ connectionsCheckingInterval: TIMEOUT_CHECK_MS }, (request, response) => {
    if (servePage(page, request, response, names)) return;
    if (request.method === 'GET' && request.url === '/metrics') {
      try {
        refuseStrangers(request, names, tokens);
        answer(response, 200, metricsText(fleet), 'text/plain; version=0.0.4; charset=utf-8');
      } catch (error) {
        answerError(response, error);
      }
      return;
    }
    handle(request).then(
      ({ status, body }) => answerJson(response, status, body),
      (error: unknown) => answerError(response, error),
    );
  });
  setTimeLimits(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: address.port, ...(address.host === undefined ? {} : { host: address.host }) }, resolve);
  });
  return {
    ...boundOf(address, server.address() as AddressInfo),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The page itself is no secret: it asks for a token where the API does. */
function servePage(
  page: StaticFiles,
  request: IncomingMessage,
  response: ServerResponse,
  names: ReadonlySet<string>,
): boolean {
  const { method = '', url = '', headers } = request;
  const path = URL.parse(url, 'http://simulator')?.pathname ?? '';
  if (!['GET', 'HEAD'].includes(method) || !PAGE_PATHS.test(path)) return false;
  if (headers.host !== undefined && !isOwnName(headers.host, names)) return false;
  for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
  return page.serve(path === '/' ? '/simulator.html' : path, request, response);
}

/** A web page of somebody else can make a browser ask us, but neither under our name nor with JSON. */
function refuseStrangers(request: IncomingMessage, names: ReadonlySet<string>, tokens: BearerTokens | undefined): void {
  const { headers, method } = request;
  if (headers.host !== undefined && !isOwnName(headers.host, names)) throw new ApiError(421, 'not a name of this host');
  if (tokens?.refusal(headers.authorization) !== undefined) throw new ApiError(401, 'a bearer token is asked for');
  if (method !== 'GET' && method !== 'HEAD' && !isJson(headers['content-type']))
    throw new ApiError(415, 'only Content-Type: application/json');
}

function answerError(response: ServerResponse, error: unknown): void {
  if (error instanceof ApiError) answerJson(response, error.status, { error: error.message });
  else answerJson(response, 500, { error: error instanceof Error ? error.message : String(error) });
}

function answerJson(response: ServerResponse, status: number, body: unknown): void {
  answer(response, status, JSON.stringify(body), 'application/json; charset=utf-8');
}

function answer(response: ServerResponse, status: number, text: string, type: string): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 401 && { 'WWW-Authenticate': 'Bearer realm="mm2ss simulate"' }),
  });
  response.end(text);
}
