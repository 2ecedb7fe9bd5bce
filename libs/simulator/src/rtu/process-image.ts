import {
  type AsduInput,
  Cause,
  IOA_MAX,
  type TypeName,
  encodeAsdu,
  endOfInitialization,
  epochMsToCp56,
  typeByName,
} from '@iec104mm2ss/iec104';
import { POINT_KINDS, plainObject, type PointKind, representable } from '../points/point-kind.js';
import type { PointDefinition } from '../points/point.js';

/** A point and what it is now. */
export interface Point extends PointDefinition {
  current: number;
  /** Time tag of its last event, epoch milliseconds. */
  lastEventMs: number;
}

const MAX_ASDU_OCTETS = 249;
const HEADER_OCTETS = 6;
const IOA_OCTETS = 3;
/** From this many consecutive addresses on, objects are sent as a sequence behind one IOA (SQ = 1). */
const SHORTEST_SEQUENCE = 4;
/** VSQ's number of objects has seven bits. */
const MAX_OBJECTS = 127;

/** The values of one RTU, and how they look on the wire. */
export class ProcessImage {
  readonly points: readonly Point[];
  private readonly byIoa = new Map<number, Point>();
  private readonly byCommandIoa = new Map<number, Point>();
  /** Counter readings as frozen last, and the number of that freeze. */
  private readonly frozen = new Map<number, number>();
  private freezeCount = 0;

  constructor(
    definitions: readonly PointDefinition[],
    readonly ca: number,
  ) {
    this.points = definitions
      .map((definition) => ({ ...definition, current: definition.value, lastEventMs: 0 }))
      .sort((a, b) => a.ioa - b.ioa);
    for (const point of this.points) {
      if (point.ioa < 1 || point.ioa > IOA_MAX) throw new RangeError(`IOA ${point.ioa} is outside 1..${IOA_MAX}`);
      this.byIoa.set(point.ioa, point);
      for (const ioa of point.commandIoas) this.byCommandIoa.set(ioa, point);
    }
  }

  point(ioa: number): Point | undefined {
    return this.byIoa.get(ioa);
  }

  /** The point that the command at this address works on. */
  commanded(commandIoa: number): Point | undefined {
    return this.byCommandIoa.get(commandIoa);
  }

  /** All values as at power-on. */
  reset(): void {
    for (const point of this.points) point.current = point.value;
    this.frozen.clear();
    this.freezeCount = 0;
  }

  /** Sets a value and returns the event that tells of it, at most one per point and millisecond. */
  change(point: Point, value: number, cause: number, atEpochMs: number): Uint8Array {
    point.current = clamp(point.kind, value);
    // (IOA, time tag) names an event: two changes of a point never share a millisecond.
    const stampMs = Math.max(Math.floor(atEpochMs), point.lastEventMs + 1);
    point.lastEventMs = stampMs;
    const object = { ...plainObject(point.kind, point.ioa, point.current), time: epochMsToCp56(stampMs) };
    return this.encode(POINT_KINDS[point.kind].timed, cause, 0, [object]);
  }

  /** One point as its plain type, as a read command wants it. */
  object(point: Point, cause: number, oa: number): Uint8Array {
    return this.encode(POINT_KINDS[point.kind].plain, cause, oa, [plainObject(point.kind, point.ioa, point.current)]);
  }

  /** The answer to an interrogation: everything but counters, packed, `group` 1..16 or undefined for the station. */
  interrogated(group: number | undefined, oa: number): Uint8Array[] {
    const cause = group === undefined ? Cause.INROGEN : Cause.INROGEN + group;
    const wanted = this.points.filter(
      (point) => point.kind !== 'counter' && (group === undefined || point.group === group),
    );
    return this.pack(wanted, cause, oa, (point) => plainObject(point.kind, point.ioa, point.current));
  }

  /** The answer to a counter interrogation: counters as frozen last, else as they are; `group` 1..4 or all. */
  counters(group: number | undefined, oa: number): Uint8Array[] {
    const cause = group === undefined ? Cause.REQCOGEN : Cause.REQCOGEN + group;
    const wanted = this.countersOf(group);
    return this.pack(wanted, cause, oa, (point) => {
      const value = this.frozen.get(point.ioa) ?? point.current;
      return plainObject('counter', point.ioa, value, this.freezeCount % 32);
    });
  }

  /** Freezes (and, or only, resets) counters: FRZ 1 freeze, 2 freeze with reset, 3 reset. */
  freeze(group: number | undefined, frz: number): void {
    if (frz !== 3) this.freezeCount++;
    for (const point of this.countersOf(group)) {
      if (frz !== 3) this.frozen.set(point.ioa, point.current);
      if (frz !== 1) point.current = 0;
    }
  }

  endOfInitialization(coi: number): Uint8Array {
    return endOfInitialization(this.ca, coi);
  }

  private countersOf(group: number | undefined): Point[] {
    return this.points.filter((point) => point.kind === 'counter' && (group === undefined || point.group === group));
  }

  private pack(points: Point[], cause: number, oa: number, object: (point: Point) => object): Uint8Array[] {
    const asdus: Uint8Array[] = [];
    for (const kind of Object.keys(POINT_KINDS) as PointKind[]) {
      const type = POINT_KINDS[kind].plain;
      const elementOctets = typeByName(type)?.elementOctets ?? 0;
      let loose: object[] = [];
      const flush = (): void => {
        if (loose.length > 0) asdus.push(this.encode(type, cause, oa, loose));
        loose = [];
      };
      const looseMax = Math.floor((MAX_ASDU_OCTETS - HEADER_OCTETS) / (IOA_OCTETS + elementOctets));
      const runMax = Math.min(Math.floor((MAX_ASDU_OCTETS - HEADER_OCTETS - IOA_OCTETS) / elementOctets), MAX_OBJECTS);
      for (const run of runs(
        points.filter((point) => point.kind === kind),
        runMax,
      )) {
        if (run.length >= SHORTEST_SEQUENCE) {
          flush();
          asdus.push(this.encode(type, cause, oa, run.map(object), true));
          continue;
        }
        for (const point of run) {
          loose.push(object(point));
          if (loose.length === Math.min(looseMax, MAX_OBJECTS)) flush();
        }
      }
      flush();
    }
    return asdus;
  }

  private encode(type: TypeName, cot: number, oa: number, objects: object[], sq = false): Uint8Array {
    // Type and objects come from one table row (POINT_KINDS), which the compiler cannot follow.
    return encodeAsdu({ type, cot, ca: this.ca, oa, sq, objects } as unknown as AsduInput);
  }
}

/** Cuts points (in address order) into runs of consecutive addresses, at most `max` long. */
function* runs(points: readonly Point[], max: number): Generator<Point[]> {
  let run: Point[] = [];
  for (const point of points) {
    const last = run.at(-1);
    if (last !== undefined && (point.ioa !== last.ioa + 1 || run.length === max)) {
      yield run;
      run = [];
    }
    run.push(point);
  }
  if (run.length > 0) yield run;
}

function clamp(kind: PointKind, value: number): number {
  const { min, max, integer } = POINT_KINDS[kind];
  const inside = Math.min(Math.max(value, min), max);
  return integer ? Math.round(inside) : representable(kind, inside);
}
