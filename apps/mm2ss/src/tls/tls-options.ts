import type { Environment, GroupConfig } from '@iec104mm2ss/config';
import { needsTls } from '@iec104mm2ss/config';

/** What the command line says of TLS with masters and RTUs. */
export interface TlsOptions {
  /** Folder of the certificates. */
  readonly directory: string;
  readonly crlExpired: 'warn' | 'refuse';
  readonly maxAgeMs: number;
  readonly handshakes: number;
  /** File that the keys of all sessions are written to. */
  readonly keyLog: string | undefined;
  /** Left out: HANDSHAKE_MS of libs/tls. */
  readonly handshakeMs?: number;
}

/** Undefined: no folder is given. */
export function tlsOptions(environment: Environment): TlsOptions | undefined {
  const { tlsDir, crlExpired, tlsMaxAgeMs: maxAgeMs, tlsHandshakes: handshakes, tlsKeylog: keyLog } = environment;
  return tlsDir === undefined ? undefined : { directory: tlsDir, crlExpired, maxAgeMs, handshakes, keyLog };
}

/** The groups that a process with these parts needs certificates for. */
export function groupsWithTls(groups: readonly GroupConfig[], parts: readonly string[]): GroupConfig[] {
  return groups.filter(
    (group) =>
      (parts.includes('gateway') && needsTls(group, 'masters')) ||
      (parts.includes('connector') && needsTls(group, 'rtu')),
  );
}
