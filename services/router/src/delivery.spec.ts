import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  BusError,
  confirmedPosition,
  type EventLog,
  GroupSubjects,
  type LogWriter,
  NO_POSITION,
  OUT_PREAMBLE_OCTETS,
  outCount,
  outFence,
  outFirst,
  OutFlag,
  outFlags,
  outFrom,
  OutKind,
  outKind,
} from '@iec104mm2ss/bus';
import { ASDU_OA_OFFSET, Cause, endOfInitialization, interrogation, singleCommand } from '@iec104mm2ss/iec104';
import { createLogger } from '@iec104mm2ss/observability';
import { asdusOf, eventAsdu, eventValue, logRecord, RecordingBus, until } from '@iec104mm2ss/testing';
import { CATCH_UP_WINDOW, Delivery, READ_RETRY_MS } from './delivery.js';
import type { Session } from './session.js';
import type { Participant } from './transactions.js';

const subjects = new GroupSubjects('1');
const { logger } = createLogger({ level: 'silent' });
const FENCE = 9;
const A = 1;
const B = 2;

let bus: RecordingBus;
let log: EventLog;
let writer: LogWriter;
let sessions: Map<number, Session>;
let delivery: Delivery;
let answerTo: readonly Participant[];
let interrogators: readonly Participant[];
let told: string[];

function session(id: number): Session {
  const made: Session = {
    id,
    gateway: 'g',
    address: '10.0.0.1',
    peer: '10.0.0.1:1',
    name: null,
    certificateName: null,
    oa: id * 10,
    ownOa: id * 10 + 1,
    started: false,
    live: false,
    catchingUp: false,
    sent: 0,
    acknowledged: 0,
    since: 0,
    commands: 0,
  };
  sessions.set(id, made);
  return made;
}

function make(
  options: { from?: number; interrogationToOriginator?: boolean; log?: EventLog; recentOctets?: number } = {},
): Delivery {
  delivery = new Delivery(
    bus,
    subjects,
    options.log ?? log,
    FENCE,
    sessions,
    {
      answer: () => answerTo,
      interrogators: () => interrogators,
      requested: () => told.push('requested'),
      interrogated: (cot) => told.push(`interrogated ${cot}`),
    },
    {
      from: options.from ?? 0,
      interrogationToOriginator: options.interrogationToOriginator ?? false,
      confirmGapMs: 0,
      recentOctets: options.recentOctets ?? 0,
    },
    logger,
    (position) => told.push(`confirmed ${position}`),
  );
  return delivery;
}

beforeEach(async () => {
  bus = new RecordingBus();
  log = bus.eventLog('1');
  writer = await log.openWriter({ onStored: () => undefined, onRefused: () => undefined });
  sessions = new Map();
  answerTo = [];
  interrogators = [];
  told = [];
  make();
});

/** Stores a record in the log and routes it. */
function arrives(...asdus: Uint8Array[]): void {
  const record = logRecord(writer.next, asdus);
  writer.append(record);
  delivery.route(record);
}

const events = (from: number, to: number): Uint8Array[] =>
  Array.from({ length: to - from }, (_, i) => eventAsdu(from + i));

/** What was published to sessions since last asked: `who kind from>first+count values`. */
function out(): string[] {
  return bus
    .take()
    .filter(({ subject }) => subject === subjects.out || subject.startsWith(`${subjects.out}.`))
    .map(({ subject, data }) => {
      const who = subject === subjects.out ? 'all' : subject.slice(subjects.out.length + 1);
      expect(outFence(data)).toBe(FENCE);
      if (outKind(data) === OutKind.JOIN) {
        const [from, first] = [outFrom(data), outFirst(data)];
        return `${who} join ${first}${from === first ? '' : `, ended at ${from}`}`;
      }
      if (outKind(data) === OutKind.BEGIN) return `${who} begin ${outFrom(data)}, answers ${outFirst(data)}`;
      const asdus = asdusOf(data, OUT_PREAMBLE_OCTETS);
      expect(asdus).toHaveLength(outCount(data));
      const values = asdus.map((asdu) => (asdu[0] === 11 ? eventValue(asdu) : `t${asdu[0]}`));
      const first = outFirst(data) === NO_POSITION ? 'none' : `${outFrom(data)}>${outFirst(data)}`;
      const patched = (outFlags(data) & OutFlag.PATCH_OA) !== 0 ? ' patch' : '';
      return `${who} ${first} [${values.join()}]${patched}`;
    });
}

