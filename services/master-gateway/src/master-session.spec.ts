import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  decodeJson,
  encodeOut,
  encodeOutMark,
  encodeOutText,
  GroupSubjects,
  IN_PREAMBLE_OCTETS,
  inCount,
  inDeadline,
  InKind,
  inKind,
  inNumber,
  inSession,
  inText,
  NO_POSITION,
  OutFlag,
  OutKind,
  type SessionSnapshot,
} from '@iec104mm2ss/bus';
import type { GroupConfig } from '@iec104mm2ss/config';
import {
  ASDU_OA_OFFSET,
  Cause,
  DEFAULT_LINK_PARAMETERS,
  interrogation,
  type LinkState,
  mirror,
  singleCommand,
  TypeId,
} from '@iec104mm2ss/iec104';
import { createLogger } from '@iec104mm2ss/observability';
import {
  apdus,
  asdusOf,
  eventAsdu,
  eventValue,
  FakeClock,
  groupConfig,
  RecordingBus,
  until,
} from '@iec104mm2ss/testing';
import { type CloseReason, Connection, DeadlineScheduler } from '@iec104mm2ss/transport';
import { MasterSession, MIN_QUEUE_LIMIT, START_ANSWER_MS } from './master-session.js';

/* Real sockets on the loopback interface, virtual time. */

const ID = 4_711;
const OA = 33;
const subjects = new GroupSubjects('1');
const { logger } = createLogger({ level: 'silent' });

let bus: RecordingBus;
let clock: FakeClock;
let scheduler: DeadlineScheduler;
let session: MasterSession;
let master: Connection;
let masterState: LinkState;
let received: Uint8Array[];
let closed: CloseReason | undefined;
let acknowledged: number[];
let fence: number;
let startedNumber: number;
const sockets: Socket[] = [];

