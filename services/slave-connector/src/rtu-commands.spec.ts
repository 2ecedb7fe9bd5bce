import { CommandOutcome, type CommandResult, PATH_TEST_MS, SENT_REMEMBERED_MS } from '@iec104mm2ss/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ConnectorCounters, newCounters } from './counters.js';
import { type CommandPath, describeSent, type GivenCommand, RtuCommands, SENT_REPORT_MS } from './rtu-commands.js';
import { MAX_SENT_REMEMBERED } from './sent-commands.js';

/** A connection of which a spec says when it writes and what the RTU acknowledges. */
class FakePath implements CommandPath {
  window = 12;
  sentOctets = 100;
  /** First octets of what the link was given. */
  readonly given: number[] = [];
  readonly written: number[] = [];
  resetCode: string | undefined;
  tests = 0;
  readonly link = {
    sent: 0,
    read: 0,
    send: (asdu: Uint8Array): boolean => {
      this.link.sent++;
      this.window--;
      this.given.push(asdu[0] as number);
      return true;
    },
    test: () => void this.tests++,
  };

  touched(): void {
    // The spec says when it writes.
  }

  write(): void {
    this.sentOctets += 10 * this.given.length;
    this.written.push(...this.given.splice(0));
  }

  acknowledge(): void {
    this.link.read = this.link.sent;
  }

  reset({ code }: { code: string }): void {
    this.resetCode = code;
  }
}

const { SENT, EXPIRED, NOT_CONNECTED, QUEUE_FULL, WITHDRAWN } = CommandOutcome;

let now: number;
let path: FakePath;
let up: boolean;
let mayUse: boolean;
let next: number;
/** Every message with results: number and outcome of each. */
let reports: [number, CommandOutcome][][];
let fences: number[];
let counters: ConnectorCounters;
let commands: RtuCommands;

beforeEach(() => {
  now = 1_000;
  path = new FakePath();
  up = mayUse = true;
  next = 500;
  reports = [];
  fences = [];
  counters = newCounters();
  commands = new RtuCommands({
    now: () => now,
    counters,
    link: () => (up ? { connection: path, epoch: 3 } : undefined),
    mayUse: () => mayUse,
    nextOrdinal: () => next,
    report: (results: readonly CommandResult[]) => {
      reports.push(results.map(({ number, outcome }) => [number, outcome]));
      fences.push(...results.map(({ fence }) => fence));
    },
    onDeadlineMoved: () => undefined,
  });
  commands.linkUp(path);
});

function command(number: number, changes: Partial<GivenCommand> = {}): GivenCommand {
  const asdu = Uint8Array.of(number & 0xff, 1, 6, 9, 1, 0, 1, 0, 0, 1);
  return { fence: 7, number, session: 11, command: 22, ownOa: 33, deadline: now + 5_000, asdu, ...changes };
}
const give = (number: number, changes: Partial<GivenCommand> = {}): void => commands.add(command(number, changes));
/** Lets time pass from one deadline to the next. */
function runUntil(end: number): void {
  for (;;) {
    const at = commands.nextDeadline();
    if (at > end) break;
    now = Math.max(now, at);
    commands.onDeadline(now);
  }
  now = end;
}
const pass = (ms: number): void => runUntil(now + ms);

