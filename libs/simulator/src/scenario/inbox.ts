import { decodeAsdu, Iec104Error, TypeId } from '@iec104mm2ss/iec104';
import type { MasterSimulator } from '../master/master-simulator.js';
import type { Expectation } from './scenario.js';

/** An information object that a master got. */
export interface GotObject {
  readonly type: string;
  readonly cause: number;
  readonly negative: boolean;
  readonly ioa: number;
  readonly value: number | undefined;
  readonly quality: number;
}

/** Type IDs of normalized values, which are multiples of 2^-15, and of short floating points, which have 24 bits: others are exact. */
const NORMALIZED: readonly number[] = [
  TypeId.M_ME_NA_1,
  TypeId.M_ME_TA_1,
  TypeId.M_ME_ND_1,
  TypeId.M_ME_TD_1,
  TypeId.C_SE_NA_1,
  TypeId.C_SE_TA_1,
];
const FLOAT: readonly number[] = [
  TypeId.M_ME_NC_1,
  TypeId.M_ME_TC_1,
  TypeId.M_ME_TF_1,
  TypeId.C_SE_NC_1,
  TypeId.C_SE_TC_1,
];
const NORMALIZED_STEP = 2 ** -15;
const FLOAT_PRECISION = 1e-6;
const QUALITY_BITS: readonly (readonly [name: string, bit: number])[] = [
  ['iv', 0x80],
  ['nt', 0x40],
  ['sb', 0x20],
  ['bl', 0x10],
  ['ov', 0x01],
];
/** Objects kept since the last mark. What comes beyond is not kept, and nothing can be said of it. */
const MAX_OBJECTS = 1_000_000;

/** What a master got since the last step that does something. */
export class Inbox {
  readonly objects: GotObject[] = [];
  private listeners = new Set<() => void>();

  constructor(readonly master: MasterSimulator) {
    master.on('asdu', ({ octets, view }) => {
      for (const object of objectsOf(octets, view.negative)) {
        if (this.objects.length < MAX_OBJECTS) this.objects.push(object);
      }
      for (const listener of this.listeners) listener();
    });
  }

  /** Only what comes from now on counts. */
  mark(): void {
    this.objects.length = 0;
  }

  /** How many have come since the mark, at each call; each object is looked at once. */
  counter(expectation: Expectation): () => number {
    let seen = 0;
    let found = 0;
    return () => {
      for (; seen < this.objects.length; seen++) {
        if (matches(this.objects[seen] as GotObject, expectation)) found++;
      }
      return found;
    };
  }

  /** So much has come since the mark that some of it was not kept. */
  get full(): boolean {
    return this.objects.length >= MAX_OBJECTS;
  }

  /** Calls back after each ASDU, until the function that it returns is called. */
  onAsdu(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

function objectsOf(octets: Uint8Array, negative: boolean): GotObject[] {
  try {
    const decoded = decodeAsdu(octets);
    if (decoded.type === 'OPAQUE') return [];
    return decoded.objects.map((object) => {
      const { ioa, value, quality } = object as { ioa: number; value?: number | boolean; quality?: object };
      const flags = (quality ?? {}) as Record<string, unknown>;
      const bits = QUALITY_BITS.reduce((sum, [name, bit]) => sum | (flags[name] === true ? bit : 0), 0);
      const number = value === undefined ? undefined : Number(value);
      return { type: decoded.type, cause: decoded.cot, negative, ioa, value: number, quality: bits };
    });
  } catch (error) {
    if (error instanceof Iec104Error) return [];
    throw error;
  }
}

function matches(object: GotObject, { type, ioa, value, quality, cause, negative }: Expectation): boolean {
  if (type !== undefined && object.type !== type) return false;
  if (ioa !== undefined && object.ioa !== ioa) return false;
  if (cause !== undefined && object.cause !== cause) return false;
  if (quality !== undefined && object.quality !== quality) return false;
  if (negative !== undefined && object.negative !== negative) return false;
  if (value === undefined) return true;
  return object.value !== undefined && Math.abs(object.value - value) <= toleranceOf(object.type, value);
}

function toleranceOf(type: string, value: number): number {
  const typeId = TypeId[type as keyof typeof TypeId];
  if (NORMALIZED.includes(typeId)) return NORMALIZED_STEP;
  return FLOAT.includes(typeId) ? FLOAT_PRECISION * Math.abs(value) : 0;
}
