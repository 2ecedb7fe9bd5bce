import { matchesAny } from './source-range.js';
import type { NamedMaster } from './types.js';

/**
 * The named master that a connection belongs to: by its certificate first, then by its address. Who shows a certificate is not
 * taken by its address for a master that lists other certificates.
 */
export function masterOf(
  masters: readonly NamedMaster[],
  address: string,
  certificateNames: readonly string[],
): NamedMaster | undefined {
  const isNamed = (name: string): boolean => certificateNames.includes(name);
  const byCertificate = masters.find((master) => master.certificateNames.some(isNamed));
  const mayBeByAddress = ({ certificateNames: listed }: NamedMaster): boolean =>
    certificateNames.length === 0 || listed.length === 0;
  return byCertificate ?? masters.find((master) => mayBeByAddress(master) && matchesAny(master.sources, address));
}

/** A connection that was let in before this file was in force. */
export interface KnownConnection {
  readonly address: string;
  /** The named master that it was then. */
  readonly name: string | null;
  readonly certificateName: string | null;
}

/** The name that such a connection has by `masters`; null: none. One certificate name is remembered of perhaps several. */
export function nameNow(masters: readonly NamedMaster[], connection: KnownConnection): string | null {
  const { address, name, certificateName } = connection;
  const master =
    masterOf(masters, address, certificateName === null ? [] : [certificateName]) ??
    masters.find((each) => each.name === name && each.certificateNames.length > 0);
  return master?.name ?? null;
}
