/** The REST side of the console. What goes wrong is thrown as `ApiError`, with what the server said, for people. */
import type {
  ChangesAnswer,
  ColumnInfo,
  CommandsAnswer,
  ConfigurationAnswer,
  DecodeAnswer,
  ErrorAnswer,
  History,
  OrderAnswer,
  RowAnswer,
  RowChange,
  RowCheck,
  RowOutcome,
  Session,
  SystemAnswer,
} from '@iec104mm2ss/console-api';
import { denial, doubt } from './denial.js';

const BASE = './api/v1';
const SESSION = '/session';
/** No answer takes longer; a request that waits for a free connection of the browser would wait for ever. */
const PATIENCE_MS = 20_000;

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** When the server wants to be asked again. */
    readonly retryAfterS?: number,
  ) {
    super(message);
  }
}

/** Answers that say that who asks is not, or no longer, who may. */
const DOUBTS: readonly number[] = [401, 403, 429];

/** The answer where it is a good one. @throws ApiError */
async function good(request: Promise<Response>, isSession: boolean): Promise<Response> {
  let response: Response;
  try {
    response = await request;
  } catch {
    throw new ApiError(0, 'The console does not answer.');
  }
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => undefined);
  const said = (body as Partial<ErrorAnswer> | undefined)?.error ?? (body as Partial<OrderAnswer> | undefined)?.message;
  if (DOUBTS.includes(response.status) && !isSession) doubt();
  const retryAfter = Number(response.headers.get('Retry-After') ?? NaN);
  throw new ApiError(
    response.status,
    said ?? `The console answered with status ${response.status}.`,
    Number.isFinite(retryAfter) ? retryAfter : undefined,
  );
}

const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS);

/** Nothing but who asks is asked while the console does not serve this page. */
async function ask<T>(path: string, init: RequestInit, read: (response: Response) => Promise<T>): Promise<T> {
  const denied = path === SESSION ? undefined : denial.peek();
  if (denied !== undefined) throw new ApiError(0, denied.reason);
  const response = await good(fetch(`${BASE}${path}`, { ...init, signal: patience() }), path === SESSION);
  return read(response).catch(() => {
    throw new ApiError(response.status, 'The answer of the console cannot be read.');
  });
}

const json = async <T>(response: Response): Promise<T> => (await response.json()) as T;

const get = <T>(path: string): Promise<T> => ask(path, { cache: 'no-store' }, json<T>);

const send = <T>(method: 'POST' | 'PUT', path: string, body: object): Promise<T> =>
  ask(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }, json<T>);

const groupPath = (id: string): string => `/groups/${encodeURIComponent(id)}`;

export const api = {
  session: () => get<Session>(SESSION),
  columns: () => get<readonly ColumnInfo[]>('/columns'),
  system: () => get<SystemAnswer>('/system'),
  configuration: () => get<ConfigurationAnswer>('/configuration'),
  changes: () => get<ChangesAnswer>('/changes'),
  decode: (hex: string) => get<DecodeAnswer>(`/decode?hex=${encodeURIComponent(hex)}`),
  commands: (query: URLSearchParams) => get<CommandsAnswer>(`/commands?${query.toString()}`),
  history: (group: string) => get<History>(`${groupPath(group)}/history`),
  row: (group: string) => get<RowAnswer>(`${groupPath(group)}/row`),
  check: (group: string, change: RowChange) => send<RowCheck>('POST', `${groupPath(group)}/row/check`, change),
  change: (group: string, mode: 'apply' | 'save', change: RowChange) =>
    send<RowOutcome>('PUT', `${groupPath(group)}/row?mode=${mode}`, change),
  restart: (group: string) => send<OrderAnswer>('POST', `${groupPath(group)}/restart`, {}),
  nextHost: (group: string) => send<OrderAnswer>('POST', `${groupPath(group)}/next-host`, {}),
  disconnect: (group: string, session: string) =>
    send<OrderAnswer>('POST', `${groupPath(group)}/masters/${encodeURIComponent(session)}/disconnect`, {}),
};

/** The RTU simulator of `--simulator`, through the console's server. */
export const simulatorAsk = <T>(path: string, body?: object): Promise<T> =>
  body === undefined ? get<T>(`/simulator${path}`) : send<T>('POST', `/simulator${path}`, body);

/** Paths of files to be saved. */
export const logFile = (group: string | undefined): string =>
  `${group === undefined ? '' : groupPath(group)}/logs?text=1`;
export const commandsFile = (query: URLSearchParams): string => `/commands.csv?${query.toString()}`;

/** A file with the name that the server gives it. */
export const fileOf = (path: string): Promise<{ readonly name: string; readonly content: Blob }> =>
  ask(path, { cache: 'no-store' }, async (response) => ({
    name: /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ?? 'download',
    content: await response.blob(),
  }));

export const streamUrl = (query: URLSearchParams): string => `${BASE}/stream?${query.toString()}`;
