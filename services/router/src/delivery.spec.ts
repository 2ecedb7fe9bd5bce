import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { BusError, type EventLog, GroupSubjects, type LogWriter } from '@iec104mm2ss/bus';
import { ASDU_OA_OFFSET, Cause, endOfInitialization, interrogation, singleCommand } from '@iec104mm2ss/iec104';
import { createLogger } from '@iec104mm2ss/observability';
import { apdus, asdusOf, eventAsdu, eventValue, FakeClock, logRecord, RecordingBus } from '@iec104mm2ss/testing';
import {
  decodeConfirmed,
  decodeLogRecord,
  decodeOut,
  type LogRecord,
  NO_POSITION,
  OutFlag,
  OutKind,
  type OutMessage,
  WireError,
} from '@iec104mm2ss/wire';
import { CATCH_UP_WINDOW, NEVER_STORED_MS, READ_RETRY_MS } from './catch-up.js';
import type { Participant } from './command-context.js';
import { AHEAD_MS, Delivery, UNKNOWN_SESSION_MS } from './delivery.js';
import { LogPlaces } from './log-places.js';
import { OutStream } from './out-stream.js';
import { newSession, type Session } from './session.js';

const subjects = new GroupSubjects('1');
const { logger } = createLogger({ level: 'silent' });
const FENCE = 9;
const A = 1;
const B = 2;
/** Generation of the records that `arrives` makes. */
let generation: number;

let bus: RecordingBus;
let clock: FakeClock;
let log: EventLog;
let writer: LogWriter;
let sessions: Map<number, Session>;
let places: LogPlaces;
let stream: OutStream;
let delivery: Delivery;
let answerTo: readonly Participant[];
let interrogators: readonly Participant[] | undefined;
let told: string[];

function session(id: number, name: string | null = null): Session {
  const made = newSession(
    {
      id,
      gateway: 'g',
      connection: id,
      address: '10.0.0.1',
      port: id,
      name,
      certificateName: null,
      oa: id * 10,
      since: 0,
    },
    clock.now(),
  );
  sessions.set(id, made);
  return made;
}

interface Options {
  readonly from?: number;
  readonly interrogationToOriginator?: boolean;
  readonly log?: EventLog;
  readonly recentOctets?: number;
  readonly unstoredAsdus?: number;
}

function make(options: Options = {}): void {
  const {
    from = 0,
    interrogationToOriginator = false,
    log: other = log,
    recentOctets = 0,
    unstoredAsdus = 0,
  } = options;
  places = new LogPlaces(other, generation);
  stream = new OutStream(bus, subjects, FENCE, generation, from);
  delivery = new Delivery(
    {
      bus,
      subjects,
      log: other,
      fence: FENCE,
      out: stream,
      places,
      sessions,
      rules: {
        answer: () => answerTo,
        asked: () => interrogators,
        initialized: () => undefined,
        requested: () => void told.push('requested'),
        interrogated: (cot, ca) => void told.push(`interrogated ${cot} at ${ca}`),
      },
      events: {
        confirmed: () => void told.push(`confirmed ${delivery.mark.confirmed}`),
        lost: (lost, count, end) => {
          told.push(`${lost.id} lost ${count}${end === undefined ? '' : `, up to ${end}`}`);
          sessions.delete(lost.id);
          delivery.end(lost);
        },
        cut: (begins, end, here) => void told.push(`cut ${begins} of ${end}, here: ${[...here].join()}`),
      },
      logger,
      clock,
    },
    { confirmed: from, interrogationToOriginator, confirmGapMs: 0, recentOctets, unstoredAsdus },
  );
}

beforeEach(async () => {
  clock = new FakeClock();
  bus = new RecordingBus({ clock });
  log = bus.eventLog('1');
  writer = await log.openWriter({ onStored: () => undefined, onRefused: () => undefined });
  ({ generation } = writer);
  sessions = new Map();
  answerTo = [];
  interrogators = undefined;
  told = [];
  make();
});

function record(first: number, asdus: readonly Uint8Array[], of = generation): LogRecord {
  const decoded = decodeLogRecord(logRecord(first, asdus, 1, 0, of));
  if (decoded instanceof WireError) throw decoded;
  return decoded;
}

/** What waits for promises goes on. */
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets everything happen that can without time passing. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await turns();
}

/** Times may pass, in steps, with everything happening that can in between. */
async function passes(ms: number): Promise<void> {
  await clock.advanceAsync(ms);
  await settle();
}

/** Stores a record in the log and routes it. */
function arrives(...asdus: Uint8Array[]): void {
  const octets = apdus(asdus);
  const first = writer.next;
  writer.append({ epoch: 1, count: asdus.length, receivedAt: 0, octets, start: 0, end: octets.length });
  delivery.route(record(first, asdus));
}

const events = (from: number, to: number): Uint8Array[] =>
  Array.from({ length: to - from }, (_, i) => eventAsdu(from + i));

