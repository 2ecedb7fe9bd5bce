import { beforeEach, describe, expect, it } from 'vitest';
import { CommandOutcome } from '@iec104mm2ss/wire';
import { CommandQueue, LEAST_TIME_MS, MAX_WAITING_COMMANDS } from './command-queue.js';

let done: [number, CommandOutcome][];
let sent: number[];
let window: number;
let queue: CommandQueue<Command>;

interface Command {
  readonly fence: number;
  readonly number: number;
  readonly deadline: number;
}

const send = ({ number }: Command): boolean => {
  if (window === 0) return false;
  window--;
  sent.push(number);
  return true;
};
const command = (number: number, deadline: number, fence = 1): Command => ({ number, deadline, fence });

beforeEach(() => {
  done = [];
  sent = [];
  window = Infinity;
  queue = new CommandQueue(({ number }, outcome) => done.push([number, outcome]), 0);
});

describe('commands on their way to the RTU', () => {
  it('go in order, as far as the window takes them', () => {
    for (let number = 1; number <= 4; number++) queue.add(command(number, 100), 0);
    window = 3;
    queue.flush(0, send);
    expect(sent).toEqual([1, 2, 3]);
    expect(done).toEqual([1, 2, 3].map((number) => [number, CommandOutcome.SENT]));
    expect(queue.length).toBe(1);
    queue.flush(0, send);
    expect(sent).toHaveLength(3);
    window = 1;
    queue.flush(50, send);
    expect(sent).toEqual([1, 2, 3, 4]);
    expect(queue.length).toBe(0);
    queue.flush(50, send);
    expect(done).toHaveLength(4);
  });

  it('are never sent at or after their deadline', () => {
    queue.add(command(1, 10), 10);
    expect(done).toEqual([[1, CommandOutcome.EXPIRED]]);
    queue.add(command(2, 20), 10);
    queue.add(command(3, 30), 10);
    queue.add(command(4, 15), 10);
    expect(queue.nextDeadline).toBe(15);
    queue.flush(20, send);
    expect(sent).toEqual([3]);
    expect(done.slice(1)).toEqual([
      [2, CommandOutcome.EXPIRED],
      [4, CommandOutcome.EXPIRED],
      [3, CommandOutcome.SENT],
    ]);
    expect(queue.nextDeadline).toBe(Infinity);
  });

  it('with too little time left are not begun: held up then, the link would have to be reset for all', () => {
    queue = new CommandQueue(({ number }, outcome) => done.push([number, outcome]));
    queue.add(command(1, LEAST_TIME_MS), 0);
    queue.add(command(2, LEAST_TIME_MS + 1), 0);
    queue.flush(0, send);
    expect(sent).toEqual([2]);
    expect(done).toEqual([
      [1, CommandOutcome.EXPIRED],
      [2, CommandOutcome.SENT],
    ]);
  });

  it('are given up when their deadline passes', () => {
    queue.add(command(1, 10), 0);
    queue.add(command(2, 20), 0);
    queue.expire(9);
    expect(done).toEqual([]);
    queue.expire(10);
    expect(done).toEqual([[1, CommandOutcome.EXPIRED]]);
    expect(queue.nextDeadline).toBe(20);
  });

  it('are bounded', () => {
    for (let number = 1; number <= MAX_WAITING_COMMANDS + 1; number++) queue.add(command(number, 100), 0);
    expect(queue.length).toBe(MAX_WAITING_COMMANDS);
    expect(done).toEqual([[MAX_WAITING_COMMANDS + 1, CommandOutcome.QUEUE_FULL]]);
  });

  it('of routers that have been replaced are withdrawn, and no others', () => {
    for (const [number, fence] of [
      [1, 7],
      [2, 8],
      [3, 6],
      [4, 9],
    ] as const) {
      queue.add(command(number, 100, fence), 0);
    }
    queue.withdrawBefore(8);
    expect(done).toEqual([
      [1, CommandOutcome.WITHDRAWN],
      [3, CommandOutcome.WITHDRAWN],
    ]);
    expect(queue.commands.map(({ number }) => number)).toEqual([2, 4]);
  });

  it('are given up with the link', () => {
    queue.add(command(1, 100), 0);
    queue.add(command(2, 100), 0);
    queue.clear(CommandOutcome.NOT_CONNECTED);
    expect(done).toEqual([
      [1, CommandOutcome.NOT_CONNECTED],
      [2, CommandOutcome.NOT_CONNECTED],
    ]);
    expect(queue.length).toBe(0);
  });

  it('that are handed over because others were given up are given up too, not left for the next link', () => {
    const chained = new CommandQueue<Command>(({ number }, outcome) => {
      done.push([number, outcome]);
      if (number < 5) chained.add(command(number + 1, 100), 0);
    });
    chained.add(command(1, 100), 0);
    chained.clear(CommandOutcome.NOT_CONNECTED);
    expect(done.map(([number]) => number)).toEqual([1, 2, 3, 4, 5]);
    expect(chained.length).toBe(0);
  });

  it('that are handed over because others were sent keep their place', () => {
    const chained = new CommandQueue<Command>(({ number }) => {
      if (number === 1) chained.add(command(9, 100), 0);
    }, 0);
    for (const number of [1, 2, 3]) chained.add(command(number, 100), 0);
    window = 2;
    chained.flush(0, send);
    window = 2;
    chained.flush(0, send);
    expect(sent).toEqual([1, 2, 3, 9]);
  });
});
