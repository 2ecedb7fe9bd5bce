/**
 * Why the library refused something. The codes are stable: match on them, never on the message.
 *
 * | code | meaning |
 * | --- | --- |
 * | `ASDU_TOO_SHORT` | fewer octets than the data unit identifier (6) or than the field read |
 * | `ASDU_TOO_LONG` | more than 249 octets, the most an APDU can carry |
 * | `ASDU_LENGTH_MISMATCH` | the length is not what TypeID and VSQ announce |
 * | `ASDU_VALUE_RANGE` | a value to encode does not fit its field |
 * | `ASDU_TYPE` | a type to encode is not in the type table |
 * | `APCI_START` | the first octet of an APDU is not 0x68 |
 * | `APCI_LENGTH` | the length octet of an APDU is not 4..253 |
 * | `APCI_CONTROL` | the control field is none of I, S and U format |
 * | `LINK_T1_I` | an I-format APDU was not acknowledged within t1 |
 * | `LINK_T1_U` | a U-format act was not confirmed within t1 |
 * | `LINK_SEQUENCE` | N(S) is not the one expected |
 * | `LINK_ACKNOWLEDGE` | N(R) acknowledges what was never sent, or less than before |
 * | `LINK_NOT_STARTED` | an I-format APDU while data transfer is not started |
 * | `LINK_ROLE` | a U-format function that is not for this station's role |
 */
export type Iec104ErrorCode =
  | 'ASDU_TOO_SHORT'
  | 'ASDU_TOO_LONG'
  | 'ASDU_LENGTH_MISMATCH'
  | 'ASDU_VALUE_RANGE'
  | 'ASDU_TYPE'
  | 'APCI_START'
  | 'APCI_LENGTH'
  | 'APCI_CONTROL'
  | 'LINK_T1_I'
  | 'LINK_T1_U'
  | 'LINK_SEQUENCE'
  | 'LINK_ACKNOWLEDGE'
  | 'LINK_NOT_STARTED'
  | 'LINK_ROLE';

/** Those for which a link ends, as its peer broke a rule or was silent. */
export type BreachCode = Extract<Iec104ErrorCode, `APCI_${string}` | `LINK_${string}`>;

/** Where IEC 60870-5-104 says what a peer has broken. */
const CLAUSES: Readonly<Partial<Record<Iec104ErrorCode, string>>> = {
  APCI_START: '5',
  APCI_LENGTH: '5',
  APCI_CONTROL: '5',
  LINK_T1_I: '5.1',
  LINK_T1_U: '5.2, 5.3',
  LINK_SEQUENCE: '5.1',
  LINK_ACKNOWLEDGE: '5.1',
  LINK_NOT_STARTED: '5.3',
  LINK_ROLE: '5.3',
};

/** So many octets of what offended are kept. */
export const OFFENDING_OCTETS = 32;

/** The only error that leaves this library. `code` says what is wrong, `message` says it for a person. */
export class Iec104Error extends Error {
  readonly code: Iec104ErrorCode;
  /** What the peer sent against the rules: from its first octet on, at most `OFFENDING_OCTETS`. */
  octets: Uint8Array | undefined;

  constructor(code: Iec104ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Iec104Error';
    this.code = code;
  }

  /** The clause of IEC 60870-5-104 that the peer has broken; undefined when it is no matter of the link. */
  get clause(): string | undefined {
    return CLAUSES[this.code];
  }
}

/** Why a link ends, or what it lives with. */
export type LinkBreach = Iec104Error & { readonly code: BreachCode };

export function linkBreach(code: BreachCode, message: string): LinkBreach {
  return new Iec104Error(code, message) as LinkBreach;
}
