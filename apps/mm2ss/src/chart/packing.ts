import type { YamlValue } from '@iec104mm2ss/chart';
import { UsageError } from '../commands/errors.js';
import { isObject, type YamlObject } from './chart-values-file.js';

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
  return [...connectorNames(ids, perPod).keys(), ...OTHER_USERS];
}

/**
 * Names of the connector pods' users, each with the ids of the groups in it: `connector-7`, or `connector-100-149`, where a range
 * begins at a multiple of its length.
 */
export function connectorNames(ids: readonly string[], perPod: number): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const id of ids) {
    const from = Math.floor(Number(id) / perPod) * perPod;
    const name = perPod === 1 ? `connector-${id}` : `connector-${from}-${from + perPod - 1}`;
    names.set(name, [...(names.get(name) ?? []), id]);
  }
  return names;
}
