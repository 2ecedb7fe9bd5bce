/**
 * Load process: the RTUs. One listener per group; every started connection gets its own numbered stream of events, as
 * fast as the k window lets it or at a rate. Answers C_SC_NA_1 with ACT_CON, keeps k, w, t1, t2 and t3.
 *
 * The hot path (an acknowledgement arrives, a window of events leaves in one write) makes no object per event.
 */
import net from 'node:net';
import { Worker } from 'node:worker_threads';
import * as apci from './apci.ts';
import { sharedNowMs, stampOf } from './clock.ts';
import { serve } from './control.ts';
import { EVENT_OCTETS, MAX_ID, writeEvent, writeEventTemplate } from './event.ts';

const { RTU_K: K, W, SEQUENCE_MASK } = apci;
/** Every group is an RTU of its own and all have the same number: groups must not see each other by it. */
const CA = 1;
/** At most k APDUs are unacknowledged, so at most k windows can still wait in the socket: their octets stay untouched. */
const WINDOWS = K + 1;
/** Events that are due while the window is closed wait here, as in an RTU's buffer. 13 s of the highest rate. */
const BACKLOG = 65_536;

/** What went wrong, by name. Anything here makes the bench fail. */
const faults: Record<string, number> = {};
function fault(name: string): void {
  faults[name] = (faults[name] ?? 0) + 1;
}

class Station {
  started = false;
  /** Events sent in the current run: the next event's id. */
  sent = 0;

  private readonly socket: net.Socket;
  private carry: Buffer | null = null;
  private vs = 0;
  private vr = 0;
  /** The oldest N(S) not acknowledged; vs - va are outstanding. */
  private va = 0;
  private vrSent = 0;
  private stopping = false;
  private readonly answers: Buffer[] = [];

  private run = -1;
  private blasting = false;
  private births: Float64Array | null = null;
  private born = 0;

  private windows: Buffer[][] | null = null;
  private window = 0;

