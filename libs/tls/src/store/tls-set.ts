import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { timeText } from '../judge/fault.js';
import { allows, CLOCK_SKEW_MS } from '../judge/path-checks.js';
import { type Link, maySignCrls, Trust } from '../judge/trust.js';
import { Crl } from '../x509/crl.js';
import { readCrls } from '../x509/read-crls.js';
import { certificatesOf } from './pem.js';
import type { FileSet } from './snapshot.js';

/** An end that is nearer than this is told: certificates are often made by hand. */
const SOON_MS = 30 * 86_400_000;

/** What the files of one set say, and what is wrong with them. */
export interface TlsSet {
  readonly digest: string;
  /** Our own certificate and those of its issuers, as they are sent. */
  readonly own: readonly Link[];
  readonly key: KeyObject | undefined;
  readonly trust: Trust;
  /** The set cannot be used; for people. */
  readonly faults: readonly string[];
  /** It can, but something will not work, or soon. */
  readonly warnings: readonly string[];
}

/** Reads the files and looks at them as a set. Nothing here throws for what is in a file. */
export async function readTlsSet({ digest, files, inherited, failures }: FileSet, nowMs: number): Promise<TlsSet> {
  const faults = [...failures];
  const warnings: string[] = [];
  const links = (name: string): Link[] => {
    const octets = files.get(name);
    if (octets === undefined) {
      if (!failures.some((failure) => failure.startsWith(`${name} `))) faults.push(`${name} is missing`);
      return [];
    }
    return attempt(name, faults, () => certificatesOf(octets)) ?? [];
  };
  const own = links('tls.crt');
  const authorities = links('ca.crt');
  const key = readKey(files.get('tls.key'), faults, failures);
  const trust = new Trust(authorities, await readAllCrls(files, faults));
  checkOwn(own, key, trust, nowMs, { faults, warnings });
  checkAuthorities(trust, nowMs, { faults, warnings });
  checkCrls(trust, inherited, nowMs, { faults, warnings });
  return { digest, own, key, trust, faults, warnings };
}

/** When the set will be found in another state than at `nowMs` though no file changes, ms since 1970-01-01 UTC; Infinity: never. */
export function nextMoment({ own, trust }: TlsSet, nowMs: number): number {
  const ends = [...own, ...trust.authorities].map(({ certificate }) => certificate.notAfter);
  const soon = own.map(({ certificate }) => certificate.notAfter - SOON_MS);
  const crls = trust.crls.map(({ nextUpdate }) => nextUpdate ?? Infinity);
  return Math.min(...[...ends, ...soon, ...crls].filter((moment) => moment >= nowMs));
}

interface Findings {
  readonly faults: string[];
  readonly warnings: string[];
}

function attempt<T>(name: string, faults: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    faults.push(`${name}: ${(error as Error).message}`);
    return undefined;
  }
}

function readKey(octets: Uint8Array | undefined, faults: string[], failures: readonly string[]): KeyObject | undefined {
  if (octets === undefined) {
    if (!failures.some((failure) => failure.startsWith('tls.key '))) faults.push('tls.key is missing');
    return undefined;
  }
  const text = Buffer.from(octets).toString('latin1');
  if (/ENCRYPTED/.test(text)) {
    faults.push('tls.key is encrypted with a password; it must be readable by this process without one');
    return undefined;
  }
  try {
    return createPrivateKey({ key: text, format: 'pem' });
  } catch {
    faults.push('tls.key has no private key that can be read (PEM is needed)');
    return undefined;
  }
}

async function readAllCrls(files: ReadonlyMap<string, Uint8Array>, faults: string[]): Promise<Crl[]> {
  const crls: Crl[] = [];
  for (const [name, octets] of files) {
    if (!name.endsWith('.crl')) continue;
    try {
      for (const read of await readCrls(octets)) crls.push(new Crl(read, name));
    } catch (error) {
      faults.push(`${name}: ${(error as Error).message}`);
    }
  }
  return crls;
}

