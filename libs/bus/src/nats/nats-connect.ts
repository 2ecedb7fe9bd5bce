import { readFileSync } from 'node:fs';
import { type Clock, sleep } from '@iec104mm2ss/runtime';
import { connect, errors, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { BusError } from '../bus.js';
import { Recurrence } from './recurrence.js';
import { connectionOptions, hostAndPort, type NatsOptions, natsUrl } from './nats-options.js';

/** Pause between two attempts at start. */
const RETRY_MS = 500;
/** So long it grows where a server refuses us: it writes a line each time, and there may be hundreds of us. */
const LONGEST_RETRY_MS = 5_000;

/** Why something failed, in words, which hold no secret. */
export interface Failure {
  readonly reason: string;
  /**
   * `away`: nobody is there who could answer. `refused`: a server is there and does not take us; it may learn to. `wrong`: what we were
   * told cannot be, and no server can mend that.
   */
  readonly kind: 'away' | 'refused' | 'wrong';
}

/** Hears why there is no connection yet, at once and then at growing intervals. */
export type Waiting = (reason: string, kind: Exclude<Failure['kind'], 'wrong'>) => void;

export interface Patience {
  readonly clock: Clock;
  readonly waiting: Waiting;
  /** Go on trying when a server refuses us. */
  readonly whenRefused: boolean;
}

export const patienceOf = ({ runtime, waitsWhenRefused = false }: NatsOptions, waiting: Waiting): Patience => ({
  clock: runtime.clock,
  waiting,
  whenRefused: waitsWhenRefused,
});

/**
 * Repeats `attempt` until it succeeds.
 *
 * @throws {BusError} REFUSED when it is not to be waited for
 */
export async function untilDone<T>(
  { clock, waiting, whenRefused }: Patience,
  attempt: () => Promise<T>,
  explain: (error: unknown) => Failure,
): Promise<T> {
  const reports = new Recurrence(clock);
  for (let pauseMs = RETRY_MS; ;) {
    try {
      return await attempt();
    } catch (error) {
      const { reason, kind } = explain(error);
      if (kind === 'wrong' || (kind === 'refused' && !whenRefused)) {
        throw new BusError('REFUSED', reason, { cause: error });
      }
      if (reports.isDue(reason)) waiting(reason, kind);
      await sleep(clock, pauseMs);
      pauseMs = kind === 'refused' ? Math.min(2 * pauseMs, LONGEST_RETRY_MS) : RETRY_MS;
    }
  }
}

/**
 * Connects, waiting for a server for as long as it takes.
 *
 * @throws {BusError} REFUSED when a file is wrong, or a server is there and does not let us in: unless that is waited for, too
 */
export async function connectToNats(options: NatsOptions, waiting: Waiting): Promise<NatsConnection> {
  let wanted: NodeConnectionOptions;
  try {
    wanted = connectionOptions(options);
  } catch (error) {
    throw new BusError('REFUSED', (error as Error).message, { cause: error });
  }
  return untilDone(
    patienceOf(options, waiting),
    async () => {
      await connectOnce(wanted);
      return connect(wanted);
    },
    (error) => connectFailure(error, options),
  );
}

/** Why no server lets us in at this moment; undefined when one does. */
export async function whyNotConnected(options: NatsOptions): Promise<string | undefined> {
  try {
    await connectOnce(connectionOptions(options));
    return undefined;
  } catch (error) {
    return connectFailure(error, options).reason;
  }
}

/** A connection that does not reconnect says why it failed; one that does tries for ever, without a word. */
async function connectOnce(wanted: NodeConnectionOptions): Promise<void> {
  await (await connect({ ...wanted, reconnect: false })).close();
}

const UNKNOWN_AUTHORITY = /^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/;
const BAD_SERVER_CERTIFICATE = /^(CERT_|ERR_TLS_CERT_)/;
const OUR_CERTIFICATE_REFUSED = /_ALERT_(.*CERTIFICATE.*|UNKNOWN_CA|HANDSHAKE_FAILURE)$/;
const OTHER_TLS_TROUBLE = /^ERR_(SSL|TLS|OSSL)_/;

export function connectFailure(error: unknown, options: NatsOptions): Failure {
  const servers = options.servers.map((server) => hostAndPort(natsUrl(server))).join(', ');
  const failure = describe(error, options);
  return { ...failure, reason: `${servers}: ${failure.reason}` };
}

function describe(error: unknown, options: NatsOptions): Failure {
  const { message, cause } = error as Error;
  // A server that is busy says "Authentication Timeout", which is no refusal.
  const refused =
    error instanceof errors.UserAuthenticationExpiredError ||
    (error instanceof errors.AuthorizationError && !/timeout/i.test(message));
  if (refused) return { reason: `the server refuses ${howWeAuthenticate(options)} (${message})`, kind: 'refused' };

  const { caFile, certFile } = options.tls ?? {};
  const code = codeOf(error) ?? codeOf(cause) ?? '';
  if (UNKNOWN_AUTHORITY.test(code)) {
    const by = caFile === undefined ? 'any authority this machine knows' : `the authority in ${caFile}`;
    return { reason: `the server's certificate is not signed by ${by} (${code})`, kind: 'refused' };
  }
  if (BAD_SERVER_CERTIFICATE.test(code)) return { reason: `the server's certificate: ${message}`, kind: 'refused' };
  if (OUR_CERTIFICATE_REFUSED.test(code)) {
    const reason =
      certFile === undefined
        ? `the server asks for a client certificate, and none is given (${code})`
        : `the server does not accept the certificate in ${certFile} (${code})`;
    return { reason, kind: 'refused' };
  }
  if (OTHER_TLS_TROUBLE.test(code)) return { reason: `no TLS with this server (${code})`, kind: 'refused' };
  if (message === "server does not support 'tls'") {
    return { reason: 'TLS is asked for, and the server does not offer it', kind: 'refused' };
  }
  if (error instanceof errors.TimeoutError) return { reason: 'no answer', kind: 'away' };
  return { reason: cause instanceof Error ? cause.message : message, kind: 'away' };
}

const codeOf = (error: unknown): string | undefined => (error as { code?: string } | undefined)?.code;

function howWeAuthenticate({ servers, credentialsFile, nkeyFile, tls }: NatsOptions): string {
  if (nkeyFile !== undefined) return `the nkey in ${nkeyFile}`;
  if (credentialsFile !== undefined) return `the credentials in ${credentialsFile}${expiry(credentialsFile)}`;
  const user = servers.map(natsUrl).find(({ username }) => username !== '');
  if (user !== undefined) return user.password === '' ? 'the token in the URL' : 'the user and password in the URL';
  if (tls?.certFile !== undefined) return `the certificate in ${tls.certFile}`;
  return 'a connection without user, token, nkey or credentials file';
}

/** The server does not say that a JWT has expired; its `exp` does, in seconds since 1970. */
function expiry(credentialsFile: string): string {
  try {
    const [, claims = ''] = /^[\w-]+\.([\w-]+)\.[\w-]+$/m.exec(readFileSync(credentialsFile, 'utf8')) ?? [];
    const { exp = 0 } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { exp?: number };
    return exp > 0 && exp * 1000 < Date.now() ? `, which expired at ${new Date(exp * 1000).toISOString()},` : '';
  } catch {
    return '';
  }
}
