/**
 * Peers that mean harm, or are broken: raw sockets that keep at one thing as fast as they are let. Run as a process of their
 * own by `measure.ts`, so that what they cost is theirs; tests use the functions.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { iFormat, sFormat, singleCommand, UFunction, uFormat } from '@iec104mm2ss/iec104';

/** Where they attack, and from where: one address each, counted from the last octet on. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** `127.0.0.20`: the first attacker is at .20, the next one at .21. */
  readonly from: string;
  /** Common address for commands. */
  readonly ca: number;
}

export interface Report {
  connected: number;
  /** Connections that ended before the attacker wanted that. */
  closed: number;
  /** How long the first of them lasted, ms; 0: none ended. */
  firstClosedMs: number;
  sent: number;
  answers: number;
}

export type Attack = (target: Target, signal: AbortSignal) => Promise<Report>;

const newReport = (): Report => ({ connected: 0, closed: 0, firstClosedMs: 0, sent: 0, answers: 0 });

function addressOf(from: string, index: number): string {
  const [a, b, c, d] = from.split('.').map(Number) as [number, number, number, number];
  return `${a}.${b}.${c}.${d + index}`;
}

/** One connection that answers TESTFR and acknowledges, unless it is deaf. Undefined: it was refused. */
async function open(target: Target, index: number, report: Report, signal: AbortSignal): Promise<Attacker | undefined> {
  const socket = connect({ host: target.host, port: target.port, localAddress: addressOf(target.from, index) });
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  const up = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
  if (!up) return undefined;
  report.connected++;
  return new Attacker(socket, report, signal);
}

class Attacker {
  closed = false;
  started = false;
  received = 0;
  private ns = 0;
  private rest = Buffer.alloc(0);
  private readonly since = performance.now();

  readonly socket: Socket;
  private readonly report: Report;
  private readonly signal: AbortSignal;

  constructor(socket: Socket, report: Report, signal: AbortSignal) {
    this.socket = socket;
    this.report = report;
    this.signal = signal;
    const onEnd = (): void => {
      if (this.closed) return;
      this.closed = true;
      socket.destroy();
      if (this.signal.aborted) return;
      report.closed++;
      report.firstClosedMs ||= performance.now() - this.since;
    };
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
  }

  get goesOn(): boolean {
    return !this.closed && !this.signal.aborted;
  }

  end(): void {
    this.closed = true;
    this.socket.destroy();
  }

  async start(): Promise<void> {
    this.socket.write(uFormat(UFunction.STARTDT_ACT));
    while (this.goesOn && !this.started) await delay(1);
  }

  command(ca: number, ioa: number): Buffer {
    const apdu = iFormat(this.ns, this.received & 0x7fff, singleCommand(ca, ioa, true));
    this.ns = (this.ns + 1) & 0x7fff;
    return Buffer.from(apdu);
  }

  /** Writes what `next` makes for as long as the socket takes it. */
  async flood(next: () => Uint8Array, units: number): Promise<void> {
    while (this.goesOn) {
      this.report.sent += units;
      if (this.socket.write(next())) await new Promise((resolve) => setImmediate(resolve));
      else {
        await new Promise<void>((resolve) => {
          this.socket.once('drain', resolve);
          this.socket.once('close', resolve);
          this.signal.addEventListener('abort', () => resolve(), { once: true });
        });
      }
    }
  }

  private onData(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    let acknowledge = false;
    for (;;) {
      const length = (this.rest[1] ?? 254) + 2;
      if (this.rest.length < length) break;
      const control = this.rest[2] as number;
      if ((control & 1) === 0) {
        this.received++;
        this.report.answers++;
        acknowledge = true;
      } else if (control === UFunction.TESTFR_ACT) this.socket.write(uFormat(UFunction.TESTFR_CON));
      else if (control === UFunction.STARTDT_CON) this.started = true;
      this.rest = this.rest.subarray(length);
    }
    if (acknowledge && this.socket.writable) this.socket.write(sFormat(this.received & 0x7fff));
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** `count` attackers that each do the same until the end. */
async function each(
  target: Target,
  signal: AbortSignal,
  count: number,
  act: (attacker: Attacker, index: number) => Promise<void>,
): Promise<Report> {
  const report = newReport();
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const attacker = await open(target, index, report, signal);
      if (attacker === undefined) return;
      await act(attacker, index);
      await aborted(signal);
      attacker.end();
    }),
  );
  return report;
}

/** Each keeps writing `octets`, `units` APDUs of it. */
function flood(octets: Uint8Array, units: number, count = 1, start = false): Attack {
  return (target, signal) =>
    each(target, signal, count, async (attacker) => {
      if (start) await attacker.start();
      await attacker.flood(() => octets, units);
    });
}

