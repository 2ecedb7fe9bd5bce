import { expect, it } from 'vitest';
import { StateSaves } from './state-saves.js';

class Group {
  changed = true;
  saves = 0;

  saveChanged(): boolean {
    if (!this.changed) return false;
    this.saves++;
    return true;
  }
}

const groupsOf = (count: number): Group[] => Array.from({ length: count }, () => new Group());

it('saves all groups at every tick while they are few', () => {
  const groups = groupsOf(3);
  const saves = new StateSaves(4);
  for (let tick = 0; tick < 5; tick++) saves.tick(groups);
  expect(groups.map((group) => group.saves)).toEqual([5, 5, 5]);
});

it('saves many groups in turn, none of them more often than another', () => {
  const groups = groupsOf(10);
  const saves = new StateSaves(4);
  for (let tick = 0; tick < 5; tick++) saves.tick(groups);
  expect(groups.map((group) => group.saves)).toEqual(Array(10).fill(2));
});

it('passes over groups whose state is as it was', () => {
  const groups = groupsOf(10);
  for (const group of groups) group.changed = false;
  const saves = new StateSaves(2);
  saves.tick(groups);
  (groups[7] as Group).changed = true;
  saves.tick(groups);
  expect(groups.map((group) => group.saves).filter((count) => count > 0)).toEqual([1]);
});

it('goes on with those that are left when groups come and go', () => {
  const saves = new StateSaves(2);
  saves.tick(groupsOf(9));
  saves.tick([]);
  const groups = groupsOf(3);
  for (let tick = 0; tick < 3; tick++) saves.tick(groups);
  expect(groups.map((group) => group.saves)).toEqual([2, 2, 2]);
});
