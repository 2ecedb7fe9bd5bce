import { EventEmitter } from 'node:events';
import { type AsduInput, Cause, type Cp56Time, encodeAsdu } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import { plainObject, POINT_KINDS } from '../points/point-kind.js';
import type { RtuConnection } from '../rtu/rtu-connection.js';
import type { RtuSimulator } from '../rtu/rtu-simulator.js';
import type { IoFile, RowFilter, SignalRow } from '../rtu-files/io-file.js';
import { pause, type RunOutcome, type RunStation, runIndex } from './index-run.js';
import { matchesFilter } from './request-filter.js';

/** What a station is called, and where its signals come from. */
export interface StationIdentity {
  readonly id: string;
  readonly name: string;
  readonly rtuNumber: number;
  readonly io: IoFile;
}

export interface StationEvents {
  /** A row is being sent; its ASDU follows as an event of the RTU. */
  row: [row: SignalRow];
  leftOut: [row: SignalRow, reason: string];
  indexBegan: [index: number, durationMs: number];
  indexEnded: [index: number, outcome: RunOutcome];
}

interface Waiting {
  readonly filter: RowFilter;
  readonly met: () => void;
}

/** Events that may wait for a master's acknowledgement before the next row is sent. */
const EVENTS_AHEAD = 1_000;

/** An RTU of a fleet: a simulated station, the rows of its IO file, and what of them is being sent. */
export class Station extends EventEmitter<StationEvents> implements RunStation {
  readonly id: string;
  readonly name: string;
  readonly rtuNumber: number;
  readonly io: IoFile;
  /** Connections on which an interrogation is being answered. */
  readonly interrogating = new Set<RtuConnection>();
  /** When data transfer was started last, epoch milliseconds. */
  startedAtMs: number | undefined;
  private readonly waiting = new Set<Waiting>();
  private readonly runs = new Set<AbortController>();
  /** The index sent last, and what became of it. */
  private last: { readonly index: number; readonly result: RunOutcome['result'] | undefined } | undefined;
  /** Where the point of a row is in the image, by kind and address. */
  private readonly places = new Map<string, number>();

  constructor(
    { id, name, rtuNumber, io }: StationIdentity,
    readonly rtu: RtuSimulator,
    readonly clock: Clock,
    private readonly compat: boolean,
  ) {
    super();
    this.id = id;
    this.name = name;
    this.rtuNumber = rtuNumber;
    this.io = io;
    rtu.on('request', ({ asdu }) => this.onRequest(asdu));
    rtu.on('started', () => (this.startedAtMs = clock.wallMs()));
    rtu.on('interrogation', (connection) => this.interrogating.add(connection));
    rtu.on('interrogationEnded', (connection) => this.interrogating.delete(connection));
    rtu.on('disconnected', (connection) => this.interrogating.delete(connection));
    rtu.on('stopped', (connection) => this.interrogating.delete(connection));
  }

  get started(): boolean {
    return this.rtu.started;
  }

  /** As a list shows it: the index sent last, `sending N`, `missing N`, `N: no master, waiting`; empty before the first. */
  get lastIndex(): string {
    if (this.last === undefined) return '';
    const { index, result } = this.last;
    if (result === undefined) return this.started ? `sending ${index}` : `${index}: no master, waiting`;
    return result === 'sent' ? String(index) : `${result} ${index}`;
  }

  /** Something is being sent by index. */
  get sending(): boolean {
    return this.runs.size > 0;
  }

  /** Sends the rows of an index, 0 for all; several may be under way. */
  async send(index: number, durationMs: number): Promise<RunOutcome> {
    const run = new AbortController();
    this.runs.add(run);
    this.last = { index, result: undefined };
    this.emit('indexBegan', index, durationMs);
    try {
      const outcome = await runIndex(this, index, durationMs, run.signal);
      this.last = { index, result: outcome.result };
      this.emit('indexEnded', index, outcome);
      return outcome;
    } finally {
      this.runs.delete(run);
    }
  }

  /** Ends what is being sent by index, waits included. */
  stopSending(): void {
    for (const run of this.runs) run.abort();
  }

  /** Sends one row. The image follows, except where the old program is to be matched, which has none. */
  sendRow(row: SignalRow): void {
    this.emit('row', row);
    const { rtu } = this;
    const point = this.compat ? undefined : rtu.points[this.placeOf(row)];
    if (point !== undefined) {
      rtu.tell(point, row.value, Cause.SPONT, { quality: row.quality, timed: row.timed });
      return;
    }
    rtu.publish(rowAsdu(row, rtu.ca, row.timed ? rtu.timeNow() : undefined, Cause.SPONT));
  }

  leftOut(row: SignalRow, reason: string): void {
    this.emit('leftOut', row, reason);
  }

  room(): Promise<void> {
    return this.rtu.buffered <= EVENTS_AHEAD ? Promise.resolve() : this.rtu.buffersBelow(EVENTS_AHEAD);
  }

  async awaitRequest(filter: RowFilter, stop: AbortSignal): Promise<boolean> {
    const over = new AbortController();
    let isMet = false;
    const waiting = {
      filter,
      met: () => {
        isMet = true;
        over.abort();
      },
    };
    this.waiting.add(waiting);
    await pause(this.clock, filter.timeoutMs, AbortSignal.any([over.signal, stop]));
    this.waiting.delete(waiting);
    return isMet;
  }

  private onRequest(asdu: Uint8Array): void {
    for (const { filter, met } of [...this.waiting]) if (matchesFilter(filter, asdu)) met();
  }

  private placeOf({ kind, ioa }: SignalRow): number {
    if (this.places.size === 0) {
      this.rtu.points.forEach((point, at) => this.places.set(`${point.kind} ${point.ioa}`, at));
    }
    return this.places.get(`${kind} ${ioa}`) ?? -1;
  }
}

/** A row as the old program sends it: one object, as the file has it; `time` undefined: without time tag. */
export function rowAsdu(row: SignalRow, ca: number, time: Cp56Time | undefined, cot: number, oa = 0): Uint8Array {
  const { plain, timed } = POINT_KINDS[row.kind];
  const object = plainObject(row.kind, row.ioa, row.value, row.quality);
  const input =
    time === undefined ? { type: plain, objects: [object] } : { type: timed, objects: [{ ...object, time }] };
  return encodeAsdu({ ...input, cot, ca, oa } as unknown as AsduInput);
}
