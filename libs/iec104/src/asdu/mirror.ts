import { Iec104Error } from '../errors.js';
import {
  ASDU_CAUSE_OFFSET,
  ASDU_HEADER_OCTETS,
  ASDU_MAX_OCTETS,
  COT_CAUSE_MASK,
  COT_NEGATIVE_BIT,
  COT_TEST_BIT,
} from './asdu-layout.js';
import { confirmationOf } from './request.js';

/**
 * The answer to a command: a copy of its ASDU in which only the cause and P/N differ. T and OA are kept, as are all
 * octets of the objects, known type or not (IEC 60870-5-101 clause 7.2.3; 60870-5-5 for the procedures).
 *
 *     mirror(command, Cause.ACT_CON, true)       // refused
 *     mirror(command, Cause.UNKNOWN_CA, true)    // 44..47 carry P/N = 1 as well
 *
 * @param command the ASDU as received; not changed, and the result does not share its buffer
 * @param cause 0..63
 * @throws Iec104Error `ASDU_TOO_SHORT`, `ASDU_TOO_LONG`, `ASDU_VALUE_RANGE` (cause)
 */
export function mirror(command: Uint8Array, cause: number, negative: boolean): Uint8Array {
  if (command.length < ASDU_HEADER_OCTETS) {
    throw new Iec104Error('ASDU_TOO_SHORT', `an ASDU has at least ${ASDU_HEADER_OCTETS} octets, not ${command.length}`);
  }
  if (command.length > ASDU_MAX_OCTETS) {
    throw new Iec104Error('ASDU_TOO_LONG', `an ASDU has at most ${ASDU_MAX_OCTETS} octets, not ${command.length}`);
  }
  if (!Number.isInteger(cause) || cause < 0 || cause > COT_CAUSE_MASK) {
    throw new Iec104Error('ASDU_VALUE_RANGE', `cause must be 0..${COT_CAUSE_MASK}, not ${cause}`);
  }
  // Not command.slice(): on a Node Buffer that would be a view of the same memory.
  const reply = new Uint8Array(command);
  const test = command[ASDU_CAUSE_OFFSET]! & COT_TEST_BIT;
  reply[ASDU_CAUSE_OFFSET] = test | (negative ? COT_NEGATIVE_BIT : 0) | cause;
  return reply;
}

/** The answer to a command that is refused before the station sees it: its confirmation with P/N = 1. See `mirror`. */
export function refusalOf(command: Uint8Array): Uint8Array {
  return mirror(command, confirmationOf(command[ASDU_CAUSE_OFFSET]! & COT_CAUSE_MASK), true);
}
