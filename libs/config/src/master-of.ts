import { peerNameKey } from './peer-names.js';
import { matchesAny } from './source-range.js';
import type { NamedMaster } from './types.js';

/**
 * The named master that a connection belongs to: over TLS by what its certificate says alone, for an address can be taken by
 * anybody whose certificate may connect; without TLS by its address.
 *
 * @param certificateNames all that its certificate says of itself, each as `kind:value`; empty without TLS, and only then
 */
export function masterOf(
  masters: readonly NamedMaster[],
  address: string,
  certificateNames: readonly string[],
): NamedMaster | undefined {
  if (certificateNames.length === 0) return masters.find((master) => matchesAny(master.sources, address));
  const known = new Set(certificateNames);
  return masters.find((master) => master.certificateNames.some((name) => known.has(peerNameKey(name))));
}

/** A connection that was let in before this file was in force. */
export interface KnownConnection {
  readonly address: string;
  /** See masterOf. */
  readonly certificateNames: readonly string[];
}

/** The name that such a connection has by `masters`; null: none. */
export function nameNow(
  masters: readonly NamedMaster[],
  { address, certificateNames }: KnownConnection,
): string | null {
  return masterOf(masters, address, certificateNames)?.name ?? null;
}
