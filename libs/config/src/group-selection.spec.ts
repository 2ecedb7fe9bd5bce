import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupSelection, GroupSelectionError } from './group-selection.js';

const meant = (texts: readonly string[], ids: readonly string[]): string[] => {
  const selection = GroupSelection.parse(texts);
  return ids.filter((id) => selection.matches(id));
};
const IDS = ['1', '4', '5', '7', '20', '21', '111', '12345678901234567890'];

describe('GroupSelection', () => {
  it.each([
    [['1'], ['1']],
    [['1,7'], ['1', '7']],
    [
      ['1', '5-20'],
      ['1', '5', '7', '20'],
    ],
    [[' 1 , 5 - 7 '], ['1', '5', '7']],
    [['007'], ['7']],
    [['0005-0020'], ['5', '7', '20']],
    [['5-5'], ['5']],
    [['all'], IDS],
    [['ALL'], IDS],
    [['1', 'all'], IDS],
    [['21-12345678901234567890'], ['21', '111', '12345678901234567890']],
    [['8'], []],
  ])('%j means %j', (texts, ids) => {
    expect(meant(texts, IDS)).toEqual(ids);
  });

  it.each([
    ['5..20', '"5..20" is none of them; nearest: 5-20'],
    ['5:20', 'nearest: 5-20'],
    ['5–20', 'nearest: 5-20'],
    ['20-5', '"20-5" is none of them; nearest: 5-20'],
    ['1;2', 'nearest: 1,2'],
    ['1 2 5-7', 'nearest: 1,2,5-7'],
    ['1,,2', 'a part of it is empty; nearest: 1,2'],
    ['1,', 'nearest: 1'],
    ['5-', 'nearest: 5'],
    ['*', 'nearest: all'],
    ['al', 'nearest: all'],
    ['1,any', '"any" is none of them; nearest: 1,all'],
    ['RTU-ABB', '"RTU-ABB" is none of them'],
    ['', 'a part of it is empty'],
    ['1.5', '"1.5" is none of them'],
    ['-1', 'nearest: 1'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => GroupSelection.parse([text])).toThrow(GroupSelectionError);
    expect(() => GroupSelection.parse([text])).toThrow(message);
    expect(() => GroupSelection.parse(['1', text])).toThrow(message);
  });

  it('what it names as nearest can be read', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9 ,;.:*–-]{0,12}$/), (text) => {
        try {
          GroupSelection.parse([text]);
        } catch (error) {
          const [, nearest] = /nearest: (.*)$/.exec((error as Error).message) ?? [];
          if (nearest !== undefined) GroupSelection.parse([nearest]);
        }
      }),
    );
  });

  it('knows what of it matches nothing, and when it is one group only', () => {
    const selection = GroupSelection.parse(['1', '8', '30-40', 'all']);
    expect(selection.unmatched(IDS)).toEqual(['8', '30-40']);
    expect(selection.unmatched([])).toEqual(['1', '8', '30-40', 'all']);
    expect(String(selection)).toBe('1,8,30-40,all');
    expect(selection.single).toBeUndefined();
    expect(GroupSelection.parse(['07']).single).toBe('7');
    for (const text of ['all', '7-7', '7,8']) expect(GroupSelection.parse([text]).single).toBeUndefined();
  });
});
