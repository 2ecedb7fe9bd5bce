import type { CrlExpired } from '../judge/path-checks.js';
import { judge } from '../judge/judge.js';
import type { KnownCertificates } from '../judge/known-certificates.js';
import { secureContext } from '../profiles.js';
import type { TlsMaterial, TlsProfile } from '../types.js';
import { pemOf } from './pem.js';
import type { TlsSet } from './tls-set.js';

export interface MaterialParts {
  readonly known: KnownCertificates;
  readonly crlExpired: CrlExpired;
  readonly wallMs: () => number;
}

/** One material for each content of the files and profile, whichever groups have it. */
export class Materials {
  private readonly made = new Map<string, TlsMaterial>();

  constructor(private readonly parts: MaterialParts) {}

  /** @throws what OpenSSL does not like of the certificate or the key */
  of(set: TlsSet, profile: TlsProfile): TlsMaterial {
    const name = nameOf(set.digest, profile);
    const known = this.made.get(name);
    if (known !== undefined) return known;
    const { own, key, trust } = set;
    if (key === undefined) throw new Error('there is no key');
    const parts = { ...this.parts, trust };
    const material: TlsMaterial = {
      context: secureContext({
        profile,
        certificates: pemOf(own),
        key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
        authorities: pemOf(trust.authorities),
      }),
      judge: (chain, role, names) => judge(parts, chain, role, names),
    };
    this.made.set(name, material);
    return material;
  }

  /** Forgets what no set has any more; sessions that use it keep it. */
  keep(digests: ReadonlySet<string>): void {
    for (const name of this.made.keys()) {
      if (!digests.has(name.slice(0, name.indexOf(' ')))) this.made.delete(name);
    }
  }
}

const nameOf = (digest: string, profile: TlsProfile): string => `${digest} ${profile}`;
