import { BROADCAST_CA } from '@iec104mm2ss/iec104';
import type { Transaction } from './command-transaction.js';
import { isProcessCommand } from './rules.js';

interface Lane {
  /** On their way to the RTU, or not yet over. */
  active: Transaction[];
  /** In the order they came. */
  queue: Transaction[];
}

/** All lanes of one type whose commands may go to all stations. */
interface Family {
  readonly active: Set<Transaction>;
  activeGlobals: Transaction[];
  /** In the order they came. */
  readonly waiting: Set<Transaction>;
  waitingGlobals: Transaction[];
}

export interface LaneRules {
  /** False while nothing may go at all; call `pumpAll` when that changes. */
  ready(): boolean;
  /** Whether `next` may go while `other`, of the same lane or for all stations, is active. */
  mayJoin(next: Transaction, other: Transaction): boolean;
  /** The command goes; it is active already. */
  start(transaction: Transaction): void;
}

const NONE: readonly Transaction[] = [];

/** C_IC, C_CI, C_CS and C_RP ask a station as a whole, and may be sent to the global CA. */
const STATION_TYPES: ReadonlySet<number> = new Set([100, 101, 103, 105]);

/** True for the types that ask a station as a whole. */
export function asksStation(typeId: number): boolean {
  return STATION_TYPES.has(typeId);
}

/**
 * In which order commands go out. Those whose answers could be mistaken for each other share a lane: one per object for
 * process commands, one per type and station for what a station as a whole is asked, one per type and object for others. A
 * command to all stations waits for what came before it to single ones, and what comes after it waits for it.
 */
export class CommandLanes {
  private readonly lanes = new Map<number, Lane>();
  private readonly families = new Map<number, Family>();
  private nextOrder = 1;
  /** Commands that have left or let others pass: their lanes have to be looked at. */
  private left: Transaction[] = [];
  private pumping = false;

  constructor(private readonly rules: LaneRules) {}

  get size(): number {
    return this.lanes.size;
  }

  /** Puts a command behind those that wait, and sends it when it may go at once. */
  enqueue(transaction: Transaction): void {
    transaction.order = this.nextOrder++;
    this.lane(laneOf(transaction)).queue.push(transaction);
    const family = this.family(transaction.typeId);
    family?.waiting.add(transaction);
    if (transaction.ca === BROADCAST_CA) family?.waitingGlobals.push(transaction);
    this.pump([transaction]);
  }

  /** Makes a command active, past those that wait. */
  activate(transaction: Transaction): void {
    this.lane(laneOf(transaction)).active.push(transaction);
    const family = this.family(transaction.typeId);
    family?.active.add(transaction);
    if (transaction.ca === BROADCAST_CA) family?.activeGlobals.push(transaction);
  }

  /** The command is over, or waits no longer. Call `pump` then. */
  remove(transaction: Transaction): void {
    const key = laneOf(transaction);
    const lane = this.lanes.get(key);
    if (lane !== undefined) {
      if (lane.active.includes(transaction)) lane.active = without(lane.active, transaction);
      else lane.queue = without(lane.queue, transaction);
      if (lane.active.length === 0 && lane.queue.length === 0) this.lanes.delete(key);
    }
    const family = this.families.get(transaction.typeId);
    if (family === undefined) return;
    family.active.delete(transaction);
    family.activeGlobals = without(family.activeGlobals, transaction);
    this.waitsNoLonger(family, transaction);
    if (family.active.size === 0 && family.waiting.size === 0) this.families.delete(transaction.typeId);
  }

  /**
   * Sends what may go now that these have left, or let others pass. What is sent may end at once and call this again: that
   * is done here afterwards, not within.
   */
  pump(left: readonly Transaction[]): void {
    for (const transaction of left) this.left.push(transaction);
    if (this.pumping) return;
    this.pumping = true;
    try {
      for (let next = this.left.pop(); next !== undefined; next = this.left.pop()) this.pumpAround(next);
    } finally {
      this.pumping = false;
    }
  }

  /** Sends all that may go: what held up everything is over. */
  pumpAll(): void {
    const heads = [...this.lanes.values()].flatMap(({ queue }) => queue.slice(0, 1));
    this.pump(heads.sort((a, b) => b.order - a.order));
  }

