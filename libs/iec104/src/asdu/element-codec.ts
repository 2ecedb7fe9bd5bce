import { Iec104Error } from '../errors.js';
import type { InputOf } from './asdu.js';
import {
  measurandQuality,
  measurandQualityOctet,
  pointQuality,
  pointQualityOctet,
  protectionQuality,
  protectionQualityOctet,
} from './element-quality.js';
import type { ElementFields, ElementKind, FileQualifier } from './element.js';
import {
  bit,
  checkedInt,
  checkedObject,
  checkedUint,
  putInt16,
  putInt32,
  readInt16,
  readInt32,
  readUint16,
  readUint32,
  reservedBits,
  writeUint16,
  writeUint24,
} from './fields.js';
import { decodeCp16, decodeCp24, decodeCp56, encodeCp16, encodeCp24, encodeCp56 } from './time-tag.js';

/** Reads an element into the object it belongs to, and writes it from there. Lengths are checked by the caller. */
export interface ElementCodec<Kind extends ElementKind> {
  read(octets: Uint8Array, at: number, to: ElementFields[Kind]): void;
  write(from: InputOf<ElementFields[Kind]>, octets: Uint8Array, at: number): void;
}

const SELECT = 0x80;

const NORMALIZED_STEPS = 32768;
const CANONICAL_NAN_BITS = 0x7fc00000;
const scratch = new DataView(new ArrayBuffer(4));

function fileQualifier(octet: number): FileQualifier {
  return { action: octet & 0x0f, error: octet >> 4 };
}

function fileQualifierOctet(qualifier: FileQualifier): number {
  const { action, error } = checkedObject('file qualifier', qualifier);
  return checkedUint('action', action, 15) | (checkedUint('error', error, 15) << 4);
}

/** DCO and RCO differ only in what their two state bits mean. */
const stateCommand: ElementCodec<'DCO' | 'RCO'> = {
  read(octets, at, to) {
    const octet = octets[at]!;
    to.value = octet & 0x03;
    to.qu = (octet >> 2) & 0x1f;
    to.select = (octet & SELECT) !== 0;
  },
  write(from, octets, at) {
    octets[at] =
      checkedUint('value', from.value, 3) |
      (checkedUint('qu', from.qu ?? 0, 31) << 2) |
      bit('select', from.select, SELECT);
  },
};

