import type { Scenario } from './scenario.ts';

/** After the last thing that happens the rest of a shortened story begins. */
const AFTER_LAST_MS = 1_000;

/** All that a story consists of, by id. */
export function partsOf({ groups, processes, masters, acts, faults }: Scenario): string[] {
  return [...groups.map(({ id }) => `g${id}`), ...[processes, masters, acts, faults].flat().map(({ id }) => id)];
}

/**
 * The same story with only these parts. What concerns a part that is left out is left out too, and the quiet end begins when
 * nothing more happens.
 */
export function select(scenario: Scenario, kept: ReadonlySet<string>): Scenario {
  const groups = scenario.groups.filter(({ id }) => kept.has(`g${id}`));
  const groupIds = new Set(groups.map(({ id }) => id));
  const masters = scenario.masters.filter(({ id, group }) => kept.has(id) && groupIds.has(group));
  const processes = scenario.processes
    .filter(({ id }) => kept.has(id))
    .map((process) => ({ ...process, groups: process.groups.filter((id) => groupIds.has(id)) }));
  const there = new Set([...masters, ...processes].map(({ id }) => id));
  const acts = scenario.acts.filter(
    (act) => kept.has(act.id) && ('master' in act ? there.has(act.master) : groupIds.has(act.group)),
  );
  const isThere = (target: string): boolean =>
    groupIds.has(target) || there.has(target) || !/^([pm]\d+|\d+)$/.test(target);
  const faults = scenario.faults.filter(({ id, target }) => kept.has(id) && isThere(target));
  const last = Math.max(0, ...acts.map(({ at }) => at), ...faults.map(({ at, ms }) => at + ms));
  const quietAt = Math.min(scenario.quietAt, last + AFTER_LAST_MS);
  return { ...scenario, groups, masters, processes, acts, faults, quietAt };
}

/** False: the system cannot work at all, with or without faults. */
export function isComplete({ groups, processes, masters }: Scenario): boolean {
  const has = (part: 'router' | 'gateway'): boolean => processes.some(({ parts }) => parts.includes(part));
  return (
    groups.length > 0 &&
    masters.length > 0 &&
    has('router') &&
    has('gateway') &&
    groups.every(({ id }) => processes.some((process) => process.groups.includes(id)))
  );
}