function decoded(data: Uint8Array): OutMessage {
  const message = decodeOut(data);
  if (message instanceof WireError) throw message;
  expect(message.fence).toBe(FENCE);
  return message;
}

/** What was published to sessions since last asked: `who kind from>first [values]`. */
function out(): string[] {
  return bus
    .take()
    .filter(({ subject }) => subject === subjects.out || subject.startsWith(`${subjects.out}.`))
    .map(({ subject, data }) => {
      const who = subject === subjects.out ? 'all' : subject.slice(subjects.out.length + 1);
      const { kind, from, first, count, flags, octets, bodyAt, generation: of } = decoded(data);
      expect(of).toBe(places.generation);
      if (kind === OutKind.JOIN) return `${who} join ${first}${from === first ? '' : `, ended at ${from}`}`;
      if (kind === OutKind.BEGIN) return `${who} begin ${from}${count === 0 ? '' : `, answers ${count}`}`;
      if (kind === OutKind.MARK) return `${who} mark ${from}>${first}`;
      const values = asdusOf(octets, bodyAt).map((asdu) => (asdu[0] === 11 ? eventValue(asdu) : `t${asdu[0]}`));
      const positions = first === NO_POSITION ? 'none' : `${from}>${first}`;
      const patched = (flags & OutFlag.PATCH_OA) !== 0 ? ' patch' : '';
      return `${who} ${positions} [${values.join()}]${patched}`;
    });
}

async function join(...ids: number[]): Promise<void> {
  for (const id of ids) {
    const each = sessions.get(id) ?? session(id);
    delivery.begin(each, delivery.mark.confirmed);
    await settle();
    expect(each.live).toBe(true);
  }
  out();
}

describe('what is for all', () => {
  it('is published once, however many masters there are, in one message for consecutive ASDUs', async () => {
    await join(A, B);
    arrives(...events(0, 3));
    expect(out()).toEqual(['all 0>0 [0,1,2]']);
    expect(delivery.routing.counters).toMatchObject({ routed: 3, broadcast: 3 });
  });

  it('is not published while nobody takes it, but counted for whom it is kept', () => {
    arrives(...events(0, 3));
    expect(out()).toEqual([]);
    expect(delivery.mark.confirmed).toBe(0);
    expect(delivery.routing.counters.broadcast).toBe(3);
  });

  it('is split around answers, and each message accounts for what lies before it', async () => {
    await join(A);
    answerTo = [{ session: A, ownOa: 77 }];
    arrives(eventAsdu(0), eventAsdu(1), singleCommand(1, 5, true), eventAsdu(3), endOfInitialization(1), eventAsdu(5));
    expect(out()).toEqual(['all 0>0 [0,1]', '1 2>2 [t45]', 'all 2>3 [3]', 'all 4>5 [5]']);
    expect(delivery.routing.counters).toMatchObject({ replies: 1, notForwarded: 1 });
  });

  it('is marked for patching where there is an OA, whatever the cause, and only there', async () => {
    await join(A);
    arrives(
      eventAsdu(0),
      eventAsdu(1, { cot: Cause.INROGEN, oa: 10 }),
      eventAsdu(2, { cot: Cause.REQ, oa: 10 }),
      eventAsdu(3, { cot: Cause.INROGEN }),
      eventAsdu(4, { cot: Cause.SPONT, oa: 10 }),
    );
    expect(out()).toEqual(['all 0>0 [0]', 'all 1>1 [1,2] patch', 'all 3>3 [3]', 'all 4>4 [4] patch']);
  });

  it('tells that an object was requested, and that an interrogation is alive', () => {
    arrives(
      eventAsdu(0, { cot: Cause.REQ }),
      eventAsdu(0, { cot: Cause.SPONT }),
      eventAsdu(0, { cot: Cause.INROGEN }),
      eventAsdu(0, { cot: Cause.REQCO4, ca: 300 }),
      eventAsdu(0, { cot: Cause.UNKNOWN_TYPE }),
    );
    expect(told.filter((line) => !line.startsWith('confirmed'))).toEqual([
      'requested',
      'interrogated 20 at 1',
      'interrogated 41 at 300',
    ]);
  });

  it('is routed once, also when the log delivers it again or begins in the middle of a record', async () => {
    make({ from: 2 });
    await join(A);
    delivery.route(record(0, events(0, 4)));
    expect(out()).toEqual(['all 2>2 [2,3]']);
    delivery.route(record(0, events(0, 4)));
    expect(out()).toEqual([]);
    expect(delivery.routing.counters.routed).toBe(2);
  });

  it('is accounted for up to the last answer to somebody else when nothing more comes', async () => {
    await join(A);
    arrives(eventAsdu(0), singleCommand(1, 5, true));
    out();
    delivery.tellNothingMore();
    expect(out()).toEqual(['all mark 1>2']);
    arrives(eventAsdu(2));
    out();
    delivery.tellNothingMore();
    expect(out()).toEqual([]);
  });
});