async function join(...ids: number[]): Promise<void> {
  for (const id of ids) {
    const each = sessions.get(id) ?? session(id);
    delivery.begin(each, delivery.mark.confirmed);
    await until(() => each.live, `session ${id} is live`);
  }
  out();
}

describe('what is for all', () => {
  it('is published once, however many masters there are, in one message for consecutive ASDUs', async () => {
    await join(A, B);
    arrives(...events(0, 3));
    expect(out()).toEqual(['all 0>0 [0,1,2]']);
    expect(delivery.counters).toMatchObject({ routed: 3, broadcast: 3 });
  });

  it('is not published while nobody takes it, but counted for whom it is kept', () => {
    arrives(...events(0, 3));
    expect(out()).toEqual([]);
    expect(delivery.mark.confirmed).toBe(0);
    expect(delivery.counters.broadcast).toBe(3);
  });

  it('is split around answers, and each message accounts for what lies before it', async () => {
    await join(A);
    answerTo = [{ session: A, ownOa: 77 }];
    arrives(eventAsdu(0), eventAsdu(1), singleCommand(1, 5, true), eventAsdu(3), endOfInitialization(1), eventAsdu(5));
    expect(out()).toEqual(['all 0>0 [0,1]', '1 2>2 [t45]', 'all 2>3 [3]', 'all 4>5 [5]']);
    expect(delivery.counters).toMatchObject({ replies: 1, notForwarded: 1 });
  });

  it('is marked for patching where the RTU has mirrored an OA of ours, and only there', async () => {
    await join(A);
    arrives(
      eventAsdu(0),
      eventAsdu(1, { cot: Cause.INROGEN, oa: 10 }),
      eventAsdu(2, { cot: Cause.REQ, oa: 10 }),
      eventAsdu(3, { cot: Cause.INROGEN }),
      eventAsdu(4, { cot: Cause.SPONT, oa: 10 }),
    );
    expect(out()).toEqual(['all 0>0 [0]', 'all 1>1 [1,2] patch', 'all 3>3 [3,4]']);
  });

  it('tells that an object was requested, and that an interrogation is alive', () => {
    arrives(
      eventAsdu(0, { cot: Cause.REQ }),
      eventAsdu(0, { cot: Cause.SPONT }),
      eventAsdu(0, { cot: Cause.INROGEN }),
      eventAsdu(0, { cot: Cause.REQCO4 }),
      eventAsdu(0, { cot: Cause.UNKNOWN_TYPE }),
    );
    expect(told.filter((line) => !line.startsWith('confirmed'))).toEqual([
      'requested',
      'interrogated 20',
      'interrogated 41',
    ]);
  });

  it('is routed once, also when the log delivers it again or begins in the middle of a record', async () => {
    make({ from: 2 });
    await join(A);
    const record = logRecord(0, events(0, 4));
    delivery.route(record);
    expect(out()).toEqual(['all 2>2 [2,3]']);
    delivery.route(record);
    expect(out()).toEqual([]);
    expect(delivery.counters.routed).toBe(2);
  });

  it('goes on after a hole in the log', async () => {
    await join(A);
    delivery.route(logRecord(0, events(0, 2)));
    delivery.route(logRecord(10, events(10, 12)));
    expect(out()).toEqual(['all 0>0 [0,1]', 'all 2>10 [10,11]']);
    expect(delivery.routed).toBe(12);
  });
});

