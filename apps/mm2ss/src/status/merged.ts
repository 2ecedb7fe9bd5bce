import {
  type ConfigurationStatus,
  type GroupStatus,
  mergeStatus,
  type ProcessStatus,
} from '@iec104mm2ss/observability';
import { CONFIGURED, type Known } from './known.js';

/** Of two that state the same, the one who knows it first hand comes last: the connector, of the RTU. */
const ORDER = [CONFIGURED, 'gateway', 'router', 'connector'];

/** The groups, from what every process knows of them, in the order of the longest configuration. */
export function mergeKnown(all: readonly Known[]): GroupStatus[] {
  const known = all.flatMap((each) => each.known);
  const of = (part: string) => known.filter((each) => each.part === part).map(({ groups }) => groups);
  const configured = of(CONFIGURED).sort((a, b) => b.length - a.length);
  return mergeStatus([configured.flat(), ...ORDER.slice(1).flatMap(of)]);
}

export function configurationStatus(processes: readonly ProcessStatus[]): ConfigurationStatus {
  const answering = processes.filter(({ silent, configuration }) => !silent && configuration !== null);
  const digests = [...new Set(answering.map(({ configuration }) => configuration?.digest ?? ''))];
  return { digests, differ: digests.length > 1 };
}