describe('a command', () => {
  it('goes out at once, and is reported a little later, several in one message', () => {
    give(1);
    give(2);
    expect(path.given).toEqual([1, 2]);
    path.write();
    pass(SENT_REPORT_MS - 1);
    expect(reports).toEqual([]);
    pass(1);
    expect(reports).toEqual([
      [
        [1, SENT],
        [2, SENT],
      ],
    ]);
    expect(fences).toEqual([7, 7]);
    expect(counters).toMatchObject({ commandsSent: 2, commandsRefused: 0 });
    path.acknowledge();
    pass(60_000);
    expect(reports).toHaveLength(1);
  });

  it('waits for the window, and for data transfer to be started', () => {
    path.window = 1;
    give(1);
    give(2);
    give(3);
    expect(path.given).toEqual([1]);
    expect(commands.waiting).toBe(2);
    path.write();
    path.window = 2;
    commands.sendWaiting();
    expect(path.given).toEqual([2, 3]);
    expect(commands.waiting).toBe(0);
  });

  it('is refused at its deadline, at once and for good', () => {
    mayUse = false;
    give(1, { deadline: now + 100 });
    give(2, { deadline: now });
    expect(reports).toEqual([[[2, EXPIRED]]]);
    pass(99);
    expect(reports).toHaveLength(1);
    pass(1);
    expect(reports[1]).toEqual([[1, EXPIRED]]);
    mayUse = true;
    commands.sendWaiting();
    expect(path.given).toEqual([]);
    expect(counters).toMatchObject({ commandsSent: 0, commandsRefused: 2, commandsWithdrawn: 0 });
  });

  it('that does more than monitor is not sent in observe mode, neither one that waits nor one that comes', () => {
    path.window = 0;
    give(45);
    give(100);
    commands.observe = true;
    expect(reports).toEqual([[[45, WITHDRAWN]]]);
    give(46);
    give(102);
    expect(reports[1]).toEqual([[46, WITHDRAWN]]);
    path.window = 5;
    commands.sendWaiting();
    expect(path.given).toEqual([100, 102]);
    // Said again and again.
    commands.observe = true;
    commands.observe = false;
    give(47);
    expect(path.given).toEqual([100, 102, 47]);
  });

  it('is refused while there is no connection, when too many wait, and when its deadline is in another clock', () => {
    up = false;
    give(1);
    up = true;
    path.window = 0;
    for (let number = 2; number <= 1_002; number++) give(number);
    commands.refuseForeign(command(2_000));
    expect(reports).toEqual([[[1, NOT_CONNECTED]], [[1_002, QUEUE_FULL]], [[2_000, EXPIRED]]]);
  });

  it('that waits is refused with the connection, after those that were sent have been reported', () => {
    path.window = 1;
    give(1);
    give(2);
    give(3);
    path.write();
    up = false;
    commands.linkDown(path);
    expect(reports).toEqual([
      [[1, SENT]],
      [
        [2, NOT_CONNECTED],
        [3, NOT_CONNECTED],
      ],
    ]);
    pass(60_000);
    expect(reports).toHaveLength(2);
  });

  it('that waits is withdrawn when this connector gives the RTU away', () => {
    path.window = 1;
    give(1);
    give(2);
    path.write();
    commands.giveUp();
    expect(reports.at(-1)).toEqual([[2, WITHDRAWN]]);
    expect(commands.waiting).toBe(0);
  });
});

describe('a process that is held up', () => {
  it('with a command that has not left the link sends it no more after its deadline', () => {
    give(1, { deadline: now + 300 });
    expect(commands.late).toBe(false);
    now += 350;
    // This is what the connection asks before it writes.
    expect(commands.late).toBe(true);
    commands.onDeadline(now);
    expect(path.resetCode).toBe('command_late');
    expect(reports).toEqual([[[1, EXPIRED]]]);
    expect(commands.answer({ v: 2, fence: 7, upTo: 1 }).sent).toEqual([]);
    expect(counters).toMatchObject({ commandsSent: 0, commandsRefused: 1 });
  });

  it('after a command has left does not reset anything, and reports it', () => {
    give(1, { deadline: now + 300 });
    path.write();
    path.acknowledge();
    now += 350;
    expect(commands.late).toBe(false);
    commands.onDeadline(now);
    expect(path.resetCode).toBeUndefined();
    expect(reports).toEqual([[[1, SENT]]]);
  });

  it('sends nothing while it is not certain that the RTU is ours', () => {
    mayUse = false;
    give(1, { deadline: now + 1_000 });
    give(2, { deadline: now + 100 });
    expect(path.given).toEqual([]);
    pass(100);
    expect(reports).toEqual([[[2, EXPIRED]]]);
    mayUse = true;
    commands.sendWaiting();
    expect(path.given).toEqual([1]);
  });

  it('loses the connection with a command that has not left: the RTU never gets it', () => {
    give(1);
    up = false;
    commands.linkDown(path);
    expect(reports).toEqual([[[1, NOT_CONNECTED]]]);
    expect(commands.answer({ v: 2, fence: 7, upTo: 1 }).sent).toEqual([]);
  });
});

