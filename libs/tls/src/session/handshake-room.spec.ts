import { expect, it } from 'vitest';
import { HandshakeRoom } from './handshake-room.js';

/** Enters for each of `sources`; `began` are the indices of those inside. */
function entered(room: HandshakeRoom, sources: readonly string[]) {
  const began: number[] = [];
  const leave = sources.map((source, index) => room.enter(source, () => began.push(index)));
  return { began, leave };
}

it('lets in as many as there are places, the others as soon as one is given back', () => {
  const room = new HandshakeRoom(2);
  const { began, leave } = entered(room, ['a', 'b', 'c', 'd']);
  expect([began, room.underWay, room.queued]).toEqual([[0, 1], 2, 2]);
  leave[0]?.();
  leave[0]?.();
  expect([began, room.underWay, room.queued]).toEqual([[0, 1, 2], 2, 1]);
});

it('forgets who gave up while he waited', () => {
  const room = new HandshakeRoom(1);
  const { began, leave } = entered(room, ['a', 'b', 'c']);
  leave[1]?.();
  leave[0]?.();
  expect([began, room.underWay, room.queued]).toEqual([[0, 2], 1, 0]);
});

it('gives one source a quarter of the places, and the others pass it by', () => {
  const room = new HandshakeRoom(8);
  const { began, leave } = entered(room, ['a', 'a', 'a', 'a', 'b', 'c']);
  expect([began, room.queued]).toEqual([[0, 1, 4, 5], 2]);
  leave[4]?.();
  expect(began).toEqual([0, 1, 4, 5]);
  leave[0]?.();
  expect(began).toEqual([0, 1, 4, 5, 2]);
});