  /** What is active and could be answered with this TypeID, CA and IOA. */
  active(typeId: number, ca: number, ioa: number): readonly Transaction[] {
    const own = this.lanes.get(laneKey(typeId, ca, ioa))?.active ?? NONE;
    const globals = this.families.get(typeId)?.activeGlobals ?? NONE;
    if (globals.length === 0 || ca === BROADCAST_CA) return own;
    return own.length === 0 ? globals : [...own, ...globals];
  }

  /** What is active and could be mistaken for this command, or it for them. */
  beside(transaction: Transaction): Transaction[] {
    const { typeId, ca } = transaction;
    const family = this.families.get(typeId);
    const others = new Set(this.lanes.get(laneOf(transaction))?.active);
    for (const other of (ca === BROADCAST_CA ? family?.active : family?.activeGlobals) ?? NONE) others.add(other);
    others.delete(transaction);
    return [...others];
  }

  /** What waits with this TypeID, CA and IOA. */
  waiting(typeId: number, ca: number, ioa: number): readonly Transaction[] {
    return this.lanes.get(laneKey(typeId, ca, ioa))?.queue ?? NONE;
  }

  private pumpAround(transaction: Transaction): void {
    this.pumpLane(laneOf(transaction));
    const family = this.families.get(transaction.typeId);
    if (family === undefined) return;
    const [global] = family.waitingGlobals;
    if (transaction.ca !== BROADCAST_CA) {
      if (global !== undefined && this.isNext(global)) this.run(global);
      return;
    }
    for (const other of [...family.waiting]) {
      if (family.waiting.has(other) && this.isNext(other)) this.run(other);
      // What came after it waits for it.
      else if (other.ca === BROADCAST_CA && family.waiting.has(other)) return;
    }
  }

  private pumpLane(key: number): void {
    for (;;) {
      const next = this.lanes.get(key)?.queue[0];
      if (next === undefined || !this.isNext(next)) return;
      this.run(next);
    }
  }

  private run(transaction: Transaction): void {
    this.lane(laneOf(transaction)).queue.shift();
    const family = this.family(transaction.typeId);
    if (family !== undefined) this.waitsNoLonger(family, transaction);
    this.activate(transaction);
    this.rules.start(transaction);
  }

  /** Nothing that came before it waits for the same, and nothing that is active could be mistaken for it. */
  private isNext(next: Transaction): boolean {
    if (!this.rules.ready()) return false;
    const mayJoin = (other: Transaction): boolean => this.rules.mayJoin(next, other);
    const lane = this.lanes.get(laneOf(next));
    if (lane?.queue[0] !== next || !lane.active.every(mayJoin)) return false;
    const family = this.families.get(next.typeId);
    if (family === undefined) return true;
    if (next.ca !== BROADCAST_CA) {
      const [global] = family.waitingGlobals;
      return family.activeGlobals.every(mayJoin) && (global === undefined || global.order > next.order);
    }
    const [first] = family.waiting;
    return first === next && [...family.active].every(mayJoin);
  }

  private waitsNoLonger(family: Family, transaction: Transaction): void {
    family.waiting.delete(transaction);
    family.waitingGlobals = without(family.waitingGlobals, transaction);
  }

  private lane(key: number): Lane {
    let lane = this.lanes.get(key);
    if (lane === undefined) {
      lane = { active: [], queue: [] };
      this.lanes.set(key, lane);
    }
    return lane;
  }

  private family(typeId: number): Family | undefined {
    if (!STATION_TYPES.has(typeId)) return undefined;
    let family = this.families.get(typeId);
    if (family === undefined) {
      family = { active: new Set(), activeGlobals: [], waiting: new Set(), waitingGlobals: [] };
      this.families.set(typeId, family);
    }
    return family;
  }
}

function without(transactions: Transaction[], transaction: Transaction): Transaction[] {
  return transactions.filter((other) => other !== transaction);
}

/** Number of the lane that a command is in. */
export function laneOf({ typeId, ca, ioa }: Pick<Transaction, 'typeId' | 'ca' | 'ioa'>): number {
  return laneKey(typeId, ca, ioa);
}

/** Commands on one object conflict whatever their TypeID; other types conflict with their like only. */
function laneKey(typeId: number, ca: number, ioa: number): number {
  const type = isProcessCommand(typeId) ? 0 : typeId;
  return (type * 0x10000 + ca) * 0x1000000 + (STATION_TYPES.has(typeId) ? 0 : ioa);
}
