import { describe, expect, it } from 'vitest';
import { BEGIN_MS, generate } from './scenario/generate.ts';
import type { Fault, Scenario } from './scenario/scenario.ts';
import { runStory } from './system/run-story.ts';
import { Random } from './world/random.ts';

const STORIES = 36;
/** A fault of this kind with such a number applies three configurations one after the other, see FaultPlayer. */
const LIVE_VALUES = { from: 8, to: 60 };

/** The story of a seed in which nothing goes wrong, but the file changes all the time. */
function reconfigured(seed: number): Scenario {
  const scenario = generate(seed);
  const random = new Random(`${seed}/configurations`);
  const faults: Fault[] = [];
  for (let at = BEGIN_MS; at < scenario.quietAt - 6_000;) {
    const ms = random.integer(300, 6_000);
    const { id: target } = random.pick(scenario.groups);
    const value = random.integer(LIVE_VALUES.from, LIVE_VALUES.to);
    faults.push({ id: `f${faults.length + 1}`, kind: 'configuration', at, ms, target, value });
    at += ms + random.integer(0, 4_000);
  }
  // Nothing else is wrong: neither masters nor RTUs do anything that the accounts would take for a reason.
  return { ...scenario, upgraded: false, faults };
}

describe('a file that changes again and again while masters get events and give commands', () => {
  it.each(Array.from({ length: STORIES }, (_, index) => index + 1))('loses nothing, story %i', async (seed) => {
    const { violations, story } = await runStory(reconfigured(seed), true);
    expect(story.filter(({ what }) => what.includes('new file')).length).toBeGreaterThan(2);
    expect(violations.map(({ rule, detail }) => `${rule}: ${detail}`)).toEqual([]);
  });
});
