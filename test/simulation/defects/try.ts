import { generate } from '../scenario/generate.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { runStory } from '../system/run-story.ts';
import { defectOf } from './defects.mjs';
import { STORIES, withGarbage } from './stories.ts';

/**
 * `try.ts DEFECT FROM TO`: plays the stories for a defect, with its patches when SIM_DEFECT names it, and prints one line of
 * JSON for each: `{ seed, found }`, what the accounts that should find it say. Ends at the first that finds something. See run.mjs.
 */
const [, , id = '', from = '1', to = from] = process.argv;
const defect = defectOf(id);

async function findings(scenario: Scenario): Promise<string[]> {
  const { violations } = await runStory(scenario);
  return violations.filter(({ rule }) => defect.rules.includes(rule)).map(({ rule, detail }) => `${rule}: ${detail}`);
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

if (defect.story !== undefined) {
  const story = STORIES[defect.story];
  if (story === undefined) throw new Error(`no such story: ${defect.story}`);
  const result = await runStory(story.scenario, true);
  print({ seed: 0, found: [...story.check(result.story, story.scenario), ...(await findings(story.scenario))] });
} else {
  for (let seed = Number(from); seed <= Number(to); seed++) {
    const scenario = defect.garbage === true ? withGarbage(seed) : generate(seed);
    if (defect.only?.(scenario) === false) continue;
    const found = await findings(scenario);
    print({ seed, found });
    if (found.length > 0) break;
  }
}
