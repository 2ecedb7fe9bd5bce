import {
  type ConfigurationStatus,
  type GroupStatus,
  mergeStatus,
  type ProcessStatus,
  type Status,
} from '@iec104mm2ss/observability';
import type { HeardProcesses } from './heard.js';
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

/** What all processes together say. */
export type SystemView = Pick<Status, 'processes' | 'configuration' | 'groups'>;

/**
 * Joins what came now, `heard` knowing who was there before.
 *
 * @param own instance that comes first
 */
export function systemView(answers: readonly Known[], heard: HeardProcesses, own: string): SystemView {
  const processes = heard.list(answers, own);
  const servedBy = heard.servers(answers);
  const groups = mergeKnown(answers).map((group) => ({ ...group, servedBy: servedBy(group.id) }));
  return { processes, configuration: configurationStatus(processes), groups };
}
