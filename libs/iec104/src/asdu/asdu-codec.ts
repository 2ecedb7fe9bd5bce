import { Iec104Error } from '../errors.js';
import {
  ASDU_CA_OFFSET,
  ASDU_CAUSE_OFFSET,
  ASDU_HEADER_OCTETS,
  ASDU_MAX_OCTETS,
  ASDU_OA_OFFSET,
  ASDU_TYPE_OFFSET,
  ASDU_VSQ_OFFSET,
  COT_CAUSE_MASK,
  COT_NEGATIVE_BIT,
  COT_TEST_BIT,
  IOA_MAX,
  IOA_OCTETS,
  readIoa,
  VSQ_COUNT_MASK,
  VSQ_SQ_BIT,
} from './asdu-layout.js';
import { AsduView } from './asdu-view.js';
import type { Asdu, AsduHeader, AsduInput, InformationObject, KnownAsdu } from './asdu.js';
import { ELEMENT_CODECS } from './element-codec.js';
import { ELEMENT_OCTETS } from './element-octets.js';
import type { ElementKind } from './element.js';
import { bit, checkedObject, checkedUint, writeUint16, writeUint24 } from './fields.js';
import { typeByName, typeInfo } from './type-table.js';
import type { TypeInfo } from './type-table.js';

/**
 * Decodes a whole ASDU. Everything is kept: `encodeAsdu(decodeAsdu(octets))` equals `octets`, reserved bits included.
 * Times, qualifiers and causes out of the standard's range are decoded as they are, not refused.
 *
 * @param octets the ASDU and nothing else; the result shares no memory with it
 * @returns an ASDU of a known type with its objects, or an opaque one for reserved and private types
 * @throws Iec104Error `ASDU_TOO_SHORT` (below 6), `ASDU_TOO_LONG` (above 249), `ASDU_LENGTH_MISMATCH` (a known type
 * whose length is not what TypeID and VSQ announce)
 */
export function decodeAsdu(octets: Uint8Array): Asdu {
  if (octets.length > ASDU_MAX_OCTETS) throw tooLong(octets.length);
  const view = new AsduView(octets);
  const { sq, cot, negative, test, oa, ca, typeId, count } = view;
  const header: AsduHeader = { sq, cot, negative, test, oa, ca };
  const info = typeInfo(typeId);
  if (info === undefined) {
    return { type: 'OPAQUE', typeId, ...header, count, opaque: new Uint8Array(octets.subarray(ASDU_HEADER_OCTETS)) };
  }
  const objects = decodeObjects(octets, info, sq, count);
  // One loop serves all types, so the compiler cannot see that these objects belong to this type.
  return { type: info.name, typeId, ...header, objects } as KnownAsdu;
}

function decodeObjects(octets: Uint8Array, info: TypeInfo, sq: boolean, count: number): InformationObject[] {
  const objects: InformationObject[] = [];
  let at = ASDU_HEADER_OCTETS;
  let ioa = 0;
  for (let index = 0; index < count; index++) {
    if (index === 0 || !sq) {
      if (at + IOA_OCTETS > octets.length) throw mismatch(octets, info, count);
      ioa = readIoa(octets, at);
      at += IOA_OCTETS;
    } else {
      // Past the last address the next one is 0: not meaningful, but not a reason to lose the ASDU.
      ioa = (ioa + 1) & IOA_MAX;
    }
    const end = at + elementOctetsAt(octets, at, info);
    if (end > octets.length) throw mismatch(octets, info, count);
    const object = { ioa };
    for (const kind of info.layout) {
      codecOf(kind).read(octets, at, object);
      at += ELEMENT_OCTETS[kind];
    }
    objects.push(object);
    at = end;
  }
  if (at !== octets.length) throw mismatch(octets, info, count);
  return objects;
}

/** Octets of the elements of the object at `at`, which only a segment's length octet makes variable. */
export function elementOctetsAt(octets: Uint8Array, at: number, info: TypeInfo): number {
  if (!info.variable) return info.elementOctets;
  // The length octet is the last of the fixed ones; where it is missing the caller finds the ASDU too short anyway.
  return info.elementOctets + (octets[at + info.elementOctets - 1] ?? 0);
}

/**
 * Encodes an ASDU. What is left out of the header is 0 or false, as are quality and qualifier bits of the objects.
 *
 *     encodeAsdu({ type: 'M_ME_NC_1', cot: Cause.SPONT, ca: 47, objects: [{ ioa: 1001, value: 12.5 }] })
 *
 * With `sq`, the addresses of the objects must follow each other, since only the first one is sent.
 *
 * @returns newly allocated octets, at most 249
 * @throws Iec104Error `ASDU_TYPE` (a name not in the type table), `ASDU_VALUE_RANGE` (a value that does not fit its
 * field, more than 127 objects, addresses with a gap in a sequence), `ASDU_TOO_LONG`
 */
