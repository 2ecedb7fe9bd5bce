import { connectorPods, type YamlObject, type YamlValue } from '@iec104mm2ss/chart';
import { UsageError } from '../commands/errors.js';
import { isObject } from './chart-values-file.js';

/** Users of the pods that are no connectors. */
const OTHER_USERS = ['router', 'gateway', 'setup'];

/** How many ids share a pod: `connectors.groupsPerPod` of the values. */
export function groupsPerPod(values: YamlObject): number {
  const connectors: YamlValue = values['connectors'];
  const number = isObject(connectors) ? (connectors['groupsPerPod'] ?? 1) : 1;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1) return number;
  throw new UsageError('chart: connectors.groupsPerPod must be a whole number above 0');
}

/** Users of the NATS server without whom a pod could not say anything. */
export function neededUsers(ids: readonly string[], perPod: number): string[] {
  return [...connectorPods(ids, perPod).keys(), ...OTHER_USERS];
}
