/** Groups with TLS in one process, certificates by openssl, and masters that are not ours. */
import { connect, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { CertificateAuthority, type IssuedCertificate, type TlsFolder } from '@iec104mm2ss/testing';
import { onTestFinished } from 'vitest';
import { requireTool } from '../../../tools/require.mjs';
import { GATEWAY_HOST, masterAddress, type MultiplexerOptions, until } from '../harness.js';
import { type RawHabits, RawPeer } from '../raw-peer.js';

type TlsOptions = NonNullable<MultiplexerOptions['tls']>;

export const openssl = requireTool('openssl');

/** What `--tls-dir` and its like say, for a multiplexer of the harness. */
export function tls(folder: TlsFolder, changes: Partial<TlsOptions> = {}): TlsOptions {
  const defaults = { crlExpired: 'warn', maxAgeMs: Infinity, handshakes: 20, keyLog: undefined } as const;
  return { directory: folder.path, ...defaults, ...changes };
}

/** Connects as the n-th master, with this certificate. Resolves once TLS is up on its side. */
export async function dial(
  port: number,
  n: number,
  own: IssuedCertificate | undefined,
  { habits, ...options }: SecureContextOptions & { readonly habits?: RawHabits } = {},
): Promise<RawPeer> {
  const socket: TLSSocket = connect({
    ...{ host: GATEWAY_HOST, port, localAddress: masterAddress(n), rejectUnauthorized: false },
    ...(own === undefined ? {} : { cert: own.chain, key: own.key }),
    ...options,
  });
  onTestFinished(() => void socket.destroy());
  const peer = new RawPeer(socket, habits);
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return peer;
}

/** Resolves when a master with this certificate was not let in, before or after the end of the handshake. */
export async function turnedAway(...of: Parameters<typeof dial>): Promise<void> {
  const peer = await dial(...of).catch(() => undefined);
  await until('closed', () => peer?.closed !== false);
}

export function newAuthority(): CertificateAuthority {
  return CertificateAuthority.root(openssl ?? '');
}
