import { once } from 'node:events';
import { type AddressInfo, Socket, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_LINK_PARAMETERS, UFunction, iFormat, receiveSequence, sFormat, uFormat } from '@iec104mm2ss/iec104';
import {
  CLOSE_LINGER_MS,
  Connection,
  SEND_QUEUE_OCTETS,
  type CloseReason,
  type ConnectionHandler,
  type ConnectionOptions,
  type Writable,
} from './connection.js';
import type { Clock, TcpSocket } from '@iec104mm2ss/runtime';
import { DeadlineScheduler } from './deadline-scheduler.js';
import { NO_PEER_LIMITS } from './peer-bounds.js';

/* Real sockets on the loopback interface, virtual time. */

class FakeClock implements Clock {
  readonly wallMs = (): number => 0;
  readonly endOfTurn = (callback: () => void): void => process.nextTick(callback);
  readonly soon = (callback: () => void): void => void setImmediate(callback);

  time = 0;
  private readonly timers = new Map<object, { at: number; callback: () => void }>();

  now(): number {
    return this.time;
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    const timer = {};
    this.timers.set(timer, { at: this.time + delayMs, callback });
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.timers.delete(timer as object);
  }

  get pending(): number {
    return this.timers.size;
  }

  runUntil(time: number): void {
    for (;;) {
      const [timer, next] = [...this.timers].reduce<[object?, { at: number; callback: () => void }?]>(
        (first, entry) => (first[1] === undefined || entry[1].at < first[1].at ? entry : first),
        [],
      );
      if (timer === undefined || next === undefined || next.at > time) break;
      this.timers.delete(timer);
      this.time = next.at;
      next.callback();
    }
    this.time = time;
  }
}

/** Everything a connection tells, in order, as text; and promises for what is still to come. */
class Recorder implements ConnectionHandler {
  readonly calls: string[] = [];
  readonly received: Uint8Array[] = [];
  reason: CloseReason | undefined;
  onCall: ((call: string) => void) | undefined;
  private readonly waiting: { until: () => boolean; resolve: () => void }[] = [];

  onApdus(octets: Uint8Array, start: number, end: number, count: number): void {
    let found = 0;
    for (let at = start; at < end; at += 2 + (octets[at + 1] as number)) found++;
    expect(found).toBe(count);
    this.received.push(octets.subarray(start, end));
    this.note(`apdus ${count}`);
  }

  onRoom(): void {
    this.note('room');
  }

  onState(to: string): void {
    this.note(to);
  }

  onHoldLimit(upTo: number): void {
    this.note(`hold ${upTo}`);
  }

  readonly irregular: CloseReason[] = [];
  onIrregular(breach: CloseReason): void {
    this.irregular.push(breach);
  }

  onClosed(reason: CloseReason): void {
    this.reason = reason;
    this.note(`closed ${reason.code}`);
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ until: condition, resolve }));
  }

  closed(): Promise<void> {
    return this.until(() => this.reason !== undefined);
  }

  get octets(): Buffer {
    return Buffer.concat(this.received);
  }

  private note(call: string): void {
    this.calls.push(call);
    this.onCall?.(call);
    for (const item of this.waiting.splice(0)) {
      if (item.until()) item.resolve();
      else this.waiting.push(item);
    }
  }
}

const ASDU = Uint8Array.of(0x64, 1, 6, 0, 1, 0, 0, 0, 0, 20);
const STARTDT = uFormat(UFunction.STARTDT_ACT);
const TESTFR = uFormat(UFunction.TESTFR_ACT);

let clock: FakeClock;
let scheduler: DeadlineScheduler;
const sockets: Socket[] = [];

