import { type IncomingMessage, request } from 'node:http';
import { ApiError } from '../api/api-error.js';
import { textOf } from '../commands/ask-http.js';

/** Where a running simulator is asked. */
export interface SimulatorSettings {
  readonly url: URL;
  readonly token: string | undefined;
  /** How another token would be given; default: as the console is told. */
  readonly tokenFlag?: string;
}

/** For all of an answer: the page asks again each second. */
const PATIENCE_MS = 5_000;
/** 10,000 RTUs are about 7 MB. */
const MAX_OCTETS = 32 * 1_048_576;

/**
 * The answer of a simulator, as JSON.
 *
 * @throws ApiError 400, 404, 409: what the simulator said; 502, 504: why it cannot be asked
 */
export async function askSimulator(
  { url, token, tokenFlag = '--simulator-token' }: SimulatorSettings,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<unknown> {
  const say = (status: number, what: string): ApiError =>
    new ApiError(status, `the simulator at ${url.origin} ${what}`);
  const headers = {
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
  };
  let status: number;
  let text: string;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(new URL(path, url), { method, headers, agent: false, signal }, resolve)
        .on('error', reject)
        .end(body === undefined ? undefined : JSON.stringify(body));
    });
    status = answer.statusCode ?? 0;
    text = await textOf(answer, MAX_OCTETS);
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException;
    if (name === 'AbortError' || name === 'TimeoutError')
      throw say(504, `does not answer within ${PATIENCE_MS / 1000} s`);
    throw say(502, `cannot be asked: ${code ?? message}`);
  }
  if (status === 401) throw say(502, `asks for another token (${tokenFlag} FILE)`);
  const parsed = parsedText(text);
  const said = (parsed as { readonly error?: unknown } | undefined)?.error;
  if (status >= 200 && status < 300 && parsed !== undefined) return parsed;
  if (typeof said !== 'string') throw say(502, `answers as no simulator does (status ${status})`);
  throw [400, 404, 409].includes(status) ? new ApiError(status, said) : say(502, `says: ${said}`);
}

function parsedText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