describe('a path that is stuck', () => {
  it('is tested at the deadline of a command that is not known to have arrived, and reset', () => {
    give(1);
    path.write();
    pass(4_999);
    expect(path.tests).toBe(0);
    pass(1);
    expect(path.tests).toBe(1);
    pass(PATH_TEST_MS - 1);
    expect(path.resetCode).toBeUndefined();
    pass(1);
    expect(path.resetCode).toBe('path_stuck');
    expect(counters.pathResets).toBe(1);
    // What became of it is not known: it is not refused.
    expect(reports).toEqual([[[1, SENT]]]);
  });

  it('is none when the RTU acknowledges late and answers the test', () => {
    give(1);
    path.write();
    pass(5_500);
    path.acknowledge();
    pass(60_000);
    expect(path.resetCode).toBeUndefined();
    expect(counters.pathResets).toBe(0);
  });
});

describe('a router that asks', () => {
  const sentOf = (fence: number, upTo: number) =>
    commands.answer({ v: 2, fence, upTo }).sent.map(({ command: { number } }) => number);

  it('is told what the RTU was sent, with age, link and the end of the log at that time', () => {
    give(1);
    path.write();
    now += 300;
    next = 510;
    give(2);
    path.write();
    now += 100;
    const { sent, queued } = commands.answer({ v: 2, fence: 8, upTo: 0 });
    expect(queued).toEqual([]);
    const described = sent.map((entry) => describeSent(entry, now, (ordinal) => ordinal - 400));
    const same = { fence: 7, session: 11, command: 22, ownOa: 33, epoch: 3 };
    const base64 = (first: number) => Buffer.of(first, 1, 6, 9, 1, 0, 1, 0, 0, 1).toString('base64');
    expect(described).toEqual([
      { ...same, number: 1, ageMs: 400, position: 100, asdu: base64(1) },
      { ...same, number: 2, ageMs: 100, position: 110, asdu: base64(2) },
    ]);
  });

  it('is told which of them an earlier router had settled, by session and number of the session', () => {
    give(1, { command: 1 });
    give(2, { command: 2 });
    give(3, { command: 1, session: 12 });
    commands.settled([
      [11, 1],
      [11, 9],
      [13, 2],
    ]);
    const { sent } = commands.answer({ v: 2, fence: 8, upTo: 0 });
    const described = sent.map((entry) => describeSent(entry, now, () => 0));
    expect(described.map(({ number, settled }) => [number, settled])).toEqual([
      [1, true],
      [2, undefined],
      [3, undefined],
    ]);
  });

  it('is told of the last minute, and of so many commands at most', () => {
    give(1);
    now += SENT_REMEMBERED_MS - 1;
    give(2);
    expect(sentOf(8, 0)).toEqual([1, 2]);
    now += 1;
    expect(sentOf(8, 0)).toEqual([2]);
    path.window = Infinity;
    for (let number = 1; number <= 5_000; number++) give(number, { fence: 8 });
    expect(sentOf(8, 0)).toHaveLength(MAX_SENT_REMEMBERED);
    expect(sentOf(8, 0).at(-1)).toBe(5_000);
  });

  it('is told of what was sent on an earlier link too: it must not be sent again', () => {
    give(1);
    path.write();
    commands.linkDown(path);
    commands.linkUp(path);
    expect(sentOf(8, 0)).toEqual([1]);
  });

  it('has withdrawn what waited under smaller fences, and keeps its own', () => {
    path.window = 0;
    give(1);
    give(2);
    give(1, { fence: 8 });
    give(3, { fence: 8 });
    expect(commands.answer({ v: 2, fence: 8, upTo: 3 }).queued).toEqual([1, 3]);
    expect(reports).toEqual([
      [
        [1, WITHDRAWN],
        [2, WITHDRAWN],
      ],
    ]);
    expect(fences).toEqual([7, 7]);
    expect(counters).toMatchObject({ commandsWithdrawn: 2, commandsRefused: 2 });
  });

  it('can be sure that what has not come by then is never sent', () => {
    expect(commands.answer({ v: 2, fence: 8, upTo: 5 })).toEqual({ sent: [], queued: [] });
    give(4, { fence: 8 });
    give(5, { fence: 8 });
    give(9, { fence: 7 });
    expect(reports).toEqual([[[4, WITHDRAWN]], [[5, WITHDRAWN]], [[9, WITHDRAWN]]]);
    give(6, { fence: 8 });
    expect(path.given).toEqual([6]);
    commands.answer({ v: 2, fence: 8, upTo: 3 });
    give(5, { fence: 8 });
    expect(reports.at(-1)).toEqual([[5, WITHDRAWN]]);
    commands.answer({ v: 2, fence: 9, upTo: 0 });
    give(1, { fence: 9 });
    expect(path.given).toEqual([6, 1]);
  });
});
