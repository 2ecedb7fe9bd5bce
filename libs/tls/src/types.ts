import type { SecureContext } from 'node:tls';

/** Which versions and cipher suites are offered: all that IEC 62351-3 makes mandatory, or ECDHE with GCM and TLS 1.3 only. */
export type TlsProfile = 'iec62351' | 'modern';

/** The side that the peer has in the handshake: it decides which use its certificate must allow. */
export type PeerRole = 'client' | 'server';

/** One entry of `tls names`, `rtu names` or `masters`: `cn:scada-a`, `dns:rtu-7.example`, `uri:urn:x`, `sha256:<hex>`. */
export interface PeerName {
  readonly kind: 'cn' | 'dns' | 'uri' | 'sha256';
  /** As it is compared: names of hosts in lower case, fingerprints as 64 hexadecimal digits in lower case. */
  readonly value: string;
  /** As the file has it. */
  readonly text: string;
}

/** Why a peer's certificate is refused. */
export type TlsRefusal =
  | 'no_certificate'
  | 'unreadable'
  | 'chain'
  | 'not_yet_valid'
  | 'expired'
  | 'revoked'
  | 'crl_missing'
  | 'crl_expired'
  | 'weak_key'
  | 'weak_signature'
  | 'wrong_use'
  | 'wrong_name';

export type Verdict =
  | {
      readonly ok: true;
      /** The name that matched; for the log. */
      readonly identity: string;
      /** All that the leaf says of itself, each as `kind:value`: what `masters` and `rights` are compared with. */
      readonly identities: readonly string[];
      /** When the first certificate of the chain ends, ms since 1970-01-01 UTC. */
      readonly notAfter: number;
      /** What is not as it should be, and refused nothing (an expired CRL where that only warns). */
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly code: TlsRefusal; readonly reason: string };

/** Certificates of a peer as DER, the leaf first. */
export type PeerChain = readonly Uint8Array[];

/** What is in force for one group: never changed, replaced as a whole when its files change. */
export interface TlsMaterial {
  /** Shared by all groups with the same files and profile. */
  readonly context: SecureContext;
  /** The one decision about a certificate, for new and for running sessions. */
  judge(chain: PeerChain, role: PeerRole, names: readonly PeerName[]): Verdict;
}

/** The files under `--tls-dir`. */
export interface TlsStore {
  /** What is in force for the group. Throws when there is nothing that can be used: then nothing may be listened on. */
  material(group: string, profile: TlsProfile): TlsMaterial;
  /** Called when what is in force for any group has become another one (files, CRLs). Returns what ends that. */
  onChange(listener: () => void): () => void;
}
