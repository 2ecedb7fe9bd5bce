import { beforeEach, expect, it } from 'vitest';
import { FakeClock } from '@iec104mm2ss/testing';
import { type Turn, TURN_MS, Turns } from './turns.js';

let clock: FakeClock;
let turns: Turns;
let heard: string[];

beforeEach(() => {
  clock = new FakeClock();
  turns = new Turns(clock, 2, 8);
  heard = [];
});

async function promises(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

const ends: (() => void)[] = [];
function take(name: string, gone: () => boolean = () => false): Turn | undefined {
  const taken = turns.take(name, gone);
  const say = (turn: Turn): void => {
    heard.push(`${name} ${turn.ok ? 'goes' : turn.message}`);
    if (turn.ok) ends.push(turn.done);
  };
  if (taken instanceof Promise) void taken.then(say);
  else say(taken);
  return taken instanceof Promise ? undefined : taken;
}

it('so many go at once, the others in their order', async () => {
  const first = take('a');
  for (const each of ['b', 'c', 'd']) take(each);
  expect([heard, turns.size]).toEqual([['a goes', 'b goes'], { active: 2, waiting: 2 }]);
  if (first?.ok) {
    first.done();
    first.done();
  }
  await promises();
  expect([heard.at(-1), turns.size]).toEqual(['c goes', { active: 2, waiting: 1 }]);
});

it('one that wants many does not keep others waiting', async () => {
  const first = take('greedy');
  for (const each of ['greedy', 'greedy', 'greedy', 'modest']) take(each);
  if (first?.ok) first.done();
  await promises();
  expect(heard.at(-1)).toBe('modest goes');
});

it('one source has a quarter of the room, and when the room is full nobody else gets in', () => {
  for (let i = 0; i < 5; i++) take('greedy');
  expect(heard.at(-1)).toBe('greedy 2 connections wait, 2 of them of greedy');
  for (const each of ['b', 'c', 'd', 'e', 'f', 'g', 'h']) take(each);
  expect(heard.at(-1)).toBe('h 8 connections wait, 0 of them of h');
});

it('who is gone is passed over, and who waits too long is sent away: no timer is left', async () => {
  const first = take('a');
  take('b');
  let gone = false;
  take('c', () => gone);
  take('d');
  take('e');
  gone = true;
  if (first?.ok) first.done();
  await promises();
  expect(heard.slice(2).sort()).toEqual(['c it is gone', 'd goes']);
  clock.advance(TURN_MS);
  await promises();
  expect(heard.at(-1)).toBe('e no turn within 10 s');
  expect([turns.size, clock.pending]).toEqual([{ active: 2, waiting: 0 }, 0]);
});