beforeEach(() => {
  clock = new FakeClock();
  scheduler = new DeadlineScheduler(clock);
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Two connected sockets: ours, as a server accepted it, and the peer's. */
async function socketPair(peerOptions: { allowHalfOpen?: boolean } = {}): Promise<[Socket, Socket]> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = new Socket(peerOptions);
  peer.connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  if (peer.connecting) await once(peer, 'connect');
  server.close();
  sockets.push(accepted, peer);
  peer.on('error', () => undefined);
  return [accepted, peer];
}

async function connected(
  options: Partial<ConnectionOptions> = {},
  peerOptions: { allowHalfOpen?: boolean } = {},
): Promise<{ connection: Connection; recorder: Recorder; peer: Socket }> {
  const [accepted, peer] = await socketPair(peerOptions);
  const recorder = new Recorder();
  const connection = new Connection(
    accepted,
    { ...DEFAULT_LINK_PARAMETERS, role: 'controlled', ...options },
    recorder,
    scheduler,
  );
  return { connection, recorder, peer };
}

async function started(
  options: Partial<ConnectionOptions> = {},
  peerOptions: { allowHalfOpen?: boolean } = {},
): Promise<{ connection: Connection; recorder: Recorder; peer: Socket }> {
  const all = await connected(options, peerOptions);
  all.peer.write(STARTDT);
  await all.recorder.until(() => all.recorder.calls.includes('started'));
  expect(await read(all.peer, 6)).toEqual(Buffer.from(uFormat(UFunction.STARTDT_CON)));
  all.recorder.calls.length = 0;
  return all;
}

/** The next `count` octets the peer receives; it reads only while this waits. */
async function read(peer: Socket, count: number): Promise<Buffer> {
  const chunks = [leftovers.get(peer) ?? Buffer.alloc(0)];
  let length = chunks[0]?.length ?? 0;
  if (length < count) {
    await new Promise<void>((resolve) => {
      const onData = (chunk: Buffer): void => {
        chunks.push(chunk);
        length += chunk.length;
        if (length < count) return;
        peer.off('data', onData);
        peer.pause();
        resolve();
      };
      peer.on('data', onData);
      peer.resume();
    });
  }
  const octets = Buffer.concat(chunks);
  leftovers.set(peer, octets.subarray(count));
  return octets.subarray(0, count);
}

const leftovers = new WeakMap<Socket, Buffer>();

function apdus(count: number, firstNs = 0, nr = 0): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => iFormat(firstNs + i, nr, ASDU)));
}

describe('receiving', () => {
  it('hands on whole APDUs whatever the pieces they arrive in', async () => {
    const { recorder, peer, connection } = await started({ k: 100, w: 100 });
    const stream = apdus(40);
    for (let at = 0, step = 1; at < stream.length; at += step, step = (step % 37) + 1) {
      const before = connection.receivedOctets;
      peer.write(stream.subarray(at, at + step));
      // Each piece is a read of its own.
      if (step % 3 === 0) await vi.waitUntil(() => connection.receivedOctets > before, { interval: 0 });
    }
    await recorder.until(() => recorder.octets.length === stream.length);
    expect(recorder.octets).toEqual(stream);
    expect(connection.link.received).toBe(40);
  });

  it('hands on in one call what arrived back to back, split only by S- and U-format', async () => {
    const { recorder, peer, connection } = await started();
    connection.link.send(ASDU, 0);
    connection.touched();
    await read(peer, 16);
    peer.write(Buffer.concat([apdus(2), sFormat(1), apdus(3, 2, 1), TESTFR, apdus(1, 5, 1)]));
    await recorder.until(() => connection.link.received === 6 && recorder.calls.length >= 4);
    expect(recorder.calls).toEqual(['apdus 2', 'apdus 3', 'apdus 1', 'room']);
  });

  it('octets stay unchanged after the call', async () => {
    const { recorder, peer, connection } = await started({ w: 1 });
    const copies: Buffer[] = [];
    recorder.onCall = () => copies.push(Buffer.from(recorder.received.at(-1) as Uint8Array));
    for (let i = 0; i < 20; i++) {
      peer.write(apdus(1, i));
      await recorder.until(() => connection.link.received === i + 1);
    }
    expect(recorder.received.map((view) => Buffer.from(view))).toEqual(copies);
  });

  it('acknowledges by w in one write at the end of the turn', async () => {
    const { recorder, peer, connection } = await started({ w: 4 });
    const write = vi.spyOn(connection.socket, 'write');
    peer.write(Buffer.concat([apdus(12), TESTFR]));
    await recorder.until(() => connection.link.received === 12);
    expect(await read(peer, 12)).toEqual(Buffer.concat([uFormat(UFunction.TESTFR_CON), sFormat(12)]));
    expect(write).toHaveBeenCalledTimes(1);
  });
});

