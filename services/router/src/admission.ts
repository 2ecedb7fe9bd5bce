import type { GroupConfig, NamedMaster } from '@iec104mm2ss/config';
import { matchesAny, plainAddress } from '@iec104mm2ss/config';
import type { Session } from './session.js';

/** A connection attempt at a gateway. */
export interface AdmissionRequest {
  readonly group: string;
  readonly gateway: string;
  /** IP address of the peer, IPv4-mapped IPv6 already written as IPv4. */
  readonly address: string;
  readonly port: number;
  /** Subject CN and SAN names of a verified client certificate; empty without TLS. */
  readonly certificateNames: readonly string[];
}

export type RefusalCode = 'rtu_down' | 'rtu_address' | 'filter' | 'same_ip' | 'max_connections' | 'no_oa' | 'not_owner';

export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

export interface Admitted {
  readonly name: string | null;
  readonly certificateName: string | null;
  /** Sessions that have to go for it (same-IP policy `new`). */
  readonly replaces: readonly Session[];
}

/**
 * The rules of admission of one group, across all gateways: RTU up, not the RTU's own address, source filter, same-IP
 * policy, maximum connections. Pure: it decides, the caller acts.
 */
export function admit(
  config: GroupConfig,
  request: AdmissionRequest,
  sessions: readonly Session[],
  rtuAddress: string | null,
): Admitted | Refusal {
  const { address } = request;
  if (rtuAddress === null) return { code: 'rtu_down', message: 'the RTU is not connected' };
  if (address === plainAddress(rtuAddress)) {
    return { code: 'rtu_address', message: `${address} is the address the RTU is connected at` };
  }
  if (config.filter.length > 0 && !matchesAny(config.filter, address)) {
    return { code: 'filter', message: `${address} is not in the filter of the group` };
  }
  const sameIp = sessions.filter((session) => session.address === address);
  if (config.sameIp === 'old' && sameIp.length > 0) {
    return { code: 'same_ip', message: `${address} is connected already and the group keeps the old connection` };
  }
  const replaces = config.sameIp === 'new' ? sameIp : [];
  if (sessions.length - replaces.length >= config.maxConnections) {
    return { code: 'max_connections', message: `${config.maxConnections} masters are connected, the group's maximum` };
  }
  const master = masterOf(config.masters, request);
  return { name: master?.name ?? null, certificateName: request.certificateNames[0] ?? null, replaces };
}

function masterOf(masters: readonly NamedMaster[], request: AdmissionRequest): NamedMaster | undefined {
  const byCertificate = masters.find((master) =>
    master.certificateNames.some((name) => request.certificateNames.includes(name)),
  );
  return byCertificate ?? masters.find((master) => matchesAny(master.sources, request.address));
}
