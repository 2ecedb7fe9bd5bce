import {
  type ConfigurationStatus,
  type GroupContribution,
  type GroupStatus,
  type ProcessStatus,
  type Status,
  StatusMerge,
} from '@iec104mm2ss/observability';
import type { HeardProcesses } from './heard.js';
import { CONFIGURED, type Known } from './known.js';
import { inTurns } from './turns.js';

/** Of two that state the same, the one who knows it first hand comes last: the connector, of the RTU. */
const ORDER = [CONFIGURED, 'gateway', 'router', 'connector'];

/** Contributions that are joined in one turn of the event loop. */
const SLICE = 50;

/** The groups, from what every process knows of them, in the order of the longest configuration. */
export async function mergeKnown(all: readonly Known[]): Promise<GroupStatus[]> {
  const known = all.flatMap((each) => each.known);
  const of = (part: string) => known.filter((each) => each.part === part).map(({ groups }) => groups);
  const configured = of(CONFIGURED).sort((a, b) => b.length - a.length);
  const merge = new StatusMerge();
  const lists = [...configured, ...ORDER.slice(1).flatMap(of)];
  for await (const slice of inTurns(lists.flatMap(slices))) for (const contribution of slice) merge.add(contribution);
  return merge.groups();
}

function slices(groups: readonly GroupContribution[]): (readonly GroupContribution[])[] {
  return Array.from({ length: Math.ceil(groups.length / SLICE) }, (_, index) =>
    groups.slice(index * SLICE, (index + 1) * SLICE),
  );
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
export async function systemView(answers: readonly Known[], heard: HeardProcesses, own: string): Promise<SystemView> {
  const processes = heard.list(answers, own);
  const servedBy = heard.servers(answers);
  const gateways = heard.gateways(answers);
  const groups = (await mergeKnown(answers)).map((group) => ({
    ...group,
    servedBy: servedBy(group.id),
    gateways: gateways.get(group.id) ?? [],
  }));
  return { processes, configuration: configurationStatus(processes), groups };
}
