import type { GeneralName } from '@peculiar/asn1-x509';
import type { PeerName } from '../types.js';
import { isPrintable, printable } from './printable.js';

/** One thing that a certificate says its holder is called, as it is compared. */
export type Identity = Pick<PeerName, 'kind' | 'value'>;

interface Names {
  readonly identities: readonly Identity[];
  readonly unusableNames: readonly string[];
}

/** What a name of a host may consist of; no `*`: a wildcard names nobody. */
const HOST = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
const MOST_NAMES = 64;

/** What the leaf says of itself. A name that a person cannot have meant when he wrote the configuration is none. */
export function identitiesOf(
  commonName: string | undefined,
  alternatives: readonly GeneralName[],
  fingerprint: string,
): Names {
  const identities: Identity[] = [];
  const unusableNames: string[] = [];
  const add = (kind: Identity['kind'], value: string, isUsable: boolean, why: string): void => {
    if (isUsable && identities.length < MOST_NAMES) identities.push({ kind, value });
    else if (unusableNames.length < MOST_NAMES) unusableNames.push(`${kind}:${printable(value)} (${why})`);
  };
  if (commonName !== undefined && commonName !== '') {
    add('cn', commonName, isPrintable(commonName), 'it has characters that cannot be shown');
  }
  for (const { dNSName, uniformResourceIdentifier: uri } of alternatives) {
    if (dNSName !== undefined) {
      const host = dNSName.toLowerCase();
      add('dns', host, HOST.test(host), host.includes('*') ? 'a wildcard names nobody' : 'it is no name of a host');
    }
    if (uri !== undefined) add('uri', uri, isPrintable(uri) && uri !== '', 'it has characters that cannot be shown');
  }
  identities.push({ kind: 'sha256', value: fingerprint });
  return { identities, unusableNames };
}

export function identityText({ kind, value }: Identity): string {
  return `${kind}:${value}`;
}
