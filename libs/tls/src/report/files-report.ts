import { X509Certificate } from 'node:crypto';
import { allows } from '../judge/path-checks.js';
import type { Link } from '../judge/trust.js';
import { secureContext } from '../profiles.js';
import { pemOf } from '../store/pem.js';
import { readSnapshot, SHARED } from '../store/snapshot.js';
import { readTlsSet, type TlsSet } from '../store/tls-set.js';
import type { PeerRole } from '../types.js';
import { identityText } from '../x509/identities.js';
import { printable } from '../x509/printable.js';

const DAY_MS = 86_400_000;

/** One certificate for people and for scripts. */
export interface CertificateReport {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly sha256: string;
  /** What it may be called in `tls names` and `rtu names`. */
  readonly names: readonly string[];
  /** Names in it that do not count, with the reason. */
  readonly unusableNames: readonly string[];
  readonly key: string;
  /** What TLS roles its uses allow. */
  readonly uses: readonly PeerRole[];
  readonly isAuthority: boolean;
  /** ISO 8601, UTC. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days until it ends; negative: it has ended. */
  readonly daysLeft: number;
}

/** The CRL in use of one authority. */
export interface CrlReport {
  readonly authority: string;
  /** Null: there is none that the authority has signed. */
  readonly file: string | null;
  readonly thisUpdate: string | null;
  readonly nextUpdate: string | null;
  readonly daysLeft: number | null;
  readonly revoked: number | null;
}

/** What one set of files is worth. */
export interface SetReport {
  /** Null: the files for all groups without a folder of their own. */
  readonly group: string | null;
  readonly files: readonly string[];
  readonly chain: readonly CertificateReport[];
  /** Null: one of both is missing. */
  readonly keyMatches: boolean | null;
  readonly authorities: readonly CertificateReport[];
  readonly crls: readonly CrlReport[];
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

/** Looks at everything below a folder the way the store does. Rejects when the folder cannot be read. */
export async function reportTlsFiles(dir: string, nowMs: number): Promise<SetReport[]> {
  const reports: SetReport[] = [];
  for (const [group, files] of await readSnapshot(dir)) {
    const set = await readTlsSet(files, nowMs);
    const names = [...files.files.keys()].map((name) => (files.inherited.has(name) ? `${name} (shared)` : name));
    reports.push({
      group: group === SHARED ? null : group,
      files: names,
      chain: set.own.map((link) => certificateReport(link, nowMs)),
      keyMatches: keyMatches(set),
      authorities: set.trust.authorities.map((link) => certificateReport(link, nowMs)),
      crls: crlReports(set, nowMs),
      faults: [...set.faults, ...contextFault(set)],
      warnings: set.warnings,
    });
  }
  return reports;
}

export function certificateReport({ certificate }: Link, nowMs: number): CertificateReport {
  const { subject, issuer, serial, fingerprint, identities, unusableNames, key, isCa, notBefore, notAfter } =
    certificate;
  const roles: readonly PeerRole[] = ['server', 'client'];
  return {
    subject: subject.text,
    issuer: issuer.text,
    serial,
    sha256: fingerprint,
    names: identities.map((each) => printable(identityText(each))),
    unusableNames,
    key: key.text,
    uses: roles.filter((role) => allows(certificate, role)),
    isAuthority: isCa,
    notBefore: iso(notBefore),
    notAfter: iso(notAfter),
    daysLeft: daysUntil(notAfter, nowMs),
  };
}

function crlReports({ trust }: TlsSet, nowMs: number): CrlReport[] {
  return trust.authorities
    .filter(({ certificate }) => certificate.isCa)
    .map((authority) => {
      const crl = trust.crlOf(authority);
      return {
        authority: authority.certificate.subject.text,
        file: crl?.file ?? null,
        thisUpdate: crl === undefined ? null : iso(crl.thisUpdate),
        nextUpdate: crl?.nextUpdate === undefined ? null : iso(crl.nextUpdate),
        daysLeft: crl?.nextUpdate === undefined ? null : daysUntil(crl.nextUpdate, nowMs),
        revoked: crl?.size ?? null,
      };
    });
}

function keyMatches({ own: [leaf], key }: TlsSet): boolean | null {
  return leaf === undefined || key === undefined ? null : new X509Certificate(leaf.der).checkPrivateKey(key);
}

/** What OpenSSL says to it, if nothing else is wrong. */
function contextFault({ own, key, trust, faults }: TlsSet): string[] {
  if (faults.length > 0 || key === undefined) return [];
  try {
    secureContext({
      profile: 'iec62351',
      certificates: pemOf(own),
      key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      authorities: pemOf(trust.authorities),
    });
    return [];
  } catch (error) {
    return [`OpenSSL does not take certificate and key: ${(error as Error).message}`];
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();

const daysUntil = (ms: number, nowMs: number): number => Math.floor((ms - nowMs) / DAY_MS);
