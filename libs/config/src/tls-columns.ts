import type { NamedMaster, Endpoint, GroupConfig, PeerName, TlsProfile } from './types.js';
import type { ColumnName } from './layout.js';

/** What the columns of TLS say in one row. */
export interface TlsColumns {
  readonly port: number;
  /** NaN: it was refused. */
  readonly tlsPort: number | undefined;
  /** Undefined: the column is empty. */
  readonly plain: boolean | undefined;
  readonly tlsProfile: TlsProfile | undefined;
  readonly tlsNames: readonly PeerName[];
  readonly rtuNames: readonly PeerName[];
  readonly masters: readonly NamedMaster[];
  readonly hosts: readonly Endpoint[];
}

export interface TlsRemark {
  readonly field: ColumnName;
  readonly reason: string;
  readonly severity: 'skipped' | 'warning';
}

/** What goes badly together: a column that would be taken for a protection and is none refuses the row. */
export function tlsRemarks(columns: TlsColumns): TlsRemark[] {
  return [...mastersSide(columns), ...rtuSide(columns)];
}

function mastersSide({ port, tlsPort, plain, tlsProfile, tlsNames, masters, hosts }: TlsColumns): TlsRemark[] {
  const remarks: TlsRemark[] = [];
  const refuse = (field: ColumnName, reason: string): void => void remarks.push({ field, reason, severity: 'skipped' });
  const warn = (field: ColumnName, reason: string): void => void remarks.push({ field, reason, severity: 'warning' });
  const certified = masters.filter(({ certificateNames }) => certificateNames.length > 0);
  if (tlsPort === undefined) {
    const without = 'without "tls port" nobody shows a certificate';
    if (plain !== undefined)
      refuse('plain', `it says whether the plain port stays open beside "tls port", which is empty`);
    if (tlsNames.length > 0) refuse('tls names', without);
    if (certified.length > 0) refuse('masters', `master ${certified[0]?.name} has a certificate name: ${without}`);
    if (tlsProfile !== undefined && !hosts.some(({ tls }) => tls === true)) {
      refuse('tls profile', 'there is neither a "tls port" nor a host with tls://');
    }
    return remarks;
  }
  if (tlsPort === port) refuse('tls port', `port ${port} is "port no" already`);
  if (tlsNames.length === 0 && certified.length === 0) {
    refuse('tls names', 'nobody is named who may connect: "tls names", or certificate names in "masters", are needed');
  }
  if (certified.length < masters.length) {
    const names = masters.filter((master) => !certified.includes(master)).map(({ name }) => name);
    warn('masters', `nobody is ${names.join(', ')} on the TLS port: no certificate name is given`);
  }
  return remarks;
}

function rtuSide({ rtuNames, hosts }: TlsColumns): TlsRemark[] {
  const plainHosts = hosts.filter(({ tls }) => tls !== true);
  if (plainHosts.length === hosts.length) {
    if (rtuNames.length === 0) return [];
    return [{ field: 'rtu names', reason: 'no host has tls://, so no RTU shows a certificate', severity: 'skipped' }];
  }
  if (rtuNames.length === 0) {
    const reason = 'what the certificate of a tls:// host must say is needed: dns:HOST, cn:NAME, or sha256:FINGERPRINT';
    return [{ field: 'rtu names', reason, severity: 'skipped' }];
  }
  if (plainHosts.length === 0) return [];
  const [first] = plainHosts;
  const reason = `some hosts have no tls://: nothing says who answers at ${first?.host}:${first?.port}`;
  return [{ field: 'hosts', reason, severity: 'warning' }];
}

/** Who may connect to the TLS port of a group: `tls names`, else the certificates that its masters have. */
export function clientNames({ tlsNames, masters }: Pick<GroupConfig, 'tlsNames' | 'masters'>): readonly PeerName[] {
  return tlsNames.length > 0 ? tlsNames : masters.flatMap(({ certificateNames }) => certificateNames);
}

/** True when the group needs certificates of ours: for its masters, for its RTU. */
export function needsTls({ tlsPort, hosts }: Pick<GroupConfig, 'tlsPort' | 'hosts'>, side: 'masters' | 'rtu'): boolean {
  return side === 'masters' ? tlsPort !== undefined : hosts.some(({ tls }) => tls === true);
}