beforeEach(() => {
  bus = new RecordingBus();
  clock = new FakeClock();
  scheduler = new DeadlineScheduler(clock);
  received = [];
  acknowledged = [];
  closed = undefined;
  masterState = 'stopped';
  fence = 1;
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A session, and the master at the other end of its socket, which acknowledges at once unless it holds back. */
async function connect(changes: Partial<GroupConfig> = {}, hold = false): Promise<void> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = new Socket();
  peer.connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  if (peer.connecting) await once(peer, 'connect');
  server.close();
  sockets.push(accepted, peer);
  master = new Connection(
    peer,
    { ...DEFAULT_LINK_PARAMETERS, w: 1, k: 12, role: 'controlling', holdAcknowledgements: hold },
    {
      onApdus: (octets, start, end) => received.push(...asdusOf(octets.subarray(start, end))),
      onState: (to) => {
        masterState = to;
      },
      onClosed: () => undefined,
    },
    scheduler,
  );
  const identity = {
    address: '127.0.0.1',
    port: 5_000,
    peer: '127.0.0.1:5000',
    name: 'A',
    certificateName: null,
    originatorAddress: OA,
  };
  session = new MasterSession(ID, identity, groupConfig(changes), accepted, {
    bus,
    scheduler,
    logger,
    subjects,
    instance: 'gateway-1',
    fence: () => fence,
    acceptFence: (other) => {
      if (other < fence) return false;
      fence = other;
      return true;
    },
    reportAcknowledged: () => bus.publish(subjects.ack, new Uint8Array(0)),
    onAcknowledged: (each) => acknowledged.push(each.acknowledged),
    onClosed: (each, reason) => {
      // Not the one of an earlier test.
      if (each === session) closed = reason;
    },
  });
  closed = undefined;
  bus.subscribe(subjects.in, ({ data: message }) => {
    if (inKind(message) === InKind.STARTED) startedNumber = inNumber(message);
  });
}

async function start(): Promise<void> {
  master.link.startDataTransfer(clock.now());
  master.touched();
  await until(() => masterState === 'started' && session.state === 'started', 'started');
}

/** @param position where the router lets it begin */
async function started(changes: Partial<GroupConfig> = {}, hold = false, position = 0): Promise<void> {
  await connect(changes, hold);
  await start();
  begin(position);
  await until(() => received.length === 1, 'end of initialization');
  received.length = 0;
  bus.take();
}

/** Whatever the session was told up to here has left it and reached the master, and what that says has come back. */
async function exchanged(): Promise<void> {
  const { connection } = session;
  const [sent, answered] = [connection.sentOctets, master.sentOctets];
  // A test frame takes the same way, behind everything else, and its answer the way back.
  connection.link.test(clock.now());
  connection.touched();
  await until(
    () =>
      connection.sentOctets > sent &&
      master.receivedOctets === connection.sentOctets &&
      master.sentOctets > answered &&
      connection.receivedOctets === master.sentOctets,
    'a test frame has come through',
  );
}

function data(
  from: number,
  first: number,
  values: readonly (number | Uint8Array)[],
  flags = 0,
  withFence = fence,
): Buffer {
  const octets = apdus(values.map((value) => (typeof value === 'number' ? eventAsdu(value) : value)));
  return encodeOut(OutKind.DATA, flags, withFence, from, first, values.length, octets, 0, octets.length);
}

const toSession = (message: Uint8Array): void => bus.publish(subjects.outTo(ID), message);
const join = (first: number, from = first): void => toSession(encodeOutMark(OutKind.JOIN, fence, from, first));
/** The router's answer to the last STARTED. */
const begin = (position: number): void => toSession(encodeOutMark(OutKind.BEGIN, fence, position, startedNumber));
const broadcast = (from: number, first: number, count: number): void => {
  const values = Array.from({ length: count }, (_, i) => first + i);
  session.onBroadcast(data(from, first, values), from, first, count);
};
const values = (): number[] => received.map(eventValue);
const said = (): string[] =>
  bus.take(subjects.in).map(({ data: message }) => {
    expect(inSession(message)).toBe(ID);
    const names = Object.entries(InKind).find(([, kind]) => kind === inKind(message)) as [string, number];
    const position = inDeadline(message);
    return position === 0 ? names[0] : `${names[0]} ${position}`;
  });

describe('a master that starts', () => {
  it('is told of the end of initialization, with the RTU’s number, and the router of the master', async () => {
    await connect({ rtuNumber: 77 });
    await start();
    await until(() => received.length === 1, 'an ASDU');
    expect([...(received[0] as Uint8Array)]).toEqual([TypeId.M_EI_NA_1, 1, Cause.INIT, 0, 77, 0, 0, 0, 0, 0]);
    expect(said()).toEqual(['STARTED']);
  });

  it('tells the router again while that does not answer', async () => {
    await connect();
    await start();
    const starting = (): number[] =>
      bus
        .take(subjects.in)
        .filter(({ data: message }) => inKind(message) === InKind.RESUME)
        .map(({ data: message }) => (JSON.parse(inText(message)) as SessionSnapshot).starting);
    session.remind();
    expect(starting()).toEqual([]);
    clock.advance(START_ANSWER_MS);
    session.remind();
    session.remind();
    expect(starting()).toEqual([startedNumber]);
    begin(0);
    clock.advance(START_ANSWER_MS);
    session.remind();
    expect(starting()).toEqual([]);
  });

  it('gets nothing before', async () => {
    await connect();
    toSession(data(0, 0, [1]));
    join(1);
    await start();
    await until(() => received.length === 1, 'an ASDU');
    expect(received[0]?.[0]).toBe(TypeId.M_EI_NA_1);
    expect(session.isLive).toBe(false);
  });
});

describe('data', () => {
  it('is sent in order, from the log, then live, and what the master acknowledges is reported', async () => {
    await started({}, false, 10);
    toSession(data(10, 10, [10, 11, 12]));
    toSession(data(13, 13, [13]));
    join(14);
    expect(session.isLive).toBe(true);
    broadcast(14, 14, 3);
    await until(() => received.length === 7, 'seven events');
    expect(values()).toEqual([10, 11, 12, 13, 14, 15, 16]);
    await until(() => acknowledged.at(-1) === 17, 'all acknowledged');
    expect(acknowledged).toEqual([...acknowledged].sort((a, b) => a - b));
  });

  it('waits for the window and stays in order', async () => {
    await started();
    join(0);
    for (let first = 0; first < 500; first += 20) broadcast(first, first, 20);
    expect(session.queued).toBeGreaterThan(400);
    await until(() => received.length === 500, '500 events');
    expect(values()).toEqual(Array.from({ length: 500 }, (_, i) => i));
    await until(() => acknowledged.at(-1) === 500, 'all acknowledged');
    expect(session.queued).toBe(0);
    expect(session.settle()).toBe(true);
  });

  it('that it has is skipped, whole messages and parts of them', async () => {
    await started({}, false, 10);
    join(10);
    broadcast(10, 10, 5);
    broadcast(10, 10, 5);
    broadcast(8, 8, 4);
    broadcast(12, 12, 6);
    toSession(data(10, 10, [10]));
    toSession(data(16, 16, [16, 17, 18, 19]));
    await until(() => received.length >= 10, 'ten events');
    await exchanged();
    expect(values()).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  it('of an earlier start, and its JOIN, are passed over until the router answers the new one', async () => {
    await started();
    toSession(data(0, 0, [0, 1]));
    master.link.stopDataTransfer(clock.now());
    master.touched();
    await until(() => masterState === 'stopped', 'stopped');
    const earlier = startedNumber;
    received.length = 0;
    await start();
    // Sent before the router knew.
    toSession(data(2, 2, [2, 3]));
    join(4);
    toSession(encodeOutMark(OutKind.BEGIN, fence, 4, earlier));
    expect(session.isLive).toBe(false);
    begin(1);
    toSession(data(1, 1, [1, 2, 3]));
    join(4);
    await until(() => received.length === 4, 'four ASDUs');
    expect(values().slice(1)).toEqual([1, 2, 3]);
    expect(session.isLive).toBe(true);
  });

  it('that ended before the JOIN without coming is asked for again', async () => {
    await started();
    toSession(data(0, 0, [0, 1]));
    join(7, 5);
    expect(session.isLive).toBe(false);
    expect(said()).toEqual(['RESYNC 2']);
  });

  it('for others leaves no gap: a message accounts for what lies before it', async () => {
    await started();
    join(0);
    broadcast(0, 0, 2);
    broadcast(2, 5, 2);
    await until(() => received.length === 4, 'four events');
    expect(values()).toEqual([0, 1, 5, 6]);
    expect(said()).toEqual([]);
  });

  it('has a gap: the router is asked, once, to send again from there, and the master sees none of it', async () => {
    await started();
    join(0);
    broadcast(0, 0, 2);
    broadcast(5, 5, 1);
    expect(session.isLive).toBe(false);
    expect(said()).toEqual(['RESYNC 2']);
    toSession(data(2, 2, [2, 3, 4, 5]));
    join(6);
    broadcast(6, 6, 1);
    await until(() => received.length === 7, 'seven events');
    expect(values()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(said()).toEqual([]);
  });

  it('has a gap that an answer shows: the answer goes on, but does not hide the gap', async () => {
    await started();
    join(0);
    broadcast(0, 0, 2);
    const answer = mirror(singleCommand(1, 5, true), Cause.ACT_CON, false);
    toSession(data(4, 4, [answer]));
    expect(said()).toEqual(['RESYNC 2']);
    // Another one, sent before the router knew.
    toSession(data(4, 5, [answer]));
    toSession(data(2, 2, [2, 3]));
    join(6, 4);
    broadcast(4, 6, 1);
    await until(() => received.length === 7, 'seven ASDUs');
    expect(received.map((asdu) => (asdu[0] === TypeId.C_SC_NA_1 ? 'answer' : eventValue(asdu)))).toEqual([
      0,
      1,
      'answer',
      'answer',
      2,
      3,
      6,
    ]);
    await until(() => acknowledged.at(-1) === 7, 'all acknowledged');
    expect(said()).toEqual([]);
  });

  it('with an answer that may have come is not reported as acknowledged before it is', async () => {
    await started({}, true);
    join(0);
    broadcast(0, 0, 2);
    toSession(data(4, 4, [mirror(singleCommand(1, 5, true), Cause.ACT_CON, false)]));
    await until(() => received.length === 3, 'three ASDUs');
    master.link.confirm(master.link.received, clock.now());
    master.touched();
    await until(() => acknowledged.length > 0, 'acknowledged');
    expect(acknowledged.at(-1)).toBe(2);
  });

  it('of a former owner of the group is refused', async () => {
    await started();
    join(0);
    fence = 5;
    toSession(data(0, 0, [0], 0, 4));
    toSession(encodeOutText(OutKind.CLOSE, 4, 'any words'));
    toSession(data(0, 0, [100], 0, 5));
    await until(() => received.length === 1, 'one event');
    expect(values()).toEqual([100]);
    expect(closed).toBeUndefined();
  });
});

describe('the OA', () => {
  const withOa = (oa: number, cot: number = Cause.INROGEN): Uint8Array => eventAsdu(0, { oa, cot });

  it('of ours is replaced by the master’s own, others’ by 0, and none where the RTU said something of its own', async () => {
    await started();
    master.link.send(interrogation(1, 20, { oa: 99 }), clock.now());
    master.touched();
    await until(() => session.commands === 1, 'a command');
    toSession(
      data(0, 0, [withOa(OA), withOa(44), withOa(0), withOa(OA, Cause.SPONT), withOa(OA, Cause.REQ)], OutFlag.PATCH_OA),
    );
    await until(() => received.length === 5, 'five events');
    expect(received.map((asdu) => asdu[ASDU_OA_OFFSET])).toEqual([99, 0, 0, OA, 99]);
  });

  it('is left alone without the flag', async () => {
    await started();
    toSession(data(0, 0, [withOa(OA), withOa(44)]));
    await until(() => received.length === 2, 'two events');
    expect(received.map((asdu) => asdu[ASDU_OA_OFFSET])).toEqual([OA, 44]);
  });

  it('is patched in a copy: the message is other masters’ too', async () => {
    await started();
    const message = data(0, 0, [withOa(OA)], OutFlag.PATCH_OA);
    const before = Buffer.from(message);
    toSession(message);
    await until(() => received.length === 1, 'an event');
    expect(message).toEqual(before);
  });
});

describe('the queue', () => {
  it('is bounded: a master that acknowledges nothing is disconnected, with the reason', async () => {
    await started({ k: 12 }, true);
    join(0);
    let first = 0;
    for (; session.queued < MIN_QUEUE_LIMIT - 100; first += 100) broadcast(first, first, 100);
    expect(closed).toBeUndefined();
    while (closed === undefined && first < 2 * MIN_QUEUE_LIMIT) {
      broadcast(first, first, 100);
      first += 100;
    }
    expect(closed?.code).toBe('queue_full');
    expect(first - 11).toBeGreaterThan(MIN_QUEUE_LIMIT);
    expect(first - 11 - MIN_QUEUE_LIMIT).toBeLessThanOrEqual(100);
    expect(session.queued).toBe(0);
    const last = bus.take(subjects.in).at(-1)?.data as Uint8Array;
    expect(inKind(last)).toBe(InKind.CLOSED);
    expect(inText(last)).toMatch(/^queue_full /);
  });

  it('is as large as the group’s buffer when that is larger', async () => {
    await started({ buffsize: 20_000 }, true);
    join(0);
    for (let first = 0; first < 19_900; first += 100) broadcast(first, first, 100);
    expect(closed).toBeUndefined();
    expect(session.queueLimit).toBe(20_000);
  });

  it('is given up when data transfer stops: the log has it', async () => {
    await started({}, true);
    join(0);
    broadcast(0, 0, 50);
    await until(() => received.length === 11 || received.length === 12, 'a window');
    const inWindow = received.length;
    master.link.stopDataTransfer(clock.now());
    master.link.confirm(master.link.received, clock.now());
    master.touched();
    await until(() => masterState === 'stopped', 'stopped');
    expect(session.queued).toBe(0);
    expect(session.isLive).toBe(false);
    expect(said()).toEqual(['STOPPED']);
    expect(acknowledged.at(-1), 'what was sent and acknowledged still counts').toBe(inWindow);
    toSession(data(12, 12, [12]));
    // Again: from where the router says.
    received.length = 0;
    await start();
    begin(12);
    toSession(data(12, 12, [12, 13]));
    await until(() => received.length === 3, 'three ASDUs');
    expect(values().slice(1)).toEqual([12, 13]);
  });
});

describe('the router’s word', () => {
  it('STANDBY stops data transfer and keeps the connection', async () => {
    await started();
    join(0);
    toSession(encodeOutText(OutKind.STANDBY, fence, 'standby other took over'));
    const words: string[] = [];
    await until(() => words.push(...said()) > 0, 'told to the router');
    expect(words).toEqual(['STOPPED']);
    expect(session.state).toBe('stopped');
    expect(session.isLive).toBe(false);
    toSession(data(0, 0, [1]));
    await exchanged();
    expect(received).toEqual([]);
    expect(closed).toBeUndefined();
    // The master may take over again.
    master.link.stopDataTransfer(clock.now());
    master.touched();
    await until(() => masterState === 'stopped', 'stopped there too');
    await start();
    expect(said()).toEqual(['STARTED']);
  });

  it('CLOSE ends the connection with its reason', async () => {
    await started();
    toSession(encodeOutText(OutKind.CLOSE, fence, 'same_ip connected again'));
    expect(closed).toEqual({ code: 'same_ip', message: 'connected again' });
    expect(bus.take(subjects.in).map(({ data: message }) => inText(message))).toEqual(['same_ip connected again']);
    bus.publish(subjects.outTo(ID), data(0, 0, [1]));
    expect(session.queued).toBe(0);
  });
});

describe('a master’s commands', () => {
  it('go to the router, octet for octet, numbered, with a deadline', async () => {
    await started();
    const before = Date.now();
    const commands = [interrogation(1), singleCommand(1, 5, true)];
    for (const command of commands) master.link.send(command, clock.now());
    master.touched();
    await until(() => session.commands === 2, 'two commands');
    const [message] = bus.take(subjects.in).map((each) => each.data) as [Uint8Array];
    expect(inKind(message)).toBe(InKind.COMMANDS);
    expect(inCount(message)).toBe(2);
    expect(inNumber(message), 'after STARTED').toBe(2);
    expect(inDeadline(message)).toBeGreaterThanOrEqual(before + 5_000);
    expect(asdusOf(message, IN_PREAMBLE_OCTETS)).toEqual(commands);
  });

  it('that no router answers are refused here', async () => {
    await started();
    master.link.send(singleCommand(1, 5, true), clock.now());
    master.link.send(singleCommand(1, 6, true), clock.now());
    master.touched();
    await until(() => session.commands === 2, 'two commands');
    toSession(data(0, NO_POSITION, [mirror(singleCommand(1, 5, true), Cause.ACT_CON, false)]));
    session.refuseForsaken(Date.now(), fence, true);
    fence = 2;
    session.refuseForsaken(Date.now(), fence, true);
    await until(() => received.length === 2, 'two answers');
    expect(received.map((asdu) => [asdu[6], asdu[2]])).toEqual([
      [5, Cause.ACT_CON],
      [6, Cause.ACT_CON | 0x40],
    ]);
  });
});

describe('another owner of the group', () => {
  it('is told all it needs', async () => {
    await started({}, false, 3);
    join(3);
    broadcast(3, 3, 2);
    await until(() => acknowledged.at(-1) === 5, 'acknowledged');
    bus.take();
    session.resume();
    expect(session.isLive).toBe(false);
    const [message] = bus.take(subjects.in).map((each) => each.data) as [Uint8Array];
    expect(inKind(message)).toBe(InKind.RESUME);
    expect(decodeJson<SessionSnapshot>(Buffer.from(inText(message)))).toMatchObject({
      session: ID,
      gateway: 'gateway-1',
      name: 'A',
      originatorAddress: OA,
      started: true,
      expected: 5,
      acknowledged: 5,
    });
    // It is behind: what the master has is not sent again.
    fence = 2;
    join(1);
    broadcast(1, 1, 6);
    await until(() => received.length === 4, 'four events');
    expect(values()).toEqual([3, 4, 5, 6]);
  });

  it('finds a draining session stopped', async () => {
    await started();
    join(0);
    session.drain();
    session.drain();
    expect(said()).toEqual(['STOPPED']);
    toSession(data(0, 0, [0]));
    join(1);
    expect(session.isLive).toBe(false);
    await exchanged();
    expect(received).toEqual([]);
  });
});

describe('a draining session is settled', () => {
  it('as soon as its master has read everything, acknowledged or not', async () => {
    await started({}, true);
    join(0);
    master.setReading(false);
    broadcast(0, 0, 5);
    session.drain();
    const before = session.connection.sentOctets;
    expect(session.settle()).toBe(false);
    await until(() => session.connection.sentOctets > before, 'all of it has left');
    expect(session.settle()).toBe(false);
    master.setReading(true);
    await until(() => session.settle(), 'settled');
    expect(values()).toEqual([0, 1, 2, 3, 4]);
    expect(session.connection.link.outstanding).toBeGreaterThanOrEqual(5);
    expect(session.acknowledged).toBe(-1);
  });

  it('not before the queue is empty', async () => {
    await started({ k: 2 }, true);
    join(0);
    broadcast(0, 0, 5);
    session.drain();
    for (const upTo of [2, 4, 6]) {
      await until(() => master.link.received === upTo, `${upTo} read`);
      if (upTo < 6) expect(session.settle()).toBe(false);
      master.link.confirm(upTo, clock.now());
      clock.advance(DEFAULT_LINK_PARAMETERS.t2Ms);
      master.touched();
    }
    await until(() => session.settle(), 'settled');
    expect(values()).toEqual([0, 1, 2, 3, 4]);
  });
});

it('tells what was acknowledged before it tells that data transfer or the connection has ended', async () => {
  await started();
  master.link.stopDataTransfer(clock.now());
  master.touched();
  await until(() => session.state === 'stopped', 'stopped');
  session.close('bye', 'bye');
  const subjectsInOrder = bus.take().map(({ subject }) => subject);
  expect(subjectsInOrder).toEqual([subjects.ack, subjects.in, subjects.ack, subjects.in]);
});

it('a master that goes is reported once', async () => {
  await started();
  master.close({ code: 'bye', message: 'bye' });
  await until(() => closed !== undefined, 'closed');
  expect(closed?.code).toBe('peer_closed');
  session.close('again', 'again');
  expect(said().filter((line) => line === 'CLOSED')).toEqual(['CLOSED']);
});
