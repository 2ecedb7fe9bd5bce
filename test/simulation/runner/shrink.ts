import type { Rule } from '../accounts/violations.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { isComplete, partsOf, select } from '../scenario/select.ts';
import { runStory, type StoryResult } from '../system/run-story.ts';

export interface Shrunk {
  readonly scenario: Scenario;
  /** Ids of what is left. */
  readonly kept: readonly string[];
  readonly result: StoryResult;
}

/**
 * Leaves out of a failing story what it fails without, as long as the same account is broken: first large pieces, then
 * single ones, until nothing more can go or the time is over.
 *
 * @returns undefined when the story does not fail
 */
export async function shrink(scenario: Scenario, limitMs: number): Promise<Shrunk | undefined> {
  const end = performance.now() + limitMs;
  let kept = partsOf(scenario);
  const first = await runStory(scenario);
  const rule = first.violations[0]?.rule;
  if (rule === undefined) return undefined;
  let pieces = 2;
  while (performance.now() < end && pieces <= 2 * kept.length) {
    const length = Math.ceil(kept.length / pieces);
    let shorter: string[] | undefined;
    for (let at = 0; at < kept.length && shorter === undefined && performance.now() < end; at += length) {
      const candidate = [...kept.slice(0, at), ...kept.slice(at + length)];
      if (await stillFails(scenario, candidate, rule)) shorter = candidate;
    }
    if (shorter === undefined) {
      if (length === 1) break;
      pieces = Math.min(2 * pieces, kept.length);
    } else {
      kept = shorter;
      pieces = Math.max(2, pieces - 1);
    }
  }
  const short = select(scenario, new Set(kept));
  const result = await runStory(short, true);
  // Without anything left out the time is the story's own.
  if (result.violations.length > 0) return { scenario: short, kept: partsOf(short), result };
  return { scenario, kept: partsOf(scenario), result: await runStory(scenario, true) };
}

async function stillFails(scenario: Scenario, kept: readonly string[], rule: Rule): Promise<boolean> {
  const candidate = select(scenario, new Set(kept));
  if (!isComplete(candidate)) return false;
  const { violations } = await runStory(candidate);
  return violations.some((violation) => violation.rule === rule);
}