export const ELEMENT_CODECS: { readonly [Kind in ElementKind]: ElementCodec<Kind> } = {
  SIQ: {
    read(octets, at, to) {
      to.value = (octets[at]! & 0x01) !== 0;
      to.quality = pointQuality(octets[at]!, 0x0e);
    },
    write(from, octets, at) {
      octets[at] = requiredBit('value', from.value, 0x01) | pointQualityOctet(from.quality, 0x0e);
    },
  },
  DIQ: {
    read(octets, at, to) {
      to.value = octets[at]! & 0x03;
      to.quality = pointQuality(octets[at]!, 0x0c);
    },
    write(from, octets, at) {
      octets[at] = checkedUint('value', from.value, 3) | pointQualityOctet(from.quality, 0x0c);
    },
  },
  VTI: {
    read(octets, at, to) {
      // Seven bits, two's complement.
      to.value = (octets[at]! << 25) >> 25;
      to.transient = (octets[at]! & 0x80) !== 0;
    },
    write(from, octets, at) {
      octets[at] = (checkedInt('value', from.value, -64, 63) & 0x7f) | bit('transient', from.transient, 0x80);
    },
  },
  BSI: {
    read(octets, at, to) {
      to.value = readUint32(octets, at);
    },
    write(from, octets, at) {
      putInt32(checkedUint('value', from.value, 0xffffffff), octets, at);
    },
  },
  NVA: {
    read(octets, at, to) {
      to.value = readInt16(octets, at) / NORMALIZED_STEPS;
    },
    write(from, octets, at) {
      putInt16(normalizedSteps(from.value), octets, at);
    },
  },
  SVA: {
    read(octets, at, to) {
      to.value = readInt16(octets, at);
    },
    write(from, octets, at) {
      putInt16(checkedInt('value', from.value, -32768, 32767), octets, at);
    },
  },
  R32: {
    read(octets, at, to) {
      const bits = readUint32(octets, at);
      scratch.setUint32(0, bits);
      to.value = scratch.getFloat32(0);
      if (Number.isNaN(to.value) && bits !== CANONICAL_NAN_BITS) to.valueBits = bits;
    },
    write(from, octets, at) {
      putInt32(floatBits(from.value, from.valueBits), octets, at);
    },
  },
  QDS: {
    read(octets, at, to) {
      to.quality = measurandQuality(octets[at]!);
    },
    write(from, octets, at) {
      octets[at] = measurandQualityOctet(from.quality);
    },
  },
  BCR: {
    read(octets, at, to) {
      const flags = octets[at + 4]!;
      to.value = readInt32(octets, at);
      to.sequence = flags & 0x1f;
      to.quality = { iv: (flags & 0x80) !== 0, ca: (flags & 0x40) !== 0, cy: (flags & 0x20) !== 0 };
    },
    write(from, octets, at) {
      putInt32(checkedInt('value', from.value, -0x80000000, 0x7fffffff), octets, at);
      const { iv, ca, cy } = checkedObject('quality', from.quality ?? {});
      octets[at + 4] =
        checkedUint('sequence', from.sequence ?? 0, 31) |
        bit('cy', cy, 0x20) |
        bit('ca', ca, 0x40) |
        bit('iv', iv, 0x80);
    },
  },
  SEP: {
    read(octets, at, to) {
      to.value = octets[at]! & 0x03;
      to.quality = protectionQuality(octets[at]!, 0x04);
    },
    write(from, octets, at) {
      octets[at] = checkedUint('value', from.value, 3) | protectionQualityOctet(from.quality, 0x04);
    },
  },
  SPE: {
    read(octets, at, to) {
      const octet = octets[at]!;
      to.value = {
        gs: (octet & 0x01) !== 0,
        sl1: (octet & 0x02) !== 0,
        sl2: (octet & 0x04) !== 0,
        sl3: (octet & 0x08) !== 0,
        sie: (octet & 0x10) !== 0,
        srd: (octet & 0x20) !== 0,
      };
      if ((octet & 0xc0) !== 0) to.value.reserved = octet & 0xc0;
    },
    write(from, octets, at) {
      const { gs, sl1, sl2, sl3, sie, srd, reserved } = checkedObject('value', from.value);
      octets[at] =
        bit('gs', gs, 0x01) |
        bit('sl1', sl1, 0x02) |
        bit('sl2', sl2, 0x04) |
        bit('sl3', sl3, 0x08) |
        bit('sie', sie, 0x10) |
        bit('srd', srd, 0x20) |
        reservedBits(reserved, 0xc0);
    },
  },
  OCI: {
    read(octets, at, to) {
      const octet = octets[at]!;
      to.value = {
        gc: (octet & 0x01) !== 0,
        cl1: (octet & 0x02) !== 0,
        cl2: (octet & 0x04) !== 0,
        cl3: (octet & 0x08) !== 0,
      };
      if ((octet & 0xf0) !== 0) to.value.reserved = octet & 0xf0;
    },
    write(from, octets, at) {
      const { gc, cl1, cl2, cl3, reserved } = checkedObject('value', from.value);
      octets[at] =
        bit('gc', gc, 0x01) |
        bit('cl1', cl1, 0x02) |
        bit('cl2', cl2, 0x04) |
        bit('cl3', cl3, 0x08) |
        reservedBits(reserved, 0xf0);
    },
  },
  QDP: {
    read(octets, at, to) {
      to.quality = protectionQuality(octets[at]!, 0x07);
    },
    write(from, octets, at) {
      octets[at] = protectionQualityOctet(from.quality, 0x07);
    },
  },
  SCD: {
    read(octets, at, to) {
      to.value = readUint16(octets, at);
      to.changed = readUint16(octets, at + 2);
    },
    write(from, octets, at) {
      writeUint16('value', from.value, octets, at);
      writeUint16('changed', from.changed ?? 0, octets, at + 2);
    },
  },
  SCO: {
    read(octets, at, to) {
      const octet = octets[at]!;
      to.value = (octet & 0x01) !== 0;
      to.qu = (octet >> 2) & 0x1f;
      to.select = (octet & SELECT) !== 0;
      if ((octet & 0x02) !== 0) to.reserved = 0x02;
    },
    write(from, octets, at) {
      octets[at] =
        requiredBit('value', from.value, 0x01) |
        reservedBits(from.reserved, 0x02) |
        (checkedUint('qu', from.qu ?? 0, 31) << 2) |
        bit('select', from.select, SELECT);
    },
  },
  DCO: stateCommand,
  RCO: stateCommand,
  QOS: {
    read(octets, at, to) {
      to.ql = octets[at]! & 0x7f;
      to.select = (octets[at]! & SELECT) !== 0;
    },
    write(from, octets, at) {
      octets[at] = checkedUint('ql', from.ql ?? 0, 127) | bit('select', from.select, SELECT);
    },
  },
  CP56: {
    read(octets, at, to) {
      to.time = decodeCp56(octets, at);
    },
    write(from, octets, at) {
      encodeCp56(checkedObject('time', from.time), octets, at);
    },
  },
  CP24: {
    read(octets, at, to) {
      to.time = decodeCp24(octets, at);
    },
    write(from, octets, at) {
      encodeCp24(checkedObject('time', from.time), octets, at);
    },
  },
  CP16: {
    read(octets, at, to) {
      to.elapsedMs = decodeCp16(octets, at);
    },
    write(from, octets, at) {
      encodeCp16(from.elapsedMs, octets, at);
    },
  },
  COI: {
    read(octets, at, to) {
      to.coi = octets[at]! & 0x7f;
      to.parametersChanged = (octets[at]! & 0x80) !== 0;
    },
    write(from, octets, at) {
      octets[at] = checkedUint('coi', from.coi, 127) | bit('parametersChanged', from.parametersChanged, 0x80);
    },
  },
  QOI: {
    read(octets, at, to) {
      to.qoi = octets[at]!;
    },
    write(from, octets, at) {
      octets[at] = checkedUint('qoi', from.qoi, 255);
    },
  },
  QCC: {
    read(octets, at, to) {
      to.rqt = octets[at]! & 0x3f;
      to.frz = octets[at]! >> 6;
    },
    write(from, octets, at) {
      octets[at] = checkedUint('rqt', from.rqt, 63) | (checkedUint('frz', from.frz, 3) << 6);
    },
  },
  QRP: {
    read(octets, at, to) {
      to.qrp = octets[at]!;
    },
    write(from, octets, at) {
      octets[at] = checkedUint('qrp', from.qrp, 255);
    },
  },
  FBP: {
    read(octets, at, to) {
      to.pattern = readUint16(octets, at);
    },
    write(from, octets, at) {
      writeUint16('pattern', from.pattern, octets, at);
    },
  },
  TSC: {
    read(octets, at, to) {
      to.counter = readUint16(octets, at);
    },
    write(from, octets, at) {
      writeUint16('counter', from.counter, octets, at);
    },
  },
  QPM: {
    read(octets, at, to) {
      to.kpa = octets[at]! & 0x3f;
      to.lpc = (octets[at]! & 0x40) !== 0;
      to.pop = (octets[at]! & 0x80) !== 0;
    },
    write(from, octets, at) {
      octets[at] = checkedUint('kpa', from.kpa, 63) | bit('lpc', from.lpc, 0x40) | bit('pop', from.pop, 0x80);
    },
  },
  QPA: {
    read(octets, at, to) {
      to.qpa = octets[at]!;
    },
    write(from, octets, at) {
      octets[at] = checkedUint('qpa', from.qpa, 255);
    },
  },
  NOF: {
    read(octets, at, to) {
      to.nof = readUint16(octets, at);
    },
    write(from, octets, at) {
      writeUint16('nof', from.nof, octets, at);
    },
  },
  LOF: {
    read(octets, at, to) {
      to.lof = readUint16(octets, at) | (octets[at + 2]! << 16);
    },
    write(from, octets, at) {
      writeUint24('lof', from.lof, octets, at);
    },
  },
  NOS: {
    read(octets, at, to) {
      to.nos = octets[at]!;
    },
    write(from, octets, at) {
      octets[at] = checkedUint('nos', from.nos, 255);
    },
  },
  FRQ: {
    read(octets, at, to) {
      to.frq = octets[at]! & 0x7f;
      to.refused = (octets[at]! & 0x80) !== 0;
    },
    write(from, octets, at) {
      octets[at] = checkedUint('frq', from.frq, 127) | bit('refused', from.refused, 0x80);
    },
  },
  SRQ: {
    read(octets, at, to) {
      to.srq = octets[at]! & 0x7f;
      to.notReady = (octets[at]! & 0x80) !== 0;
    },
    write(from, octets, at) {
      octets[at] = checkedUint('srq', from.srq, 127) | bit('notReady', from.notReady, 0x80);
    },
  },
  SCQ: {
    read(octets, at, to) {
      to.scq = fileQualifier(octets[at]!);
    },
    write(from, octets, at) {
      octets[at] = fileQualifierOctet(from.scq);
    },
  },
  LSQ: {
    read(octets, at, to) {
      to.lsq = octets[at]!;
    },
    write(from, octets, at) {
      octets[at] = checkedUint('lsq', from.lsq, 255);
    },
  },
  CHS: {
    read(octets, at, to) {
      to.chs = octets[at]!;
    },
    write(from, octets, at) {
      octets[at] = checkedUint('chs', from.chs, 255);
    },
  },
  AFQ: {
    read(octets, at, to) {
      to.afq = fileQualifier(octets[at]!);
    },
    write(from, octets, at) {
      octets[at] = fileQualifierOctet(from.afq);
    },
  },
  SEG: {
    read(octets, at, to) {
      to.segment = new Uint8Array(octets.subarray(at + 1, at + 1 + octets[at]!));
    },
    write(from, octets, at) {
      octets[at] = checkedUint('segment length', from.segment.length, 255);
      octets.set(from.segment, at + 1);
    },
  },
  SOF: {
    read(octets, at, to) {
      const octet = octets[at]!;
      to.sof = {
        status: octet & 0x1f,
        last: (octet & 0x20) !== 0,
        directory: (octet & 0x40) !== 0,
        active: (octet & 0x80) !== 0,
      };
    },
    write(from, octets, at) {
      const { status, last, directory, active } = checkedObject('sof', from.sof);
      octets[at] =
        checkedUint('status', status, 31) |
        bit('last', last, 0x20) |
        bit('directory', directory, 0x40) |
        bit('active', active, 0x80);
    },
  },
  RANGE_START: {
    read(octets, at, to) {
      to.start = decodeCp56(octets, at);
    },
    write(from, octets, at) {
      encodeCp56(checkedObject('start', from.start), octets, at);
    },
  },
  RANGE_STOP: {
    read(octets, at, to) {
      to.stop = decodeCp56(octets, at);
    },
    write(from, octets, at) {
      encodeCp56(checkedObject('stop', from.stop), octets, at);
    },
  },
};

