import { describe, expect, it } from 'vitest';
import { STORIES } from './defects/stories.ts';
import { runStory } from './system/run-story.ts';

describe('a story written by hand', () => {
  it.each(Object.entries(STORIES))('keeps every account: %s', async (_, { scenario, check }) => {
    const { story, violations } = await runStory(scenario, true);
    expect(violations.map(({ rule, detail }) => `${rule}: ${detail}`)).toEqual([]);
    expect(check(story, scenario)).toEqual([]);
  });
});