it('a confirmation that was asked for is not too much, however often it is asked; one that was not is', async () => {
  const limits = { ...NO_PEER_LIMITS, uFramesPerSecond: 1 };
  const { connection, recorder, peer } = await connected({ role: 'controlling', limits });
  peer.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += 6) {
      const isStart = chunk[at + 2] === UFunction.STARTDT_ACT;
      if (chunk[at + 2] !== UFunction.TESTFR_CON)
        peer.write(uFormat(isStart ? UFunction.STARTDT_CON : UFunction.STOPDT_CON));
    }
  });
  for (let round = 0; round < 50; round++) {
    connection.link.startDataTransfer(0);
    connection.touched();
    await recorder.until(() => connection.link.state === 'started');
    connection.link.stopDataTransfer(0);
    connection.touched();
    await recorder.until(() => connection.link.state === 'stopped');
  }
  expect(connection.closed).toBe(false);
  peer.write(Buffer.concat(Array.from({ length: 50 }, () => TESTFR)));
  await recorder.until(() => recorder.reason !== undefined);
  expect(recorder.reason?.code).toBe('u_flood');
});

describe('sending', () => {
  it('all that was given to the link in one turn goes out in one write', async () => {
    const { peer, connection } = await started();
    const write = vi.spyOn(connection.socket, 'write');
    const flush = vi.spyOn(connection, 'flush');
    for (let i = 0; i < 5; i++) {
      connection.link.send(ASDU, 0);
      connection.touched();
    }
    expect(write).not.toHaveBeenCalled();
    expect(await read(peer, 80)).toEqual(apdus(5));
    expect(write).toHaveBeenCalledTimes(1);
    expect(flush).toHaveBeenCalledTimes(1);
    expect(connection.sentOctets).toBe(6 + 80);
  });

  it('more than the peer takes: window 0 until it reads again, every octet arrives', async () => {
    const k = 32_767;
    const { recorder, peer, connection } = await started({ k });
    const asdu = new Uint8Array(249).fill(7);
    const expected = Buffer.concat(Array.from({ length: 64 }, (_, i) => iFormat(i, 0, asdu)));
    let sent = 0;
    // The peer does not read: octets go to the kernel until it takes no more.
    while (connection.window > 0) {
      const end = connection.link.sendApdus(expected, 0, expected.length, 0);
      sent += end / 255;
      connection.flush();
    }
    expect(connection.link.window).toBeGreaterThan(0);
    expect(connection.link.outstanding).toBe(sent);
    expect(recorder.calls).toEqual([]);

    const got = await read(peer, sent * 255);
    await recorder.until(() => recorder.calls.includes('room'));
    expect(connection.window).toBe(k - sent);
    for (let i = 0; i < sent; i++) {
      if (Buffer.compare(got.subarray(i * 255, i * 255 + 255), Buffer.from(iFormat(i, 0, asdu))) !== 0) {
        expect.fail(`APDU ${i} differs`);
      }
    }
    peer.write(sFormat(sent));
    await recorder.until(() => connection.window === k);
  });

  it('what has to wait in the socket does not keep a slab in memory', async () => {
    const { connection } = await started({ k: 32_767 });
    const written: Uint8Array[] = [];
    const write = connection.socket.write.bind(connection.socket);
    vi.spyOn(connection.socket, 'write').mockImplementation((chunk: Uint8Array) => {
      if (connection.socket.writableLength > 0) written.push(chunk);
      return write(chunk);
    });
    const big = new Uint8Array(249);
    while (connection.window > 0) {
      while (connection.link.send(big, 0) && connection.link.sent % 64 !== 0);
      connection.flush();
    }
    for (let i = 0; i < 3; i++) {
      connection.link.receive(TESTFR, 0, 0);
      connection.flush();
    }
    expect(written.slice(-3).map((chunk) => chunk.length)).toEqual([6, 6, 6]);
    for (const chunk of written.slice(-3)) expect(chunk.buffer.byteLength).toBeLessThan(100_000);
  });

  it('a peer that makes us answer and reads nothing is closed', async () => {
    const { recorder, peer, connection } = await started();
    const flood = Buffer.concat(Array.from({ length: 10_000 }, () => TESTFR));
    const pump = (): void => {
      while (!peer.destroyed && recorder.reason === undefined && peer.write(flood));
    };
    peer.on('drain', pump);
    pump();
    await recorder.closed();
    expect(recorder.reason?.code).toBe('send_queue');
    expect(connection.socket.writableLength).toBeLessThan(SEND_QUEUE_OCTETS + 12 * 255 + 200_000);
  });
});

