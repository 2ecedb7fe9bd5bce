import { clientNames, type GroupConfig, needsTls } from '@iec104mm2ss/config';
import type { CertificateReport, SetReport } from '@iec104mm2ss/tls';
import { HTTP_FILES } from '../http/index.js';

/** What one group of the configuration needs, and whether its files give it. */
export interface GroupTlsReport {
  readonly id: string;
  readonly name: string;
  /** Of its own, or shared. */
  readonly files: 'own' | 'shared';
  /** Port for masters with TLS. */
  readonly tlsPort: number | null;
  readonly tlsProfile: string;
  /** Who may connect. */
  readonly clientNames: readonly string[];
  /** Hosts that are connected to with TLS, and what their certificates must say. */
  readonly hosts: readonly string[];
  readonly rtuNames: readonly string[];
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

export interface TlsCheck {
  readonly ok: boolean;
  readonly sets: readonly SetReport[];
  /** Those with TLS; null: no configuration was given. */
  readonly groups: readonly GroupTlsReport[] | null;
  readonly warnings: readonly string[];
}

/** @param groups of the configuration file; undefined: none was given */
export function tlsCheckOf(sets: readonly SetReport[], groups: readonly GroupConfig[] | undefined): TlsCheck {
  const secured = groups?.filter((group) => needsTls(group, 'masters') || needsTls(group, 'rtu'));
  const reports = secured?.map((group) => groupReport(group, sets)) ?? null;
  // A shared set that is at fault harms nobody when every group has files of its own.
  const sharedIsNeeded = reports === null || reports.some(({ files }) => files === 'shared');
  const foreign =
    groups === undefined
      ? []
      : sets.filter(({ group }) => group !== null && group !== HTTP_FILES && !groups.some(({ id }) => id === group));
  return {
    ok:
      sets.every(({ group, faults }) => faults.length === 0 || (group === null && !sharedIsNeeded)) &&
      (reports ?? []).every(({ faults }) => faults.length === 0),
    sets,
    groups: reports,
    warnings: foreign.map(({ group }) => `the folder ${group}/ is for no group of the configuration`),
  };
}

function groupReport(group: GroupConfig, sets: readonly SetReport[]): GroupTlsReport {
  const own = sets.find((set) => set.group === group.id);
  const set = own ?? sets.find((each) => each.group === null);
  const faults: string[] = [];
  const warnings: string[] = [];
  const [leaf] = set?.chain ?? [];
  const [masters, rtu] = [needsTls(group, 'masters'), needsTls(group, 'rtu')];
  if (set === undefined || set.faults.length > 0)
    faults.push('its files are at fault: it would not be served with TLS');
  else if (leaf !== undefined) {
    if (masters && !leaf.uses.includes('server')) faults.push('tls.crt is not for a TLS server, which masters ask for');
    if (rtu && !leaf.uses.includes('client')) faults.push('tls.crt is not for a TLS client, which the RTU asks for');
    if (masters && group.tlsProfile === 'iec62351' && !leaf.key.startsWith('RSA')) {
      warnings.push(`masters that know only suites with RSA cannot connect: tls.crt has the key ${leaf.key}`);
    }
  }
  return {
    id: group.id,
    name: group.name,
    files: own === undefined ? 'shared' : 'own',
    tlsPort: group.tlsPort ?? null,
    tlsProfile: group.tlsProfile,
    clientNames: masters ? clientNames(group).map(({ text }) => text) : [],
    hosts: group.hosts.filter(({ tls }) => tls === true).map(({ host, port }) => `tls://${host}:${port}`),
    rtuNames: rtu ? group.rtuNames.map(({ text }) => text) : [],
    faults,
    warnings,
  };
}

/** The report of `tls check`, for people. */
export function formatTlsCheck({ ok, sets, groups, warnings }: TlsCheck): string {
  const lines = sets.flatMap((set) => [...formatSet(set), '']);
  if (groups !== null) {
    lines.push(
      groups.length === 0 ? 'No group of the configuration has TLS.' : 'Groups with TLS:',
      ...groups.flatMap(formatGroup),
      '',
    );
  }
  lines.push(...warnings.map((warning) => `but: ${warning}`));
  lines.push(ok ? 'All that is needed can be used.' : 'Something is at fault.');
  return `${lines.join('\n')}\n`;
}

function formatSet({ group, files, chain, keyMatches, authorities, crls, faults, warnings }: SetReport): string[] {
  const whose =
    group === null ? 'The files for all groups without a folder of their own' : `The files of group ${group}`;
  const key =
    keyMatches === null ? [] : [`  tls.key: ${keyMatches ? 'is the key of tls.crt' : 'IS NOT the key of tls.crt'}`];
  return [
    `${whose}: ${files.join(', ') || 'none'}`,
    ...chain.flatMap((each, i) => formatCertificate(i === 0 ? 'tls.crt' : '  issued by', each)),
    ...key,
    ...authorities.flatMap((each) => formatCertificate('ca.crt', each)),
    ...crls.map(({ authority, file, nextUpdate, daysLeft, revoked }) =>
      file === null
        ? `  CRL of ${authority}: none`
        : `  CRL of ${authority}: ${file}, ${revoked} revoked, ${untilText(nextUpdate, daysLeft)}`,
    ),
    ...faults.map((fault) => `  FAULT: ${fault}`),
    ...warnings.map((warning) => `  but: ${warning}`),
  ];
}

/** A certificate on a few lines. */
export function formatCertificate(title: string, certificate: CertificateReport): string[] {
  const { subject, issuer, names, unusableNames, key, uses, isAuthority, notAfter, daysLeft } = certificate;
  const shown = names.filter((name) => !name.startsWith('sha256:'));
  return [
    `  ${title}: ${subject}, by ${subject === issuer ? 'itself' : issuer}, ${key}, ${untilText(notAfter, daysLeft)}`,
    ...(isAuthority
      ? []
      : [
          `    for a TLS ${uses.join(' and a TLS ') || '(nothing)'}; names: ${shown.join(', ') || 'none'}`,
          `    sha256:${certificate.sha256}`,
        ]),
    ...unusableNames.map((name) => `    does not count as a name: ${name}`),
  ];
}

function formatGroup({
  id,
  name,
  files,
  tlsPort,
  tlsProfile,
  clientNames: masters,
  hosts,
  rtuNames,
  faults,
  warnings,
}: GroupTlsReport): string[] {
  return [
    `  ${id} ${name}, ${files} files, profile ${tlsProfile}`,
    ...(tlsPort === null ? [] : [`    masters on port ${tlsPort}: ${masters.join(', ')}`]),
    ...(hosts.length === 0 ? [] : [`    RTU at ${hosts.join(', ')}: ${rtuNames.join(', ')}`]),
    ...faults.map((fault) => `    FAULT: ${fault}`),
    ...warnings.map((warning) => `    but: ${warning}`),
  ];
}

function untilText(end: string | null, daysLeft: number | null): string {
  if (end === null || daysLeft === null) return 'no end is given';
  const day = end.slice(0, 10);
  return daysLeft < 0 ? `ENDED on ${day}` : `until ${day} (${daysLeft} day${daysLeft === 1 ? '' : 's'} left)`;
}
