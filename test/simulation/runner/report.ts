import { RULES } from '../accounts/violations.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { partsOf } from '../scenario/select.ts';
import type { StoryResult } from '../system/run-story.ts';
import type { StoryLine } from '../world/world.ts';
import type { Shrunk } from './shrink.ts';

/** Lines of a story that are shown unless all are wanted. */
const MOST_LINES = 70;

/** A failing story for people: who is in it, what happened, what went wrong, and how to see it again. */
export function failureText({ scenario, kept, result }: Shrunk, whole: Scenario): string {
  const lines = [
    `seed ${scenario.seed} fails:`,
    ...result.violations.slice(0, 3).map(({ at, rule, detail }) => `  ${seconds(at)}  ${RULES[rule]}: ${detail}`),
    'with',
    ...cast(scenario),
    'the story',
    ...shortStory(result),
    `again: ${command(scenario.seed, kept, whole)}`,
  ];
  return lines.join('\n');
}

/** The one command that repeats it. */
export function command(seed: number, kept: readonly string[], whole: Scenario): string {
  const keep = kept.length < partsOf(whole).length ? ` KEEP=${kept.join(',')}` : '';
  return `make simulate SEED=${seed}${keep}`;
}

export function cast({ shape, bus, upgraded, scene, groups, processes, masters }: Scenario): string[] {
  const servers =
    shape === 'one'
      ? 'no server'
      : `${bus.servers} server${bus.servers === 1 ? '' : 's'}, sync ${bus.sync}${bus.trimMs === undefined ? '' : `, trims after ${bus.trimMs} ms`}`;
  return [
    `  ${shape}, ${servers}${upgraded ? ', after the release before' : ''}${scene === undefined ? '' : `, scene ${scene}`}`,
    ...processes.map(
      ({ id, parts, groups: of }) => `  ${id}: ${parts.join(', ')}${of.length > 0 ? ` of group ${of.join(', ')}` : ''}`,
    ),
    ...groups.map(({ id, habits, config }) => {
      const { oa, actTerm, repeats, tags, connections, needsSelect } = habits;
      const rtu = { oa, actTerm, repeats, tags, connections, needsSelect };
      const { ack = 'default', interrogation, buffsize, sameIp } = config;
      return `  group ${id}: ack ${ack}, interrogation ${interrogation}, buffsize ${buffsize}, same IP ${sameIp}; RTU ${JSON.stringify(rtu)}`;
    }),
    ...masters.map(({ id, group, name, wish }) => `  ${id}: group ${group}, ${name ?? 'not named'}, ${wish}`),
  ];
}

/** What matters most of what happened before the first account was broken. */
function shortStory({ story, violations }: StoryResult): string[] {
  const [first] = violations;
  const until = first?.at ?? Infinity;
  const shown = story.filter((line) => line.at <= until && matters(line));
  const left = shown.length - MOST_LINES;
  const faults = shown.slice(0, Math.max(0, left)).filter(({ who }) => who === 'STORY');
  return [
    ...faults.map(lineText),
    ...(left > 0 ? [`  ... ${left - faults.length} lines are left out, STORY=all shows them`] : []),
    ...shown.slice(-MOST_LINES).map(lineText),
  ];
}

function matters({ who, what }: StoryLine): boolean {
  if (who.startsWith('rtu')) return !/^(sends|has) #/.test(what);
  return !what.startsWith('debug ') && !what.startsWith('gets ');
}

export function lineText({ at, who, what }: StoryLine): string {
  return `  ${seconds(at)}  ${who.padEnd(7)} ${what}`;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3).padStart(8);
}
