import type { PeerChain, PeerName, PeerRole, Verdict } from '../types.js';
import { UnreadableCertificateError } from '../x509/asn1.js';
import { identityText } from '../x509/identities.js';
import type { Fault } from './fault.js';
import type { KnownCertificates } from './known-certificates.js';
import {
  constraintFault,
  type CrlExpired,
  crlGaps,
  keyFault,
  matchingName,
  nameFault,
  revocationFault,
  timeFault,
  useFault,
} from './path-checks.js';
import { findPath, type Path } from './paths.js';
import type { Link, Trust } from './trust.js';

/** Certificates that a peer may send. */
const LONGEST_CHAIN = 10;

export interface JudgeParts {
  readonly trust: Trust;
  readonly known: KnownCertificates;
  readonly crlExpired: CrlExpired;
  /** ms since 1970-01-01 UTC. */
  readonly wallMs: () => number;
}

/**
 * The one decision about a certificate: for a session that begins and for one that runs, of a master and of an RTU. It is made
 * anew each time from what was read once, as time and CRLs go on.
 *
 * An expired certificate has no other fault; see ORDER in fault.ts.
 */
export function judge(parts: JudgeParts, chain: PeerChain, role: PeerRole, names: readonly PeerName[]): Verdict {
  if (chain.length === 0) return refusal({ code: 'no_certificate', reason: 'the peer has sent no certificate' });
  if (chain.length > LONGEST_CHAIN) {
    return refusal({
      code: 'chain',
      reason: `it sent ${chain.length} certificates, at most ${LONGEST_CHAIN} are read`,
    });
  }
  const links: Link[] = [];
  try {
    for (const der of chain) links.push(parts.known.link(der));
  } catch (error) {
    if (!(error instanceof UnreadableCertificateError)) throw error;
    const which = links.length === 0 ? 'its certificate' : `certificate ${links.length + 1} of its chain`;
    return refusal({ code: 'unreadable', reason: `${which}: ${error.message}` });
  }
  const [leaf, ...sent] = links;
  if (leaf === undefined) return refusal({ code: 'no_certificate', reason: 'the peer has sent no certificate' });
  const nowMs = parts.wallMs();
  const found = findPath(leaf, sent, parts.trust, (path) => pathFault(parts, path, role, names, nowMs));
  if ('code' in found) return refusal(found);
  parts.known.remember(found);
  return acceptance(parts, found, names, nowMs);
}

function pathFault(
  { trust, crlExpired }: JudgeParts,
  path: Path,
  role: PeerRole,
  names: readonly PeerName[],
  nowMs: number,
): Fault | undefined {
  const [{ certificate: leaf }] = path;
  return (
    constraintFault(path) ??
    revocationFault(path, trust) ??
    keyFault(path) ??
    useFault(path, role) ??
    (matchingName(leaf, names) === undefined ? nameFault(leaf) : undefined) ??
    (crlExpired === 'refuse' ? crlGaps(path, trust, nowMs)[0] : undefined) ??
    timeFault(path, nowMs)
  );
}

function acceptance({ trust }: JudgeParts, path: Path, names: readonly PeerName[], nowMs: number): Verdict {
  const [{ certificate: leaf }] = path;
  const name = matchingName(leaf, names);
  return {
    ok: true,
    identity: name === undefined ? '' : identityText(name),
    identities: leaf.identities.map(identityText),
    notAfter: Math.min(...path.map(({ certificate }) => certificate.notAfter)),
    warnings: crlGaps(path, trust, nowMs).map(({ reason }) => reason),
  };
}

function refusal({ code, reason }: Fault): Verdict {
  return { ok: false, code, reason };
}
