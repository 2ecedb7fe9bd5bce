/**
 * Load process: the masters. Each connects, starts, acknowledges every w-th I-format APDU at once, counts events and
 * checks that none is missing, repeated, out of order or changed. Can send single commands and time their ACT_CON.
 *
 * All sockets read into one buffer and events are checked in place: no object per event, one write per read at most.
 */
import net from 'node:net';
import tls from 'node:tls';
import * as apci from './apci.ts';
import { sharedNowMs, STAMP_MASK, stampOf } from './clock.ts';
import { serve } from './control.ts';
import { EVENT_LENGTH, M_ME_TF_1, readId, readRun, readStamp } from './event.ts';
import { Latencies } from './latencies.ts';
import type { Address } from './systems/system.ts';

const { K, W, SEQUENCE_MASK } = apci;
const COMMAND_IOA = 0x10000;
const COMMANDS = 0x8000;
/** Commands sent so far, so that no object is commanded again soon: its last command may still await ACT_TERM. */
let commandsSent = 0;

/** What went wrong, by name. Anything here makes the bench fail. */
const faults: Record<string, number> = {};
function fault(name: string, count = 1): void {
  faults[name] = (faults[name] ?? 0) + count;
}

const readBuffer = Buffer.allocUnsafe(65_536);
const latencies = new Latencies(4_000_000);
let recording = false;
let run = -1;

class Master {
  /** Events of the current run. */
  received = 0;
  nextId = 0;
  started = false;
  closed = false;
  onStarted: (() => void) | null = null;
  onStopped: (() => void) | null = null;
  onAnswer: ((ioa: number, negative: boolean) => void) | null = null;

  private readonly socket: net.Socket;
  private carry: Buffer | null = null;
  private vs = 0;
  private va = 0;
  private vr = 0;
  /** I-format APDUs received since the last acknowledgement. */
  private unacknowledged = 0;
  private unacknowledgedSinceMs = 0;
  /** One S-format APDU may still wait in the socket while the next is made: they take turns. */
  private readonly sFrames = Array.from({ length: 4 }, () => Buffer.from([apci.START, 4, 1, 0, 0, 0]));
  private sFrame = 0;
  private heardAtMs = performance.now();
  private testSentAtMs = 0;
  private firstTestAtMs = Infinity;
  private closing = false;

  constructor({ host, port, tls: own }: Address, onClose: (master: Master) => void) {
    const options = {
      host,
      port,
      // The RTU stand-in has another loopback address: a multiplexer refuses masters that come from its RTU's.
      localAddress: '127.0.0.1',
      noDelay: true,
      onread: { buffer: readBuffer, callback: (octets: number, buf: Uint8Array) => this.onRead(octets, buf as Buffer) },
    };
    this.socket =
      own === undefined ? net.connect(options) : tls.connect({ ...options, ...own, rejectUnauthorized: false });
    this.socket.on(own === undefined ? 'connect' : 'secureConnect', () => {
      // tls.connect does not hand the option on.
      this.socket.setNoDelay(true);
      this.socket.write(apci.uFrame(apci.STARTDT_ACT));
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      if (this.started && !this.closing) fault('master: connection lost');
      onClose(this);
    });
  }

  expectRun(): void {
    this.received = 0;
    this.nextId = 0;
  }

  private onRead(octets: number, buf: Buffer): boolean {
    this.heardAtMs = performance.now();
    this.testSentAtMs = 0;
    if (this.carry === null) this.parse(buf, octets);
    else {
      const joined = Buffer.concat([this.carry, buf.subarray(0, octets)]);
      this.carry = null;
      this.parse(joined, joined.length);
    }
    return true;
  }

