/** The RTU and the masters of these tests, and the exact account of what one sent and the others got. */
import { setTimeout as delay } from 'node:timers/promises';
import { Cause } from '@iec104mm2ss/iec104';
import { MasterSimulator, type Outcome, RtuSimulator } from '@iec104mm2ss/simulator';
import { onTestFinished } from 'vitest';
import { RequestLedger } from './command-account.ts';
import { PATIENCE_MS } from './ports.ts';

/** Where to leave what has to be done at the end: of the running test, or of what several tests share. */
export type Afterwards = (end: () => void | Promise<void>) => void;

/** Last TypeID of process information, which goes to every master. */
const LAST_MONITOR_TYPE = 40;
/** Interrogation answers are nobody's event. */
const FIRST_INTERROGATION_CAUSE = 20;
const MASTER_RECONNECT = { minMs: 100, maxMs: 400 };

/** Octets of an ASDU as a key: IOA and time tag make those of the simulator's events unique. */
function keyOf(asdu: Uint8Array): string {
  return Buffer.from(asdu.buffer, asdu.byteOffset, asdu.length).toString('latin1');
}

/** Every event one RTU ever created, by number. */
export class EventLedger {
  readonly createdAt: number[] = [];
  private readonly sequences = new Map<string, number>();

  constructor(rtu: RtuSimulator) {
    rtu.on('event', ({ sequence, asdu, createdAt }) => {
      const key = keyOf(asdu);
      if (this.sequences.has(key)) throw new Error(`event ${sequence} has the octets of an earlier one`);
      this.sequences.set(key, sequence);
      this.createdAt[sequence] = createdAt;
    });
  }

  get total(): number {
    return this.createdAt.length;
  }

  sequenceOf(asdu: Uint8Array): number | undefined {
    return this.sequences.get(keyOf(asdu));
  }
}

/** What a master got, held against what the RTU sent. */
export interface Account {
  readonly name: string;
  readonly received: number;
  /** Events it never got. */
  readonly missing: number;
  /** Events it had had already. */
  readonly repeats: number;
  /** Times it was taken back to an earlier event, and the farthest. */
  readonly rewinds: number;
  readonly farthest: number;
  /** Breaks of the order: after event n came neither n + 1 nor an earlier one, with no new connection in between. */
  readonly gaps: readonly string[];
  /** Process information that is no event of this RTU. */
  readonly unknown: number;
}

export interface MasterOptions {
  readonly reconnect?: boolean;
  readonly ca?: number;
  readonly oa?: number;
  readonly afterwards?: Afterwards;
}

/** A master that keeps account, on one connection at a time, which it may make to another gateway. */
export class Master {
  /** Numbers of the events received, in order; `RECONNECTED` where a new connection began. */
  received: number[] = [];
  /** When each number of `received` came. */
  receivedAt: number[] = [];
  outcomes: (Outcome & { readonly startedAt: number })[] = [];
  /** When ACT_CON came, to whatever command. */
  confirmedAt: number[] = [];
  unknown = 0;
  disconnections = 0;
  strays = 0;
  reasons: string[] = [];
  simulator: MasterSimulator;
  /** Number of the newest event ever received, -1 before there is one. */
  newest = -1;
  /** First event of the account. */
  private accountFrom = 0;
  private readonly everReceived = new Set<number>();
  private commanding: Promise<void> | undefined;
  private commandsWanted = false;

  constructor(
    readonly name: string,
    readonly localAddress: string,
    private readonly ledger: EventLedger,
    /** The gateway it is at, or connects to next. */
    public host: string,
    readonly port: number,
    readonly options: MasterOptions = {},
  ) {
    this.simulator = this.simulatorAt(host);
    (options.afterwards ?? onTestFinished)(() => this.close());
  }

  /** Number of distinct events ever received. */
  get distinct(): number {
    return this.everReceived.size;
  }

  /** From here on a new account: events of before that come again count as repeats. */
  startAccount(): void {
    this.accountFrom = this.ledger.total;
    [this.received, this.receivedAt, this.outcomes, this.reasons] = [[], [], [], []];
    this.confirmedAt = [];
    this.unknown = this.disconnections = this.strays = 0;
  }

  connect(): Promise<void> {
    return this.simulator.connect();
  }

  async close(): Promise<void> {
    this.commandsWanted = false;
    await this.simulator.close();
  }

  /** From now on at another gateway. */
  async moveTo(host: string): Promise<void> {
    await this.simulator.close();
    this.host = host;
    this.simulator = this.simulatorAt(host);
    await this.connect();
  }