function requiredBit(field: string, value: unknown, mask: number): number {
  if (value === undefined) throw new Iec104Error('ASDU_VALUE_RANGE', `${field} must be true or false`);
  return bit(field, value, mask);
}

/** Nearest step of 2^-15, so that a computed value need not be exact. @throws Iec104Error `ASDU_VALUE_RANGE` */
function normalizedSteps(value: unknown): number {
  const steps = typeof value === 'number' ? Math.round(value * NORMALIZED_STEPS) : NaN;
  if (!(steps >= -NORMALIZED_STEPS && steps < NORMALIZED_STEPS)) {
    const found = typeof value === 'number' ? value : `a ${typeof value}`;
    throw new Iec104Error('ASDU_VALUE_RANGE', `a normalized value must be -1..1-2^-15, not ${found}`);
  }
  return steps;
}

/** @throws Iec104Error `ASDU_VALUE_RANGE` when the value is no number or beyond single precision. */
function floatBits(value: unknown, valueBits: unknown): number {
  if (typeof value !== 'number') {
    throw new Iec104Error('ASDU_VALUE_RANGE', `value must be a number, not a ${typeof value}`);
  }
  if (Number.isNaN(value)) {
    return valueBits === undefined ? CANONICAL_NAN_BITS : checkedUint('valueBits', valueBits, 0xffffffff);
  }
  scratch.setFloat32(0, value);
  if (Number.isFinite(value) && !Number.isFinite(scratch.getFloat32(0))) {
    throw new Iec104Error('ASDU_VALUE_RANGE', `${value} is beyond single precision`);
  }
  return scratch.getUint32(0);
}