describe('an answer', () => {
  it('goes to each who takes part, at its position, with the OA its master used', async () => {
    await join(A, B);
    answerTo = [
      { session: A, ownOa: 77 },
      { session: B, ownOa: 88 },
      { session: 99, ownOa: 1 },
    ];
    arrives(interrogation(1, 20, { cot: Cause.ACT_CON, oa: 10 }));
    const sent = bus.take().filter(({ subject }) => subject.startsWith(`${subjects.out}.`));
    expect(sent.map(({ subject }) => subject)).toEqual([subjects.outTo(A), subjects.outTo(B)]);
    const messages = sent.map(({ data }) => decoded(data));
    expect(messages.map(({ octets, bodyAt }) => asdusOf(octets, bodyAt)[0]?.[ASDU_OA_OFFSET])).toEqual([77, 88]);
    expect(messages.map(({ first }) => first)).toEqual([0, 0]);
  });

  it('accounts for what came before it, so that a lost answer is noticed with the next one', async () => {
    await join(A, B);
    answerTo = [{ session: A, ownOa: 1 }];
    arrives(singleCommand(1, 5, true));
    arrives(singleCommand(1, 5, true));
    expect(out()).toEqual(['1 0>0 [t45]', '1 1>1 [t45]']);
  });

  it('waits for its position while the session catches up, and goes to nobody who is stopped', async () => {
    for (let i = 0; i < 3; i++) arrives(...events(i * 400, i * 400 + 400));
    const a = session(A);
    session(B);
    delivery.begin(a, 0);
    answerTo = [
      { session: A, ownOa: 1 },
      { session: B, ownOa: 1 },
    ];
    arrives(eventAsdu(7), singleCommand(1, 5, true), eventAsdu(8));
    await settle();
    expect(a.live).toBe(false);
    delivery.acknowledged(a, 1_200);
    await settle();
    expect(out().slice(-4)).toEqual([
      '1 1200>1200 [7] patch',
      '1 1201>1201 [t45]',
      '1 1202>1202 [8] patch',
      '1 join 1203',
    ]);
  });

  it('keeps its place among the events when the session gets them once more', async () => {
    answerTo = [{ session: A, ownOa: 9 }];
    await join(A, B);
    arrives(eventAsdu(0), singleCommand(1, 5, true), eventAsdu(2), singleCommand(1, 5, true));
    out();
    for (const id of [A, B]) delivery.begin(sessions.get(id) as Session, 0, 4);
    await settle();
    expect(out()).toEqual([
      '1 begin 0, answers 4',
      '2 begin 0, answers 4',
      '1 0>0 [0] patch',
      '1 1>1 [t45]',
      '1 2>2 [2] patch',
      '1 3>3 [t45]',
      '1 join 4',
      '2 0>0 [0] patch',
      '2 1>2 [2] patch',
      '2 join 4, ended at 3',
    ]);
  });

  it('is remembered until its session has acknowledged it', async () => {
    await join(A);
    answerTo = [{ session: A, ownOa: 9 }];
    arrives(singleCommand(1, 5, true));
    delivery.tick(clock.now(), 0, 0);
    expect(delivery.routing.answers.size).toBe(1);
    delivery.acknowledged(sessions.get(A) as Session, 1);
    delivery.tick(clock.now(), 0, 0);
    expect(delivery.routing.answers.size).toBe(0);
  });

  it('is remembered for a while for a session that is not known yet', () => {
    answerTo = [{ session: 99, ownOa: 9 }];
    arrives(singleCommand(1, 5, true));
    clock.advance(UNKNOWN_SESSION_MS - 1);
    delivery.tick(clock.now(), 0, 0);
    expect(delivery.routing.answers.size).toBe(1);
    clock.advance(1);
    delivery.tick(clock.now(), 0, 0);
    expect(delivery.routing.answers.size).toBe(0);
  });

  it('is remembered while the log is asked where the data of its session goes on', async () => {
    const a = session(A);
    a.resolving = ++a.run;
    answerTo = [{ session: A, ownOa: 9 }];
    arrives(singleCommand(1, 5, true));
    clock.advance(2 * UNKNOWN_SESSION_MS);
    delivery.tick(clock.now(), 0, 0);
    delivery.begin(a, 0);
    await settle();
    expect(out()).toEqual(['1 begin 0', '1 0>0 [t45]', '1 join 1']);
  });

  it('of nobody is counted, and nothing waits for it', () => {
    arrives(singleCommand(1, 5, true), endOfInitialization(1));
    expect(out()).toEqual([]);
    expect(delivery.routing.counters.notForwarded).toBe(2);
    expect(delivery.mark.confirmed).toBe(2);
  });

  it('of the router itself has no position', () => {
    stream.own({ id: A, gateway: 'g' }, 1, singleCommand(1, 5, true));
    expect(out()).toEqual(['1 none [t45]']);
  });
});