  /** Gives one command after the other until `stopCommanding`. */
  startCommanding(ioa: number, pauseMs: number): void {
    this.commandsWanted = true;
    const run = async (): Promise<void> => {
      for (let value = 0; this.commandsWanted; value ^= 1) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        if (!this.commandsWanted || !this.simulator.started) continue;
        const startedAt = performance.now();
        const outcome = await this.simulator.command(`single ${ioa} ${value === 0 ? 'off' : 'on'}`, {
          timeoutMs: COMMAND_TIMEOUT_MS,
        });
        this.outcomes.push({ ...outcome, startedAt });
      }
    };
    this.commanding = run();
  }

  async stopCommanding(): Promise<void> {
    this.commandsWanted = false;
    await this.commanding;
  }

  /** Waits until it has every event there is; gives up when none has come for `quietMs`. */
  async hasAll(quietMs = PATIENCE_MS): Promise<number> {
    const startedAt = performance.now();
    let [distinct, since] = [this.distinct, startedAt];
    while (this.distinct < this.ledger.total) {
      const now = performance.now();
      if (this.distinct > distinct) [distinct, since] = [this.distinct, now];
      if (now - since > quietMs)
        throw new Error(
          `${this.name} has ${distinct} of ${this.ledger.total} events: ${JSON.stringify(this.account())}`,
        );
      await delay(10);
    }
    return performance.now() - startedAt;
  }

  account(from = this.accountFrom, to = this.ledger.total): Account {
    const seen = new Set<number>();
    const gaps: string[] = [];
    let [last, newest, repeats, rewinds, farthest] = [from - 1, from - 1, 0, 0, 0];
    let fresh = false;
    let received = 0;
    for (const sequence of this.received) {
      if (sequence === RECONNECTED) {
        fresh = true;
        continue;
      }
      received++;
      if (seen.has(sequence) || sequence < from) repeats++;
      seen.add(sequence);
      if (sequence <= last) {
        rewinds++;
        farthest = Math.max(farthest, newest + 1 - sequence);
      } else if (sequence > last + 1 && !fresh) gaps.push(`${last} -> ${sequence}`);
      fresh = false;
      last = sequence;
      newest = Math.max(newest, sequence);
    }
    let missing = 0;
    for (let sequence = from; sequence < to; sequence++) if (!seen.has(sequence)) missing++;
    return { name: this.name, received, missing, repeats, rewinds, farthest, gaps, unknown: this.unknown };
  }

  /** Longest time without a new event between `from` and `to`, in ms. */
  longestSilence(from: number, to = performance.now()): number {
    let longest = 0;
    let last = from;
    let newest = this.accountFrom - 1;
    for (let i = 0; i < this.received.length; i++) {
      const sequence = this.received[i] as number;
      if (sequence <= newest) continue;
      newest = sequence;
      const at = this.receivedAt[i] as number;
      if (at < from || at > to) continue;
      longest = Math.max(longest, at - last);
      last = at;
    }
    return Math.max(longest, to - last);
  }

  private simulatorAt(host: string): MasterSimulator {
    const { reconnect = false, ca = RTU_CA, oa = 0 } = this.options;
    const simulator = new MasterSimulator({
      host,
      port: this.port,
      localAddress: this.localAddress,
      name: this.name,
      ca,
      oa,
      reconnect: reconnect ? MASTER_RECONNECT : false,
      onAsdu: ({ octets, view, receivedAt }) => {
        if (view.cot === Cause.ACT_CON) this.confirmedAt.push(receivedAt);
        if ((octets[0] as number) > LAST_MONITOR_TYPE || view.cot >= FIRST_INTERROGATION_CAUSE) return;
        const sequence = this.ledger.sequenceOf(octets);
        if (sequence === undefined) {
          this.unknown++;
          return;
        }
        this.received.push(sequence);
        this.receivedAt.push(receivedAt);
        this.everReceived.add(sequence);
        this.newest = Math.max(this.newest, sequence);
      },
    });
    simulator.on('connected', () => {
      this.received.push(RECONNECTED);
      this.receivedAt.push(performance.now());
    });
    simulator.on('stray', () => this.strays++);
    simulator.on('disconnected', ({ code, message }) => {
      if (code === 'closed') return;
      this.disconnections++;
      this.reasons.push(`${code}: ${message}`);
    });
    return simulator;
  }
}

const RECONNECTED = -1;
export const RTU_CA = 47;
/** A command has an answer in this time, or something is wrong: its deadline is 5 s, a silent router is noticed in 2.5. */
export const COMMAND_TIMEOUT_MS = 7_500;

/** An RTU that listens, its ledger, and how many connections it had at once. */
export interface TestRtu {
  readonly rtu: RtuSimulator;
  readonly ledger: EventLedger;
  readonly requests: RequestLedger;
  /** Most connections that were open at the same time. */
  readonly mostConnections: () => number;
  /** Counts those anew. */
  readonly countConnections: () => void;
}

export async function startRtu(
  options: ConstructorParameters<typeof RtuSimulator>[0] = {},
  afterwards: Afterwards = onTestFinished,
): Promise<TestRtu> {
  const rtu = new RtuSimulator({ host: '127.0.0.2', ca: RTU_CA, eventBuffer: 100_000, ...options });
  const ledger = new EventLedger(rtu);
  const requests = new RequestLedger(rtu);
  let most = 0;
  rtu.on('connected', () => (most = Math.max(most, rtu.connections.length)));
  await rtu.start();
  afterwards(() => rtu.close());
  return {
    rtu,
    ledger,
    requests,
    mostConnections: () => most,
    countConnections: () => (most = rtu.connections.length),
  };
}
