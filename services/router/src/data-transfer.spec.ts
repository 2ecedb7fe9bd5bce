import { beforeEach, describe, expect, it } from 'vitest';
import { BusError } from '@iec104mm2ss/bus';
import { createLogger } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import type { LogPlace, SessionStatement } from '@iec104mm2ss/wire';
import { Cursors } from './cursors.js';
import { CROSSING_MS, DataTransfer, STALLED_MS } from './data-transfer.js';
import type { Delivery } from './delivery.js';
import { LogPlaces } from './log-places.js';
import type { OutStream } from './out-stream.js';
import type { Retention } from './retention.js';
import { newSession, type Session } from './session.js';

const { logger } = createLogger({ level: 'silent' });
const GENERATION = 5;
const ROUTED = 300;

let clock: FakeClock;
let sessions: Map<number, Session>;
let cursors: Cursors;
let places: LogPlaces;
let transfer: DataTransfer;
let done: string[];
let confirmed: number;
let oldest: number;
let published: number;
let validUpTo: (place: LogPlace) => Promise<number>;

beforeEach(() => {
  clock = new FakeClock();
  sessions = new Map();
  cursors = new Cursors(['A'], { A: 30 }, 100, 0);
  done = [];
  confirmed = 100;
  oldest = 0;
  published = 200;
  validUpTo = () => Promise.reject(new Error('not to be asked'));
  places = new LogPlaces({ validUpTo: (place) => validUpTo(place) }, GENERATION);
  const delivery = {
    mark: {
      get confirmed() {
        return confirmed;
      },
    },
    begin: (session: Session, position: number, answers: number) => {
      session.started = true;
      session.run++;
      session.begunAt = clock.now();
      session.due = undefined;
      done.push(`${session.id} begins at ${position}${answers > 0 ? `, answers ${answers}` : ''}`);
    },
    end: (session: Session) => {
      session.started = false;
      session.run++;
      done.push(`${session.id} ends`);
    },
    publishedFor: () => published,
    neededBy: ({ acknowledged }: Session) => (acknowledged >= published ? ROUTED : acknowledged),
    voided: { resumed: () => undefined },
  };
  transfer = new DataTransfer({
    sessions,
    delivery: delivery as unknown as Delivery,
    cursors,
    places,
    retention: {
      get oldest() {
        return oldest;
      },
    } as Retention,
    out: { standby: ({ id }: Session) => done.push(`${id} standby`) } as unknown as OutStream,
    logger,
    clock,
    changed: () => undefined,
    lost: ({ id }, count, end) => void done.push(`${id} lost ${count}${end === undefined ? '' : ` up to ${end}`}`),
  });
});

function session(id: number, name: string | null = null): Session {
  const identity = { id, gateway: 'g', connection: id, address: '10.0.0.1', port: 1, certificateName: null, oa: id };
  const made = newSession({ ...identity, name, since: 0 }, clock.now());
  sessions.set(id, made);
  return made;
}

function stated(changes: Partial<SessionStatement>): SessionStatement {
  return {
    session: 1,
    connection: 1,
    address: '10.0.0.1',
    port: 1,
    name: null,
    certificateName: null,
    originatorAddress: 1,
    ownOa: 0,
    started: true,
    starting: 0,
    number: 1,
    expected: 120,
    acknowledged: 0,
    generation: GENERATION,
    nextCommand: 1,
    commands: [],
    sinceMs: 0,
    ...changes,
  };
}

/** What was done since last asked. */
const take = (): string[] => done.splice(0);
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('data of a session that started', () => {
  it('begins at the mark, of a named master where it was', () => {
    transfer.started(session(1), 3);
    transfer.started(session(2, 'A'), 4);
    expect(take()).toEqual(['1 begins at 100, answers 3', '2 begins at 30, answers 4']);
  });

  it('does not begin before what the log still has', () => {
    oldest = 150;
    transfer.started(session(1), 3);
    expect(take()).toEqual(['1 begins at 150, answers 3']);
  });

  it('begins at the same place when the answer was lost, however far others got', () => {
    const one = session(1);
    transfer.started(one, 3);
    take();
    confirmed = 180;
    transfer.reconcile(one, stated({ starting: 3, expected: 0, generation: 0 }));
    expect(take(), 'it may have crossed the answer').toEqual([]);
    clock.advance(CROSSING_MS);
    transfer.reconcile(one, stated({ starting: 3, expected: 0, generation: 0 }));
    expect(take()).toEqual(['1 begins at 100, answers 3']);
  });

  it('begins although STARTED was lost', () => {
    transfer.reconcile(session(1), stated({ starting: 3, expected: 0, generation: 0 }));
    expect(take()).toEqual(['1 begins at 100, answers 3']);
  });

  it('goes on where a RESYNC says, although that was lost', () => {
    const one = session(1);
    transfer.started(one, 3);
    take();
    transfer.reconcile(one, stated({ starting: 4, expected: 130 }));
    expect(take()).toEqual(['1 begins at 130, answers 4']);
  });

  it('ends although STOPPED was lost', () => {
    const one = session(1);
    transfer.started(one, 3);
    take();
    transfer.reconcile(one, stated({ started: false }));
    expect(take()).toEqual(['1 ends']);
  });
});