describe('two connections', () => {
  it('start, exchange, stop', async () => {
    const [accepted, dialled] = await socketPair();
    const [rtu, master] = [new Recorder(), new Recorder()];
    const server = new Connection(accepted, { ...DEFAULT_LINK_PARAMETERS, role: 'controlled' }, rtu, scheduler);
    const client = new Connection(
      dialled,
      { ...DEFAULT_LINK_PARAMETERS, role: 'controlling', w: 1 },
      master,
      scheduler,
    );
    client.link.startDataTransfer(0);
    client.touched();
    await master.until(() => master.calls.includes('started'));
    const total = 500;
    let sent = 0;
    const fill = (): void => {
      while (sent < total && server.window > 0) {
        server.link.send(ASDU, 0);
        sent++;
      }
      server.touched();
    };
    rtu.onCall = (call) => {
      if (call === 'room') fill();
    };
    fill();
    await master.until(() => master.octets.length === total * 16);
    client.link.stopDataTransfer(clock.time);
    client.touched();
    await master.until(() => client.link.state === 'stopped');
    expect([server.link.state, server.link.outstanding, client.link.unacknowledged]).toEqual(['stopped', 0, 0]);
    client.close({ code: 'done', message: 'done' });
    await rtu.closed();
    expect([master.reason?.code, rtu.reason?.code]).toEqual(['done', 'peer_closed']);
  });
});

