import {
  type GroupConfig,
  hasNoRights,
  masterOf,
  matchesAny,
  plainAddress,
  rightsOf,
  unclearMaster,
} from '@iec104mm2ss/config';
import type { AdmissionRequest } from '@iec104mm2ss/wire';
import { type Displaced, placeFor, type PlaceTerms, type Refusal } from './places.js';
import { peerOf, type RightsHolder } from './rights.js';
import type { Session } from './session.js';

export type { Refusal } from './places.js';

export interface Admitted {
  readonly name: string | null;
  readonly certificateName: string | null;
  /** Sessions that have to go for it. */
  readonly replaces: readonly Displaced[];
}

/**
 * The rules of admission of one group, across all gateways: RTU up, not the RTU's own address, source filter, same-IP
 * policy, places. Pure: it decides, the caller acts.
 */
export function admit(
  config: GroupConfig,
  request: AdmissionRequest,
  sessions: readonly Session[],
  rtuAddress: string | null,
  terms: PlaceTerms,
): Admitted | Refusal {
  const { address } = request;
  if (rtuAddress === null) return { code: 'rtu_down', message: 'the RTU is not connected' };
  if (address === plainAddress(rtuAddress)) {
    return { code: 'rtu_address', message: `${address} is the address the RTU is connected at` };
  }
  const filtered = notInFilter(config, address);
  if (filtered !== undefined) return filtered;
  const name = masterOf(config.masters, address, request.certificateNames)?.name ?? null;
  const certificateName = request.certificateNames[0] ?? null;
  const withoutRights = hasNoPlace(config, {
    address,
    name,
    certificateName,
    certificateNames: request.certificateNames,
  });
  if (withoutRights !== undefined) return withoutRights;
  const sameIp = sessions.filter((session) => session.address === address);
  if (config.sameIp === 'old' && sameIp.length > 0) {
    return { code: 'same_ip', message: `${address} is connected already and the group keeps the old connection` };
  }
  const message = `${address} connected again and the group keeps the new connection`;
  const replaces =
    config.sameIp === 'new' ? sameIp.map((session): Displaced => ({ session, code: 'same_ip', message })) : [];
  const stay = config.sameIp === 'new' ? sessions.filter((session) => session.address !== address) : sessions;
  const place = placeFor(config, { address, name: name ?? undefined }, stay, terms);
  if ('code' in place) return place;
  return { name, certificateName, replaces: [...replaces, ...place] };
}

/**
 * Why a session that its gateway has, and that this router does not know, must not go on; undefined: it may. An earlier owner
 * admitted it, by the file that was in force then, and others may have come since.
 */
export function mayNotGoOn(config: GroupConfig, address: string, sessions: readonly Session[]): Refusal | undefined {
  const filtered = notInFilter(config, address);
  if (filtered !== undefined) return filtered;
  if (config.sameIp !== 'all' && sessions.some((other) => other.address === address)) {
    return { code: 'same_ip', message: `${address} has another connection by now and the group keeps one` };
  }
  if (sessions.length >= config.maxConnections) {
    return { code: 'max_connections', message: `${config.maxConnections} masters are connected, the group's maximum` };
  }
  return undefined;
}

/** Why this address may not be connected, by the source filter; undefined: it may. */
export function notInFilter({ filter }: GroupConfig, address: string): Refusal | undefined {
  if (filter.length === 0 || matchesAny(filter, address)) return undefined;
  return { code: 'filter', message: `${address} is not in the filter of the group` };
}

/** Why this master may not be connected, by the rules about who may do what; undefined: it may. */
export function hasNoPlace(config: GroupConfig, holder: RightsHolder): Refusal | undefined {
  const { address, name, certificateName, certificateNames = [] } = holder;
  const unclear = unclearMaster(config, { address, certificateNames });
  if (unclear !== undefined) {
    const message = `${certificateName ?? address} could be ${unclear.join(' or ')}: its rights are not clear`;
    return { code: 'rights', message };
  }
  if (!hasNoRights(rightsOf(config.rights, peerOf(holder)))) return undefined;
  return { code: 'rights', message: `${certificateName ?? name ?? address} has no rights in this group` };
}
