import { connectorPods, type Packing, type YamlObject, type YamlValue } from '@iec104mm2ss/chart';
import { UsageError } from '../commands/errors.js';
import { isObject } from './chart-values-file.js';

/** Users of the pods that are no connectors. */
const OTHER_USERS = ['router', 'gateway', 'setup'];

/** How the values put connectors into pods. */
export function packingOf(values: YamlObject): Packing {
  const { connectors, groups = {} } = values;
  const { groupsPerPod = 1, restartOnChange = true } = isObject(connectors) ? connectors : {};
  if (typeof groupsPerPod === 'number' && Number.isInteger(groupsPerPod) && groupsPerPod >= 1) {
    return { groupsPerPod, restartOnChange: restartOnChange !== false, ownSecrets: withOwnSecret(groups) };
  }
  throw new UsageError('chart: connectors.groupsPerPod must be a whole number above 0');
}

function withOwnSecret(groups: YamlValue): string[] {
  if (!isObject(groups)) return [];
  return Object.keys(groups).filter((id) => isObject(groups[id]) && Boolean(groups[id]['tlsSecret']));
}

/** Users of the NATS server without whom a pod could not say anything. */
export function neededUsers(ids: readonly string[], { groupsPerPod }: Packing): string[] {
  return [...connectorPods(ids, groupsPerPod).keys(), ...OTHER_USERS];
}
