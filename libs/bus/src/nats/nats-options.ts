import { readFileSync } from 'node:fs';
import type { NodeConnectionOptions } from '@nats-io/transport-node';
import { credsAuthenticator } from '@nats-io/transport-node';

/** How to reach the NATS servers. */
export interface NatsOptions {
  /** `nats://`, `tls://` or `host:port`; user and password, or a token, may stand in front of the host. */
  readonly servers: readonly string[];
  /** Name of this process, unique among all: shown by the server, and who holds leases. */
  readonly instance: string;
  /** A credentials file (JWT and seed). */
  readonly credentialsFile?: string | undefined;
  readonly tls?:
    | {
        readonly caFile?: string | undefined;
        readonly certFile?: string | undefined;
        readonly keyFile?: string | undefined;
      }
    | undefined;
  /** Copies of every stream and bucket: 1, or 3 in a cluster. */
  readonly replicas: 1 | 3;
}

/** Pause between two attempts to reconnect, and how much of it is random. */
const RECONNECT_WAIT_MS = 250;
const RECONNECT_JITTER_MS = 250;
/** A server that is silent this long twice is given up and another one tried. */
const PING_INTERVAL_MS = 2_000;

export function connectionOptions(options: NatsOptions): NodeConnectionOptions {
  const { servers, instance, credentialsFile, tls } = options;
  const urls = servers.map((server) => new URL(server.includes('://') ? server : `nats://${server}`));
  const withUser = urls.find((url) => url.username !== '');
  const secure = tls !== undefined || urls.some((url) => url.protocol === 'tls:');
  return {
    servers: urls.map((url) => `${url.hostname}:${url.port === '' ? '4222' : url.port}`),
    name: instance,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_JITTER_MS,
    waitOnFirstConnect: true,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    ...(withUser === undefined
      ? {}
      : withUser.password === ''
        ? { token: decodeURIComponent(withUser.username) }
        : { user: decodeURIComponent(withUser.username), pass: decodeURIComponent(withUser.password) }),
    ...(credentialsFile === undefined ? {} : { authenticator: credsAuthenticator(readFileSync(credentialsFile)) }),
    ...(secure
      ? {
          tls: {
            ...(tls?.caFile === undefined ? {} : { caFile: tls.caFile }),
            ...(tls?.certFile === undefined ? {} : { certFile: tls.certFile }),
            ...(tls?.keyFile === undefined ? {} : { keyFile: tls.keyFile }),
          },
        }
      : {}),
  };
}
