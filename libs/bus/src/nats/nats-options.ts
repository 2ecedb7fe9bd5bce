import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls';
import type { Runtime } from '@iec104mm2ss/runtime';
import { type Authenticator, credsAuthenticator, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { BusRole } from './auth/bus-user.js';
import { inboxPrefix } from './inboxes.js';
import { nkeyOf } from './nkey-file.js';

/** How to reach the NATS servers. */
export interface NatsOptions {
  /** `nats://`, `tls://` or `host:port`; user and password, or a token, may stand in front of the host. */
  readonly servers: readonly string[];
  /** The process; its name is shown by the server. */
  readonly runtime: Pick<Runtime, 'clock' | 'random' | 'instance'>;
  /** A credentials file (JWT and seed). */
  readonly credentialsFile?: string | undefined;
  /** A file with the seed of an nkey, as `mm2ss nats-auth` writes them. */
  readonly nkeyFile?: string | undefined;
  /** See Bus.name. What a server that asks who is there calls this process. */
  readonly name?: string | undefined;
  /** What this process does, on a server with users: what it may not hear from its equals it does not listen for. */
  readonly role?: BusRole | undefined;
  /** It serves all groups of the file: what is said of each once in a while it hears with one subscription. */
  readonly allGroups?: boolean;
  /** True: creates what is stored although it has a name, see setup.ts. */
  readonly setsUp?: boolean;
  /** True: a server that is there and refuses this process is waited for as one that is not there: it may learn of it. */
  readonly waitsWhenRefused?: boolean;
  readonly tls?: TlsFiles | undefined;
  /** Copies of every stream and bucket: 1, or 3 in a cluster. What exists is raised to it, never lowered. */
  readonly replicas: 1 | 3;
  /** True: subscribes only, creates nothing and needs no JetStream. */
  readonly listenOnly?: boolean;
  /** Where the servers say what they are, `http://host:port`, several separated by commas; default: port 8222 of each. */
  readonly monitorUrl?: string | undefined;
}

export interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** Where processes have names, only one that sets the server up may create streams and change them. */
export const mayCreate = ({ name, setsUp }: NatsOptions): boolean => name === undefined || setsUp === true;

/** Pause between two attempts to reconnect, and how much of it is random. */
const RECONNECT_WAIT_MS = 250;
const RECONNECT_JITTER_MS = 250;
/**
 * A server that leaves two pings unanswered is given up. One that says nothing at all is noticed sooner, by ServerWatch: this
 * is for a path on which only what we send does not arrive.
 */
const PING_INTERVAL_MS = 10_000;
const UNANSWERED_PINGS = 2;
/** A server that accepts and then says nothing is given up after this. */
const DIAL_LIMIT_MS = 3_000;

/** @throws when a file cannot be read or does not hold what it should */
export function connectionOptions(options: NatsOptions): NodeConnectionOptions {
  const { servers, runtime, credentialsFile, nkeyFile, name, tls } = options;
  const urls = servers.map(natsUrl);
  const withUser = urls.find((url) => url.username !== '');
  const secure = tls !== undefined || urls.some((url) => url.protocol === 'tls:');
  return {
    servers: urls.map(hostAndPort),
    name: runtime.instance,
    ...(name === undefined ? {} : { inboxPrefix: inboxPrefix(name) }),
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_JITTER_MS,
    reconnectJitterTLS: RECONNECT_JITTER_MS,
    // A server that refuses us today may have its accounts back tomorrow.
    ignoreAuthErrorAbort: true,
    // Else each request makes errors with a stack, three of them, to have one when it fails.
    noAsyncTraces: true,
    timeout: DIAL_LIMIT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: UNANSWERED_PINGS,
    ...(withUser === undefined
      ? {}
      : withUser.password === ''
        ? { token: decodeURIComponent(withUser.username) }
        : { user: decodeURIComponent(withUser.username), pass: decodeURIComponent(withUser.password) }),
    ...(credentialsFile === undefined ? {} : { authenticator: credentials(credentialsFile) }),
    ...(nkeyFile === undefined ? {} : { authenticator: nkeyOf(nkeyFile) }),
    ...(secure ? { tls: tlsOptions(tls ?? {}, urls) } : {}),
  };
}

export const natsUrl = (server: string): URL => new URL(server.includes('://') ? server : `nats://${server}`);

/** Without user and password. */
export const hostAndPort = ({ hostname, port }: URL): string => `${hostname}:${port === '' ? '4222' : port}`;

/** Reads the file anew for each connection, so that renewed credentials are taken; the last good ones stay in use. */
function credentials(file: string): Authenticator {
  let octets = readFile('credentials file', file);
  try {
    credsAuthenticator(octets)('nonce');
  } catch (error) {
    throw new Error(`credentials file ${file} holds no JWT and seed`, { cause: error });
  }
  return (nonce) => {
    try {
      const renewed = readFileSync(file);
      credsAuthenticator(renewed)(nonce);
      octets = renewed;
    } catch {
      // It is just being replaced.
    }
    return credsAuthenticator(octets)(nonce);
  };
}

function tlsOptions({ caFile, certFile, keyFile }: TlsFiles, urls: readonly URL[]) {
  if ((certFile === undefined) !== (keyFile === undefined)) throw new Error('a certificate and its key go together');
  if (caFile !== undefined) checkCertificate('authority file', caFile);
  if (certFile !== undefined && keyFile !== undefined) {
    const cert = checkCertificate('certificate file', certFile);
    const key = readFile('key file', keyFile);
    try {
      createSecureContext({ cert, key });
    } catch (error) {
      throw new Error(`key file ${keyFile} does not hold the key of ${certFile}`, { cause: error });
    }
  }
  return {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
    checkServerIdentity: serverIdentity(urls),
  };
}

/**
 * The client names no host when the server is an address, and Node then asks the certificate for `localhost`: it has to
 * have one of our addresses instead.
 */
function serverIdentity(urls: readonly URL[]): typeof checkServerIdentity {
  const addresses = urls.map(({ hostname }) => hostname.replace(/^\[|\]$/g, ''));
  return (host: string, certificate: PeerCertificate) => {
    const names = host === 'localhost' ? addresses : [host];
    const problems = names.map((name) => checkServerIdentity(name, certificate));
    return problems.includes(undefined) ? undefined : problems[0];
  };
}

function checkCertificate(what: string, file: string): Buffer {
  const pem = readFile(what, file);
  try {
    new X509Certificate(pem);
  } catch (error) {
    throw new Error(`${what} ${file} holds no certificate`, { cause: error });
  }
  return pem;
}

function readFile(what: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Error(`${what} ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}
