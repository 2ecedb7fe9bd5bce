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

/** The only error that leaves this library. `code` says what is wrong, `message` says it for a person. */
export class Iec104Error extends Error {
  readonly code: Iec104ErrorCode;

  constructor(code: Iec104ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Iec104Error';
    this.code = code;
  }
}
