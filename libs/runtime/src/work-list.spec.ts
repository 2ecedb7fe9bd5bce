import { describe, expect, it } from 'vitest';
import { WorkList } from './work-list.js';

const item = (id: number): { readonly id: number } => ({ id });

/** The ids of all that it still has. */
function takeAll(list: WorkList<{ readonly id: number }>): number[] {
  const ids: number[] = [];
  for (let next = list.take(); next !== undefined; next = list.take()) ids.push(next.id);
  return ids;
}

describe('a list of what is to be done', () => {
  it('gives what was added in order, once, and also what is added meanwhile', () => {
    const list = new WorkList<{ readonly id: number }>();
    expect(list.take()).toBeUndefined();
    for (let round = 0; round < 3; round++) {
      list.add(item(1));
      list.add(item(2));
      expect([list.length, list.take()?.id, list.length]).toEqual([2, 1, 1]);
      list.add(item(3));
      expect(takeAll(list)).toEqual([2, 3]);
      expect(list.length).toBe(0);
    }
  });

  it('keeps nothing alive that was taken, and little room after a flood', () => {
    const list = new WorkList<{ readonly id: number }>();
    const room = (): unknown[] => (list as unknown as { items: unknown[] }).items;
    for (let id = 0; id < 5; id++) list.add(item(id));
    list.take();
    expect(room()[0]).toBeUndefined();
    takeAll(list);
    expect(room().every((kept) => kept === undefined)).toBe(true);
    for (let id = 0; id < 100_000; id++) list.add(item(id));
    expect(takeAll(list)).toHaveLength(100_000);
    expect(room()).toHaveLength(0);
  });
});