describe('an answer', () => {
  it('goes to each who takes part, with the OA its master used, and counts for one of them', async () => {
    await join(A, B);
    answerTo = [
      { session: A, ownOa: 77 },
      { session: B, ownOa: 88 },
      { session: 99, ownOa: 1 },
    ];
    arrives(interrogation(1, 20, { cot: Cause.ACT_CON, oa: 10 }));
    const sent = bus.take().filter(({ subject }) => subject.startsWith(`${subjects.out}.`));
    expect(sent.map(({ subject }) => subject)).toEqual([subjects.outTo(A), subjects.outTo(B)]);
    expect(sent.map(({ data }) => asdusOf(data, OUT_PREAMBLE_OCTETS)[0]?.[ASDU_OA_OFFSET])).toEqual([77, 88]);
    expect(sent.map(({ data }) => outFirst(data))).toEqual([0, NO_POSITION]);
  });

  it('goes without a position to one who is still catching up, and not at all to one who is stopped', () => {
    session(A).started = true;
    session(B);
    answerTo = [
      { session: A, ownOa: 1 },
      { session: B, ownOa: 1 },
    ];
    arrives(singleCommand(1, 5, true));
    expect(out()).toEqual(['1 none [t45]']);
  });

  it('of nobody is counted, and nothing waits for it', () => {
    arrives(singleCommand(1, 5, true), endOfInitialization(1));
    expect(out()).toEqual([]);
    expect(delivery.counters.notForwarded).toBe(2);
    expect(delivery.mark.confirmed).toBe(2);
  });

  it('of the router itself has no position', async () => {
    await join(A);
    delivery.send(sessions.get(A) as Session, singleCommand(1, 5, true));
    expect(out()).toEqual(['1 none [t45]']);
  });

  it('of an interrogation goes to who asked, when the group is configured so', async () => {
    make({ interrogationToOriginator: true });
    await join(A, B);
    interrogators = [{ session: B, ownOa: 5 }];
    arrives(eventAsdu(0), eventAsdu(1, { cot: Cause.INROGEN }), eventAsdu(2));
    expect(out()).toEqual(['all 0>0 [0]', '2 1>1 [1]', 'all 1>2 [2]']);
  });
});

describe('what is safe', () => {
  const confirmed = (): number[] => bus.take(subjects.confirmed).map(({ data }) => confirmedPosition(data));

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
    delivery.acknowledged(session(A), 5);
    arrives(...events(0, 5));
    expect(confirmed()).toEqual([5]);
  });
});

