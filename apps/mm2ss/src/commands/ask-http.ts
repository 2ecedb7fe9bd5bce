import { readFileSync } from 'node:fs';
import { type IncomingMessage, request, type RequestOptions } from 'node:http';
import type { Environment } from '@iec104mm2ss/config';
import { formatHttpAddress, parseHttpAddress, readTokens } from '../http/index.js';
import { UsageError } from './errors.js';
import { DEFAULT_HTTP } from './process-options.js';

/** A question to a process that runs. */
export interface Question {
  readonly method?: 'GET' | 'POST';
  /** Sent as JSON. */
  readonly body?: object;
  readonly signal?: AbortSignal;
}

/** The way to a process over HTTP, with what it may ask for: a token, a certificate. */
export interface HttpWay {
  /** `http://host:port`, or `https://`. */
  readonly origin: string;
  /** Resolves with the head of the answer. Rejects when there is none; `explain` says why. */
  ask(path: string, question?: Question): Promise<IncomingMessage>;
  explain(error: unknown): string;
}

/**
 * Over TLS when a file for it is given; the certificate of the process must be valid for the host it is asked at.
 *
 * @throws UsageError when there is nobody to ask, or a file cannot be read
 */
export function httpWay(environment: Environment, off: string): HttpWay {
  const { http = DEFAULT_HTTP, httpCa, httpCert, httpKey, httpToken } = environment;
  const address = parseHttpAddress(http);
  if (address === undefined) throw new UsageError(off);
  const { host = '127.0.0.1', port } = address;
  const files = { ca: httpCa, cert: httpCert, key: httpKey };
  const secure = Object.values(files).some((path) => path !== undefined);
  if ((httpCert === undefined) !== (httpKey === undefined)) {
    throw new UsageError('--http-cert and --http-key go together (or MM2SS_HTTP_CERT and MM2SS_HTTP_KEY)');
  }
  const tls = {
    ...contentsOf(files),
    minVersion: 'TLSv1.2',
    // Said here, so that no environment variable can switch it off.
    rejectUnauthorized: true,
  } as const;
  const [token] = httpToken === undefined ? [] : readTokens(httpToken);
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return {
    origin: `${secure ? 'https' : 'http'}://${formatHttpAddress({ host, port })}`,
    ask: async (path, { method = 'GET', body, signal } = {}) => {
      const headers = { ...authorization, ...(body && { 'Content-Type': 'application/json' }) };
      const options: RequestOptions = { host, port, path, method, headers, agent: false, ...(signal && { signal }) };
      // Loaded only where it is wanted.
      const begin = secure ? (await import('node:https')).request : request;
      return new Promise((resolve, reject) => {
        const asked = begin({ ...options, ...(secure && tls) }, resolve);
        asked.on('error', reject);
        asked.end(body === undefined ? undefined : JSON.stringify(body));
      });
    },
    explain: (error) => {
      const { code, message } = error as NodeJS.ErrnoException;
      const hint = HINTS.find(([pattern, overTls]) => overTls === secure && pattern.test(code ?? message))?.[2];
      return `${code ?? message}${hint === undefined ? '' : `: ${hint}`}`;
    },
  };
}

/** By the code of an error, and whether it was asked over TLS. */
const HINTS: readonly (readonly [RegExp, boolean, string])[] = [
  [/^ECONNRESET$|^HPE_/, false, 'it may be served over TLS: --http-ca, --http-cert and --http-key FILE'],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH/, true, 'it is served without TLS'],
  [
    /^ECONNRESET$|^EPIPE$|ALERT/,
    true,
    'it may not accept this certificate (--http-cert FILE, --http-key FILE): its log says why (tls_refused)',
  ],
  [/^ERR_TLS_CERT_ALTNAME/, true, 'its certificate is not valid for the host that was asked'],
  [/CERT|SIGNATURE|ISSUER/, true, 'its certificate is not signed by --http-ca FILE'],
];

function contentsOf(files: Readonly<Record<string, string | undefined>>): Record<string, Buffer> {
  try {
    return Object.fromEntries(
      Object.entries(files).flatMap(([name, path]) => (path === undefined ? [] : [[name, readFileSync(path)]])),
    );
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Reads an answer to its end. */
export async function textOf(answer: IncomingMessage, maxOctets = Infinity): Promise<string> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > maxOctets) throw new Error('its answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