  private parse(buf: Buffer, end: number): void {
    const nowStamp = recording ? stampOf(sharedNowMs()) : 0;
    let at = 0;
    let acknowledgeTo = -1;
    while (end - at >= 6) {
      const length = buf[at + 1]!;
      if (buf[at] !== apci.START || length < 4) return this.fail('master: not an APDU');
      if (end - at < 2 + length) break;
      const c = buf[at + 2]!;
      if ((c & 1) === 0) {
        if ((c >> 1) + (buf[at + 3]! << 7) !== this.vr) return this.fail('master: unexpected N(S)');
        if (!this.started) return this.fail('master: I-format while stopped');
        this.vr = (this.vr + 1) & SEQUENCE_MASK;
        if (this.unacknowledged++ === 0) this.unacknowledgedSinceMs = this.heardAtMs;
        if (this.unacknowledged > K) fault('master: more than k unacknowledged');
        this.onAck(apci.getSequence(buf, at + 4));
        if (buf[at + 6] === M_ME_TF_1 && length === EVENT_LENGTH) this.onEvent(buf, at, nowStamp);
        else if (buf[at + 6] === apci.C_SC_NA_1) this.onCommandAnswer(buf, at);
        if (this.unacknowledged === W) {
          this.unacknowledged = 0;
          acknowledgeTo = this.vr;
        }
      } else if ((c & 3) === 3) this.onU(c);
      else this.onAck(apci.getSequence(buf, at + 4));
      at += 2 + length;
    }
    if (at < end) this.carry = Buffer.from(buf.subarray(at, end));
    if (acknowledgeTo >= 0) this.acknowledge(acknowledgeTo);
  }

  private onEvent(buf: Buffer, at: number, nowStamp: number): void {
    const id = readId(buf, at);
    if (id < 0) fault('event changed on the way');
    else if (readRun(buf, at) !== run) fault('event of another run');
    else {
      if (id > this.nextId) fault('event missing', id - this.nextId);
      else if (id < this.nextId) fault('event repeated or out of order');
      if (id >= this.nextId) this.nextId = id + 1;
      this.received++;
      if (recording) latencies.add((nowStamp - readStamp(buf, at)) & STAMP_MASK);
    }
  }

  private onU(c: number): void {
    if (c === apci.STARTDT_CON) {
      this.started = true;
      this.firstTestAtMs = apci.firstTestAtMs();
      this.onStarted?.();
    } else if (c === apci.STOPDT_CON) this.onStopped?.();
    else if (c === apci.TESTFR_ACT) this.socket.write(apci.uFrame(apci.TESTFR_CON));
  }

  private onAck(nr: number): void {
    if (((nr - this.va) & SEQUENCE_MASK) > ((this.vs - this.va) & SEQUENCE_MASK)) {
      return this.fail('master: N(R) outside what is outstanding');
    }
    this.va = nr;
  }

  private acknowledge(nr: number): void {
    const s = this.sFrames[this.sFrame]!;
    this.sFrame = (this.sFrame + 1) & 3;
    apci.putSequence(s, 4, nr);
    this.socket.write(s);
  }

  sendCommand(ioa: number, on: boolean): void {
    const frame = Buffer.from([apci.START, 14, 0, 0, 0, 0, apci.C_SC_NA_1, 1, apci.COT_ACT, 0, 1, 0, 0, 0, 0, 0]);
    apci.putSequence(frame, 2, this.vs);
    apci.putSequence(frame, 4, this.vr);
    this.vs = (this.vs + 1) & SEQUENCE_MASK;
    this.unacknowledged = 0;
    frame.writeUIntLE(ioa, 12, 3);
    frame[15] = on ? 1 : 0;
    this.socket.write(frame);
  }

  private onCommandAnswer(buf: Buffer, at: number): void {
    const cot = buf[at + 8]!;
    const ioa = buf.readUIntLE(at + 12, 3);
    if ((cot & 0x3f) !== apci.COT_ACT_CON) fault(`command answered with COT ${cot & 0x3f}`);
    else if (buf[at + 9] !== 0) fault('originator address not restored');
    else if (this.onAnswer === null) fault('answer to a foreign or forgotten command');
    else this.onAnswer(ioa, (cot & apci.COT_NEGATIVE) !== 0);
  }

  private fail(name: string): void {
    fault(name);
    this.closing = true;
    this.socket.destroy();
  }

  /** Connected, but STARTDT is not confirmed. */
  giveUp(): void {
    this.socket.destroy();
  }

  /** Acknowledges everything, stops, closes: the next run must not find events that nobody acknowledged. */
  async close(): Promise<void> {
    if (!this.closed && this.started) {
      this.closing = true;
      if (this.unacknowledged > 0) this.acknowledge(this.vr);
      this.unacknowledged = 0;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          if (!this.closed) fault('master: STOPDT not confirmed');
          resolve();
        }, 5000);
        this.onStopped = () => (clearTimeout(timer), resolve());
        this.socket.write(apci.uFrame(apci.STOPDT_ACT));
      });
    }
    this.closing = true;
    this.socket.destroy();
  }

  tick(now: number): void {
    if (this.unacknowledged > 0 && now - this.unacknowledgedSinceMs > apci.T2_MS - 1000) {
      this.unacknowledged = 0;
      this.acknowledge(this.vr);
    }
    if (this.testSentAtMs > 0 && now - this.testSentAtMs > apci.T1_MS) return this.fail('master: TESTFR unanswered');
    if (this.testSentAtMs === 0 && (now - this.heardAtMs > apci.T3_MS || now > this.firstTestAtMs)) {
      this.firstTestAtMs = Infinity;
      this.testSentAtMs = now;
      this.socket.write(apci.uFrame(apci.TESTFR_ACT));
    }
  }
}