describe('closing', () => {
  it('by the peer: what it sent before is handed on first', async () => {
    const { recorder, peer, connection } = await started();
    peer.end(Buffer.concat([apdus(3), Buffer.of(0x68, 14)]));
    await recorder.closed();
    expect(recorder.calls).toEqual(['apdus 3', 'closed peer_closed']);
    expect([connection.closed, connection.window, connection.nextDeadline()]).toEqual([
      true,
      connection.window,
      Infinity,
    ]);
    await closedSocket(connection.socket);
    expect(clock.pending).toBe(0);
  });

  it('by a reset of the peer', async () => {
    const { recorder, connection, peer } = await started();
    connection.link.send(ASDU, 0);
    peer.resetAndDestroy();
    await recorder.closed();
    expect(recorder.reason).toEqual({ code: 'socket_error', message: 'ECONNRESET' });
    // What could not be written any more does not count as sent.
    expect(connection.sentOctets).toBe(6);
  });

  for (const { what, octets, code, before } of [
    { what: 'a wrong start octet', octets: Buffer.from('00', 'hex'), code: 'APCI_START', before: [] },
    { what: 'a wrong length', octets: Buffer.from('68ff', 'hex'), code: 'APCI_LENGTH', before: [] },
    { what: 'no U-format function', octets: Buffer.from('680403000000', 'hex'), code: 'APCI_CONTROL', before: [] },
    {
      what: 'a gap in N(S), behind good ones',
      octets: Buffer.concat([apdus(2), apdus(1, 3)]),
      code: 'LINK_SEQUENCE',
      before: ['apdus 2'],
    },
    {
      what: 'N(R) of what was never sent, followed by more',
      octets: Buffer.concat([apdus(1), sFormat(1), apdus(1, 1)]),
      code: 'LINK_ACKNOWLEDGE',
      before: ['apdus 1'],
    },
    {
      what: 'garbage behind good ones',
      octets: Buffer.concat([apdus(2), Buffer.from('ff', 'hex')]),
      code: 'APCI_START',
      before: ['apdus 2'],
    },
  ]) {
    it(`for ${what}: ${code}`, async () => {
      const { recorder, peer, connection } = await started();
      peer.write(octets);
      await recorder.closed();
      expect(recorder.calls).toEqual([...before, `closed ${code}`]);
      // Nothing the peer sends or does afterwards is told.
      peer.end(apdus(1, 2));
      await closedSocket(connection.socket);
      clock.runUntil(1e6);
      expect(recorder.calls).toEqual([...before, `closed ${code}`]);
    });
  }

  it('by t1', async () => {
    const { recorder, connection, peer } = await started({ t3Ms: 100_000 });
    connection.link.send(ASDU, 0);
    connection.touched();
    await read(peer, 16);
    clock.runUntil(DEFAULT_LINK_PARAMETERS.t1Ms - 1);
    expect(recorder.calls).toEqual([]);
    clock.runUntil(DEFAULT_LINK_PARAMETERS.t1Ms + 25);
    expect(recorder.reason?.code).toBe('LINK_T1_I');
  });

  it('by the idle time, which only what is received restarts', async () => {
    const { recorder, connection, peer } = await started({ idleTimeMs: 12_000 });
    clock.runUntil(5_000);
    const before = connection.receivedOctets;
    peer.write(TESTFR);
    await vi.waitUntil(() => connection.receivedOctets > before, { interval: 0 });
    connection.link.send(ASDU, 10_000);
    connection.touched();
    clock.runUntil(16_999);
    expect(recorder.calls).toEqual([]);
    clock.runUntil(17_025);
    expect(recorder.reason).toEqual({ code: 'idle', message: 'nothing received for 12 s' });
  });

  it('the idle time does not run while reading is off', async () => {
    const { recorder, connection } = await started({ idleTimeMs: 12_000 });
    connection.setReading(false);
    clock.runUntil(19_000);
    expect(recorder.calls).toEqual([]);
    connection.setReading(true);
    connection.setReading(true);
    expect(connection.nextDeadline()).toBe(DEFAULT_LINK_PARAMETERS.t3Ms);
    clock.runUntil(30_999);
    expect(recorder.calls).toEqual([]);
    clock.runUntil(31_025);
    expect(recorder.reason?.code).toBe('idle');
  });

  it('reading off holds the peer back, on again goes on', async () => {
    const { recorder, peer, connection } = await started({ w: 1_000 });
    connection.setReading(false);
    peer.write(apdus(5));
    await endOfTurns();
    expect(recorder.calls).toEqual([]);
    connection.setReading(true);
    await recorder.until(() => connection.link.received === 5);
  });

  it('by its owner: what is owed goes out first, then the end', async () => {
    const { recorder, connection, peer } = await started();
    connection.link.send(ASDU, 0);
    connection.close({ code: 'mine', message: 'because' });
    connection.close({ code: 'again', message: 'no' });
    expect(recorder.calls).toEqual(['closed mine']);
    expect(await read(peer, 16)).toEqual(apdus(1));
    peer.resume();
    await once(peer, 'end');
    await closedSocket(connection.socket);
    expect(recorder.calls).toEqual(['closed mine']);
  });

  it('a peer that does not end its side is cut off after the linger time', async () => {
    const { connection, peer } = await started({}, { allowHalfOpen: true });
    peer.resume();
    connection.close({ code: 'mine', message: 'because' });
    await once(peer, 'end');
    await endOfTurns();
    clock.runUntil(CLOSE_LINGER_MS - 1);
    expect(connection.socket.destroyed).toBe(false);
    clock.runUntil(CLOSE_LINGER_MS);
    expect(connection.socket.destroyed).toBe(true);
    await closedSocket(connection.socket);
    expect(clock.pending).toBe(0);
  });

  it('with reset: nothing that is owed leaves, the peer gets RST', async () => {
    const { recorder, connection, peer } = await started();
    const ended = new Promise((resolve) => peer.once('close', () => resolve('closed')));
    let failure = '';
    peer.on('error', (error: NodeJS.ErrnoException) => (failure = error.code ?? ''));
    connection.link.send(ASDU, 0);
    connection.reset({ code: 'stuck', message: 'because' });
    connection.close({ code: 'again', message: 'no' });
    peer.resume();
    expect(await ended).toBe('closed');
    expect(failure).toBe('ECONNRESET');
    expect(peer.bytesRead).toBe(6);
    expect(recorder.calls).toEqual(['closed stuck']);
    expect(clock.pending).toBe(0);
  });

  it.each(['nothing', 'upkeep'] as const)('is a reset while not all may be written: %s', async (less) => {
    let may: Writable = 'all';
    const { recorder, connection, peer } = await started({ mayWrite: () => may });
    let failure = '';
    peer.on('error', (error: NodeJS.ErrnoException) => (failure = error.code ?? ''));
    may = less;
    connection.link.send(ASDU, 0);
    connection.touched();
    await endOfTurns();
    connection.close({ code: 'lost', message: 'because' });
    peer.resume();
    await new Promise<void>((resolve) => peer.once('close', () => resolve()));
    expect(failure).toBe('ECONNRESET');
    expect(peer.bytesRead).toBe(6);
    expect(recorder.calls).toEqual(['closed lost']);
  });

  it('of a socket that was gone before it was taken is told all the same', async () => {
    const [accepted] = await socketPair();
    accepted.destroy();
    await once(accepted, 'close');
    const recorder = new Recorder();
    const connection = new Connection(
      accepted,
      { ...DEFAULT_LINK_PARAMETERS, role: 'controlled' },
      recorder,
      scheduler,
    );
    expect(connection.closed).toBe(false);
    await recorder.closed();
    expect(recorder.calls).toEqual(['closed peer_closed']);
    expect(clock.pending).toBe(0);
  });

  it('by the peer while something is owed: it still goes out', async () => {
    const { recorder, connection, peer } = await started();
    peer.end(apdus(3));
    recorder.onCall = (call) => {
      if (call === 'apdus 3') connection.link.send(ASDU, 0);
    };
    // The turn's flush is taken away, so that the octets are still pending when the end arrives.
    vi.spyOn(connection, 'touched').mockImplementation(() => undefined);
    expect(await read(peer, 16)).toEqual(Buffer.from(iFormat(0, 3, ASDU)));
    peer.resume();
    await recorder.closed();
    await closedSocket(connection.socket);
    expect(recorder.calls).toEqual(['apdus 3', 'closed peer_closed']);
  });
});

