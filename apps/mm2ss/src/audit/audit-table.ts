import type { AuditRecord } from '@iec104mm2ss/router';
import { tableLines } from '../text-table.js';

const HEAD = ['TIME', 'GROUP', 'MASTER', 'COMMAND', 'CA', 'IOA', 'VALUE', 'OUTCOME', 'MS'] as const;
/** Columns of numbers are aligned to the right. */
const RIGHT: ReadonlySet<string> = new Set(['CA', 'IOA', 'MS']);
/** Fields of an object that are in columns of their own. */
const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set(['ioa', 'select']);

/** The records as a table, a line each. */
export function auditTable(records: readonly AuditRecord[]): string[] {
  const rows = [[...HEAD], ...records.map(cellsOf)];
  return tableLines(rows, (column) => RIGHT.has(HEAD[column] ?? ''));
}

function cellsOf(record: AuditRecord): string[] {
  const { at, group, peer, name, type, cause, select, ca, ioa, objects, outcome, durationMs } = record;
  const who = name === null ? peer : `${name} (${peer})`;
  const what = `${type} ${cause}${select ? ' select' : ''}`.trimEnd();
  return [at, group, who, what, `${ca}`, ioa === null ? '-' : `${ioa}`, valueOf(objects), outcome, `${durationMs}`].map(
    printable,
  );
}

/** Names and certificate names come from outside: no control characters on the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}

/** What the command was to set: the fields of its object that are not their default; octets when it was not understood. */
export function valueOf(objects: unknown): string {
  if (typeof objects === 'string') return objects;
  const [first] = Array.isArray(objects) ? (objects as unknown[]) : [];
  if (typeof first !== 'object' || first === null) return '';
  return Object.entries(first)
    .filter(([field, value]) => !SHOWN_ELSEWHERE.has(field) && (field === 'value' || (value !== false && value !== 0)))
    .map(([field, value]) => `${field}=${textOf(value)}`)
    .join(' ');
}

function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const { iso } = value as { iso?: unknown };
  return typeof iso === 'string' ? iso : JSON.stringify(value);
}
