import {
  AsduView,
  causeName,
  type Cp24Time,
  cp24ToText,
  type Cp56Time,
  cp56ToIso,
  decodeAsdu,
  doubleCommandName,
  doublePointName,
  Iec104Error,
  stepCommandName,
  toHex,
  typeName,
} from '@iec104mm2ss/iec104';

/** Types whose value has two states with a name, by the fourth to sixth letters of their name. */
const STATES: ReadonlyMap<string, (value: number | boolean) => string> = new Map([
  ['M_SP', (value) => (value ? 'ON' : 'OFF')],
  ['C_SC', (value) => (value ? 'ON' : 'OFF')],
  ['M_DP', (value) => doublePointName(Number(value))],
  ['C_DC', (value) => doubleCommandName(Number(value))],
  ['C_RC', (value) => stepCommandName(Number(value))],
]);

/** Fields that are printed by themselves, or are of no use on one line. */
const OWN_PLACE: ReadonlySet<string> = new Set(['ioa', 'value', 'quality', 'time', 'select', 'valueBits', 'reserved']);

/**
 * An ASDU for people, one line per information object:
 *
 *     M_ME_TF_1 SPONT CA 47 IOA 4200 = 12.5 at 2026-11-05T10:11:12.345
 *     C_SC_NA_1 ACT_CON NEGATIVE CA 47 IOA 5015 = ON execute
 *
 * Octets that cannot be decoded are shown in hexadecimal.
 */
export function describeAsdu(octets: Uint8Array): string[] {
  try {
    return describe(octets);
  } catch (error) {
    if (error instanceof Iec104Error) return [`cannot be decoded (${error.message}): ${toHex(octets)}`];
    throw error;
  }
}

function describe(octets: Uint8Array): string[] {
  const { typeId, cot, negative, test, oa, ca } = new AsduView(octets);
  const words = [typeName(typeId), causeName(cot), negative && 'NEGATIVE', test && 'TEST', oa !== 0 && `OA ${oa}`];
  const head = [...words.filter((word) => word !== false), `CA ${ca}`].join(' ');
  const asdu = decodeAsdu(octets);
  if (asdu.type === 'OPAQUE') return [`${head} ${asdu.count} object(s), octets ${toHex(asdu.opaque)}`];
  if (asdu.objects.length === 0) return [`${head} no objects`];
  return asdu.objects.map((object) => `${head} ${describeObject(asdu.type, object)}`);
}

function describeObject(type: string, object: { ioa: number }): string {
  const fields: Record<string, unknown> = { ...object };
  const { value, quality, time, select } = fields;
  const words = [`IOA ${object.ioa}`];
  if (typeof value === 'number' || typeof value === 'boolean') {
    words.push(`= ${STATES.get(type.slice(0, 4))?.(value) ?? rounded(value)}`);
  }
  for (const [name, field] of Object.entries(fields)) {
    if (OWN_PLACE.has(name)) continue;
    if (typeof field === 'number' && (field !== 0 || name !== 'qu') && (field !== 0 || name !== 'ql')) {
      words.push(`${name.toUpperCase()} ${field}`);
    }
  }
  if (typeof select === 'boolean') words.push(select ? 'select' : 'execute');
  const flags = Object.entries(quality ?? {}).filter(([, set]) => set === true);
  if (flags.length > 0) words.push(`[${flags.map(([name]) => name.toUpperCase()).join(' ')}]`);
  if (time !== undefined) words.push(`at ${timeText(time as Cp56Time | Cp24Time)}`);
  return words.join(' ');
}

/** Single precision has seven digits; more would be noise of the conversion to double. */
function rounded(value: number | boolean): string {
  return typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(7))) : String(value);
}

function timeText(time: Cp56Time | Cp24Time): string {
  const text = 'year' in time ? (cp56ToIso(time) ?? 'no calendar time') : cp24ToText(time);
  return time.iv ? `${text} (invalid)` : text;
}