describe('a handler that closes the connection', () => {
  it('is not called again: in onApdus, with an acknowledgement behind', async () => {
    const { recorder, connection, peer } = await started();
    connection.link.send(ASDU, 0);
    recorder.onCall = (call) => {
      if (call.startsWith('apdus')) connection.close({ code: 'mine', message: 'enough' });
    };
    peer.write(Buffer.concat([sFormat(1), apdus(1, 0, 1), TESTFR, apdus(1, 1, 1), sFormat(1)]));
    await recorder.closed();
    peer.resume();
    await closedSocket(connection.socket);
    expect(recorder.calls).toEqual(['apdus 1', 'closed mine']);
  });

  it('is not called again: in onApdus at the end of a read that acknowledged', async () => {
    const { recorder, connection, peer } = await started();
    connection.link.send(ASDU, 0);
    recorder.onCall = (call) => {
      if (call.startsWith('apdus')) connection.close({ code: 'mine', message: 'enough' });
    };
    peer.write(Buffer.concat([sFormat(1), apdus(1, 0, 1)]));
    await recorder.closed();
    peer.resume();
    await closedSocket(connection.socket);
    expect(recorder.calls).toEqual(['apdus 1', 'closed mine']);
  });

  it('is not called again: in onState, with more changes behind', async () => {
    const { recorder, connection, peer } = await connected();
    recorder.onCall = (call) => {
      if (call === 'started') connection.close({ code: 'mine', message: 'enough' });
    };
    peer.write(Buffer.concat([STARTDT, uFormat(UFunction.STOPDT_ACT), STARTDT]));
    await recorder.closed();
    peer.resume();
    await closedSocket(connection.socket);
    expect(recorder.calls).toEqual(['started', 'closed mine']);
  });

  it('is not called again: in onState at a flush, several changes waiting', async () => {
    const { recorder, connection } = await connected();
    recorder.onCall = (call) => {
      if (call === 'started') connection.close({ code: 'mine', message: 'enough' });
    };
    for (const fn of [UFunction.STARTDT_ACT, UFunction.STOPDT_ACT]) connection.link.receive(uFormat(fn), 0, 0);
    connection.flush();
    expect(recorder.calls).toEqual(['started', 'closed mine']);
  });

  it('is not called again: in onHoldLimit', async () => {
    const { recorder, connection, peer } = await started({ holdAcknowledgements: true, holdLimitMs: 1_000 });
    peer.write(apdus(2));
    await recorder.until(() => recorder.calls.includes('apdus 2'));
    recorder.onCall = (call) => {
      if (call.startsWith('hold')) connection.close({ code: 'mine', message: 'enough' });
    };
    clock.runUntil(1_025);
    expect(recorder.calls).toEqual(['apdus 2', 'hold 2', 'closed mine']);
    expect(connection.nextDeadline()).toBe(Infinity);
  });
});

