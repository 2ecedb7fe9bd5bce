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

const BASE = './api/v1';
/** No answer takes longer; a request that waits for a free connection of the browser would wait for ever. */
const PATIENCE_MS = 20_000;

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function answerOf<T>(request: Promise<Response>): Promise<T> {
  let response: Response;
  try {
    response = await request;
  } catch {
    throw new ApiError(0, 'The console does not answer.');
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body as T;
  const said = (body as Partial<ErrorAnswer> | undefined)?.error ?? (body as Partial<OrderAnswer> | undefined)?.message;
  throw new ApiError(response.status, said ?? `The console answered with status ${response.status}.`);
}

const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS);

const get = <T>(path: string): Promise<T> =>
  answerOf<T>(fetch(`${BASE}${path}`, { cache: 'no-store', signal: patience() }));

const send = <T>(method: 'POST' | 'PUT', path: string, body: object): Promise<T> =>
  answerOf<T>(
    fetch(`${BASE}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: patience(),
    }),
  );

const groupPath = (id: string): string => `/groups/${encodeURIComponent(id)}`;

export const api = {
  session: () => get<Session>('/session'),
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
