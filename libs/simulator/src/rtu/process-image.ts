import {
  type AsduInput,
  Cause,
  type Cp56Time,
  IOA_MAX,
  type TypeName,
  encodeAsdu,
  endOfInitialization,
  epochMsToCp56,
  typeByName,
} from '@iec104mm2ss/iec104';
import { type CommandKind, POINT_KINDS, plainObject, type PointKind, representable } from '../points/point-kind.js';
import type { CommandDefinition, PointDefinition, SelectPolicy } from '../points/point.js';
import { qualityMask } from '../points/quality.js';

/** A point and what it is now. */
export interface Point extends Omit<PointDefinition, 'quality'> {
  current: number;
  /** Bits of its quality descriptor. */
  quality: number;
  readonly qualityAtPowerOn: number;
  /** Time tag of its last event, epoch milliseconds. */
  lastEventMs: number;
}

/** A command and the point it works on. */
export interface Command {
  readonly ioa: number;
  readonly kind: CommandKind;
  readonly select: SelectPolicy;
  /** Undefined: it is confirmed, and changes nothing. */
  readonly point: Point | undefined;
}

/** How an event differs from what its point says. */
export interface EventForm {
  /** Bits of the quality descriptor; default: the point's quality stays. */
  readonly quality?: number | undefined;
  /** With CP56Time2a; default: as the point has it. */
  readonly timed?: boolean | undefined;
  /** The time tag is marked invalid. */
  readonly invalidTime?: boolean | undefined;
}

/** A point, and how an event of it differs from what the point says. */
export interface EventOptions extends EventForm {
  /** Default 3, spontaneous. */
  readonly cause?: number;
  /** Of several points at one address: the one meant. Default: the first. */
  readonly kind?: PointKind | undefined;
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
  private readonly byIoa = new Map<number, Point[]>();
  private readonly commands = new Map<number, Command[]>();
  /** Counter readings as frozen last, and the number of that freeze. */
  private readonly frozen = new Map<number, number>();
  private freezeCount = 0;

  /** @throws RangeError for an address outside of 1..16777215, or two points of one kind at one address */
  constructor(
    definitions: readonly PointDefinition[],
    readonly ca: number,
    commands: readonly CommandDefinition[] = [],
    private readonly timeTag: (epochMs: number) => Cp56Time = epochMsToCp56,
  ) {
    this.points = definitions
      .map(({ quality = 0, ...definition }) => ({
        ...definition,
        current: definition.value,
        quality,
        qualityAtPowerOn: quality,
        lastEventMs: 0,
      }))
      .sort((a, b) => a.ioa - b.ioa);
    for (const point of this.points) {
      if (point.ioa < 1 || point.ioa > IOA_MAX) throw new RangeError(`IOA ${point.ioa} is outside 1..${IOA_MAX}`);
      if (this.point(point.ioa, point.kind) !== undefined) throw new RangeError(`two ${point.kind} at ${point.ioa}`);
      append(this.byIoa, point.ioa, point);
      for (const ioa of point.commandIoas) {
        const kind = point.commandKind ?? commandKindOf(point.kind);
        if (kind !== undefined) append(this.commands, ioa, { ioa, kind, select: point.select, point });
      }
    }
    for (const { ioa, kind, select, point } of commands) {
      const works = point === undefined ? undefined : this.point(point.ioa, point.kind);
      append(this.commands, ioa, { ioa, kind, select, point: works });
    }
  }

  /** The point at an address: that of a kind, or the first of them. */
  point(ioa: number, kind?: PointKind): Point | undefined {
    return this.pointsAt(ioa).find((point) => kind === undefined || point.kind === kind);
  }

  /** All points at an address: one of each kind at most. */
  pointsAt(ioa: number): readonly Point[] {
    return this.byIoa.get(ioa) ?? [];
  }

  /** The command at an address: that of a kind, or the first of them. */
  command(ioa: number, kind?: CommandKind): Command | undefined {
    return this.commands.get(ioa)?.find((command) => kind === undefined || command.kind === kind);
  }

  /** All values as at power-on. */
  reset(): void {
    for (const point of this.points) {
      point.current = point.value;
      point.quality = point.qualityAtPowerOn;
    }
    this.frozen.clear();
    this.freezeCount = 0;
  }

  /** Sets a value and returns the event that tells of it; of those with a time tag one per point and millisecond at most. */
  change(point: Point, value: number, cause: number, atEpochMs: number, form: EventForm = {}): Uint8Array {
    point.current = clamp(point.kind, value);
    if (form.quality !== undefined) point.quality = form.quality & qualityMask(point.kind);
    const object = plainObject(point.kind, point.ioa, point.current, point.quality);
    if (!(form.timed ?? point.timed ?? true)) return this.encode(POINT_KINDS[point.kind].plain, cause, 0, [object]);
    // (IOA, time tag) names an event: two changes of a point never share a millisecond.
    const stampMs = Math.max(Math.floor(atEpochMs), point.lastEventMs + 1);
    point.lastEventMs = stampMs;
    const time = { ...this.timeTag(stampMs), ...(form.invalidTime === true && { iv: true }) };
    return this.encode(POINT_KINDS[point.kind].timed, cause, 0, [{ ...object, time }]);
  }

  /** One point as its plain type, as a read command wants it. */
  object(point: Point, cause: number, oa: number): Uint8Array {
    const object = plainObject(point.kind, point.ioa, point.current, point.quality);
    return this.encode(POINT_KINDS[point.kind].plain, cause, oa, [object]);
  }

  /**
   * The answer to an interrogation: everything but counters, packed, `group` 1..16 or undefined for the station. Its cause is
   * the standard's unless another one is given.
   */
  interrogated(group: number | undefined, oa: number, otherCause?: number): Uint8Array[] {
    const cause = otherCause ?? (group === undefined ? Cause.INROGEN : Cause.INROGEN + group);
    const wanted = this.points.filter(
      (point) =>
        point.kind !== 'counter' && (point.interrogated ?? true) && (group === undefined || point.group === group),
    );
    return this.pack(wanted, cause, oa, (point) => plainObject(point.kind, point.ioa, point.current, point.quality));
  }

  /** The answer to a counter interrogation: counters as frozen last, else as they are; `group` 1..4 or all. */
  counters(group: number | undefined, oa: number): Uint8Array[] {
    const cause = group === undefined ? Cause.REQCOGEN : Cause.REQCOGEN + group;
    const wanted = this.countersOf(group);
    return this.pack(wanted, cause, oa, (point) => {
      const value = this.frozen.get(point.ioa) ?? point.current;
      return plainObject('counter', point.ioa, value, point.quality, this.freezeCount % 32);
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

function append<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function commandKindOf(kind: PointKind): CommandKind | undefined {
  return kind === 'counter' ? undefined : kind;
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
