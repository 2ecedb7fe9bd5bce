import { beforeEach, describe, expect, it } from 'vitest';
import { FenceGuard, GroupSubjects, type Lease, type Subscription } from '@iec104mm2ss/bus';
import { DEFAULT_LIMITS, type GroupConfig } from '@iec104mm2ss/config';
import {
  APDU_OA_OFFSET,
  ASDU_OA_OFFSET,
  Cause,
  DEFAULT_LINK_PARAMETERS,
  interrogation,
  mirror,
  singleCommand,
  TypeId,
  iFormat,
} from '@iec104mm2ss/iec104';
import { createLogger, LINK_BOUNDS_MS } from '@iec104mm2ss/observability';
import {
  apdus,
  asdusOf,
  eventAsdu,
  eventValue,
  FakeClock,
  FakeMaster,
  FakeSocket,
  groupConfig,
  RecordingBus,
} from '@iec104mm2ss/testing';
import { newLinkFigures, type CloseReason, DeadlineScheduler } from '@iec104mm2ss/transport';
import {
  decodeIn,
  encodeOut,
  encodeOutText,
  encodeSettled,
  InKind,
  type InMessage,
  NO_POSITION,
  OutFlag,
  OutKind,
  type OutMessage,
  decodeOut,
  WireError,
} from '@iec104mm2ss/wire';
import { MasterSession, MIN_QUEUE_LIMIT } from './master-session.js';
import type { CommandTerms } from './pending-commands.js';

/* Sockets in memory, virtual time. */

const ID = 4_711;
const OA = 33;
const G = 100;
const subjects = new GroupSubjects('1');
const { logger } = createLogger({ level: 'silent' });

let bus: RecordingBus;
let clock: FakeClock;
let scheduler: DeadlineScheduler;
let router: FenceGuard;
let lease: Lease;
let session: MasterSession;
let subscription: Subscription | undefined;
let master: FakeMaster;
let closed: CloseReason | undefined;
let acknowledged: number[];
/** What the terms of commands were asked with. */
let waited: number[];
let terms: CommandTerms | undefined;

beforeEach(async () => {
  bus = new RecordingBus();
  clock = new FakeClock();
  scheduler = new DeadlineScheduler(clock);
  router = new FenceGuard(bus, 'router.1');
  acknowledged = [];
  closed = undefined;
  subscription = undefined;
  terms = { connectorFence: 9, deadline: 77_000 };
  waited = [];
  lease = bus.lease({ key: 'router.1', onAcquired: () => undefined, onLost: () => undefined });
  clock.flush();
  await heardOfOwner();
});

/** The guard knows the fence of the lease. */
async function heardOfOwner(): Promise<void> {
  await promises();
  router.run('owner', lease.fence, () => undefined);
  await promises();
}

async function promises(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  clock.flush();
}

/** A session, and the master at the other end of its socket, which acknowledges at once unless it holds back. */
function connect(changes: Partial<GroupConfig> = {}, hold = false): FakeSocket {
  const [client, accepted] = FakeSocket.pair(clock, '127.0.0.1', 5_000);
  master = new FakeMaster(client, scheduler, { hold });
  const identity = {
    session: ID,
    connection: 99,
    address: '127.0.0.1',
    port: 5_000,
    name: 'A',
    certificateName: null,
    originatorAddress: OA,
  };
  session = new MasterSession(identity, groupConfig(changes), accepted, {
    figures: newLinkFigures(LINK_BOUNDS_MS),
    bus,
    scheduler,
    logger,
    subjects,
    router,
    limits: DEFAULT_LIMITS,
    heldUpMs: () => 0,
    commandTerms: (waitedMs) => {
      waited.push(waitedMs);
      return terms;
    },
    reportAcknowledged: () => bus.publish(subjects.ack, new Uint8Array(0)),
    onAcknowledged: (each) => acknowledged.push(each.acknowledged.position),
    onClosed: (_session, reason, still) => {
      closed = reason;
      subscription = still;
    },
  });
  accepted.resume();
  return client;
}