describe('objects of an interrogation, in a group where only the originator gets them', () => {
  beforeEach(() => make({ interrogationToOriginator: true }));

  it('go to who asked, to nobody when he has left, and to all when it is not known who asked', async () => {
    await join(A, B);
    interrogators = [{ session: B, ownOa: 5 }];
    arrives(eventAsdu(0), eventAsdu(1, { cot: Cause.INROGEN }), eventAsdu(2));
    interrogators = undefined;
    arrives(eventAsdu(3, { cot: Cause.INROGEN }));
    interrogators = [];
    arrives(eventAsdu(4, { cot: Cause.INROGEN }), eventAsdu(5));
    expect(out()).toEqual(['all 0>0 [0]', '2 1>1 [1]', 'all 1>2 [2]', 'all 3>3 [3]', 'all 4>5 [5]']);
  });

  it('never overtake older events of a session that catches up', async () => {
    for (let i = 0; i < 3; i++) arrives(...events(i * 400, i * 400 + 400));
    const b = session(B);
    delivery.begin(b, 0);
    interrogators = [{ session: B, ownOa: 5 }];
    arrives(eventAsdu(1, { cot: Cause.INROGEN }), eventAsdu(2), eventAsdu(3, { cot: Cause.INROGEN }));
    await settle();
    expect(b.live).toBe(false);
    expect(out().some((line) => line.includes('[1]'))).toBe(false);
    delivery.acknowledged(b, 1_200);
    await settle();
    expect(out().slice(-4)).toEqual(['2 1200>1200 [1]', '2 1201>1201 [2] patch', '2 1202>1202 [3]', '2 join 1203']);
  });

  it('are for nobody else later, either', async () => {
    interrogators = [{ session: B, ownOa: 5 }];
    arrives(eventAsdu(0), eventAsdu(1, { cot: Cause.INROGEN }), eventAsdu(2));
    delivery.begin(session(A), 0);
    await settle();
    expect(out()).toEqual(['1 begin 0', '1 0>0 [0] patch', '1 1>2 [2] patch', '1 join 3']);
  });
});

describe('what is safe', () => {
  const confirmed = (): unknown[] =>
    bus.take(subjects.confirmed).map(({ data }) => {
      const message = decodeConfirmed(data);
      if (message instanceof WireError) throw message;
      expect(message).toMatchObject({ fence: FENCE, generation: places.generation });
      return message.position;
    });

  it('is told to the connector and to the owner of the log whenever it moves', async () => {
    await join(A, B);
    arrives(...events(0, 10));
    expect(confirmed()).toEqual([]);
    delivery.acknowledged(sessions.get(A) as Session, 4);
    delivery.acknowledged(sessions.get(B) as Session, 3);
    delivery.acknowledged(sessions.get(B) as Session, 8);
    expect(confirmed()).toEqual([4, 8]);
    expect(told).toEqual(['confirmed 4', 'confirmed 8']);
    delivery.publishConfirmed();
    expect(confirmed()).toEqual([8]);
  });

  it('includes what masters acknowledged to an earlier owner of the group, as soon as it is routed', () => {
    const a = session(A);
    delivery.begin(a, 5);
    delivery.acknowledged(a, 5);
    expect(confirmed()).toEqual([]);
    arrives(...events(0, 5));
    expect(confirmed()).toEqual([5]);
  });

  it('is never more than the session was sent, whatever its gateway says', async () => {
    await join(A);
    delivery.begin(session(B), 0);
    arrives(...events(0, 10));
    for (const id of [A, B]) delivery.acknowledged(sessions.get(id) as Session, 1e9);
    expect(confirmed()).toEqual([10]);
    arrives(...events(10, 20));
    expect(delivery.mark.confirmed).toBe(10);
  });
});

