import { describe, expect, it } from 'vitest';
import { generate } from './scenario/generate.ts';
import { isComplete, partsOf, select } from './scenario/select.ts';
import { runStory } from './system/run-story.ts';

describe('a story', () => {
  it.each([2, 3, 5])('of seed %i is the same every time', async (seed) => {
    const [first, second] = [await runStory(generate(seed)), await runStory(generate(seed))];
    expect(second.hash).toBe(first.hash);
    expect(second.steps).toBe(first.steps);
    expect(second.counts).toEqual(first.counts);
  });

  it('differs from seed to seed', async () => {
    const hashes = await Promise.all([3, 9].map(async (seed) => (await runStory(generate(seed))).hash));
    expect(new Set(hashes).size).toBe(2);
  });

  it('can be shortened, and what is left is told the same way', async () => {
    const whole = generate(5);
    const all = partsOf(whole);
    expect(new Set(all).size).toBe(all.length);
    const master = whole.masters[0]?.id ?? '';
    const without = select(whole, new Set(all.filter((id) => id !== master)));
    expect(without.masters.length).toBe(whole.masters.length - 1);
    expect(without.acts.some((act) => 'master' in act && act.master === master)).toBe(false);
    expect(isComplete(without)).toBe(true);
    expect(isComplete(select(whole, new Set(['g1', master])))).toBe(false);
    const [once, again] = [await runStory(without), await runStory(without)];
    expect(again.hash).toBe(once.hash);
  });
});
