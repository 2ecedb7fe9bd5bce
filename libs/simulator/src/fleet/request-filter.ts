import { AsduView } from '@iec104mm2ss/iec104';
import { commandType } from '../points/point-kind.js';
import { commandValue } from '../rtu/command-execution.js';
import type { RowFilter } from '../rtu-files/io-file.js';

const ELEMENT_OFFSET = 9;
/** Values of set-points are as exact as their octets. */
const TOLERANCE = 2 ** -14;

/** True when an APDU of a master is what a row waits for: all that the filter gives must be so. */
export function matchesFilter({ typeId, ioa, value }: Omit<RowFilter, 'timeoutMs'>, asdu: Uint8Array): boolean {
  const view = new AsduView(asdu);
  if (typeId !== undefined && view.typeId !== typeId) return false;
  if (ioa !== undefined && view.ioa !== ioa) return false;
  if (value === undefined) return true;
  const given = valueOf(asdu, view.typeId);
  return given !== undefined && Math.abs(given - value) <= TOLERANCE * Math.max(1, Math.abs(value));
}

/** The value of a command; of anything else the first octet behind the address (QOI, QRP ...). */
function valueOf(asdu: Uint8Array, typeId: number): number | undefined {
  const command = commandType(typeId);
  if (command === undefined) return asdu[ELEMENT_OFFSET];
  if (asdu.length < ELEMENT_OFFSET + command.elementOctets) return undefined;
  if (command.kind === 'single' || command.kind === 'double' || command.kind === 'step') {
    return (asdu[ELEMENT_OFFSET] ?? 0) & 3;
  }
  return commandValue(asdu, command.kind);
}
