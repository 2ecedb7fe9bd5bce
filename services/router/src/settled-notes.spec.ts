import { MAX_SETTLED } from '@iec104mm2ss/wire';
import { expect, it } from 'vitest';
import { SettledNotes } from './settled-notes.js';

it('says each command three times, and then no more', () => {
  const notes = new SettledNotes();
  notes.add(1, 7);
  expect(notes.take()).toEqual([[1, 7]]);
  notes.add(2, 8);
  const both = [
    [1, 7],
    [2, 8],
  ];
  expect(notes.take()).toEqual(both);
  expect(notes.take()).toEqual(both);
  expect(notes.take()).toEqual([[2, 8]]);
  expect(notes.take()).toEqual([]);
});

it('says no more than a message holds: the others have their turn', () => {
  const notes = new SettledNotes();
  for (let command = 1; command <= MAX_SETTLED + 5; command++) notes.add(1, command);
  expect(notes.take()).toHaveLength(MAX_SETTLED);
  expect(notes.take().slice(0, 5)).toEqual([501, 502, 503, 504, 505].map((command) => [1, command]));
});

it('keeps as many as a connector remembers', () => {
  const notes = new SettledNotes();
  for (let command = 1; command <= 3_000; command++) notes.add(1, command);
  expect(notes.take()[0]).toEqual([1, 1_001]);
});
