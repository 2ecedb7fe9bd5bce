import type { Asdu } from './asdu.js';
import { causeName } from './cause.js';
import type { ElementKind } from './element.js';
import { toHex } from './hex.js';
import { doubleCommandName, doublePointName, stepCommandName } from './qualifiers.js';
import { cp24ToText, cp56ToIso } from './time-tag.js';
import type { Cp24Time, Cp56Time, ZoneOptions } from './time-tag.js';
import { typeInfo, typeName } from './type-table.js';

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** A CP56Time2a for people and historians; a CP24Time2a has `iso` null and `text` `--:11:12.345`. */
export interface TimeJson {
  [key: string]: JsonValue;
  /** The clock reading as ISO 8601, without a zone unless one was given; null when the fields are no calendar time. */
  iso: string | null;
  /** Invalid. */
  iv: boolean;
}

export interface ObjectJson {
  [key: string]: JsonValue;
  ioa: number;
}

/** A decoded ASDU that survives `JSON.stringify`. Additions are compatible; nothing here is renamed within v1. */
export interface AsduJson {
  [key: string]: JsonValue;
  /** Standard name, or `TYPE_<n>` for reserved and private types. */
  type: string;
  typeId: number;
  /** Abbreviation of the cause, or `COT_<n>`. */
  cause: string;
  cot: number;
  negative: boolean;
  test: boolean;
  oa: number;
  ca: number;
  sq: boolean;
  /** One entry per information object; empty for an opaque ASDU. */
  objects: ObjectJson[];
}

/** Names of the four states of a two bit value, by the element that carries it. */
const STATE_NAMES: Partial<Record<ElementKind, (state: number) => string>> = {
  DIQ: doublePointName,
  SEP: doublePointName,
  DCO: doubleCommandName,
  RCO: stepCommandName,
};

/**
 * A decoded ASDU as a plain object for the decoded feed. As `decodeAsdu`'s result, with these differences:
 *
 * - `cause` has the name of the cause;
 * - two bit states have their name in `state` beside the number in `value`;
 * - a float that JSON cannot hold is `value: null` with `special` `NaN`, `Infinity` or `-Infinity`;
 * - times are `{ iso, iv, su, substituted, dayOfWeek }`, and the raw fields where they are no calendar time;
 * - octets are hexadecimal text: `opaque` (with `count`) of unknown types, `segment` of file transfers.
 *
 * @param zone the zone of the station's clock, if it is known: then `iso` names it
 */
export function toJson(asdu: Asdu, zone?: ZoneOptions): AsduJson {
  const { typeId, cot, negative, test, oa, ca, sq } = asdu;
  const header = { type: typeName(typeId), typeId, cause: causeName(cot), cot, negative, test, oa, ca, sq };
  if (asdu.type === 'OPAQUE') return { ...header, count: asdu.count, objects: [], opaque: toHex(asdu.opaque) };
  const stateName = STATE_NAMES[typeInfo(typeId)?.layout[0] ?? 'SIQ'];
  return { ...header, objects: asdu.objects.map((object) => objectJson(object, stateName, zone)) };
}

function objectJson(
  object: { ioa: number },
  stateName: ((state: number) => string) | undefined,
  zone: ZoneOptions | undefined,
): ObjectJson {
  const json: ObjectJson = { ioa: object.ioa };
  for (const [key, field] of Object.entries(object) as [string, unknown][]) {
    if (key === 'ioa') continue;
    if (typeof field === 'number' && !Number.isFinite(field)) {
      json[key] = null;
      json['special'] = String(field);
    } else if (field instanceof Uint8Array) {
      json[key] = toHex(field);
    } else if (isTime(field)) {
      json[key] = timeJson(field, zone);
    } else if (typeof field === 'object') {
      json[key] = { ...(field as Record<string, JsonValue>) };
    } else {
      // JSON has no -0.
      json[key] = field === 0 ? 0 : (field as JsonValue);
      if (key === 'value' && stateName !== undefined && typeof field === 'number') json['state'] = stateName(field);
    }
  }
  return json;
}

function isTime(field: unknown): field is Cp56Time | Cp24Time {
  return typeof field === 'object' && field !== null && 'milliseconds' in field;
}

function timeJson(time: Cp56Time | Cp24Time, zone: ZoneOptions | undefined): TimeJson {
  if (!('year' in time)) {
    return { iso: null, text: cp24ToText(time), iv: time.iv, substituted: time.substituted };
  }
  const iso = cp56ToIso(time, zone);
  if (iso === undefined) return { iso: null, ...time };
  const { iv, su, substituted, dayOfWeek } = time;
  return { iso, iv, su, substituted, dayOfWeek };
}