describe('a session that begins', () => {
  it('gets everything from its position on, in the middle of a record too, and then what comes', async () => {
    arrives(...events(0, 4));
    arrives(...events(4, 8));
    const a = session(A);
    delivery.begin(a, 2, 17);
    await settle();
    arrives(...events(8, 10));
    expect(out()).toEqual([
      '1 begin 2, answers 17',
      '1 2>2 [2,3] patch',
      '1 4>4 [4,5,6,7] patch',
      '1 join 8',
      'all 8>8 [8,9]',
    ]);
  });

  it('at the end of the log joins at once', () => {
    arrives(...events(0, 4));
    delivery.begin(session(A), 4);
    expect(out()).toEqual(['1 begin 4', '1 join 4']);
  });

  it('gets no answers to others and knows the gaps are none', async () => {
    arrives(eventAsdu(0), singleCommand(1, 5, true), eventAsdu(2), eventAsdu(3));
    arrives(singleCommand(1, 5, true), eventAsdu(5));
    delivery.begin(session(A), 0);
    await settle();
    expect(out()).toEqual(['1 begin 0', '1 0>0 [0] patch', '1 1>2 [2,3] patch', '1 4>5 [5] patch', '1 join 6']);
  });

  it('is not sent more than its master has acknowledged and a window', async () => {
    const size = 200;
    for (let i = 0; i < 20; i++) arrives(...events(i * size, (i + 1) * size));
    const a = session(A);
    delivery.begin(a, 0);
    await settle();
    expect(a.live).toBe(false);
    expect(a.sent).toBeGreaterThanOrEqual(CATCH_UP_WINDOW);
    expect(a.sent).toBeLessThan(CATCH_UP_WINDOW + size);
    for (let steps = 0; !a.live && steps < 100; steps++) {
      delivery.acknowledged(a, a.sent);
      await settle();
      expect(a.sent - a.acknowledged).toBeLessThan(CATCH_UP_WINDOW + size);
    }
    expect(a.live).toBe(true);
    expect(out().at(-1)).toBe(`1 join ${20 * size}`);
  });

  it('is not held up by a long stretch that is for others', async () => {
    make({ interrogationToOriginator: true });
    interrogators = [{ session: B, ownOa: 1 }];
    arrives(...events(0, 10));
    for (let i = 0; i < 5; i++) {
      arrives(...Array.from({ length: CATCH_UP_WINDOW }, () => eventAsdu(0, { cot: Cause.INROGEN })));
    }
    arrives(eventAsdu(77));
    const a = session(A);
    delivery.begin(a, 0);
    await settle();
    expect(out()).toEqual([
      '1 begin 0',
      '1 0>0 [0,1,2,3,4,5,6,7,8,9] patch',
      `1 10>${10 + 5 * CATCH_UP_WINDOW} [77] patch`,
      `1 join ${11 + 5 * CATCH_UP_WINDOW}`,
    ]);
  });

  it('twice, while the log is being read, gets all from the second position', async () => {
    for (let i = 0; i < 10; i++) arrives(...events(i * 10, i * 10 + 10));
    const a = session(A);
    delivery.begin(a, 80);
    delivery.begin(a, 35);
    await settle();
    const values = out()
      .filter((line) => line.includes('['))
      .flatMap((line) => JSON.parse(line.replace(/^[^[]*/, '').replace(' patch', '')) as number[]);
    expect(values).toEqual(Array.from({ length: 65 }, (_, i) => 35 + i));
  });

  it('and ends while the log is being read gets nothing more', async () => {
    arrives(...events(0, 4));
    const a = session(A);
    delivery.begin(a, 0);
    delivery.end(a);
    await settle();
    expect(out()).toEqual(['1 begin 0']);
    expect(a.live).toBe(false);
  });

  it('and ends is no longer published for', async () => {
    await join(A);
    delivery.end(sessions.get(A) as Session);
    delivery.end(sessions.get(A) as Session);
    arrives(...events(0, 2));
    expect(out()).toEqual([]);
    await join(A);
    arrives(...events(2, 4));
    expect(out()).toEqual(['all 2>2 [2,3]']);
  });

  it('has nothing left to do when everything is over', async () => {
    const failing = { ...stubbed(), read: () => Promise.reject(new BusError('UNAVAILABLE', 'no server')) };
    make({ log: failing });
    arrives(...events(0, 2));
    delivery.begin(session(A), 0);
    await settle();
    expect(clock.pending).toBe(1);
    delivery.stop();
    expect(clock.pending).toBe(0);
  });
});

/** The log, to be changed in parts. */
function stubbed(): EventLog {
  return {
    extent: () => log.extent(),
    openWriter: (handler) => log.openWriter(handler),
    validUpTo: (place) => log.validUpTo(place),
    follow: (from, handler) => log.follow(from, handler),
    trim: (position) => log.trim(position),
    read: (from, count) => log.read(from, count),
  };
}

describe('a session whose data is no longer in the log', () => {
  it('is told, instead of going on behind the gap', async () => {
    arrives(...events(0, 4));
    arrives(...events(4, 6));
    log.trim(4);
    delivery.begin(session(A), 1);
    await settle();
    expect(told).toEqual(['1 lost 3, up to 4']);
    expect(out()).toEqual(['1 begin 1']);
  });

  it('is told also when nothing of it is left', async () => {
    arrives(...events(0, 4));
    log.trim(4);
    delivery.begin(session(A), 1);
    await passes(NEVER_STORED_MS + 100);
    expect(told).toEqual(['1 lost 3, up to 4']);
  });

  it('is told when it has acknowledged what came before, so that its master gets further the next time', async () => {
    arrives(...events(0, 4));
    const hole = record(6, events(6, 8));
    const read = (from: number): Promise<LogRecord[]> =>
      Promise.resolve([record(0, events(0, 4)), hole].filter(({ end }) => end > from));
    make({ log: { ...stubbed(), read } });
    delivery.route(record(0, events(0, 4)));
    const a = session(A);
    const b = session(B);
    delivery.begin(a, 0);
    delivery.begin(b, 0);
    await settle();
    expect(a.live).toBe(true);
    delivery.acknowledged(b, 4);
    delivery.route(hole);
    await settle();
    expect(told.filter((line) => line.includes('lost'))).toEqual(['2 lost 2, up to 6']);
    delivery.acknowledged(a, 4);
    await settle();
    expect(told.filter((line) => line.includes('lost'))).toEqual(['2 lost 2, up to 6', '1 lost 2, up to 6']);
    expect(delivery.mark.confirmed).toBe(6);
  });
});

describe('a session that begins before the log has stored what was routed', () => {
  /** Of a server that has passed a record on, and not stored it yet. */
  let late: EventLog;
  beforeEach(() => {
    late = {
      ...stubbed(),
      extent: () => Promise.resolve({ first: 0, next: 0, generation: 0 }),
      read: () => Promise.resolve([]),
    };
    make({ log: late });
    arrives(...events(0, 2));
  });

  it('gets it once it is stored', async () => {
    const a = session(A);
    delivery.begin(a, 0);
    await passes(1_000);
    expect(a.live).toBe(false);
    Object.assign(late, stubbed());
    await passes(100);
    expect(out()).toEqual(['1 begin 0', '1 0>0 [0,1] patch', '1 join 2']);
  });

  it('is told that it is lost when that takes too long', async () => {
    delivery.begin(session(A), 0);
    await passes(NEVER_STORED_MS + 100);
    expect(told).toEqual(['1 lost 2, up to 2']);
  });

  it('gets what it begins with anew meanwhile', async () => {
    const a = session(A);
    delivery.begin(a, 1);
    await passes(1_000);
    delivery.begin(a, 0);
    Object.assign(late, stubbed());
    await passes(100);
    expect(out()).toEqual(['1 begin 1', '1 begin 0', '1 0>0 [0,1] patch', '1 join 2']);
  });
});

describe('a session that begins while the log is out of reach', () => {
  it('gets it later, and nothing is lost however long that takes', async () => {
    let reachable = false;
    const fails = (): Promise<never> => Promise.reject(new BusError('UNAVAILABLE', 'no server'));
    make({ log: { ...stubbed(), read: (from, count) => (reachable ? log.read(from, count) : fails()) } });
    arrives(...events(0, 2));
    const a = session(A);
    delivery.begin(a, 0);
    for (let i = 0; i < 5; i++) delivery.acknowledged(a, 0);
    await passes(READ_RETRY_MS * 20);
    expect(clock.pending, 'one retry waits, however often it was asked').toBe(1);
    expect(a.live).toBe(false);
    reachable = true;
    await passes(READ_RETRY_MS);
    expect(out()).toEqual(['1 begin 0', '1 0>0 [0,1] patch', '1 join 2']);
  });
});

describe('a session that is ahead of a new owner', () => {
  it('waits until that has routed as much, and takes what comes then', () => {
    const a = session(A);
    delivery.begin(a, 3);
    arrives(...events(0, 2));
    arrives(...events(2, 3));
    arrives(...events(3, 5));
    expect(out()).toEqual(['1 begin 3', '1 join 3', 'all 3>3 [3,4]']);
  });

  it('is sent back when the log never gets there', async () => {
    arrives(...events(0, 2));
    delivery.begin(session(A), 1e6);
    clock.advance(AHEAD_MS - 1);
    delivery.tick(clock.now(), 0, 0);
    expect(out()).toEqual(['1 begin 1000000']);
    clock.advance(1);
    delivery.tick(clock.now(), 0, 0);
    await settle();
    expect(out()).toEqual(['1 begin 2', '1 join 2']);
  });
});

describe('what was published and may be lost', () => {
  it('is published again to every live session, from what its master has acknowledged', async () => {
    await join(A, B);
    session(3);
    arrives(...events(0, 4));
    answerTo = [{ session: B, ownOa: 0 }];
    arrives(singleCommand(1, 5, true));
    delivery.acknowledged(sessions.get(A) as Session, 4);
    delivery.acknowledged(sessions.get(B) as Session, 1);
    out();
    delivery.beginAgain();
    await settle();
    expect(out().sort()).toEqual([
      '1 begin 5',
      '1 join 5',
      '2 1>1 [1,2,3] patch',
      '2 4>4 [t45]',
      '2 begin 1',
      '2 join 5',
    ]);
  });
});

describe('a later generation of the log', () => {
  const answered = (): Uint8Array[] => [eventAsdu(0), singleCommand(1, 5, true), singleCommand(1, 6, true)];

  /** An answer is routed, acknowledged, and not stored; the connector appends it again. */
  async function answerAgain(again: LogRecord, acknowledgedByB = 3): Promise<void> {
    make({ recentOctets: 10_000, unstoredAsdus: 64 });
    await join(A, B);
    answerTo = [A, B].map((id) => ({ session: id, ownOa: 0 }));
    delivery.route(record(0, answered()));
    delivery.acknowledged(sessions.get(A) as Session, 3);
    delivery.acknowledged(sessions.get(B) as Session, acknowledgedByB);
    delivery.tick(clock.now(), 0, 0);
    out();
    // It would be taken for an answer to somebody else's command.
    answerTo = [{ session: B, ownOa: 9 }];
    delivery.route(again);
    await settle();
    out();
  }

  /** The gateway says what the session had of the generation before. */
  async function resumes(id: number, position: number): Promise<string[]> {
    const each = sessions.get(id) as Session;
    delivery.voided.resumed(each, { generation, position });
    delivery.begin(each, 0, 5);
    await settle();
    return out();
  }

  it('that brings answers once more gives them to who has not got them, and to nobody else', async () => {
    await answerAgain(record(0, answered(), generation + 1), 2);
    expect(await resumes(A, 3)).toEqual(['1 begin 0, answers 5', '1 0>0 [0] patch', '1 join 3, ended at 1']);
    expect(await resumes(B, 2)).toEqual(['2 begin 0, answers 5', '2 0>0 [0] patch', '2 1>2 [t45]', '2 join 3']);
  });

  it('that brings an answer which looks like one before gives it to who it is for', async () => {
    const other = decodeLogRecord(logRecord(0, answered(), 1, 7, generation + 1)) as LogRecord;
    await answerAgain(other);
    expect(await resumes(A, 3)).toEqual(['1 begin 0, answers 5', '1 0>0 [0] patch', '1 join 3, ended at 1']);
    expect((await resumes(B, 3)).slice(2)).toEqual(['2 1>1 [t45]', '2 2>2 [t45]', '2 join 3']);
  });

  it('that brings an answer once more does not give it to who had acknowledged it and has stopped meanwhile', async () => {
    await answerAgain(record(0, answered(), generation + 1));
    delivery.begin(sessions.get(A) as Session, 0, 7);
    await settle();
    expect(out()).toEqual(['1 begin 0, answers 7', '1 0>0 [0] patch', '1 join 3, ended at 1']);
  });

  it('leaves nothing behind of such answers', async () => {
    await answerAgain(record(0, answered(), generation + 1));
    await resumes(A, 3);
    expect(sessions.get(A)?.had.size).toBe(2);
    delivery.tick(clock.now() + 60_000, 0, 0);
    expect(sessions.get(A)?.had.size).toBe(0);
  });

  it('that goes on where the last one ended changes nothing but the generation', async () => {
    await join(A);
    arrives(...events(0, 4));
    out();
    delivery.route(record(4, events(4, 6), generation + 5));
    expect(places.generation).toBe(generation + 5);
    expect(out()).toEqual(['all begin 4', '1 join 4', 'all 4>4 [4,5]']);
    expect(told.filter((line) => !line.startsWith('confirmed'))).toEqual(['cut 4 of 4, here: ']);
  });

  it('that begins earlier sends everybody back there, and no new event is taken for an old one', async () => {
    await join(A);
    arrives(...events(0, 10));
    delivery.acknowledged(sessions.get(A) as Session, 10);
    out();
    delivery.route(record(6, events(16, 18), generation + 1));
    expect(out()).toEqual(['all begin 6', '1 join 6', 'all 6>6 [16,17]']);
    expect(delivery.mark.confirmed).toBe(6);
    expect(told).toContain('cut 6 of 10, here: ');
    expect(told.some((line) => line.includes('lost'))).toBe(false);
    expect(delivery.routed).toBe(8);
  });

  it('takes from a session that catches up what it had not got, and says how much', async () => {
    for (let i = 0; i < 4; i++) arrives(...events(i * 400, i * 400 + 400));
    const a = session(A, 'name');
    delivery.begin(a, 0);
    await settle();
    expect(a.sent).toBe(1_200);
    delivery.route(record(1_000, events(0, 2), generation + 1));
    expect(told.filter((line) => !line.startsWith('confirmed'))).toEqual([
      'cut 1000 of 1600, here: name',
      '1 lost 400',
    ]);
  });

  it('takes nothing from a session when its writer had not been told that what is void was stored', async () => {
    for (let i = 0; i < 4; i++) arrives(...events(i * 400, i * 400 + 400));
    delivery.begin(session(A, 'name'), 0);
    await settle();
    places.heard(generation + 1, 0);
    delivery.route(record(1_000, events(0, 2), generation + 1));
    expect(told.filter((line) => !line.startsWith('confirmed'))).toEqual(['cut 1000 of 1000, here: name']);
  });

  it('lets a session that catches up go on when it loses nothing', async () => {
    const stored = [0, 1, 2, 3].map((i) => record(i * 400, events(i * 400, i * 400 + 400)));
    make({ log: { ...stubbed(), read: (from) => Promise.resolve(stored.filter(({ end }) => end > from)) } });
    for (const each of stored) delivery.route(each);
    const a = session(A);
    delivery.begin(a, 0);
    await settle();
    const later = record(1_600, events(0, 2), generation + 1);
    stored.push(later);
    out();
    delivery.route(later);
    expect(out()).toEqual(['all begin 1600']);
    delivery.acknowledged(a, 1_200);
    await settle();
    expect(out().map((line) => line.replace(/\[.*\]/, '[]'))).toEqual([
      '1 1200>1200 [] patch',
      '1 1600>1600 [] patch',
      '1 join 1602',
    ]);
  });

  it('makes what a replaced writer still says count for nothing', async () => {
    await join(A);
    delivery.route(record(0, events(0, 2), generation + 1));
    out();
    delivery.route(record(2, events(2, 4), generation));
    expect(out()).toEqual([]);
    expect(delivery.routed).toBe(2);
  });

  it('forgets who got answers that are void', async () => {
    await join(A);
    answerTo = [{ session: A, ownOa: 9 }];
    arrives(eventAsdu(0), singleCommand(1, 5, true));
    answerTo = [];
    delivery.route(record(1, [singleCommand(1, 5, true), eventAsdu(2)], generation + 1));
    expect(delivery.routing.answers.size).toBe(0);
  });

  it('is waited for when the log has it and its record has not come', async () => {
    const next = record(2, events(12, 14), generation + 1);
    const read = (from: number): Promise<LogRecord[]> =>
      Promise.resolve([record(0, events(0, 2)), next].filter(({ end }) => end > from));
    make({ log: { ...stubbed(), read } });
    delivery.route(record(0, events(0, 2)));
    delivery.route(record(2, events(2, 4)));
    const a = session(A);
    delivery.begin(a, 2);
    await passes(100);
    expect(out()).toEqual(['1 begin 2']);
    delivery.route(next);
    await passes(100);
    expect(told).toContain('1 lost 2');
  });
});

describe('a session whenever it begins', () => {
  it('misses nothing and gets nothing twice', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ what: fc.constant('record' as const), size: fc.integer({ min: 1, max: 40 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ what: fc.constant('start' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
      },
      { weight: 1, arbitrary: fc.record({ what: fc.constant('generation' as const) }) },
      { weight: 2, arbitrary: fc.record({ what: fc.constant('acknowledge' as const) }) },
      { weight: 2, arbitrary: fc.record({ what: fc.constant('turn' as const) }) },
    );
    const recent = fc.constantFrom(0, 5_000, 1e6);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), recent, async (steps, recentOctets) => {
        bus = new RecordingBus({ clock });
        log = bus.eventLog('1');
        const open = async (): Promise<void> => {
          writer = await log.openWriter({ onStored: () => undefined, onRefused: () => undefined });
          ({ generation } = writer);
        };
        await open();
        sessions = new Map();
        make({ recentOctets });
        const a = session(A);
        // What a gateway does with it: takes consecutive positions, and complains about gaps.
        let expected = 0;
        let live = false;
        let got: number[] = [];
        let startedAt = 0;
        const take = (data: Uint8Array, broadcast: boolean): void => {
          const { kind, from, first, count, octets, bodyAt } = decoded(data);
          if (kind === OutKind.BEGIN) {
            live = false;
            return;
          }
          if (!a.started || (broadcast && !live)) return;
          expect(from).toBeLessThanOrEqual(expected);
          if (kind === OutKind.JOIN) {
            live = true;
            expected = first;
            return;
          }
          for (const [i, asdu] of asdusOf(octets, bodyAt).entries()) {
            expect(first + i).toBe(eventValue(asdu));
            got.push(eventValue(asdu));
          }
          expected = first + count;
        };
        bus.subscribe(subjects.out, ({ data }) => take(data, true));
        bus.subscribe(subjects.outTo(A), ({ data }) => take(data, false));
        for (const each of steps) {
          switch (each.what) {
            case 'record':
              arrives(...events(writer.next, writer.next + each.size));
              break;
            case 'generation':
              await open();
              break;
            case 'start':
              startedAt = Math.floor(delivery.routed * each.at);
              expected = startedAt;
              live = false;
              got = [];
              delivery.begin(a, startedAt);
              break;
            case 'acknowledge':
              if (a.started && expected > startedAt) delivery.acknowledged(a, expected);
              break;
            case 'turn':
              await Promise.resolve();
          }
        }
        if (!a.started) return;
        for (let i = 0; !a.live && i < 100; i++) {
          await turns();
          delivery.acknowledged(a, expected);
        }
        expect(a.live).toBe(true);
        expect(got).toEqual(Array.from({ length: delivery.routed - startedAt }, (_, i) => startedAt + i));
      }),
      { numRuns: 200 },
    );
  });
});
