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

async function answerOf<T>(request: Promise<Response>, isSession: boolean): Promise<T> {
  let response: Response;
  try {
    response = await request;
  } catch {
    throw new ApiError(0, 'The console does not answer.');
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body as T;
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
function ask<T>(path: string, init: RequestInit): Promise<T> {
  const denied = path === SESSION ? undefined : denial.peek();
  if (denied !== undefined) return Promise.reject(new ApiError(0, denied.reason));
  return answerOf<T>(fetch(`${BASE}${path}`, { ...init, signal: patience() }), path === SESSION);
}

const get = <T>(path: string): Promise<T> => ask(path, { cache: 'no-store' });

const send = <T>(method: 'POST' | 'PUT', path: string, body: object): Promise<T> =>
  ask(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

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

/** Links of files to be saved. */
export const logFile = (group: string): string => `${BASE}${groupPath(group)}/logs?text=1`;
export const commandsFile = (query: URLSearchParams): string => `${BASE}/commands.csv?${query.toString()}`;
export const streamUrl = (query: URLSearchParams): string => `${BASE}/stream?${query.toString()}`;
