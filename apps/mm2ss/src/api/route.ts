import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { ApiError } from './api-error.js';

export interface ApiRequest {
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** One operation of an API, and what its document says of it. */
export interface Route<Request = ApiRequest> {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** `/rtus/{id}`: what is in braces is a parameter. */
  readonly path: string;
  readonly summary: string;
  readonly query?: readonly string[];
  readonly body?: z.ZodType;
  /** Default 200. */
  readonly status?: number;
  /** Where the answer is no JSON. */
  readonly type?: string;
  handle(request: Request): unknown;
}

/** The route that a request is for, and the parameters of its path. @throws ApiError 404, 405 */
export function findRoute<R extends Pick<Route, 'method' | 'path'>>(
  routes: readonly R[],
  method: string,
  path: string,
  document = '/openapi.json',
): { readonly route: R; readonly parameters: Record<string, string> } {
  let isKnown = false;
  for (const route of routes) {
    const parameters = match(route.path, path);
    if (parameters === undefined) continue;
    isKnown = true;
    if (route.method === method) return { route, parameters };
  }
  throw isKnown ? new ApiError(405, `not ${method} here`) : new ApiError(404, `no such resource: see ${document}`);
}

/**
 * The query of a request, by name.
 *
 * @throws ApiError 400: a name the route does not know, or one twice. A filter that is not taken looks like one that all fits.
 */
export function readQuery(route: Pick<Route, 'query'>, parameters: URLSearchParams): Record<string, string> {
  const known = route.query ?? [];
  const query: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (!known.includes(name)) {
      throw new ApiError(
        400,
        `${name}: no such parameter${known.length > 0 ? ` (there are ${known.join(', ')})` : ''}`,
      );
    }
    if (Object.hasOwn(query, name)) throw new ApiError(400, `${name}: it is given twice`);
    query[name] = value;
  }
  return query;
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const text = given[at] ?? '';
    if (part.startsWith('{')) parameters[part.slice(1, -1)] = decoded(text);
    else if (part !== text) return undefined;
  }
  return parameters;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ApiError(400, 'the path cannot be read');
  }
}

const MAX_BODY_OCTETS = 65_536;

/** The body of a request as JSON; nothing is `{}`. @throws ApiError 400, 413 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let octets = 0;
  // It is answered when it is too large: it must live for that.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > MAX_BODY_OCTETS) throw new ApiError(413, 'the request is too large');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw new ApiError(400, 'the body is no JSON');
  }
}

/** What the schema takes the body for. @throws ApiError 400 */
export function parsedBody(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const reasons = result.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw new ApiError(400, reasons.join('; '));
}

/** True for a body in JSON, which no page of another site can send without being asked for permission. */
export function isJson(type: string | undefined): boolean {
  return type?.split(';')[0]?.trim().toLowerCase() === 'application/json';
}
