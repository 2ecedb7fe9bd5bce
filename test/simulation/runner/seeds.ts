import { describe, it } from 'vitest';
import { generate } from '../scenario/generate.ts';
import { runStory } from '../system/run-story.ts';
import { failureText } from './report.ts';
import { shrink } from './shrink.ts';

/** `SIM_SEEDS` stories, from `SIM_FROM` on; each test plays so many. */
const SEEDS = Number(process.env.SIM_SEEDS ?? 100);
const FROM = Number(process.env.SIM_FROM ?? 1);
const SEEDS_OF_A_TEST = 20;
const SHRINK_MS = 30_000;
const TEST_LIMIT_MS = 180_000;

/** Tests that play the `part`-th of `parts` shares of `seeds` stories from `from` on: a share for each worker. */
export function describeSeeds(part: number, parts: number, from = FROM, seeds = SEEDS): void {
  describe('whole systems under faults', () => {
    for (let first = from + part * SEEDS_OF_A_TEST; first < from + seeds; first += parts * SEEDS_OF_A_TEST) {
      const last = Math.min(first + SEEDS_OF_A_TEST, from + seeds) - 1;
      it(
        `keep every account in the stories of seeds ${first} to ${last}`,
        async () => {
          for (let seed = first; seed <= last; seed++) await play(seed);
        },
        TEST_LIMIT_MS,
      );
    }
  });
}

async function play(seed: number): Promise<void> {
  const scenario = generate(seed);
  const { violations } = await runStory(scenario);
  const [violation] = violations;
  if (violation === undefined) return;
  const shrunk = await shrink(scenario, SHRINK_MS);
  throw new Error(
    shrunk === undefined ? `seed ${seed} fails once only: ${violation.detail}` : failureText(shrunk, scenario),
  );
}
