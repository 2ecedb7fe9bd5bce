import { expect, it } from 'vitest';
import { CommandDurations, commandEnd } from './command-durations.js';

it.each([
  ['terminated', 'done'],
  ['confirmed, master gone', 'done'],
  ['selected', 'done'],
  ['answered here (clock = local)', 'done'],
  ['deactivated', 'done'],
  ['refused', 'refused'],
  ['refused (COT 44)', 'refused'],
  ['refused: expired', 'refused'],
  ['deactivation refused', 'refused'],
  ['unknown', 'unknown'],
  ['unknown, master gone', 'unknown'],
  ['master gone', 'master_gone'],
])('"%s" ends as %s', (outcome, end) => {
  expect(commandEnd(outcome)).toBe(end);
});

it('every outcome has its histogram from the start', () => {
  const durations = new CommandDurations();
  durations.add('terminated', 30);
  const counts = Object.fromEntries(durations.all().map(([outcome, { count, sumMs }]) => [outcome, [count, sumMs]]));
  expect(counts).toEqual({ done: [1, 30], refused: [0, 0], unknown: [0, 0], master_gone: [0, 0] });
});
