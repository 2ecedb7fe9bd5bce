import { generate } from '../scenario/generate.ts';
import { runStory, type StoryResult } from '../system/run-story.ts';
import { defectOf } from './defects.mjs';
import { STORIES } from './stories.ts';

/**
 * `try.ts DEFECT FROM TO` plays the seeds for a defect, `try.ts DEFECT story` the story of its own, with its patches when
 * SIM_DEFECT names it. Prints a line of JSON for each: `{ seed, found }`, what the accounts say that should find it. Ends at
 * the first that finds something. See run.mjs.
 */
const [, , id = '', from = '1', to = from] = process.argv;
const defect = defectOf(id);

function judged({ violations }: StoryResult): string[] {
  return violations.filter(({ rule }) => defect.rules.includes(rule)).map(({ rule, detail }) => `${rule}: ${detail}`);
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

if (from === 'story') {
  const story = STORIES[defect.story ?? ''];
  if (story === undefined) throw new Error(`no such story: ${defect.story}`);
  const result = await runStory(story.scenario, true);
  print({
    seed: 0,
    found: [...story.check(result.story, story.scenario).map((text) => `story: ${text}`), ...judged(result)],
  });
} else {
  for (let seed = Number(from); seed <= Number(to); seed++) {
    const scenario = generate(seed);
    if (defect.only?.(scenario) === false) continue;
    const found = judged(await runStory(scenario));
    print({ seed, found });
    if (found.length > 0) break;
  }
}
