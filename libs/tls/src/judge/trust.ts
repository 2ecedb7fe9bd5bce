import { type KeyObject, X509Certificate } from 'node:crypto';
import { KeyUsageFlags } from '@peculiar/asn1-x509';
import type { Certificate } from '../x509/certificate.js';
import type { Crl } from '../x509/crl.js';

/** A certificate with what its key is needed for: to verify what it has signed. */
export class Link {
  /** Fingerprints of those whose key has signed it. Who has not is not noted: a peer may send us any number of them. */
  private readonly issuers = new Set<string>();
  private ownKey: KeyObject | undefined;

  /** @param der as `certificate` was read from; kept, not copied */
  constructor(
    readonly certificate: Certificate,
    readonly der: Uint8Array,
  ) {}

  get key(): KeyObject {
    return (this.ownKey ??= new X509Certificate(this.der).publicKey);
  }

  /** Whether its signature was made with the issuer's key; a good one is verified once. */
  isSignedBy(issuer: Link): boolean {
    const { fingerprint } = issuer.certificate;
    if (this.issuers.has(fingerprint)) return true;
    if (!verifies(this.der, issuer)) return false;
    this.issuers.add(fingerprint);
    return true;
  }
}

function verifies(der: Uint8Array, issuer: Link): boolean {
  try {
    return new X509Certificate(der).verify(issuer.key);
  } catch {
    return false;
  }
}

/** Whom we believe: what is in `ca.crt`, and the CRLs. Never changed. */
export class Trust {
  private readonly bySubject = new Map<string, Link[]>();
  private readonly anchors = new Set<string>();
  private readonly crlsByIssuer = new Map<string, Crl[]>();

  /** @param authorities all certificates of `ca.crt`: roots, and intermediates that peers may leave out */
  constructor(
    readonly authorities: readonly Link[],
    readonly crls: readonly Crl[],
  ) {
    for (const link of authorities) append(this.bySubject, link.certificate.subject.canonical, link);
    for (const { certificate } of authorities) {
      const { subject, issuer, fingerprint } = certificate;
      // An intermediate whose issuer is not there was put there to be believed by itself.
      if (issuer.canonical === subject.canonical || !this.bySubject.has(issuer.canonical))
        this.anchors.add(fingerprint);
    }
    for (const crl of crls) append(this.crlsByIssuer, crl.issuer.canonical, crl);
  }

  /** Whether a path may end with it. */
  isAnchor({ fingerprint }: Certificate): boolean {
    return this.anchors.has(fingerprint);
  }

  named(subject: string): readonly Link[] {
    return this.bySubject.get(subject) ?? [];
  }

  /**
   * The newest CRL of this authority, signed with its key or with another one that it has in `ca.crt`: after a change of its key
   * an authority signs one CRL for what it has issued with both (RFC 5280, clause 6.3.3 f).
   */
  crlOf(authority: Link): Crl | undefined {
    const { canonical } = authority.certificate.subject;
    const crls = this.crlsByIssuer.get(canonical);
    if (crls === undefined) return undefined;
    const signers = [authority, ...this.named(canonical)].filter(maySignCrls);
    let newest: Crl | undefined;
    for (const crl of crls) {
      if (crl.fault !== undefined || (newest !== undefined && newest.isNewerThan(crl))) continue;
      if (signers.some((signer) => crl.isSignedBy(signer.certificate.fingerprint, signer.key))) newest = crl;
    }
    return newest;
  }
}

export function maySignCrls({ certificate: { keyUsage } }: Link): boolean {
  return keyUsage === undefined || (keyUsage & KeyUsageFlags.cRLSign) !== 0;
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
