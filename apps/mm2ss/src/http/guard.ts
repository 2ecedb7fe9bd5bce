import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import { isOwnName, OWN_NAMES } from './own-names.js';

type Request = IncomingMessage & { readonly originalUrl?: string };

/** What can be asked to be done, see ControlController; all else is only read. */
const CONTROL = /^\/control\//;

/**
 * Looks at every request before anything else does. It must be for us, under one of our names; it changes nothing, unless it
 * is a control verb in JSON, which no page of another site can send without being asked for permission. Nobody keeps or
 * reinterprets an answer.
 */
@Injectable()
export class Guard implements NestMiddleware {
  constructor(@Inject(OWN_NAMES) private readonly names: ReadonlySet<string>) {}

  use(request: Request, response: ServerResponse, next: () => void): void {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    const { method, headers, originalUrl = request.url ?? '' } = request;
    const isControl = CONTROL.test(originalUrl);
    const { host } = headers;
    if (host !== undefined && !isOwnName(host, this.names)) {
      const error = `${host.slice(0, 200)} is no name of this process (its own: --http-host NAME, or MM2SS_HTTP_HOST)`;
      refuse(response, 421, error);
    } else if (isControl && method !== 'POST') refuse(response, 405, 'only POST', 'POST');
    else if (!isControl && method !== 'GET' && method !== 'HEAD') refuse(response, 405, 'only GET', 'GET, HEAD');
    else if (isControl && !isJson(headers['content-type']))
      refuse(response, 415, 'only Content-Type: application/json');
    else next();
  }
}

function isJson(type: string | undefined): boolean {
  return type?.split(';')[0]?.trim().toLowerCase() === 'application/json';
}

function refuse(response: ServerResponse, status: number, error: string, allow?: string): void {
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    ...(allow === undefined ? {} : { Allow: allow }),
  };
  response.writeHead(status, headers);
  response.end(JSON.stringify({ error }));
}