function checkOwn(
  own: readonly Link[],
  key: KeyObject | undefined,
  trust: Trust,
  nowMs: number,
  { faults, warnings }: Findings,
): void {
  const [leaf] = own;
  if (leaf === undefined) return;
  const { certificate } = leaf;
  if (key !== undefined && !new X509Certificate(leaf.der).checkPrivateKey(key)) {
    faults.push(`tls.key is not the key of the first certificate in tls.crt (${certificate.subject.text})`);
  }
  for (const { certificate: each } of own) {
    const { subject, key: strength, weakSignature, notBefore, notAfter, issuer } = each;
    if (strength.weak) faults.push(`tls.crt: the key of ${subject.text} is too weak: ${strength.text}`);
    const isSelfIssued = issuer.canonical === subject.canonical;
    if (weakSignature !== undefined && !isSelfIssued) {
      faults.push(`tls.crt: ${subject.text} is signed with ${weakSignature}`);
    }
    if (notAfter < nowMs) faults.push(`tls.crt: ${subject.text} has expired on ${timeText(notAfter)}`);
    else if (notAfter < nowMs + SOON_MS) warnings.push(`tls.crt: ${subject.text} ends on ${timeText(notAfter)}`);
    if (notBefore > nowMs) faults.push(`tls.crt: ${subject.text} begins on ${timeText(notBefore)} only`);
  }
  if (!allows(certificate, 'server') && !allows(certificate, 'client')) {
    faults.push('tls.crt: its extended key usage allows neither a TLS server nor a TLS client');
  } else if (!allows(certificate, 'server')) {
    warnings.push('tls.crt is not for a TLS server: masters will refuse it');
  } else if (!allows(certificate, 'client')) {
    warnings.push('tls.crt is not for a TLS client: RTUs will refuse it');
  }
  checkChain(own, trust, { faults, warnings });
}

function checkChain(own: readonly Link[], trust: Trust, { faults, warnings }: Findings): void {
  own.forEach((link, i) => {
    const next = own[i + 1];
    if (next !== undefined && !link.isSignedBy(next)) {
      const [subject, issuer] = [link.certificate.subject.text, next.certificate.subject.text];
      faults.push(
        `tls.crt: ${subject} is followed by ${issuer}, which has not signed it; each must be followed by its issuer`,
      );
    }
  });
  const last = own.at(-1)?.certificate;
  if (last === undefined || last.issuer.canonical === last.subject.canonical) return;
  if (!trust.named(last.issuer.canonical).some((issuer) => own.at(-1)?.isSignedBy(issuer))) {
    warnings.push(
      `tls.crt ends with ${last.subject.text}; peers must have its issuer, ${last.issuer.text}, themselves`,
    );
  }
}

function checkAuthorities(trust: Trust, nowMs: number, { faults, warnings }: Findings): void {
  let usable = 0;
  for (const { certificate } of trust.authorities) {
    const { subject, key, notAfter, notBefore } = certificate;
    if (key.weak)
      warnings.push(`ca.crt: the key of ${subject.text} is too weak (${key.text}): nothing below it is accepted`);
    else if (notAfter < nowMs) warnings.push(`ca.crt: ${subject.text} has expired on ${timeText(notAfter)}`);
    else if (notBefore > nowMs) warnings.push(`ca.crt: ${subject.text} begins on ${timeText(notBefore)} only`);
    else usable++;
    if (!certificate.isCa)
      warnings.push(`ca.crt: ${subject.text} is no authority: it is accepted itself, and nobody below it`);
  }
  if (trust.authorities.length > 0 && usable === 0) faults.push('ca.crt: nothing in it can be used any more');
}

function checkCrls(trust: Trust, inherited: ReadonlySet<string>, nowMs: number, { faults, warnings }: Findings): void {
  for (const crl of trust.crls) {
    const { issuer, fault, thisUpdate, nextUpdate, file } = crl;
    const signers = trust.named(issuer.canonical);
    const isSigned = signers.some(
      (signer) => maySignCrls(signer) && crl.isSignedBy(signer.certificate.fingerprint, signer.key),
    );
    // A shared CRL says nothing to a group that believes other authorities.
    if (inherited.has(file) && !inherited.has('ca.crt') && !isSigned) continue;
    const text = `${file}: the CRL of ${issuer.text}`;
    if (fault !== undefined) faults.push(`${text}: ${fault}`);
    else if (signers.length === 0) warnings.push(`${file}: a CRL of ${issuer.text}, which is not in ca.crt`);
    else if (!isSigned) faults.push(`${text} is not signed with the key of that authority in ca.crt`);
    else if (thisUpdate > nowMs + CLOCK_SKEW_MS) faults.push(`${text} begins on ${timeText(thisUpdate)} only`);
    else if (nextUpdate === undefined) warnings.push(`${text} does not say when the next one comes`);
    else if (nextUpdate < nowMs) warnings.push(`${text} has expired on ${timeText(nextUpdate)}`);
  }
  for (const authority of trust.authorities) {
    const { isCa, subject } = authority.certificate;
    if (isCa && trust.crlOf(authority) === undefined) {
      warnings.push(`there is no CRL of ${subject.text}: what it revokes is not noticed`);
    }
  }
}
