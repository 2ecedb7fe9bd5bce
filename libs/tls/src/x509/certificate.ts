import { createHash, X509Certificate } from 'node:crypto';
import * as asn1 from '@peculiar/asn1-x509';
import { hexOf, parseAsn1, UnreadableCertificateError } from './asn1.js';
import { type DistinguishedName, distinguishedName } from './distinguished-name.js';
import { type Identity, identitiesOf } from './identities.js';
import { keyStrength, type KeyStrength, signatureScheme } from './strength.js';

/** Certificates with up to 8 kB are to work; this is what is read. */
export const LARGEST_CERTIFICATE_OCTETS = 16_384;

/** What is understood, besides those that are read below (RFC 5280, clause 4.2): they restrict nothing that we do. */
const HARMLESS = [
  asn1.id_ce_subjectKeyIdentifier,
  asn1.id_ce_authorityKeyIdentifier,
  asn1.id_ce_certificatePolicies,
  asn1.id_ce_issuerAltName,
  asn1.id_ce_cRLDistributionPoints,
];
const UNDERSTOOD = [
  asn1.id_ce_basicConstraints,
  asn1.id_ce_keyUsage,
  asn1.id_ce_extKeyUsage,
  asn1.id_ce_subjectAltName,
  ...HARMLESS,
];

/** What one certificate says, read once. It holds no octets of the certificate. */
export interface Certificate {
  /** SHA-256 of the DER, 64 hexadecimal digits in lower case. */
  readonly fingerprint: string;
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  /** Serial number in hexadecimal digits, without leading zeros. */
  readonly serial: string;
  /** ms since 1970-01-01 UTC. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isCa: boolean;
  /** Most intermediates below it; undefined: any number. */
  readonly pathLength: number | undefined;
  /** Bits of asn1.KeyUsageFlags; undefined: any use. */
  readonly keyUsage: number | undefined;
  /** Object identifiers; undefined: any use. */
  readonly extendedUses: readonly string[] | undefined;
  readonly keyId: string | undefined;
  readonly authorityKeyId: string | undefined;
  readonly identities: readonly Identity[];
  /** Names that do not count, printable, each with the reason. */
  readonly unusableNames: readonly string[];
  readonly key: KeyStrength;
  /** Why its signature is not accepted whoever made it; undefined: it is. */
  readonly weakSignature: string | undefined;
  /** A critical extension that is not understood, or one that cannot be left out of account. */
  readonly foreignExtension: string | undefined;
}

/**
 * Reads a certificate. Signatures, times and names are not judged here.
 *
 * @param der one certificate, not copied
 * @throws UnreadableCertificateError with a reason for people
 */
export function readCertificate(der: Uint8Array): Certificate {
  if (der.length > LARGEST_CERTIFICATE_OCTETS) {
    throw new UnreadableCertificateError(
      `it has ${der.length} octets, more than ${LARGEST_CERTIFICATE_OCTETS} are not read`,
    );
  }
  const { tbsCertificate: tbs, signatureAlgorithm } = parseAsn1(der, asn1.Certificate, 'structure');
  const extensions = extensionsOf(tbs);
  const read = <T>(id: string, type: new () => T, what: string): T | undefined => {
    const found = extensions.get(id);
    return found && parseAsn1(found.extnValue.buffer, type, what);
  };
  const basic = read(asn1.id_ce_basicConstraints, asn1.BasicConstraints, 'basic constraints');
  const subject = distinguishedName(tbs.subject);
  const names = read(asn1.id_ce_subjectAltName, asn1.SubjectAlternativeName, 'alternative names');
  const uses = read(asn1.id_ce_extKeyUsage, asn1.ExtendedKeyUsage, 'extended key usage');
  const keyId = read(asn1.id_ce_subjectKeyIdentifier, asn1.SubjectKeyIdentifier, 'key identifier');
  const authority = read(asn1.id_ce_authorityKeyIdentifier, asn1.AuthorityKeyIdentifier, 'authority key identifier');
  const scheme = signatureScheme(signatureAlgorithm);
  const fingerprint = createHash('sha256').update(der).digest('hex');
  return {
    fingerprint,
    subject,
    issuer: distinguishedName(tbs.issuer),
    serial: serialOf(tbs.serialNumber),
    notBefore: timeOf(tbs.validity.notBefore),
    notAfter: timeOf(tbs.validity.notAfter),
    isCa: basic?.cA ?? false,
    pathLength: basic?.pathLenConstraint,
    keyUsage: read(asn1.id_ce_keyUsage, asn1.KeyUsage, 'key usage')?.toNumber(),
    extendedUses: uses && [...uses],
    keyId: keyId && hexOf(keyId.buffer),
    authorityKeyId: authority?.keyIdentifier && hexOf(authority.keyIdentifier.buffer),
    ...identitiesOf(subject.commonName, names ?? [], fingerprint),
    key: strengthOf(der),
    weakSignature: typeof scheme === 'string' ? scheme : undefined,
    foreignExtension: foreignExtension(extensions),
  };
}

/** Without leading zeros, as CRLs and certificates are compared. */
export function serialOf(integer: ArrayBuffer): string {
  return hexOf(integer).replace(/^(?:00)+(?=..)/, '');
}

function timeOf(time: asn1.Time): number {
  const ms = time.getTime().getTime();
  if (Number.isNaN(ms)) throw new UnreadableCertificateError('its validity cannot be read');
  return ms;
}

function extensionsOf({ extensions = new asn1.Extensions() }: asn1.TBSCertificate): Map<string, asn1.Extension> {
  const found = new Map<string, asn1.Extension>();
  for (const extension of extensions) {
    if (found.has(extension.extnID)) throw new UnreadableCertificateError(`it has extension ${extension.extnID} twice`);
    found.set(extension.extnID, extension);
  }
  return found;
}

function foreignExtension(extensions: ReadonlyMap<string, asn1.Extension>): string | undefined {
  // Left out of account they would allow what the authority has not allowed, critical or not.
  if (extensions.has(asn1.id_ce_nameConstraints)) return 'name constraints, which are not supported';
  for (const { extnID, critical } of extensions.values()) {
    if (critical && !UNDERSTOOD.includes(extnID)) return `the critical extension ${extnID}, which is not known here`;
  }
  return undefined;
}

function strengthOf(der: Uint8Array): KeyStrength {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch (error) {
    throw new UnreadableCertificateError('OpenSSL cannot read it', { cause: error });
  }
  // What OpenSSL verifies and what is read here must be the same octets.
  if (Buffer.compare(certificate.raw, der) !== 0) throw new UnreadableCertificateError('it is not plain DER');
  try {
    return keyStrength(certificate.publicKey);
  } catch {
    return { text: 'of a kind that is not known', weak: true };
  }
}