function start(): void {
  master.start();
  clock.flush();
  expect([master.state, session.state]).toEqual(['started', 'started']);
}

/** @param position where the router lets it begin */
function started(changes: Partial<GroupConfig> = {}, hold = false, position = 0): FakeSocket {
  const socket = connect(changes, hold);
  start();
  begin(position);
  expect(master.received.length, 'end of initialization').toBe(1);
  master.received.length = 0;
  bus.take();
  return socket;
}

function data(
  from: number,
  first: number,
  values: readonly (number | Uint8Array)[],
  flags = 0,
  generation = G,
): Buffer {
  const octets = apdus(values.map((value) => (typeof value === 'number' ? eventAsdu(value) : value)));
  const head = { kind: OutKind.DATA, flags, fence: lease.fence, generation, from, first, count: values.length };
  return encodeOut(head, octets);
}

function control(kind: OutKind, from: number, first: number, count: number, generation: number): Buffer {
  return encodeOut({ kind, fence: lease.fence, generation, from, first, count });
}

const toSession = (message: Uint8Array): void => {
  bus.publish(subjects.outTo(ID), message);
  clock.flush();
};
const join = (first: number, from = first): void => toSession(control(OutKind.JOIN, from, first, 0, G));
/** The router's answer to the last STARTED or RESYNC. */
const begin = (position: number, generation = G, number = session.place.starting): void =>
  toSession(control(OutKind.BEGIN, position, NO_POSITION, number, generation));
const toAll = (message: Buffer): void => {
  session.onBroadcast(decodeOut(message) as OutMessage);
  clock.flush();
};
const broadcast = (from: number, first: number, count: number): void =>
  toAll(
    data(
      from,
      first,
      Array.from({ length: count }, (_, i) => first + i),
    ),
  );
const values = (): number[] => master.received.map(eventValue);

function told(): InMessage[] {
  return bus.take(subjects.in).map(({ data: message }) => {
    const decoded = decodeIn(message);
    if (decoded instanceof WireError) throw decoded;
    return decoded;
  });
}
const said = (): string[] =>
  told().map((message) => {
    const [name = '?'] = Object.entries(InKind).find(([, kind]) => kind === message.kind) ?? [];
    if (message.kind === InKind.RESYNC) return `${name} ${message.generation}/${message.position}`;
    if (message.kind === InKind.CLOSED) return `${name} ${message.code} ${message.message}`;
    return name;
  });

describe('a master that starts', () => {
  it('is told of the end of initialization, with the RTU’s number, and the router of the master', () => {
    connect({ rtuNumber: 77 });
    start();
    expect(master.received.map((asdu) => [...asdu])).toEqual([[TypeId.M_EI_NA_1, 1, Cause.INIT, 0, 77, 0, 0, 0, 0, 0]]);
    expect(told()).toEqual([{ kind: InKind.STARTED, session: ID, number: 1 }]);
  });

  it('is stated as starting, with that number, until the router answers', () => {
    connect();
    start();
    expect(session.statement(10)).toMatchObject({ started: true, starting: 1, number: 1, generation: 0, expected: 0 });
    begin(5, G, 2);
    expect(session.statement(10)).toMatchObject({ starting: 1 });
    begin(5);
    expect(session.statement(10)).toMatchObject({ starting: 0, generation: G, expected: 5, acknowledged: 5 });
  });

  it('gets no data before the router answers', () => {
    connect();
    toSession(data(0, 0, [1]));
    join(1);
    start();
    toSession(data(0, 0, [1]));
    join(1);
    expect(master.received.map(([typeId]) => typeId)).toEqual([TypeId.M_EI_NA_1]);
    expect(session.place.live).toBe(false);
  });
});

