import type { TlsStore } from '../types.js';

/** Injection token of TlsSettings, or of undefined: this process was told nothing of TLS. */
export const TLS = Symbol('TLS');

/** Handshakes at once, when nothing else is said. */
export const DEFAULT_HANDSHAKES = 20;
/** How long a master may take for its handshake. */
export const HANDSHAKE_MS = 10_000;
/** How long a session of a master lasts at most, give or take a tenth. */
export const DEFAULT_MAX_AGE_MS = 24 * 3_600_000;

/** What a process was told of TLS; all its groups share it. */
export interface TlsSettings {
  readonly store: TlsStore;
  /** Handshakes of masters under way at once. */
  readonly handshakes: number;
  /** See HANDSHAKE_MS, which it is when it is left out. */
  readonly handshakeMs?: number;
  /** See DEFAULT_MAX_AGE_MS. Infinity: no end. */
  readonly maxAgeMs: number;
  /** Gets the keys of every session, for a capture that is to be read. */
  readonly onKeyLog?: ((line: Buffer) => void) | undefined;
}
