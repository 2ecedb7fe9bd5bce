import { anyExtendedKeyUsage, id_kp_clientAuth, id_kp_serverAuth, KeyUsageFlags } from '@peculiar/asn1-x509';
import type { PeerName, PeerRole } from '../types.js';
import type { Certificate } from '../x509/certificate.js';
import { identityText } from '../x509/identities.js';
import { printable } from '../x509/printable.js';
import { type Fault, timeText } from './fault.js';
import type { Path } from './paths.js';
import { type Link, maySignCrls, type Trust } from './trust.js';

/** What a missing or expired CRL means: IEC 62351-3 warns. */
export type CrlExpired = 'warn' | 'refuse';

/** Clocks differ: a CRL that was made less than this ahead of our time is of now. */
export const CLOCK_SKEW_MS = 300_000;
/** Names that are shown of a certificate that has none of the wanted ones. */
const NAMES_SHOWN = 6;

/** Who may have issued whom, and what nobody here understands. */
export function constraintFault(path: Path): Fault | undefined {
  let below = 0;
  for (const [i, { certificate }] of path.entries()) {
    const { subject, issuer, foreignExtension, pathLength } = certificate;
    if (foreignExtension !== undefined) {
      return { code: 'chain', reason: `the certificate of ${subject.text} has ${foreignExtension}` };
    }
    if (i === 0) continue;
    if (pathLength !== undefined && below > pathLength) {
      return {
        code: 'chain',
        reason: `${subject.text} allows ${pathLength} intermediates below it, there are ${below}`,
      };
    }
    if (subject.canonical !== issuer.canonical) below++;
  }
  return undefined;
}

/** The first certificate of the path that its issuer has revoked. */
export function revocationFault(path: Path, trust: Trust): Fault | undefined {
  for (const [{ certificate }, issuer] of issued(path)) {
    if (trust.crlOf(issuer)?.revokes(certificate.serial) === true) {
      const { subject, serial } = certificate;
      const reason = `the certificate of ${subject.text} (serial ${serial}) is revoked by ${issuer.certificate.subject.text}`;
      return { code: 'revoked', reason };
    }
  }
  return undefined;
}

/** CRLs that are missing or old. */
export function crlGaps(path: Path, trust: Trust, nowMs: number): Fault[] {
  const gaps: Fault[] = [];
  for (const [, issuer] of issued(path)) {
    const { subject } = issuer.certificate;
    const crl = trust.crlOf(issuer);
    if (crl === undefined) {
      const why = maySignCrls(issuer) ? 'there is no CRL of it that it has signed' : 'it may not sign CRLs (key usage)';
      gaps.push({ code: 'crl_missing', reason: `whether ${subject.text} has revoked anything is not known: ${why}` });
    } else if (crl.nextUpdate !== undefined && crl.nextUpdate < nowMs) {
      gaps.push({
        code: 'crl_expired',
        reason: `the CRL of ${subject.text} has expired on ${timeText(crl.nextUpdate)}`,
      });
    } else if (crl.thisUpdate > nowMs + CLOCK_SKEW_MS) {
      const when = timeText(crl.thisUpdate);
      gaps.push({ code: 'crl_expired', reason: `the CRL of ${subject.text} begins to count on ${when} only` });
    }
  }
  return gaps;
}

export function keyFault(path: Path): Fault | undefined {
  const weak = path.find(({ certificate }) => certificate.key.weak);
  if (weak === undefined) return undefined;
  const { key, subject } = weak.certificate;
  return { code: 'weak_key', reason: `the key of ${subject.text} is too weak: ${key.text}` };
}

/** Intermediates that name uses are limited to them, too. A root is believed as it is. */
export function useFault(path: Path, role: PeerRole): Fault | undefined {
  const [leaf, ...above] = path;
  for (const { certificate } of [leaf, ...above.slice(0, -1)]) {
    if (!allows(certificate, role)) {
      const reason = `the certificate of ${certificate.subject.text} is not for a TLS ${role} (extended key usage)`;
      return { code: 'wrong_use', reason };
    }
  }
  const { keyUsage, subject } = leaf.certificate;
  const { digitalSignature, keyEncipherment, keyAgreement } = KeyUsageFlags;
  const wanted = role === 'client' ? digitalSignature : digitalSignature | keyEncipherment | keyAgreement;
  if (keyUsage === undefined || (keyUsage & wanted) !== 0) return undefined;
  return { code: 'wrong_use', reason: `the key of ${subject.text} may not be used for a TLS ${role} (key usage)` };
}

export function allows({ extendedUses }: Certificate, role: PeerRole): boolean {
  const wanted = role === 'client' ? id_kp_clientAuth : id_kp_serverAuth;
  return extendedUses === undefined || extendedUses.some((use) => use === wanted || use === anyExtendedKeyUsage);
}

/** The first of the names that the leaf has. */
export function matchingName({ identities }: Certificate, names: readonly PeerName[]): PeerName | undefined {
  return names.find((name) => identities.some(({ kind, value }) => kind === name.kind && value === name.value));
}

export function nameFault({ identities, unusableNames, subject }: Certificate): Fault {
  const names = identities.filter(({ kind }) => kind !== 'sha256').map((each) => printable(identityText(each)));
  const shown = [...names, ...unusableNames].slice(0, NAMES_SHOWN);
  return {
    code: 'wrong_name',
    reason: `${subject.text} is none of the names that are allowed here; it is ${shown.join(', ') || 'called nothing'}`,
  };
}

export function timeFault(path: Path, nowMs: number): Fault | undefined {
  const early = path.find(({ certificate }) => certificate.notBefore > nowMs);
  if (early !== undefined) {
    const { subject, notBefore } = early.certificate;
    return { code: 'not_yet_valid', reason: `the certificate of ${subject.text} begins on ${timeText(notBefore)}` };
  }
  const late = path.find(({ certificate }) => certificate.notAfter < nowMs);
  if (late === undefined) return undefined;
  const { subject, notAfter } = late.certificate;
  return { code: 'expired', reason: `the certificate of ${subject.text} has expired on ${timeText(notAfter)}` };
}

/** Each certificate below the anchor, with its issuer. */
function issued(path: Path): (readonly [Link, Link])[] {
  return path.slice(1).map((issuer, i) => [path[i] ?? issuer, issuer]);
}
