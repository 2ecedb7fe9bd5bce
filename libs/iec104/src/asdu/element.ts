import type { Cp24Time, Cp56Time } from './time-tag.js';

/*
 * What each information element contributes to a decoded object (IEC 60870-5-101 clause 7.2.6). Bits the standard
 * reserves are kept in `reserved`, at the positions they have in their octet, and the field is only there when one of
 * them is set.
 */

/** Quality of single and double points: part of SIQ and DIQ (clauses 7.2.6.1, 7.2.6.2). */
export interface PointQuality {
  /** Invalid. */
  iv: boolean;
  /** Not topical. */
  nt: boolean;
  /** Substituted. */
  sb: boolean;
  /** Blocked. */
  bl: boolean;
  /** SIQ: mask 0x0E. DIQ: mask 0x0C. */
  reserved?: number;
}

/** Quality descriptor QDS (clause 7.2.6.3). `reserved`: mask 0x0E. */
export interface MeasurandQuality extends PointQuality {
  /** Overflow. */
  ov: boolean;
}

/** Quality of protection equipment events, in QDP (7.2.6.4) and SEP (7.2.6.10). `reserved`: QDP 0x07, SEP 0x04. */
export interface ProtectionQuality extends PointQuality {
  /** Elapsed time invalid. */
  ei: boolean;
}

/** Quality of a counter: part of BCR (clause 7.2.6.9). */
export interface CounterQuality {
  /** Invalid. */
  iv: boolean;
  /** Counter was adjusted since the last reading. */
  ca: boolean;
  /** Carry: the counter overflowed in the counting period. */
  cy: boolean;
}

/** Start events SPE (clause 7.2.6.11). */
export interface StartEvents {
  /** General start of operation. */
  gs: boolean;
  /** Start of operation, phase L1. */
  sl1: boolean;
  sl2: boolean;
  sl3: boolean;
  /** Start of operation, earth current. */
  sie: boolean;
  /** Start of operation in reverse direction. */
  srd: boolean;
  /** Mask 0xC0. */
  reserved?: number;
}

/** Output circuit information OCI (clause 7.2.6.12). */
export interface OutputCircuit {
  /** General command to output circuit. */
  gc: boolean;
  /** Command to output circuit, phase L1. */
  cl1: boolean;
  cl2: boolean;
  cl3: boolean;
  /** Mask 0xF0. */
  reserved?: number;
}

/** Section or file action with its error, SCQ and AFQ (clauses 7.2.6.30, 7.2.6.32). */
export interface FileQualifier {
  /** Low four bits. */
  action: number;
  /** High four bits. */
  error: number;
}

/** Status of file SOF (clause 7.2.6.38). */
export interface FileStatus {
  /** Low five bits. */
  status: number;
  /** LFD: last file of the directory. */
  last: boolean;
  /** FOR: the name is a subdirectory. */
  directory: boolean;
  /** FA: transfer of this file is active. */
  active: boolean;
}

interface FloatValue {
  /** Short floating point, IEEE 754 single precision. NaN and infinities are possible. */
  value: number;
  /** The 32 bits as received, only there when the value is a NaN other than 0x7FC00000: a number cannot hold them. */
  valueBits?: number;
}

/** Fields by element. A type's objects have the fields of all elements in its layout. */
export interface ElementFields {
  /** Single point with quality. */
  SIQ: { value: boolean; quality: PointQuality };
  /** Double point with quality: 0 intermediate, 1 off, 2 on, 3 indeterminate. */
  DIQ: { value: number; quality: PointQuality };
  /** Step position -64..63; transient = the equipment is moving (clause 7.2.6.5). */
  VTI: { value: number; transient: boolean };
  /** 32 bits as an unsigned number (7.2.6.13). */
  BSI: { value: number };
  /** Normalized value -1..1-2^-15 in steps of 2^-15 (7.2.6.6). */
  NVA: { value: number };
  /** Scaled value -32768..32767 (7.2.6.7). */
  SVA: { value: number };
  R32: FloatValue;
  QDS: { quality: MeasurandQuality };
  /** Counter reading, signed 32 bits, with sequence number 0..31. */
  BCR: { value: number; sequence: number; quality: CounterQuality };
  /** Single event of protection equipment: states as of a double point. */
  SEP: { value: number; quality: ProtectionQuality };
  SPE: { value: StartEvents };
  OCI: { value: OutputCircuit };
  QDP: { quality: ProtectionQuality };
  /** Sixteen states (ST) and the flags of those that changed (CD), bit 0 = first point (7.2.6.40). */
  SCD: { value: number; changed: number };
  /** Single command: state, qualifier QU 0..31, S/E. `reserved`: mask 0x02 (7.2.6.15). */
  SCO: { value: boolean; qu: number; select: boolean; reserved?: number };
  /** Double command: 1 off, 2 on; qualifier QU 0..31, S/E (7.2.6.16). */
  DCO: { value: number; qu: number; select: boolean };
  /** Regulating step command: 1 lower, 2 higher; qualifier QU 0..31, S/E (7.2.6.17). */
  RCO: { value: number; qu: number; select: boolean };
  /** Qualifier of set-point command: QL 0..127, S/E (7.2.6.39). */
  QOS: { ql: number; select: boolean };
  CP56: { time: Cp56Time };
  CP24: { time: Cp24Time };
  /** CP16Time2a: elapsed, relay or delay time in milliseconds. */
  CP16: { elapsedMs: number };
  /** Cause of initialization 0..127; true when local parameters were changed (7.2.6.21). */
  COI: { coi: number; parametersChanged: boolean };
  /** Qualifier of interrogation 0..255. */
  QOI: { qoi: number };
  /** Qualifier of counter interrogation: request RQT 0..63, freeze FRZ 0..3. */
  QCC: { rqt: number; frz: number };
  /** Qualifier of reset process 0..255. */
  QRP: { qrp: number };
  /** Fixed test pattern, 0x55AA. */
  FBP: { pattern: number };
  /** Test sequence counter 0..65535 of C_TS_TA_1 (IEC 60870-5-104 clause 8.8). */
  TSC: { counter: number };
  /** Qualifier of parameter: kind KPA 0..63, LPC local change, POP parameter not in operation. */
  QPM: { kpa: number; lpc: boolean; pop: boolean };
  /** Qualifier of parameter activation 0..255. */
  QPA: { qpa: number };
  /** Name of file 0..65535 (7.2.6.33). */
  NOF: { nof: number };
  /** Length of file or section in octets, 24 bits (7.2.6.35). */
  LOF: { lof: number };
  /** Name of section 0..255. */
  NOS: { nos: number };
  /** File ready: code 0..127; true when the answer is negative (7.2.6.28). */
  FRQ: { frq: number; refused: boolean };
  /** Section ready: code 0..127; true when the section is not ready (7.2.6.29). */
  SRQ: { srq: number; notReady: boolean };
  SCQ: { scq: FileQualifier };
  /** Last section or segment qualifier 0..255 (7.2.6.31). */
  LSQ: { lsq: number };
  /** Checksum: sum of the octets modulo 256 (7.2.6.37). */
  CHS: { chs: number };
  AFQ: { afq: FileQualifier };
  /** Length octet LOS and that many octets of the file; a copy on decode. */
  SEG: { segment: Uint8Array };
  SOF: { sof: FileStatus };
  /** Range of a log query, F_SC_NB_1. */
  RANGE_START: { start: Cp56Time };
  RANGE_STOP: { stop: Cp56Time };
}

export type ElementKind = keyof ElementFields;
