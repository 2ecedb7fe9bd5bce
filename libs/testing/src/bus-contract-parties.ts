import assert from 'node:assert/strict';
import { type Bus, BusError, type EventLog, type LogWriter } from '@iec104mm2ss/bus';
import { iFormat } from '@iec104mm2ss/iec104';
import type { LogRecord } from '@iec104mm2ss/wire';

/** What the cases of the bus contract are made of. */

/** Waits for a condition, in whatever time the bus lives in. */
export type Until = (condition: () => boolean, what: string) => Promise<void>;

export interface Parties {
  readonly bus: Bus;
  /** Another client of the same server, or the same bus where there is only one. */
  readonly other: Bus;
  readonly until: Until;
  /** As `until`, for a condition that has to be asked for. */
  readonly untilAsync: (condition: () => Promise<boolean>, what: string) => Promise<void>;
}

export type Case = (parties: Parties) => Promise<void>;
export type Cases = Record<string, Case>;

export const octets = (text: string): Buffer => Buffer.from(text);
export const text = (data: Uint8Array | undefined): string => Buffer.from(data ?? octets('nothing')).toString();

let names = 0;
/** A name nothing else uses, on a server that keeps what earlier runs left. */
export function unique(prefix: string): string {
  return `${prefix}${process.pid}x${Math.floor(performance.timeOrigin).toString(36)}x${++names}`;
}

export function partiesOf(bus: Bus, other: Bus, until: Until): Parties {
  const untilAsync = (condition: () => Promise<boolean>, what: string): Promise<void> => {
    let holds = false;
    let asking = false;
    let failure: Error | undefined;
    return until(() => {
      if (failure !== undefined) throw failure;
      if (!holds && !asking) {
        asking = true;
        condition().then(
          (answer) => {
            holds = answer;
            asking = false;
          },
          (error: unknown) => (failure = error as Error),
        );
      }
      return holds;
    }, what);
  };
  return { bus, other, until, untilAsync };
}

/** Resolves when everything `bus` subscribed to so far is known to where `publisher` is connected. */
export async function settled({ until }: Parties, bus: Bus, publisher: Bus): Promise<void> {
  const subject = `contract.${unique('probe')}`;
  let seen = false;
  const subscription = bus.subscribe(subject, () => {
    seen = true;
  });
  await until(() => {
    if (!seen) publisher.publish(subject, octets('probe'));
    return seen;
  }, 'a probe arrives');
  subscription.unsubscribe();
}

/** Resolves when all that `publisher` has published so far was delivered to `bus`. */
export const delivered = settled;

export async function rejection(promise: Promise<unknown>): Promise<BusError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof BusError, `a BusError, not ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: 'resolved instead of failing' });
}

/** The smallest ASDU: its objects, if any, are nobody's concern here. */
const APDU = iFormat(0, 0, new Uint8Array([1, 0, 3, 0, 1, 0]));

/** So many APDUs back to back, the first of them marked. */
export function apduRun(count: number, mark = 0): Buffer {
  const run = Buffer.alloc(count * APDU.length, APDU);
  run[8] = mark;
  return run;
}

export interface OpenLog {
  readonly log: EventLog;
  readonly writer: LogWriter;
  readonly stored: number;
  readonly refused: number;
  /** Appends records of these sizes, one after the other. */
  append(...counts: number[]): void;
  /** Appends one of this link. */
  appendOf(epoch: number, count: number): void;
  allStored(): Promise<void>;
}

export async function openLog({ until }: Parties, bus: Bus, group: string): Promise<OpenLog> {
  const log = bus.eventLog(group, { capacity: 100_000 });
  const state = { stored: -1, refused: 0 };
  const writer = await log.openWriter({
    onStored: (position) => {
      assert.ok(position > state.stored, `stored ${position} after ${state.stored}`);
      state.stored = position;
    },
    onRefused: () => {
      state.refused++;
    },
  });
  const appendOf = (epoch: number, count: number): void => {
    const run = apduRun(count);
    writer.append({ epoch, count, receivedAt: 1_000, octets: run, start: 0, end: run.length });
  };
  return {
    log,
    writer,
    get stored() {
      return state.stored;
    },
    get refused() {
      return state.refused;
    },
    append(...counts) {
      for (const count of counts) appendOf(1, count);
    },
    appendOf,
    allStored: () => until(() => state.stored === writer.next, `stored up to ${writer.next}`),
  };
}

/** Records as `first+count`. */
export function ranges(records: readonly LogRecord[]): string {
  return records.map(({ first, count }) => `${first}+${count}`).join(' ');
}

/** The oldest place there can be. */
export const BEGINNING = { generation: 0, position: 0 };