export function encodeAsdu(asdu: AsduInput): Uint8Array {
  checkedObject('ASDU', asdu);
  if (asdu.type === 'OPAQUE') {
    const opaque: unknown = asdu.opaque;
    if (!(opaque instanceof Uint8Array)) throw new Iec104Error('ASDU_VALUE_RANGE', 'opaque must be a Uint8Array');
    const octets = allocate(ASDU_HEADER_OCTETS + opaque.length);
    writeHeader(asdu, checkedUint('typeId', asdu.typeId, 255), asdu.count, octets);
    octets.set(opaque, ASDU_HEADER_OCTETS);
    return octets;
  }
  const name: unknown = asdu.type;
  const info = typeof name === 'string' ? typeByName(name) : undefined;
  if (info === undefined) {
    throw new Iec104Error('ASDU_TYPE', `not a known type: ${typeof name === 'string' ? name : typeof name}`);
  }
  if (asdu.typeId !== undefined && asdu.typeId !== info.typeId) {
    throw new Iec104Error('ASDU_TYPE', `${info.name} is TypeID ${info.typeId}, typeId says otherwise`);
  }
  if (!Array.isArray(asdu.objects)) throw new Iec104Error('ASDU_VALUE_RANGE', 'objects must be an array');
  const objects: readonly EncodableObject[] = asdu.objects;
  const sq = asdu.sq === true;
  const octets = allocate(lengthOf(info, objects, sq));
  writeHeader(asdu, info.typeId, objects.length, octets);
  encodeObjects(info, objects, sq, octets);
  return octets;
}

interface EncodableObject {
  ioa: number;
  segment?: Uint8Array;
}

function lengthOf(info: TypeInfo, objects: readonly EncodableObject[], sq: boolean): number {
  const addresses = sq ? Math.min(objects.length, 1) : objects.length;
  let length = ASDU_HEADER_OCTETS + addresses * IOA_OCTETS + objects.length * info.elementOctets;
  if (info.variable) {
    for (const object of objects) {
      if (!(object?.segment instanceof Uint8Array)) {
        throw new Iec104Error('ASDU_VALUE_RANGE', 'segment must be a Uint8Array');
      }
      length += object.segment.length;
    }
  }
  return length;
}

function encodeObjects(info: TypeInfo, objects: readonly EncodableObject[], sq: boolean, octets: Uint8Array): void {
  let at = ASDU_HEADER_OCTETS;
  let expectedIoa: number | undefined;
  for (const object of objects) {
    checkedObject('object', object);
    const ioa = checkedUint('ioa', object.ioa, IOA_MAX);
    if (!sq || expectedIoa === undefined) {
      writeUint24('ioa', ioa, octets, at);
      at += IOA_OCTETS;
    } else if (ioa !== expectedIoa) {
      throw new Iec104Error('ASDU_VALUE_RANGE', `a sequence needs IOA ${expectedIoa} here, not ${ioa}`);
    }
    expectedIoa = (ioa + 1) & IOA_MAX;
    for (const kind of info.layout) {
      codecOf(kind).write(object, octets, at);
      at += ELEMENT_OCTETS[kind];
    }
    if (object.segment !== undefined && info.variable) at += object.segment.length;
  }
}

function writeHeader(header: Partial<AsduHeader>, typeId: number, count: number, octets: Uint8Array): void {
  octets[ASDU_TYPE_OFFSET] = typeId;
  octets[ASDU_VSQ_OFFSET] = checkedUint('number of objects', count, VSQ_COUNT_MASK) | bit('sq', header.sq, VSQ_SQ_BIT);
  octets[ASDU_CAUSE_OFFSET] =
    checkedUint('cot', header.cot, COT_CAUSE_MASK) |
    bit('negative', header.negative, COT_NEGATIVE_BIT) |
    bit('test', header.test, COT_TEST_BIT);
  octets[ASDU_OA_OFFSET] = checkedUint('oa', header.oa ?? 0, 255);
  writeUint16('ca', header.ca, octets, ASDU_CA_OFFSET);
}

/** A layout and its objects belong together, which the loops over layouts cannot express in types. */
interface AnyElementCodec {
  read(octets: Uint8Array, at: number, to: object): void;
  write(from: object, octets: Uint8Array, at: number): void;
}

export function codecOf(kind: ElementKind): AnyElementCodec {
  return ELEMENT_CODECS[kind];
}

function allocate(lengthOctets: number): Uint8Array {
  if (!(lengthOctets <= ASDU_MAX_OCTETS)) throw tooLong(lengthOctets);
  return new Uint8Array(lengthOctets);
}

function tooLong(lengthOctets: number): Iec104Error {
  return new Iec104Error('ASDU_TOO_LONG', `an ASDU has at most ${ASDU_MAX_OCTETS} octets, not ${lengthOctets}`);
}

function mismatch(octets: Uint8Array, info: TypeInfo, count: number): Iec104Error {
  return new Iec104Error(
    'ASDU_LENGTH_MISMATCH',
    `${octets.length} octets do not hold ${count} object(s) of ${info.name} with SQ=${(octets[ASDU_VSQ_OFFSET] ?? 0) >> 7}`,
  );
}