  private heardAtMs = performance.now();
  private ackProgressAtMs = 0;
  private unacknowledgedSinceMs = 0;
  private testSentAtMs = 0;
  private firstTestAtMs = Infinity;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.onData(chunk));
    socket.on('error', () => {});
  }

  /** A new run of events from id 0. `blast`: without end; else events come by `bear`. */
  begin(run: number, blast: boolean): void {
    this.run = run;
    this.sent = 0;
    this.born = 0;
    this.blasting = blast;
    if (!blast) this.births ??= new Float64Array(BACKLOG);
    this.pump();
  }

  /** `count` events happen now. */
  bear(count: number): void {
    const now = sharedNowMs();
    for (let i = 0; i < count; i++) {
      if (this.born - this.sent === BACKLOG) {
        fault('rtu: backlog full');
        break;
      }
      this.births![this.born++ % BACKLOG] = now;
    }
    this.pump();
  }

  /** No new events; what has happened already is still sent. */
  end(): void {
    if (this.blasting) this.born = this.sent;
    this.blasting = false;
  }

  get backlog(): number {
    return this.born - this.sent;
  }

  get outstanding(): number {
    return (this.vs - this.va) & SEQUENCE_MASK;
  }

  private pump(): void {
    if (!this.started || this.stopping) return;
    let room = K - this.outstanding;
    while (room > 0 && this.answers.length > 0) {
      const answer = this.answers.shift()!;
      this.number(answer, 0);
      this.socket.write(answer);
      room--;
    }
    const count = this.blasting ? room : Math.min(room, this.born - this.sent);
    if (count <= 0) return;
    if (this.sent + count > MAX_ID) {
      fault('rtu: ids used up');
      return this.end();
    }
    this.windows ??= this.makeWindows();
    const views = this.windows[this.window]!;
    this.window = (this.window + 1) % WINDOWS;
    const buf = views[K]!;
    // A blast's events happen when there is room for them; the others happened when they were due.
    const nowStamp = this.blasting ? stampOf(sharedNowMs()) : 0;
    for (let at = 0, i = 0; i < count; i++, at += EVENT_OCTETS) {
      const stamp = this.blasting ? nowStamp : stampOf(this.births![this.sent % BACKLOG]!);
      writeEvent(buf, at, this.run, this.sent++, stamp);
      this.number(buf, at);
    }
    this.socket.write(views[count]!);
  }

  private number(buf: Buffer, at: number): void {
    if (this.vs === this.va) this.ackProgressAtMs = performance.now();
    apci.putSequence(buf, at + 2, this.vs);
    apci.putSequence(buf, at + 4, this.vr);
    this.vs = (this.vs + 1) & SEQUENCE_MASK;
    this.vrSent = this.vr;
  }

  /** views[n] of a window are its first n events: no subarray on the hot path. */
  private makeWindows(): Buffer[][] {
    return Array.from({ length: WINDOWS }, () => {
      const buf = Buffer.alloc(K * EVENT_OCTETS);
      for (let i = 0; i < K; i++) writeEventTemplate(buf, i * EVENT_OCTETS, CA);
      return Array.from({ length: K + 1 }, (_, n) => buf.subarray(0, n * EVENT_OCTETS));
    });
  }

  private onData(chunk: Buffer): void {
    this.heardAtMs = performance.now();
    this.testSentAtMs = 0;
    let buf = chunk;
    if (this.carry) {
      buf = Buffer.concat([this.carry, chunk]);
      this.carry = null;
    }
    let at = 0;
    while (buf.length - at >= 6) {
      const octets = 2 + buf[at + 1]!;
      if (buf[at] !== apci.START || octets < 6) return this.fail('rtu: not an APDU');
      if (buf.length - at < octets) break;
      const c = buf[at + 2]!;
      if ((c & 3) === 3) this.onU(c);
      else {
        this.onAck(apci.getSequence(buf, at + 4));
        if ((c & 1) === 0) this.onI(buf.subarray(at, at + octets));
      }
      at += octets;
    }
    if (at < buf.length) this.carry = Buffer.from(buf.subarray(at));
    if (((this.vr - this.vrSent) & SEQUENCE_MASK) >= W) this.acknowledge();
    this.pump();
    if (this.stopping && this.outstanding === 0) {
      this.stopping = false;
      this.started = false;
      this.socket.write(apci.uFrame(apci.STOPDT_CON));
    }
  }

  private onU(c: number): void {
    if (c === apci.STARTDT_ACT) {
      this.started = true;
      this.stopping = false;
      this.firstTestAtMs = apci.firstTestAtMs();
      this.socket.write(apci.uFrame(apci.STARTDT_CON));
    } else if (c === apci.STOPDT_ACT) {
      if (this.vr !== this.vrSent) this.acknowledge();
      this.stopping = true;
    } else if (c === apci.TESTFR_ACT) this.socket.write(apci.uFrame(apci.TESTFR_CON));
  }

  private onAck(nr: number): void {
    const acknowledged = (nr - this.va) & SEQUENCE_MASK;
    if (acknowledged > this.outstanding) return this.fail('rtu: N(R) outside what is outstanding');
    if (acknowledged > 0) this.ackProgressAtMs = performance.now();
    this.va = nr;
  }

  private onI(frame: Buffer): void {
    if (!this.started) return this.fail('rtu: I-format while stopped');
    if (apci.getSequence(frame, 2) !== this.vr) return this.fail('rtu: unexpected N(S)');
    if (this.vr === this.vrSent) this.unacknowledgedSinceMs = performance.now();
    this.vr = (this.vr + 1) & SEQUENCE_MASK;
    if (frame[6] !== apci.C_SC_NA_1 || frame.length !== apci.COMMAND_OCTETS) return;
    const answer = Buffer.from(frame);
    answer[8] = apci.COT_ACT_CON;
    this.answers.push(answer);
  }

  private acknowledge(): void {
    const s = Buffer.from([apci.START, 4, 1, 0, 0, 0]);
    apci.putSequence(s, 4, this.vr);
    this.vrSent = this.vr;
    this.socket.write(s);
  }

  private fail(name: string): void {
    fault(name);
    this.socket.destroy();
  }

  /** Once a second, for all timers: none of them needs to be more exact here. */
  tick(now: number): void {
    if (this.outstanding > 0 && now - this.ackProgressAtMs > apci.T1_MS) return this.fail('rtu: t1 expired');
    if (this.vr !== this.vrSent && now - this.unacknowledgedSinceMs > apci.T2_MS - 1000) this.acknowledge();
    if (this.testSentAtMs > 0 && now - this.testSentAtMs > apci.T1_MS) return this.fail('rtu: TESTFR unanswered');
    if (this.testSentAtMs === 0 && (now - this.heardAtMs > apci.T3_MS || now > this.firstTestAtMs)) {
      this.firstTestAtMs = Infinity;
      this.testSentAtMs = now;
      this.socket.write(apci.uFrame(apci.TESTFR_ACT));
    }
  }
}

