import type { TlsStatus } from '@iec104mm2ss/observability';
import type { SecurePeer } from './secure-peer.js';

/** What `/status` says of a TLS session. */
export function tlsStatus({ version, cipher, identity, notAfter }: SecurePeer): TlsStatus {
  return { version, cipher, identity, notAfter: new Date(notAfter).toISOString() };
}