describe('data', () => {
  it('is sent in order, from the log, then live, and what the master acknowledges is reported', () => {
    started({}, false, 10);
    toSession(data(10, 10, [10, 11, 12]));
    toSession(data(13, 13, [13]));
    join(14);
    expect(session.place.live).toBe(true);
    broadcast(14, 14, 3);
    expect(values()).toEqual([10, 11, 12, 13, 14, 15, 16]);
    expect(acknowledged.at(-1)).toBe(17);
    expect(acknowledged).toEqual([...acknowledged].sort((a, b) => a - b));
  });

  it('waits for the window and stays in order', () => {
    started();
    join(0);
    for (let first = 0; first < 500; first += 20) {
      session.onBroadcast(
        decodeOut(
          data(
            first,
            first,
            Array.from({ length: 20 }, (_, i) => first + i),
          ),
        ) as OutMessage,
      );
    }
    expect(session.queue.length).toBeGreaterThan(400);
    clock.flush();
    expect(values()).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(acknowledged.at(-1)).toBe(500);
    expect(session.queue.length).toBe(0);
    expect(session.settle()).toBe(true);
  });

  it('that the session has is skipped, whole messages and parts of them', () => {
    started({}, false, 10);
    join(10);
    broadcast(10, 10, 5);
    broadcast(10, 10, 5);
    broadcast(8, 8, 4);
    broadcast(12, 12, 6);
    toSession(data(10, 10, [10]));
    toSession(data(16, 16, [16, 17, 18, 19]));
    expect(values()).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  it('of an earlier start, and its JOIN, are passed over until the router answers the new one', () => {
    started();
    toSession(data(0, 0, [0, 1]));
    master.stop();
    clock.flush();
    expect(master.state).toBe('stopped');
    master.received.length = 0;
    start();
    // Sent before the router knew.
    toSession(data(2, 2, [2, 3]));
    join(4);
    begin(4, G, 1);
    expect(session.place.live).toBe(false);
    begin(1);
    toSession(data(1, 1, [1, 2, 3]));
    join(4);
    expect(values().slice(1)).toEqual([1, 2, 3]);
    expect(session.place.live).toBe(true);
  });

  it('for others leaves no gap: a message accounts for what lies before it, and so does MARK', () => {
    started();
    join(0);
    broadcast(0, 0, 2);
    broadcast(2, 5, 2);
    toAll(control(OutKind.MARK, 7, 9, 0, G));
    broadcast(9, 9, 1);
    expect(values()).toEqual([0, 1, 5, 6, 9]);
    expect(said()).toEqual([]);
  });

  it('has a gap: the router is asked, once, to send again from there, and the master sees none of it', () => {
    started();
    join(0);
    broadcast(0, 0, 2);
    broadcast(5, 5, 1);
    expect(session.place.live).toBe(false);
    expect(said()).toEqual([`RESYNC ${G}/2`]);
    expect(session.statement(10)).toMatchObject({ starting: 2, expected: 2, generation: G });
    // Sent before the router knew.
    toSession(data(2, 2, [2, 3, 4]));
    broadcast(6, 6, 1);
    begin(2);
    toSession(data(2, 2, [2, 3, 4, 5]));
    join(6);
    broadcast(6, 6, 1);
    expect(values()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(said()).toEqual([]);
  });

  it('may miss an answer while the bus is away, which nothing shows that comes later: it is asked for again', () => {
    started();
    session.reconnected();
    expect(said(), 'its data has not begun').toEqual([]);
    join(0);
    broadcast(0, 0, 2);
    session.reconnected();
    expect(said()).toEqual([`RESYNC ${G}/2`]);
    session.reconnected();
    expect(said()).toEqual([]);
    begin(2);
    toSession(data(2, 2, [2, 3]));
    join(4);
    broadcast(4, 4, 1);
    expect(values()).toEqual([0, 1, 2, 3, 4]);
  });

  it('that ended before the JOIN, or the MARK, without coming is asked for again', () => {
    started();
    toSession(data(0, 0, [0, 1]));
    join(7, 5);
    expect(said()).toEqual([`RESYNC ${G}/2`]);
    begin(2);
    toSession(control(OutKind.MARK, 4, 9, 0, G));
    expect(said()).toEqual([`RESYNC ${G}/2`]);
  });

  it('has a gap that an answer shows: the answer comes later, at its place', () => {
    started();
    join(0);
    broadcast(0, 0, 2);
    const answer = mirror(singleCommand(1, 5, true), Cause.ACT_CON, false);
    toSession(data(4, 4, [answer]));
    expect(said()).toEqual([`RESYNC ${G}/2`]);
    begin(2);
    toSession(data(2, 2, [2, 3, answer]));
    join(5);
    expect(master.received.map((asdu) => (asdu[0] === TypeId.C_SC_NA_1 ? 'answer' : eventValue(asdu)))).toEqual([
      0,
      1,
      2,
      3,
      'answer',
    ]);
    expect(acknowledged.at(-1)).toBe(5);
  });

  it('of the router’s own has no place: it is sent at once and acknowledges nothing', () => {
    started();
    toSession(data(40, NO_POSITION, [mirror(singleCommand(1, 5, true), Cause.ACT_CON, true)]));
    expect(master.received.length).toBe(1);
    expect(acknowledged).toEqual([]);
    expect(session.place.expected).toBe(0);
  });

  it('of a router whose lease is over is refused, and counted', async () => {
    started();
    join(0);
    const old = data(0, 0, [0]);
    const close = encodeOutText(OutKind.CLOSE, lease.fence, 'any words');
    await lease.release();
    lease = bus.lease({ key: 'router.1', onAcquired: () => undefined, onLost: () => undefined });
    clock.flush();
    await heardOfOwner();
    toSession(old);
    toSession(close);
    toSession(data(0, 0, [100]));
    await promises();
    expect(values()).toEqual([100]);
    expect(closed).toBeUndefined();
    expect(bus.drops.all()).toEqual([{ kind: 'out', reason: 'FENCE', count: 2 }]);
  });

  it('that cannot be decoded is counted, and stops nothing', () => {
    started();
    join(0);
    toSession(Buffer.from('null'));
    toSession(data(0, 0, [1]).subarray(0, 40));
    broadcast(0, 0, 1);
    expect(values()).toEqual([0]);
    expect(bus.drops.all().reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });
});

describe('a later generation of the log', () => {
  it('is asked for from the place in the former one, and goes on where that still holds', () => {
    started();
    join(0);
    broadcast(0, 0, 5);
    toAll(control(OutKind.BEGIN, 3, NO_POSITION, 0, G + 1));
    expect(said()).toEqual([`RESYNC ${G}/5`]);
    begin(3, G + 1);
    toSession(data(3, 3, [103, 104], 0, G + 1));
    toSession(control(OutKind.JOIN, 5, 5, 0, G + 1));
    toAll(data(5, 5, [105], 0, G + 1));
    expect(values()).toEqual([0, 1, 2, 3, 4, 103, 104, 105]);
    expect(said()).toEqual([]);
  });

  it('does not answer a session that has asked something else', () => {
    started();
    join(0);
    broadcast(5, 5, 1);
    expect(said()).toEqual([`RESYNC ${G}/0`]);
    toAll(control(OutKind.BEGIN, 3, NO_POSITION, session.place.starting, G + 1));
    expect(session.place.starting).toBeGreaterThan(0);
  });

  it('whose BEGIN was lost is noticed by its data', () => {
    started();
    join(0);
    toAll(data(0, 0, [9], 0, G + 1));
    expect(said()).toEqual([`RESYNC ${G}/0`]);
    expect(values()).toEqual([]);
  });

  it('has its own acknowledgements; those of the former one are reported with that', () => {
    started({}, true);
    join(0);
    broadcast(0, 0, 5);
    toAll(control(OutKind.BEGIN, 3, NO_POSITION, 0, G + 1));
    begin(3, G + 1);
    toSession(data(3, 3, [103], 0, G + 1));
    // One of them is the end of initialization.
    master.acknowledge(5);
    clock.flush();
    expect(session.acknowledged).toEqual({ session: ID, position: 4, generation: G });
    expect(session.statement(10), 'position 3 is another one now').toMatchObject({
      generation: G + 1,
      expected: 4,
      acknowledged: 3,
    });
    master.acknowledge();
    clock.flush();
    expect(session.acknowledged).toEqual({ session: ID, position: 4, generation: G + 1 });
    expect(session.statement(10)).toMatchObject({ generation: G + 1, acknowledged: 4 });
  });
});

describe('the OA', () => {
  const withOa = (oa: number, cot: number = Cause.INROGEN): Uint8Array => eventAsdu(0, { oa, cot });

  it('of ours is replaced by the master’s own, others’ by 0, whatever the cause', () => {
    started();
    master.send(interrogation(1, 20, { oa: 98 }), interrogation(1, 21, { oa: 99 }));
    clock.flush();
    toSession(
      data(0, 0, [withOa(OA), withOa(44), withOa(0), withOa(OA, Cause.SPONT), withOa(OA, Cause.REQ)], OutFlag.PATCH_OA),
    );
    expect(master.received.map((asdu) => asdu[ASDU_OA_OFFSET])).toEqual([99, 0, 0, 99, 99]);
    expect(session.statement(10).ownOa).toBe(99);
  });

  it('is left alone without the flag', () => {
    started();
    toSession(data(0, 0, [withOa(OA), withOa(44)]));
    expect(master.received.map((asdu) => asdu[ASDU_OA_OFFSET])).toEqual([OA, 44]);
  });

  it('is patched in a copy: the message is other masters’ too', () => {
    started();
    const message = data(0, 0, [withOa(OA)], OutFlag.PATCH_OA);
    const before = Buffer.from(message);
    toSession(message);
    expect(master.received.length).toBe(1);
    expect(message).toEqual(before);
    expect(message[36 + APDU_OA_OFFSET]).toBe(OA);
  });
});

describe('the queue', () => {
  it('is bounded: a master that acknowledges nothing is disconnected, with the reason', () => {
    started({ k: 12 }, true);
    join(0);
    let first = 0;
    for (; session.queue.length < MIN_QUEUE_LIMIT - 100; first += 100) broadcast(first, first, 100);
    expect(closed).toBeUndefined();
    while (closed === undefined && first < 2 * MIN_QUEUE_LIMIT) {
      broadcast(first, first, 100);
      first += 100;
    }
    expect(closed?.code).toBe('queue_full');
    expect(first - 11).toBeGreaterThan(MIN_QUEUE_LIMIT);
    expect(first - 11 - MIN_QUEUE_LIMIT).toBeLessThanOrEqual(100);
    expect(session.queue.length).toBe(0);
    expect(session.undelivered).toBe(first - 11);
    expect(said().at(-1)).toMatch(/^CLOSED queue_full \d+ ASDUs wait/);
  });

  it('is as large as the group’s buffer when that is larger', () => {
    started({ buffsize: 20_000 }, true);
    join(0);
    for (let first = 0; first < 19_900; first += 100) broadcast(first, first, 100);
    expect(closed).toBeUndefined();
    expect(session.queue.limit).toBe(20_000);
  });

  it('is given up when data transfer stops: the log has it', () => {
    started({}, true);
    join(0);
    broadcast(0, 0, 50);
    // The end of initialization is one of the window.
    expect(master.received.length).toBe(11);
    master.stop();
    master.acknowledge();
    clock.flush();
    expect(master.state).toBe('stopped');
    expect([session.queue.length, session.undelivered, session.place.live]).toEqual([0, 39, false]);
    expect(said()).toEqual(['STOPPED']);
    expect(acknowledged.at(-1), 'what was sent and acknowledged still counts').toBe(11);
    expect(session.statement(10)).toMatchObject({ started: false, acknowledged: 11, generation: G });
    toSession(data(11, 11, [11]));
    // Again: from where the router says.
    master.received.length = 0;
    start();
    begin(11);
    toSession(data(11, 11, [11, 12]));
    expect(values().slice(1)).toEqual([11, 12]);
  });
});

describe('the router’s word', () => {
  it('STANDBY stops data transfer and keeps the connection', () => {
    started();
    join(0);
    toSession(encodeOutText(OutKind.STANDBY, lease.fence, 'standby other took over'));
    expect(said()).toEqual(['STOPPED']);
    expect(session.state).toBe('stopped');
    toSession(data(0, 0, [1]));
    expect(master.received).toEqual([]);
    expect(closed).toBeUndefined();
    // The master may take over again.
    master.stop();
    clock.flush();
    expect(master.state).toBe('stopped');
    start();
    expect(said()).toEqual(['STARTED']);
  });

  it('CLOSE ends the connection with its reason', () => {
    started();
    toSession(encodeOutText(OutKind.CLOSE, lease.fence, 'same_ip connected again'));
    expect(closed).toEqual({ code: 'same_ip', message: 'connected again' });
    expect(said()).toEqual(['CLOSED same_ip connected again']);
    toSession(data(0, 0, [1]));
    expect(session.queue.length).toBe(0);
    expect(session.connection.link.sent, 'the end of initialization only').toBe(1);
  });
});

describe('a master’s commands', () => {
  it('go to the router, octet for octet, numbered, with a deadline in the connector’s clock', () => {
    started();
    const commands = [interrogation(1), singleCommand(1, 5, true)];
    master.send(...commands);
    clock.flush();
    const [message, ...others] = told();
    expect(others).toEqual([]);
    if (message?.kind !== InKind.COMMANDS) throw new Error('no commands');
    const { octets, apdusAt, ...head } = message;
    // The STARTED was 1.
    expect(head).toEqual({
      kind: InKind.COMMANDS,
      session: ID,
      number: 2,
      count: 2,
      firstCommand: 1,
      connectorFence: 9,
      deadline: 77_000,
    });
    expect(asdusOf(octets, apdusAt)).toEqual(commands);
    master.send(singleCommand(1, 6, true));
    clock.flush();
    expect(told()).toMatchObject([{ number: 3, firstCommand: 3, count: 1 }]);
    expect(session.commands).toBe(3);
  });

  it('are stated until the router has settled them, with the answer that went out', () => {
    started();
    const command = singleCommand(1, 5, true);
    master.send(command, singleCommand(1, 6, true));
    clock.flush();
    clock.advance(300);
    const stated = (): unknown =>
      session.statement(10).commands.map(({ command: number, answered }) => [number, answered]);
    expect(session.statement(10)).toMatchObject({
      nextCommand: 3,
      commands: [
        {
          command: 1,
          asdu: Buffer.from(command).toString('base64'),
          connectorFence: 9,
          deadline: 77_000,
          ageMs: 300,
          answered: null,
        },
        { command: 2 },
      ],
    });
    toSession(data(0, 0, [mirror(command, Cause.ACT_CON, false)]));
    expect(stated()).toEqual([
      [1, Cause.ACT_CON],
      [2, null],
    ]);
    toSession(encodeSettled(lease.fence, [1]));
    expect(stated()).toEqual([[2, null]]);
    // A stop of data transfer does not settle them.
    master.stop();
    clock.flush();
    expect(stated()).toEqual([[2, null]]);
    toSession(encodeSettled(lease.fence, [1, 2]));
    expect(stated()).toEqual([]);
  });

  it('that the router answers itself are stated until that answer has come, and it goes out once', () => {
    started();
    const alike = singleCommand(1, 5, true);
    master.send(alike, alike);
    clock.flush();
    const answer = (number: number): Buffer => {
      const head = { fence: lease.fence, generation: G, from: number, first: NO_POSITION, count: 1 };
      const apdu = iFormat(0, 0, mirror(alike, Cause.ACT_CON, true));
      return encodeOut({ ...head, kind: OutKind.DATA, flags: OutFlag.ANSWERS }, apdu);
    };
    const stated = (): unknown =>
      session.statement(10).commands.map(({ command: number, answered }) => [number, answered]);
    // That to the first one was lost.
    toSession(answer(2));
    toSession(encodeSettled(lease.fence, [1, 2], true));
    expect(stated()).toEqual([[1, null]]);
    toSession(answer(1));
    toSession(answer(1));
    expect(master.received).toHaveLength(2);
    toSession(encodeSettled(lease.fence, [1], true));
    expect(stated()).toEqual([]);
    toSession(answer(1));
    expect(master.received).toHaveLength(2);
    // Who has stopped gets none, and waits for none.
    master.send(alike);
    clock.flush();
    master.stop();
    clock.flush();
    toSession(encodeSettled(lease.fence, [3], true));
    expect(stated()).toEqual([]);
  });

  it('are refused at once when nobody could take them over, and stated with that answer', () => {
    started();
    terms = undefined;
    master.send(singleCommand(1, 5, true), singleCommand(1, 6, false, { cot: Cause.DEACT }));
    clock.flush();
    expect(told(), 'nobody else has seen them').toEqual([]);
    expect(master.received.map((asdu) => [asdu[6], asdu[2]])).toEqual([
      [5, Cause.ACT_CON | 0x40],
      [6, Cause.DEACT_CON | 0x40],
    ]);
    expect(session.statement(10)).toMatchObject({
      nextCommand: 3,
      commands: [
        { command: 1, answered: Cause.ACT_CON | 0x40 },
        { command: 2, answered: Cause.DEACT_CON | 0x40 },
      ],
    });
    expect(session.commandsRefused).toBe(2);
  });

  it('that were not read because too many were pending may have waited since then', () => {
    started();
    const send = (): void => {
      master.send(singleCommand(1, 5, true));
      clock.flush();
    };
    send();
    const apdu = iFormat(0, 0, singleCommand(1, 6, true));
    while (!session.pending.full) session.pending.take(apdu, 0, apdu.length, terms, clock.now());
    send();
    clock.advance(4_000);
    session.pending.settle(Array.from({ length: session.pending.next }, (_, i) => i));
    send();
    clock.advance(150);
    send();
    expect(waited.map((ms) => Math.round(ms / 1_000))).toEqual([0, 0, 4, 0]);
  });

  it('that hold no object, or are no commands at all, break nothing', () => {
    started();
    const empty = Uint8Array.of(TypeId.C_SC_NA_1, 1, Cause.ACT, 0, 1, 0);
    master.send(empty, eventAsdu(1));
    clock.flush();
    expect(told()).toMatchObject([{ count: 2 }]);
    terms = undefined;
    master.send(empty, eventAsdu(1));
    clock.flush();
    expect(master.received.length).toBe(2);
    toSession(data(0, NO_POSITION, [mirror(empty, Cause.ACT_CON, true), mirror(eventAsdu(1), 44, true)]));
    expect(session.statement(10).commands.map(({ answered }) => answered)).toEqual([
      Cause.ACT_CON | 0x40,
      44 | 0x40,
      Cause.ACT_CON | 0x40,
      Cause.ACT_CON | 0x40,
    ]);
  });

  it('of a session that has ended are remembered, and settled, with it', () => {
    started();
    master.send(singleCommand(1, 5, true), singleCommand(1, 6, true));
    clock.flush();
    session.close('operator', 'bye');
    const { facts, commands } = session.closed({ code: 'bye', message: 'bye' });
    expect(facts).toEqual({
      session: ID,
      originatorAddress: OA,
      used: true,
      code: 'bye',
      message: 'bye',
      address: '127.0.0.1',
      port: 5_000,
      name: 'A',
      certificateName: null,
    });
    expect(commands.size).toBe(2);
    toSession(data(0, 0, [mirror(singleCommand(1, 5, true), Cause.ACT_CON, false)]));
    expect(commands.statement(10, 0)[0]?.answered, 'it did not reach the master').toBeNull();
    toSession(encodeSettled(lease.fence, [1]));
    expect(commands.size).toBe(1);
    subscription?.unsubscribe();
    toSession(encodeSettled(lease.fence, [2]));
    expect(commands.size).toBe(1);
  });
});

describe('another owner of the group', () => {
  it('begins with BEGIN: what the master has is not sent again', () => {
    started({}, false, 3);
    join(3);
    broadcast(3, 3, 2);
    session.place.ownerChanged();
    broadcast(5, 5, 1);
    expect(session.statement(10)).toMatchObject({ started: true, starting: 0, expected: 5, acknowledged: 5 });
    begin(4, G, 0);
    toSession(data(4, 4, [4, 5]));
    join(6);
    broadcast(1, 1, 6);
    expect(values()).toEqual([3, 4, 5, 6]);
  });

  it('finds a draining session stopped', () => {
    started();
    join(0);
    session.drain();
    session.drain();
    expect(said()).toEqual(['STOPPED']);
    expect(session.statement(10)).toMatchObject({ started: false });
    toSession(data(0, 0, [0]));
    join(1);
    expect(session.place.live).toBe(false);
    expect(master.received).toEqual([]);
  });
});

describe('a draining session', () => {
  it('refuses commands at once', () => {
    started();
    session.drain();
    bus.take();
    master.send(singleCommand(1, 5, true));
    clock.flush();
    expect(told()).toEqual([]);
    expect(master.received.map((asdu) => asdu[2])).toEqual([Cause.ACT_CON | 0x40]);
  });

  it('is settled as soon as its master has read everything, acknowledged or not', () => {
    const socket = started({}, true);
    join(0);
    socket.pause();
    broadcast(0, 0, 5);
    session.drain();
    expect(session.settle()).toBe(false);
    clock.flush();
    expect(session.settle()).toBe(false);
    socket.resume();
    clock.flush();
    expect(session.settle()).toBe(true);
    expect(values()).toEqual([0, 1, 2, 3, 4]);
    expect(session.connection.link.outstanding).toBeGreaterThanOrEqual(5);
    expect(session.acknowledged.position).toBe(-1);
  });

  it('is not settled before its queue is empty', () => {
    started({ k: 2 }, true);
    join(0);
    broadcast(0, 0, 5);
    session.drain();
    for (const upTo of [2, 4, 6]) {
      expect(master.connection.link.received).toBe(upTo);
      if (upTo < 6) expect(session.settle()).toBe(false);
      master.acknowledge(upTo);
      clock.advance(DEFAULT_LINK_PARAMETERS.t2Ms);
    }
    expect(session.settle()).toBe(true);
    expect(values()).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('a session whose RTU is lost', () => {
  it('has all when it accounts for what was received and its master has read it', () => {
    started({}, true);
    join(0);
    broadcast(0, 0, 3);
    expect(session.hasAllBefore(G, 4)).toBe(false);
    toAll(control(OutKind.MARK, 3, 4, 0, G));
    expect(session.hasAllBefore(G, 4), 'not acknowledged').toBe(false);
    clock.flush();
    expect(session.hasAllBefore(G, 4), 'the test of the link is answered').toBe(true);
    expect(session.hasAllBefore(G + 1, 4)).toBe(false);
  });

  it('has all when it gets no data', () => {
    connect();
    expect(session.hasAllBefore(G, 4)).toBe(true);
  });
});

it('tells what was acknowledged before it tells that data transfer or the connection has ended', () => {
  started();
  master.stop();
  clock.flush();
  session.close('operator', 'bye');
  const subjectsInOrder = bus.take().map(({ subject }) => subject);
  expect(subjectsInOrder).toEqual([subjects.ack, subjects.in, subjects.ack, subjects.in]);
});

it('a master that goes is reported once', () => {
  started();
  master.close();
  clock.flush();
  expect(closed?.code).toBe('peer_closed');
  session.close('operator', 'again');
  expect(said()).toEqual(['CLOSED peer_closed closed by the peer']);
});
