import { KeyUsageFlags } from '@peculiar/asn1-x509';
import { closer, type Fault } from './fault.js';
import type { Link, Trust } from './trust.js';

/** Certificates of one path, the leaf and the root included. */
const LONGEST_PATH = 8;
/** Signatures looked at for one chain: a peer that sends many certificates of one name must not keep us busy. */
const MOST_EDGES = 24;

/** From the leaf to one of our authorities. */
export type Path = readonly [Link, ...Link[]];

/** A way to look at the whole path: its fault, or undefined when it is accepted. */
export type Check = (path: Path) => Fault | undefined;

/**
 * Looks for a path from the leaf to an authority (RFC 5280, clause 6.1, from below) that `check` accepts. There may be several:
 * an authority that was renewed under its name, one that two others have signed.
 *
 * @returns the path, or the fault of the one that came closest
 */
export function findPath(leaf: Link, sent: readonly Link[], trust: Trust, check: Check): Path | Fault {
  let edges = 0;
  let fault: Fault | undefined;
  const extend = (path: Path): Path | undefined => {
    const last = path.at(-1) ?? leaf;
    if (trust.isAnchor(last.certificate)) {
      const found = check(path);
      if (found === undefined) return path;
      fault = closer(fault, found);
      return undefined;
    }
    const issuers = issuersOf(last, sent, trust).filter((issuer) => !path.some((each) => isSame(each, issuer)));
    if (issuers.length === 0) fault = closer(fault, noIssuer(last));
    for (const issuer of issuers) {
      if (path.length >= LONGEST_PATH || edges++ >= MOST_EDGES) {
        fault = closer(fault, { code: 'chain', reason: 'its chain has too many certificates' });
        return undefined;
      }
      const broken = edgeFault(last, issuer);
      if (broken !== undefined) fault = closer(fault, broken);
      const found = broken === undefined ? extend([...path, issuer]) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return extend([leaf]) ?? fault ?? noIssuer(leaf);
}

/** Those with the right name and key, ours first. */
function issuersOf({ certificate: { issuer, authorityKeyId } }: Link, sent: readonly Link[], trust: Trust): Link[] {
  const named = sent.filter(({ certificate }) => certificate.subject.canonical === issuer.canonical);
  return [...trust.named(issuer.canonical), ...named].filter(({ certificate: { keyId } }) => {
    return authorityKeyId === undefined || keyId === undefined || keyId === authorityKeyId;
  });
}

function noIssuer({ certificate: { subject, issuer } }: Link): Fault {
  const reason =
    subject.canonical === issuer.canonical
      ? `${subject.text} is signed by itself and is not in our ca.crt`
      : `the issuer of ${subject.text}, ${issuer.text}, is neither in our ca.crt nor in the chain that was sent`;
  return { code: 'chain', reason };
}

function edgeFault(child: Link, issuer: Link): Fault | undefined {
  const { weakSignature, subject } = child.certificate;
  const { isCa, keyUsage, subject: issuerName } = issuer.certificate;
  if (!isCa) return { code: 'chain', reason: `${issuerName.text} has issued ${subject.text} and is no authority` };
  if (keyUsage !== undefined && (keyUsage & KeyUsageFlags.keyCertSign) === 0) {
    return { code: 'chain', reason: `${issuerName.text} may not sign certificates (key usage)` };
  }
  if (weakSignature !== undefined) {
    return { code: 'weak_signature', reason: `the certificate of ${subject.text} is signed with ${weakSignature}` };
  }
  if (child.isSignedBy(issuer)) return undefined;
  return { code: 'chain', reason: `the signature of ${subject.text} is not of the key of ${issuerName.text}` };
}

const isSame = (a: Link, b: Link): boolean => a.certificate.fingerprint === b.certificate.fingerprint;