function repeated(octets: Uint8Array, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => octets));
}

/** Commands that are valid, each on another object, `perTurn` in one write. */
function commands(count: number, perTurn: number, everyMs: number): Attack {
  return (target, signal) =>
    each(target, signal, count, async (attacker, index) => {
      await attacker.start();
      let ioa = 0;
      const next = (): Buffer =>
        Buffer.concat(
          Array.from({ length: perTurn }, () => attacker.command(target.ca, 0x10000 * (index + 1) + (ioa++ & 0x7fff))),
        );
      if (everyMs === 0) {
        await attacker.flood(next, perTurn);
        return;
      }
      const from = performance.now();
      for (let turn = 1; attacker.goesOn; turn++) {
        attacker.socket.write(next());
        await delay(Math.max(0, from + turn * everyMs - performance.now()), undefined, { signal }).catch(
          () => undefined,
        );
      }
    });
}

export const ATTACKS: Readonly<Record<string, Attack>> = {
  /** Nobody attacks. */
  none: async (_target, signal) => {
    await aborted(signal);
    return newReport();
  },
  /** Connects, starts, commands, closes: each time an OA more that the RTU may still answer with. */
  churn: async (target, signal) => {
    const report = newReport();
    for (let i = 0; i < 254 && !signal.aborted; i++) {
      const attacker = await open(target, 0, report, AbortSignal.abort());
      if (attacker === undefined) continue;
      const started = new Promise<void>((resolve) => {
        attacker.socket.once('data', () => resolve());
        attacker.socket.once('close', () => resolve());
      });
      attacker.socket.write(uFormat(UFunction.STARTDT_ACT));
      await started;
      if (attacker.socket.destroyed) report.closed++;
      else {
        attacker.socket.write(attacker.command(target.ca, 5_000 + i));
        report.sent++;
      }
      await delay(1);
      attacker.end();
      await delay(15);
    }
    return report;
  },
  /** Four that answer TESTFR and never start. */
  squatters: (target, signal) => each(target, signal, 4, () => Promise.resolve()),
  /** Four masters that command as fast as they can. */
  'command-flood': commands(4, 200, 0),
  /** One with a thousand commands a second. */
  'commands-1000': commands(1, 10, 10),
  testfr: flood(repeated(uFormat(UFunction.TESTFR_ACT), 500), 500, 2),
  startdt: flood(repeated(uFormat(UFunction.STARTDT_ACT), 500), 500, 2),
  's-format': flood(repeated(sFormat(0), 500), 500, 2),
  /** One octet in each segment. */
  octets: (target, signal) =>
    each(target, signal, 2, async (attacker) => {
      const frame = uFormat(UFunction.TESTFR_CON);
      for (let at = 0; attacker.goesOn; at = (at + 1) % frame.length) {
        attacker.socket.write(frame.subarray(at, at + 1));
        // Without a pause a busy machine joins them again.
        await delay(1);
      }
    }),
  /** A frame of 255 octets that never ends. */
  'half-frames': (target, signal) =>
    each(target, signal, 4, async (attacker) => {
      attacker.socket.write(Buffer.from([0x68, 0xfd]));
      while (attacker.goesOn) {
        attacker.socket.write(Buffer.from([0]));
        await delay(500);
      }
    }),
  /** Start, command, and never read. */
  deaf: (target, signal) =>
    each(target, signal, 2, async (attacker) => {
      await attacker.start();
      attacker.socket.pause();
      await attacker.flood(() => repeated(uFormat(UFunction.TESTFR_ACT), 20), 20);
    }),
  /** As many connections as can be had from one address, each closed at once. */
  connects: async (target, signal) => {
    const report = newReport();
    const one = async (): Promise<void> => {
      while (!signal.aborted) {
        const attacker = await open(target, 0, report, AbortSignal.abort());
        attacker?.end();
        if (attacker === undefined) await delay(5);
      }
    };
    await Promise.all(Array.from({ length: 8 }, one));
    return report;
  },
  /** Three hundred connections at once, from sixty addresses, that say nothing. */
  'half-open': async (target, signal) => {
    const report = newReport();
    await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        while (!signal.aborted) {
          const attacker = await open(target, index % 60, report, signal);
          while (attacker?.goesOn === true) await delay(20);
          attacker?.end();
          await delay(20);
        }
      }),
    );
    return report;
  },
};

if (import.meta.main) {
  const [name, host, port, from, ca, seconds] = process.argv.slice(2) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const ending = new AbortController();
  setTimeout(() => ending.abort(), Number(seconds) * 1000);
  const { signal } = ending;
  const report = await (ATTACKS[name] as Attack)({ host, port: Number(port), from, ca: Number(ca) }, signal);
  process.stdout.write(JSON.stringify(report));
  process.exit(0);
}
