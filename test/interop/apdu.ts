/**
 * APDUs as hexadecimal text, taken apart just far enough to assert on them. Written here on purpose, without
 * libs/iec104: an interop test must not judge the product by the product's own decoder.
 */

export interface IFormat {
  readonly format: 'I';
  readonly ns: number;
  readonly nr: number;
  /** The ASDU's octets, hexadecimal. */
  readonly asdu: string;
  /** TypeID. */
  readonly type: number;
  /** Cause without its P/N and T bits. */
  readonly cot: number;
  readonly negative: boolean;
  /** Originator address. */
  readonly oa: number;
  /** Common address. */
  readonly ca: number;
  /** Address of the first information object. */
  readonly ioa: number;
}

export interface SFormat {
  readonly format: 'S';
  readonly nr: number;
}

export interface UFormat {
  readonly format: 'U';
  readonly function: string;
}

export type Apdu = IFormat | SFormat | UFormat;

const uFunctions = new Map([
  [0x07, 'STARTDT act'],
  [0x0b, 'STARTDT con'],
  [0x13, 'STOPDT act'],
  [0x23, 'STOPDT con'],
  [0x43, 'TESTFR act'],
  [0x83, 'TESTFR con'],
]);

/** Types of process information in monitor direction, which go to every master; all others answer a command. */
const lastMonitorType = 40;

export function parseApdu(hex: string): Apdu {
  const octets = Buffer.from(hex, 'hex');
  const control = octets.readUInt8(2);
  if ((control & 0b11) === 0b11) {
    return { format: 'U', function: uFunctions.get(control) ?? `0x${control.toString(16)}` };
  }
  const nr = octets.readUInt16LE(4) >> 1;
  if ((control & 0b11) === 0b01) {
    return { format: 'S', nr };
  }
  const asdu = octets.subarray(6);
  return {
    format: 'I',
    ns: octets.readUInt16LE(2) >> 1,
    nr,
    asdu: asdu.toString('hex'),
    type: asdu.readUInt8(0),
    cot: asdu.readUInt8(2) & 0x3f,
    negative: (asdu.readUInt8(2) & 0x40) !== 0,
    oa: asdu.readUInt8(3),
    ca: asdu.readUInt16LE(4),
    ioa: asdu.readUIntLE(6, 3),
  };
}

export function isProcessInformation(apdu: IFormat): boolean {
  return apdu.type <= lastMonitorType;
}

/** The ASDU with another originator address: the one octet the multiplexer may change. */
export function withOriginator(asdu: string, oa: number): string {
  return asdu.slice(0, 6) + oa.toString(16).padStart(2, '0') + asdu.slice(8);
}

/** One line for a message of failure: `type 45 cot 7 neg oa 1 ca 32 ioa 1000`. */
export function describeApdu(apdu: IFormat): string {
  const sign = apdu.negative ? ' neg' : '';
  return `type ${apdu.type} cot ${apdu.cot}${sign} oa ${apdu.oa} ca ${apdu.ca} ioa ${apdu.ioa}`;
}
