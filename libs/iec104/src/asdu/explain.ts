import { codecOf, elementOctetsAt } from './asdu-codec.js';
import {
  ASDU_CA_OFFSET,
  ASDU_CAUSE_OFFSET,
  ASDU_HEADER_OCTETS,
  ASDU_MAX_OCTETS,
  ASDU_OA_OFFSET,
  ASDU_TYPE_OFFSET,
  ASDU_VSQ_OFFSET,
  BROADCAST_CA,
  IOA_MAX,
  IOA_OCTETS,
  readIoa,
} from './asdu-layout.js';
import { AsduView } from './asdu-view.js';
import { causeName, causeText } from './cause.js';
import { ELEMENT_OCTETS } from './element-octets.js';
import { ELEMENT_TEXTS } from './element-text.js';
import type { ElementKind } from './element.js';
import { toHex } from './hex.js';
import { typeInfo, typeName } from './type-table.js';
import type { TypeInfo } from './type-table.js';

/** One line of an explanation: `length` octets from `offset` mean `text`. */
export interface ExplainedField {
  offset: number;
  /** In octets; 0 for what follows from other octets, such as the second address of a sequence. */
  length: number;
  text: string;
}

/**
 * Explains an ASDU octet by octet, for people. The fields cover every octet once, in order. Never throws: what does not
 * fit the announced type is explained as far as it goes and the rest is named so, since the ASDU one wants explained is
 * often the broken one.
 *
 * @param baseOffset added to every offset; 6 when the ASDU is shown behind its APCI
 */
export function explainAsdu(octets: Uint8Array, baseOffset = 0): ExplainedField[] {
  const fields: ExplainedField[] = [];
  const add: AddField = (offset, length, text) => {
    fields.push({ offset: baseOffset + offset, length, text });
  };
  if (octets.length < ASDU_HEADER_OCTETS) {
    add(0, octets.length, `not an ASDU: ${octets.length} octets, at least ${ASDU_HEADER_OCTETS} are needed`);
    return fields;
  }
  const view = new AsduView(octets);
  const info = typeInfo(view.typeId);
  explainHeader(view, info, add);
  const explainedOctets = info === undefined ? ASDU_HEADER_OCTETS : explainObjects(octets, info, view, add);
  const restOctets = octets.length - explainedOctets;
  if (restOctets > 0) {
    const what = info === undefined ? 'opaque' : 'does not fit TypeID and VSQ';
    add(explainedOctets, restOctets, `${what}: ${toHex(octets.subarray(explainedOctets))}`);
  }
  if (octets.length > ASDU_MAX_OCTETS) {
    add(octets.length, 0, `${octets.length} octets, but an ASDU has at most ${ASDU_MAX_OCTETS}`);
  }
  return fields;
}

type AddField = (offset: number, length: number, text: string) => void;

function explainHeader(view: AsduView, info: TypeInfo | undefined, add: AddField): void {
  const { typeId, sq, count, cot, negative, test, oa, ca } = view;
  add(ASDU_TYPE_OFFSET, 1, `TypeID ${typeId} ${typeName(typeId)} ${info?.text ?? unknownTypeText(typeId)}`);
  const structure = sq ? 'elements in a sequence behind one IOA' : 'objects, each with its IOA';
  add(ASDU_VSQ_OFFSET, 1, `VSQ SQ=${sq ? 1 : 0}, number ${count}: ${structure}`);
  const confirmation = negative ? 'P/N=1 negative' : 'P/N=0';
  add(
    ASDU_CAUSE_OFFSET,
    1,
    `COT ${cot} ${causeName(cot)} ${causeText(cot)}, ${confirmation}, ${test ? 'T=1 test' : 'T=0'}`,
  );
  add(ASDU_OA_OFFSET, 1, `OA ${oa}${oa === 0 ? ' (not used)' : ''}`);
  add(ASDU_CA_OFFSET, 2, `CA ${ca}${caNote(ca)}`);
}

function unknownTypeText(typeId: number): string {
  return typeId >= 128 ? 'private range' : 'reserved';
}

function caNote(ca: number): string {
  if (ca === BROADCAST_CA) return ' (all stations)';
  return ca === 0 ? ' (not used)' : '';
}

/** Returns the offset behind the last octet explained. */
function explainObjects(octets: Uint8Array, info: TypeInfo, view: AsduView, add: AddField): number {
  let at = ASDU_HEADER_OCTETS;
  let ioa = 0;
  for (let index = 0; index < view.count; index++) {
    const addressed = index === 0 || !view.sq;
    const elementsAt = addressed ? at + IOA_OCTETS : at;
    if (elementsAt + elementOctetsAt(octets, elementsAt, info) > octets.length) {
      add(at, 0, `object ${index + 1} of ${view.count} ends after the last octet`);
      return at;
    }
    ioa = addressed ? readIoa(octets, at) : (ioa + 1) & IOA_MAX;
    add(at, elementsAt - at, `object ${index + 1} IOA ${ioa}${addressed ? '' : ' (next in the sequence)'}`);
    at = elementsAt;
    for (const kind of info.layout) {
      // Of all elements only a segment is longer than the table says: by its length octet.
      const lengthOctets = kind === 'SEG' ? 1 + octets[at]! : ELEMENT_OCTETS[kind];
      add(at, lengthOctets, elementText(kind, octets, at));
      at += lengthOctets;
    }
  }
  return at;
}

function elementText(kind: ElementKind, octets: Uint8Array, at: number): string {
  const fields = {};
  codecOf(kind).read(octets, at, fields);
  const text = ELEMENT_TEXTS[kind] as (fields: object) => string;
  return text(fields);
}