let masters: Master[] = [];
setInterval(() => {
  const now = performance.now();
  for (const master of masters) master.tick(now);
}, 1000);

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One started master. Refused and closed attempts are repeated: listeners open only when the RTU link is up. */
async function connect(target: Address, untilMs: number): Promise<Master> {
  for (;;) {
    const master = await new Promise<Master | null>((resolve) => {
      const attempt = new Master(target, () => resolve(null));
      const timer = setTimeout(() => attempt.giveUp(), 5000);
      attempt.onStarted = () => (clearTimeout(timer), resolve(attempt));
    });
    if (master) return master;
    if (performance.now() > untilMs) throw new Error(`no started connection to ${target.host}:${target.port}`);
    await delay(100);
  }
}

/** One command at a time, the masters in turn, a pause after each answer: an operator's command meets an idle system. */
async function command(seconds: number, pauseMs: number) {
  latencies.clear();
  const untilMs = performance.now() + seconds * 1000;
  let sent = 0;
  for (; performance.now() < untilMs; sent++) {
    const master = masters[sent % masters.length]!;
    const ioa = COMMAND_IOA + (commandsSent++ % COMMANDS);
    const sentAtMs = performance.now();
    const answered = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), 5000);
      master.onAnswer = (answeredIoa, negative) => {
        const tookMs = performance.now() - sentAtMs;
        if (answeredIoa !== ioa) return fault('answer to another command');
        if (negative) fault('command refused');
        latencies.add(Math.round(tookMs * 1e4));
        clearTimeout(timer);
        resolve(true);
      };
      master.sendCommand(ioa, sent % 2 === 0);
    });
    master.onAnswer = null;
    if (!answered) {
      fault('command unanswered');
      break;
    }
    await delay(pauseMs);
  }
  return latencies.percentiles();
}

serve({
  /** Connects and starts one master per target, a few at a time; all are there when it answers. */
  async connect({ targets, timeoutMs }: { targets: Address[]; timeoutMs: number }) {
    const untilMs = performance.now() + timeoutMs;
    masters = [];
    for (let i = 0; i < targets.length; i += 10) {
      const some = targets.slice(i, i + 10).map((target) => connect(target, untilMs));
      masters.push(...(await Promise.all(some)));
    }
  },
  expect({ run: next }: { run: number }) {
    run = next;
    for (const master of masters) master.expectRun();
  },
  mark() {
    return { atMs: sharedNowMs(), received: masters.map((master) => master.received) };
  },
  record({ on }: { on: boolean }) {
    if (on) latencies.clear();
    recording = on;
  },
  percentiles() {
    return latencies.percentiles();
  },
  /** Waits until every master has got as far as the last of its group's `sent` events, or none got one for three seconds. */
  async drain({ sent }: { sent: number[] }) {
    const perGroup = masters.length / sent.length;
    const wanted = masters.map((_, i) => sent[Math.floor(i / perGroup)]!);
    const all = wanted.reduce((sum, count) => sum + count, 0);
    let last = -1;
    let progressAtMs = performance.now();
    for (;;) {
      const total = masters.reduce((sum, master) => sum + master.nextId, 0);
      if (masters.every((master, i) => master.nextId >= wanted[i]!)) break;
      if (total !== last) progressAtMs = performance.now();
      else if (performance.now() - progressAtMs > 3000) {
        fault('event never arrived', all - total);
        break;
      }
      last = total;
      await delay(10);
    }
  },
  command({ seconds, pauseMs }: { seconds: number; pauseMs: number }) {
    return command(seconds, pauseMs);
  },
  open() {
    return masters.filter((master) => master.started && !master.closed).length;
  },
  async disconnect() {
    await Promise.all(masters.map((master) => master.close()));
    masters = [];
  },
  takeFaults() {
    const taken = { ...faults };
    for (const name of Object.keys(faults)) delete faults[name];
    return taken;
  },
});