it('held acknowledgements are sent when confirmed', async () => {
  const { recorder, connection, peer } = await started({ holdAcknowledgements: true, w: 2 });
  peer.write(apdus(3));
  await recorder.until(() => connection.link.received === 3 && recorder.calls.length > 0);
  connection.link.confirm(3, 0);
  connection.touched();
  expect(receiveSequence(await read(peer, 6))).toBe(3);
});

it('small writes are not delayed and dead paths are probed', async () => {
  const [accepted] = await socketPair();
  const noDelay = vi.spyOn(accepted, 'setNoDelay');
  const keepAlive = vi.spyOn(accepted, 'setKeepAlive');
  new Connection(accepted, { ...DEFAULT_LINK_PARAMETERS, role: 'controlled' }, new Recorder(), scheduler);
  expect(noDelay).toHaveBeenCalledWith(true);
  expect(keepAlive).toHaveBeenCalledWith(true, 30_000);
  // A link that is to be quiet for longer is not woken by us.
  const [metered] = await socketPair();
  const later = vi.spyOn(metered, 'setKeepAlive');
  const options = { ...DEFAULT_LINK_PARAMETERS, t3Ms: 3_600_000, role: 'controlled' } as const;
  new Connection(metered, options, new Recorder(), scheduler);
  expect(later).toHaveBeenCalledWith(true, 3_600_000);
});

function closedSocket(socket: TcpSocket): Promise<unknown> {
  return (socket as Socket).closed ? Promise.resolve() : once(socket as Socket, 'close');
}

/** A few turns of the event loop, polling for I/O in each. */
async function endOfTurns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

it('what the link wants written waits while nothing may be written', async () => {
  let may: Writable = 'all';
  const { connection, peer } = await started({ mayWrite: () => may });
  may = 'nothing';
  peer.write(TESTFR);
  await endOfTurns();
  connection.link.send(ASDU, 0);
  connection.touched();
  await endOfTurns();
  expect(peer.bytesRead).toBe(6);
  may = 'all';
  connection.touched();
  expect((await read(peer, 22)).length).toBe(22);
});

it('only TESTFR and acknowledgements are written for the upkeep of the link, until something else is before them', async () => {
  let may: Writable = 'all';
  const { connection, peer } = await started({ mayWrite: () => may, w: 1 });
  may = 'upkeep';
  peer.write(TESTFR);
  peer.write(apdus(1));
  expect([...(await read(peer, 12))]).toEqual([...uFormat(UFunction.TESTFR_CON), ...sFormat(1)]);
  connection.link.send(ASDU, 0);
  peer.write(TESTFR);
  await endOfTurns();
  expect(peer.bytesRead).toBe(18);
  may = 'all';
  connection.touched();
  expect((await read(peer, 22)).length).toBe(22);
});

it('what is against the rules is told with its octets and clause: what is lived with, and what ends the link', async () => {
  const { recorder, peer } = await started();
  peer.write(uFormat(UFunction.STOPDT_CON));
  peer.write(uFormat(UFunction.STOPDT_CON));
  peer.write(Buffer.from('GET / HTTP/1.1\r\nHost: a-long-name.example\r\n\r\n'));
  await recorder.closed();
  expect(recorder.irregular).toEqual([
    {
      code: 'LINK_ROLE',
      message: 'STOPDT con that was not asked for in state started',
      clause: '5.3',
      octets: '680423000000',
    },
  ]);
  expect(recorder.reason).toMatchObject({ code: 'APCI_START', clause: '5' });
  // As much as tells what it was.
  expect(Buffer.from(recorder.reason?.octets ?? '', 'hex').toString()).toBe('GET / HTTP/1.1\r\nHost: a-long-nam');
});
