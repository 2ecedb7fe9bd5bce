import { decodeAsdu, Iec104Error } from '@iec104mm2ss/iec104';
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

/** Values with a fraction are as exact as single precision and normalized values are. */
const TOLERANCE = 1e-4;
const QUALITY_BITS: readonly (readonly [name: string, bit: number])[] = [
  ['iv', 0x80],
  ['nt', 0x40],
  ['sb', 0x20],
  ['bl', 0x10],
  ['ov', 0x01],
];
/** Objects kept since the last mark: the oldest give way. */
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

  count(expectation: Expectation): number {
    return this.objects.filter((object) => matches(object, expectation)).length;
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
  return object.value !== undefined && Math.abs(object.value - value) <= TOLERANCE * Math.max(1, Math.abs(value));
}