describe('a session that is taken over', () => {
  it('goes on where it is', () => {
    transfer.reconcile(session(1), stated({ expected: 130 }));
    expect(take()).toEqual(['1 begins at 130']);
  });

  it('goes on as far as its place still holds, for which the log is asked once', async () => {
    let answer = (_position: number): void => undefined;
    let asked = 0;
    validUpTo = () => {
      asked++;
      return new Promise((resolve) => (answer = resolve));
    };
    const one = session(1);
    transfer.reconcile(one, stated({ expected: 130, generation: 2 }));
    transfer.reconcile(one, stated({ expected: 130, generation: 2 }));
    answer(110);
    await turns();
    expect([asked, ...take()]).toEqual([1, '1 begins at 110']);
  });

  it('goes on later when the log cannot be read now', async () => {
    validUpTo = () => Promise.reject(new BusError('UNAVAILABLE', 'no server'));
    const one = session(1);
    transfer.reconcile(one, stated({ expected: 130, generation: 2 }));
    await turns();
    expect(take()).toEqual([]);
    validUpTo = () => Promise.resolve(110);
    clock.advance(500);
    await turns();
    expect(take()).toEqual(['1 begins at 110']);
  });

  it.each([
    ['stopped', (one: Session) => transfer.reconcile(one, stated({ started: false })), ['1 ends']],
    ['started once more', (one: Session) => transfer.started(one, 9), ['1 begins at 100, answers 9']],
    ['ended', (one: Session) => void sessions.delete(one.id), []],
  ])('does not go on when it has %s while the log was asked', async (_what, happens, expected) => {
    validUpTo = () => Promise.resolve(110);
    const one = session(1);
    transfer.reconcile(one, stated({ expected: 130, generation: 2 }));
    happens(one);
    await turns();
    expect(take()).toEqual(expected);
  });

  it('leaves no timer behind when the log cannot be read and the group is lost', async () => {
    validUpTo = () => Promise.reject(new BusError('UNAVAILABLE', 'no server'));
    transfer.reconcile(session(1), stated({ expected: 130, generation: 2 }));
    await turns();
    expect(clock.pending).toBe(1);
    transfer.stop();
    expect(clock.pending).toBe(0);
  });

  it('is on standby without a certificate, while one of its master with a certificate has the data', () => {
    const secure = Object.assign(session(1, 'A'), { certificateNames: ['cn:scada-a'] });
    const plain = session(2, 'A');
    transfer.started(secure, 1);
    take();
    transfer.started(plain, 1);
    expect(take()).toEqual(['2 ends', '2 standby']);
    transfer.stopped(secure);
    take();
    transfer.started(plain, 2);
    transfer.started(secure, 2);
    expect(take()).toEqual(['2 begins at 30, answers 2', '2 ends', '2 standby', '1 begins at 30, answers 2']);
  });

  it('is on standby when another connection of its master has the data', () => {
    transfer.reconcile(session(1, 'A'), stated({}));
    transfer.reconcile(session(2, 'A'), stated({ session: 2 }));
    expect(take()).toEqual(['1 begins at 120', '2 ends', '2 standby']);
  });
});

describe('redundant connections of one master', () => {
  it('share its data: the newest STARTDT has it', () => {
    const [one, two] = [session(1, 'A'), session(2, 'A')];
    transfer.started(one, 1);
    transfer.started(two, 1);
    expect(take()).toEqual(['1 begins at 30, answers 1', '1 ends', '1 standby', '2 begins at 30, answers 1']);
    transfer.reconcile(one, stated({}));
    transfer.resync(one, 5, { generation: GENERATION, position: 3 });
    expect(take(), 'it did not hear').toEqual(['1 standby', '1 standby']);
    transfer.reconcile(one, stated({ started: false }));
    transfer.started(one, 9);
    expect(take().slice(-3)).toEqual(['2 ends', '2 standby', '1 begins at 30, answers 9']);
  });
});

describe('a session that runs', () => {
  function running(): Session {
    const one = session(1);
    transfer.started(one, 1);
    clock.advance(CROSSING_MS);
    take();
    return one;
  }

  it('is left alone while it gets what is published', () => {
    const one = running();
    for (let i = 0; i < 20; i++) {
      transfer.reconcile(one, stated({ expected: published }));
      published += 10;
      clock.advance(STALLED_MS / 2);
    }
    expect(take()).toEqual([]);
  });

  it('gets it once more when it has not got what was published for it long ago', () => {
    const one = running();
    transfer.reconcile(one, stated({ expected: 150 }));
    clock.advance(STALLED_MS - 1);
    transfer.reconcile(one, stated({ expected: 150 }));
    expect(take()).toEqual([]);
    clock.advance(1);
    transfer.reconcile(one, stated({ expected: 150 }));
    expect(take()).toEqual(['1 begins at 150']);
  });

  it('that asks again, and has all that was for it, goes on where routing is: the log may have trimmed the rest', () => {
    const one = running();
    one.live = true;
    one.acknowledged = 180;
    transfer.resync(one, 2, { generation: GENERATION, position: 190 });
    one.acknowledged = published;
    transfer.resync(one, 3, { generation: GENERATION, position: published });
    one.live = false;
    transfer.resync(one, 4, { generation: GENERATION, position: published });
    expect(take()).toEqual([
      '1 begins at 190, answers 2',
      `1 begins at ${ROUTED}, answers 3`,
      `1 begins at ${published}, answers 4`,
    ]);
  });

  it('is told again of a generation that it does not know', () => {
    const one = running();
    places.cut(GENERATION + 1, 140, 140);
    transfer.reconcile(one, stated({ expected: 140 }));
    expect(take()).toEqual(['1 begins at 140']);
  });

  it('is told what it has lost when it missed the end of an earlier generation', () => {
    const one = running();
    places.cut(GENERATION + 1, 140, 190);
    transfer.resync(one, 7, { generation: GENERATION, position: 150 });
    expect(take()).toEqual(['1 lost 40']);
  });
});