const groups: Set<Station>[] = [];
let pacing: Int32Array | null = null;

function started(group: number): Station[] {
  return [...groups[group]!].filter((station) => station.started);
}

function startedOf(from: number, to: number): Station[] {
  return Array.from({ length: to - from }, (_, i) => started(from + i)).flat();
}

/** @param spread each event happens in the next station, in turn; else it happens in all of them */
function pace(stations: Station[], perSecond: number, spread: boolean): void {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  pacing = shared;
  let made = 0;
  const worker = new Worker(new URL('./pace.ts', import.meta.url), { workerData: { shared, perSecond } });
  worker.on('message', () => {
    // Several messages may wait: the count says what is due, so a late turn makes them all at once.
    const due = Atomics.load(shared, 1);
    if (pacing !== shared || due === made) return;
    if (!spread) for (const station of stations) station.bear(due - made);
    else for (let i = made; i < due; i++) stations[i % stations.length]!.bear(1);
    made = due;
  });
}

setInterval(() => {
  const now = performance.now();
  for (const group of groups) for (const station of group) station.tick(now);
}, 1000);

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

serve({
  /** Opens one listener per group, in this order. */
  async listen({ host, ports }: { host: string; ports: number[] }) {
    for (const port of ports) {
      const stations = new Set<Station>();
      groups.push(stations);
      const server = net.createServer((socket) => {
        const station = new Station(socket);
        stations.add(station);
        socket.on('close', () => stations.delete(station));
      });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, 64, resolve);
      });
    }
  },
  /** Waits until each of the groups has exactly `count` started connections. */
  async awaitStarted({ from, to, count, timeoutMs }: { from: number; to: number; count: number; timeoutMs: number }) {
    const until = performance.now() + timeoutMs;
    for (let group = from; group < to;) {
      if (started(group).length === count) group++;
      else if (performance.now() > until) {
        throw new Error(`group ${group}: ${started(group).length} started connections to the RTU, not ${count}`);
      } else await delay(10);
    }
  },
  /** `perSecond` of all groups together, which take turns; null: as fast as the windows let them. */
  begin({ from, to, run, perSecond }: { from: number; to: number; run: number; perSecond: number | null }) {
    const stations = startedOf(from, to);
    for (const station of stations) station.begin(run, perSecond === null);
    if (perSecond !== null) pace(stations, perSecond, to - from > 1);
  },
  /** Ends the run: gives how many events each stream has sent once its backlog is empty. */
  async end({ from, to, timeoutMs }: { from: number; to: number; timeoutMs: number }) {
    if (pacing) {
      Atomics.store(pacing, 0, 1);
      Atomics.notify(pacing, 0);
      pacing = null;
    }
    const stations = groups.slice(from, to).flatMap((group) => [...group]);
    for (const station of stations) station.end();
    const until = performance.now() + timeoutMs;
    while (stations.some((station) => station.backlog > 0) && performance.now() < until) await delay(10);
    return stations.map((station) => ({ sent: station.sent, neverSent: station.backlog }));
  },
  takeFaults() {
    const taken = { ...faults };
    for (const name of Object.keys(faults)) delete faults[name];
    return taken;
  },
});
