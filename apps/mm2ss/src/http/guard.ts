import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { peerText, plainAddress } from '@iec104mm2ss/config';
import { LOGGER, type Logger, securityEvent } from '@iec104mm2ss/observability';
import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import { isJson } from '../api/route.js';
import { BEARER_TOKENS, type BearerTokens } from './bearer-tokens.js';
import { isOwnName, OWN_NAMES } from './own-names.js';
import { certificateOf } from './secure-entrance.js';

type Request = IncomingMessage & { readonly originalUrl?: string };

/** What can be asked to be done, see ControlController; all else is only read. */
const CONTROL = /^\/control\//;

/**
 * Looks at every request before anything else does. It must be for us, under one of our names, and have a token where tokens
 * are asked for; it changes nothing, unless it is a control verb in JSON, which no page of another site can send without being asked for permission. Nobody keeps or
 * reinterprets an answer.
 */
@Injectable()
export class Guard implements NestMiddleware {
  constructor(
    @Inject(OWN_NAMES) private readonly names: ReadonlySet<string>,
    @Inject(BEARER_TOKENS) private readonly tokens: BearerTokens | null,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  use(request: Request, response: ServerResponse, next: () => void): void {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    const { method, headers, originalUrl = request.url ?? '' } = request;
    const isControl = CONTROL.test(originalUrl);
    const { host } = headers;
    if (host !== undefined && !isOwnName(host, this.names)) {
      this.report(request, 'not_our_name', `it was for ${JSON.stringify(host.slice(0, 200))}`);
      const error = `${host.slice(0, 200)} is no name of this process (its own: --http-host NAME, or MM2SS_HTTP_HOST)`;
      refuse(response, 421, error);
      return;
    }
    const refusal = this.tokens?.refusal(headers.authorization);
    if (refusal !== undefined) this.refuseStranger(request, response, refusal);
    else if (isControl && method !== 'POST') refuse(response, 405, 'only POST', { Allow: 'POST' });
    else if (!isControl && method !== 'GET' && method !== 'HEAD')
      refuse(response, 405, 'only GET', { Allow: 'GET, HEAD' });
    else if (isControl && !isJson(headers['content-type']))
      refuse(response, 415, 'only Content-Type: application/json');
    else next();
  }

  /** RFC 6750, clause 3. */
  private refuseStranger(request: Request, response: ServerResponse, reason: 'no_token' | 'wrong_token'): void {
    const what = reason === 'no_token' ? 'without a token' : 'with a wrong token';
    this.report(request, reason, `it came ${what}`);
    const challenge = `Bearer realm="mm2ss"${reason === 'no_token' ? '' : ', error="invalid_token"'}`;
    const error = `a bearer token is asked for, and the request came ${what} (mm2ss: --token FILE, or MM2SS_HTTP_TOKEN)`;
    refuse(response, 401, error, { 'WWW-Authenticate': challenge });
  }

  private report({ socket, method }: Request, reason: string, what: string): void {
    const peer = peerText(plainAddress(socket.remoteAddress ?? ''), socket.remotePort ?? 0);
    const identity = certificateOf(socket);
    securityEvent(this.logger, 'http_refused', { peer, identity, reason, method }, `HTTP request refused: ${what}`);
  }
}

function refuse(response: ServerResponse, status: number, error: string, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify({ error }));
}
