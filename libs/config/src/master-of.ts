import { peerNameKey } from './peer-names.js';
import { matchesAny } from './source-range.js';
import type { GroupConfig, NamedMaster } from './types.js';

/**
 * The named masters that a connection may belong to, as they are listed: over TLS by what its certificate says alone, for an address can be taken by
 * anybody whose certificate may connect; without TLS by its address.
 *
 * @param certificateNames all that its certificate says of itself, each as `kind:value`; empty without TLS, and only then
 */
function claimants(
  masters: readonly NamedMaster[],
  address: string,
  certificateNames: readonly string[],
): readonly NamedMaster[] {
  if (certificateNames.length === 0) return masters.filter((master) => matchesAny(master.sources, address));
  const known = new Set(certificateNames);
  return masters.filter((master) => master.certificateNames.some((name) => known.has(peerNameKey(name))));
}

/** The first of the named masters that a connection may belong to. */
export function masterOf(
  masters: readonly NamedMaster[],
  address: string,
  certificateNames: readonly string[],
): NamedMaster | undefined {
  return claimants(masters, address, certificateNames)[0];
}

/**
 * Who this connection could all be, where there are rules about names and it is not certain which name it has: one certificate
 * may say names of several masters. Undefined: nothing is unclear.
 */
export function unclearMaster(
  { masters, rights, clock }: Pick<GroupConfig, 'masters' | 'rights' | 'clock'>,
  { address, certificateNames }: KnownConnection,
): readonly string[] | undefined {
  if (rights === undefined && clock.kind !== 'master') return undefined;
  const names = claimants(masters, address, certificateNames).map(({ name }) => name);
  return names.length > 1 ? names : undefined;
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