describe('a session that begins', () => {
  it('gets everything from its position on, in the middle of a record too, and then what comes', async () => {
    arrives(...events(0, 4));
    arrives(...events(4, 8));
    const a = session(A);
    delivery.begin(a, 2);
    await until(() => a.live, 'live');
    arrives(...events(8, 10));
    expect(out()).toEqual(['1 2>2 [2,3] patch', '1 4>4 [4,5,6,7] patch', '1 join 8', 'all 8>8 [8,9]']);
  });

  it('at the end of the log joins at once', () => {
    arrives(...events(0, 4));
    delivery.begin(session(A), 4);
    expect(out()).toEqual(['1 join 4']);
  });

  it('gets no answers to others and knows the gaps are none', async () => {
    answerTo = [];
    arrives(eventAsdu(0), singleCommand(1, 5, true), eventAsdu(2), eventAsdu(3));
    arrives(singleCommand(1, 5, true), eventAsdu(5));
    const a = session(A);
    delivery.begin(a, 0);
    await until(() => a.live, 'live');
    expect(out()).toEqual(['1 0>0 [0] patch', '1 1>2 [2,3] patch', '1 4>5 [5] patch', '1 join 6']);
  });

  it('is not sent more than its master has acknowledged and a window', async () => {
    const size = 200;
    for (let i = 0; i < 20; i++) arrives(...events(i * size, (i + 1) * size));
    const a = session(A);
    delivery.begin(a, 0);
    await until(() => !a.catchingUp, 'a window is sent');
    expect(a.live).toBe(false);
    expect(a.sent).toBeGreaterThanOrEqual(CATCH_UP_WINDOW);
    expect(a.sent).toBeLessThan(CATCH_UP_WINDOW + size);
    let steps = 0;
    while (!a.live && steps++ < 100) {
      delivery.acknowledged(a, a.sent);
      await until(() => !a.catchingUp, 'more is sent');
      expect(a.sent - a.acknowledged).toBeLessThan(CATCH_UP_WINDOW + size);
    }
    expect(a.live).toBe(true);
    expect(out().at(-1)).toBe(`1 join ${20 * size}`);
  });

  it('is not held up by a long stretch that is for others', async () => {
    make({ interrogationToOriginator: true });
    arrives(...events(0, 10));
    for (let i = 0; i < 5; i++) {
      arrives(...Array.from({ length: CATCH_UP_WINDOW }, () => eventAsdu(0, { cot: Cause.INROGEN })));
    }
    arrives(eventAsdu(77));
    const a = session(A);
    delivery.begin(a, 0);
    await until(() => a.live, 'live');
    expect(out().filter((line) => line.startsWith('1'))).toEqual([
      '1 0>0 [0,1,2,3,4,5,6,7,8,9] patch',
      `1 10>${10 + 5 * CATCH_UP_WINDOW} [77] patch`,
      `1 join ${11 + 5 * CATCH_UP_WINDOW}`,
    ]);
  });

  it('goes live also when what it was to get was trimmed meanwhile', async () => {
    arrives(...events(0, 4));
    log.trim(4);
    const a = session(A);
    delivery.begin(a, 1);
    await until(() => a.live, 'live');
    expect(out()).toEqual(['1 join 4, ended at 1']);
  });

  it('begins with what is kept when the oldest was trimmed', async () => {
    arrives(...events(0, 4));
    arrives(...events(4, 6));
    log.trim(4);
    const a = session(A);
    delivery.begin(a, 1);
    await until(() => a.live, 'live');
    expect(out()).toEqual(['1 1>4 [4,5] patch', '1 join 6']);
  });

  it('twice, while the log is being read, gets all from the second position', async () => {
    for (let i = 0; i < 10; i++) arrives(...events(i * 10, i * 10 + 10));
    const a = session(A);
    delivery.begin(a, 80);
    delivery.begin(a, 35);
    await until(() => a.live, 'live');
    const values = out()
      .filter((line) => line.includes('['))
      .flatMap((line) => JSON.parse(line.replace(/^[^[]*/, '').replace(' patch', '')) as number[]);
    expect(values).toEqual(Array.from({ length: 65 }, (_, i) => 35 + i));
  });

  it('is told first where it begins, when it asked', async () => {
    arrives(...events(0, 4));
    const a = session(A);
    delivery.begin(a, 3, 17);
    await until(() => a.live, 'live');
    expect(out()).toEqual(['1 begin 3, answers 17', '1 3>3 [3] patch', '1 join 4']);
  });

  it('and ends while the log is being read gets nothing more', async () => {
    arrives(...events(0, 4));
    const a = session(A);
    delivery.begin(a, 0);
    delivery.end(a);
    await until(() => !a.catchingUp, 'not catching up');
    expect(out()).toEqual([]);
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

  describe('before the log has stored what was routed', () => {
    /** Of a server that has passed a record on, and not stored it yet. */
    const behind = (): EventLog => ({
      extent: () => Promise.resolve({ first: 0, next: 0, begunAt: 0 }),
      openWriter: (handler) => log.openWriter(handler),
      follow: (from, handler) => log.follow(from, handler),
      trim: (position) => log.trim(position),
      read: () => Promise.resolve([]),
    });
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it('gets it once it is stored', async () => {
      const late = behind();
      make({ log: late });
      arrives(...events(0, 2));
      const a = session(A);
      delivery.begin(a, 0);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(a.live).toBe(false);
      Object.assign(late, { read: log.read.bind(log), extent: log.extent.bind(log) });
      await vi.advanceTimersByTimeAsync(100);
      expect(out()).toEqual(['1 0>0 [0,1] patch', '1 join 2']);
    });

    it('goes live without it when that takes too long', async () => {
      make({ log: behind() });
      arrives(...events(0, 2));
      const a = session(A);
      delivery.begin(a, 0);
      await vi.advanceTimersByTimeAsync(6_000);
      expect(out()).toEqual(['1 join 2, ended at 0']);
    });

    it('gets what it begins with anew meanwhile', async () => {
      const late = behind();
      make({ log: late });
      arrives(...events(0, 2));
      const a = session(A);
      delivery.begin(a, 1);
      await vi.advanceTimersByTimeAsync(1_000);
      delivery.begin(a, 0);
      Object.assign(late, { read: log.read.bind(log), extent: log.extent.bind(log) });
      await vi.advanceTimersByTimeAsync(100);
      expect(out()).toEqual(['1 0>0 [0,1] patch', '1 join 2']);
    });
  });

  describe('while the log is out of reach', () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it('gets it later', async () => {
      let reachable = false;
      const flaky: EventLog = {
        extent: () => log.extent(),
        openWriter: (handler) => log.openWriter(handler),
        follow: (from, handler) => log.follow(from, handler),
        trim: (position) => log.trim(position),
        read: (from, count) =>
          reachable ? log.read(from, count) : Promise.reject(new BusError('UNAVAILABLE', 'no server')),
      };
      make({ log: flaky });
      arrives(...events(0, 2));
      const a = session(A);
      delivery.begin(a, 0);
      await vi.advanceTimersByTimeAsync(READ_RETRY_MS * 3);
      expect(a.live).toBe(false);
      reachable = true;
      await vi.advanceTimersByTimeAsync(READ_RETRY_MS);
      expect(a.live).toBe(true);
      expect(out()).toEqual(['1 0>0 [0,1] patch', '1 join 2']);
    });
  });

  it('whenever, misses nothing and gets nothing twice', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ what: fc.constant('record' as const), size: fc.integer({ min: 1, max: 40 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ what: fc.constant('start' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
      },
      { weight: 2, arbitrary: fc.record({ what: fc.constant('acknowledge' as const) }) },
      { weight: 2, arbitrary: fc.record({ what: fc.constant('turn' as const) }) },
    );
    const recent = fc.constantFrom(0, 5_000, 1e6);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), recent, async (steps, recentOctets) => {
        bus = new RecordingBus();
        log = bus.eventLog('1');
        writer = await log.openWriter({ onStored: () => undefined, onRefused: () => undefined });
        sessions = new Map();
        make({ recentOctets });
        const a = session(A);
        // What a gateway does with it: takes consecutive positions, and complains about gaps.
        let expected = 0;
        let live = false;
        let got: number[] = [];
        let startedAt = 0;
        const take = (data: Uint8Array, broadcast: boolean): void => {
          if (!a.started) return;
          if (outKind(data) === OutKind.JOIN) {
            expect(outFrom(data)).toBeLessThanOrEqual(expected);
            live = true;
            expected = outFirst(data);
            return;
          }
          if (broadcast && !live) return;
          expect(outFrom(data)).toBeLessThanOrEqual(expected);
          for (const [i, asdu] of asdusOf(data, OUT_PREAMBLE_OCTETS).entries()) {
            expect(outFirst(data) + i).toBe(eventValue(asdu));
            got.push(eventValue(asdu));
          }
          expected = outFirst(data) + outCount(data);
        };
        bus.subscribe(subjects.out, ({ data }) => take(data, true));
        bus.subscribe(subjects.outTo(A), ({ data }) => take(data, false));
        for (const each of steps) {
          switch (each.what) {
            case 'record':
              arrives(...events(writer.next, writer.next + each.size));
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
        await until(() => !a.catchingUp, 'not catching up');
        for (let i = 0; !a.live && i < 100; i++) {
          delivery.acknowledged(a, expected);
          await until(() => !a.catchingUp, 'not catching up');
        }
        expect(a.live).toBe(true);
        expect(got).toEqual(Array.from({ length: delivery.routed - startedAt }, (_, i) => startedAt + i));
      }),
      { numRuns: 200 },
    );
  });
});
