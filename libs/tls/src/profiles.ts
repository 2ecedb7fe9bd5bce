import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsProfile } from './types.js';

const TLS_1_3 = ['TLS_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256'];
const ECDHE_GCM = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
];

/** Cipher suites of each profile, the best first, as OpenSSL names them. */
export const CIPHERS: Readonly<Record<TlsProfile, readonly string[]>> = {
  // IEC 62351-3 makes those with AES128 mandatory; the last one is without forward secrecy, for devices that know no other.
  iec62351: [...TLS_1_3, ...ECDHE_GCM, 'DHE-RSA-AES256-GCM-SHA384', 'DHE-RSA-AES128-GCM-SHA256', 'AES128-SHA256'],
  modern: [...TLS_1_3, ...ECDHE_GCM],
};

export interface ContextParts {
  readonly profile: TlsProfile;
  /** PEM of our certificate with those of its issuers, of its key, and of whom we believe. */
  readonly certificates: string;
  readonly key: string;
  readonly authorities: string;
}

/**
 * What both sides shake hands with. Whom we believe is in it only to be named to peers: the decision is `judge`'s. No session
 * is resumed: a peer whose certificate was revoked would come back without showing it.
 *
 * @throws what OpenSSL does not like of the certificate or the key
 */
export function secureContext({ profile, certificates, key, authorities }: ContextParts): SecureContext {
  return createSecureContext({
    cert: certificates,
    key,
    ca: authorities,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS[profile].join(':'),
    honorCipherOrder: true,
    dhparam: 'auto',
    ecdhCurve: 'auto',
    secureOptions: constants.SSL_OP_NO_TICKET,
    sessionIdContext: createHash('sha256').update(`mm2ss ${profile}`).digest('hex').slice(0, 32),
  });
}
