import type { TlsRefusal } from '../types.js';

/** Why there is no TLS session with a peer: what is wrong with its certificate, or with the handshake. */
export type HandshakeProblem =
  | TlsRefusal
  /** It was not done in time. */
  | 'handshake_timeout'
  /** What came is no TLS. */
  | 'not_tls'
  | 'version'
  | 'cipher'
  /** The peer refuses us. */
  | 'refused_by_peer'
  /** The peer went. */
  | 'handshake_closed'
  /** An earlier session was taken up, without certificates. */
  | 'resumed'
  /** A renegotiation too many, or one with another certificate. */
  | 'renegotiation'
  /** There are no certificates of ours. */
  | 'unusable'
  | 'protocol';

export interface HandshakeFailure {
  readonly code: HandshakeProblem;
  /** For people. */
  readonly reason: string;
}

/** What OpenSSL says, and what it means to somebody who has to do something about it. */
const MEANINGS: readonly (readonly [RegExp, HandshakeProblem, string])[] = [
  [/HTTP_REQUEST/, 'not_tls', 'what came is no TLS: the peer speaks plain HTTP where TLS is expected'],
  [
    /WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|PACKET_LENGTH_TOO_LONG/,
    'not_tls',
    'what came is no TLS: the peer speaks plain 104 where TLS is expected',
  ],
  [
    /UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|VERSION_TOO_LOW/,
    'version',
    'no version of TLS that both have: 1.2 or 1.3 is needed',
  ],
  [/NO_SHARED_CIPHER|NO_CIPHERS|NO_SUITABLE/, 'cipher', 'no cipher suite that both have (column "tls profile")'],
  [/TLS_SESSION_ATTACK/, 'renegotiation', 'too many renegotiations'],
  [/ALERT_UNKNOWN_CA/, 'refused_by_peer', 'the peer does not know the authority of our certificate'],
  [
    /ALERT_HANDSHAKE_FAILURE/,
    'refused_by_peer',
    'the peer found no cipher suite, or wants another certificate of ours',
  ],
  [/ALERT_CERTIFICATE_REQUIRED/, 'refused_by_peer', 'the peer wants a certificate of ours and got none'],
  [/ALERT/, 'refused_by_peer', 'the peer refuses us'],
  [/^(ECONNRESET|EPIPE)$/, 'handshake_closed', 'the peer closed the connection during the handshake'],
];

/** What an error of the handshake means. `code` is all that is looked at; it is repeated for whoever knows OpenSSL. */
export function handshakeFailure(error: NodeJS.ErrnoException): HandshakeFailure {
  const text = error.code ?? 'unknown';
  const [, code, meaning] = MEANINGS.find(([pattern]) => pattern.test(text)) ?? [undefined, 'protocol' as const, ''];
  return {
    code,
    reason: meaning === undefined || meaning === '' ? `the handshake failed (${text})` : `${meaning} (${text})`,
  };
}
