import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { COMMAND_KINDS, POINT_KINDS, type CommandKind, type PointKind } from './point-kind.js';
import { type PointDefinition, PointListError, type PointProblem } from './point.js';

const IOA_MAX = 0xffffff;
const COUNTER_GROUPS = 4;
const INTERROGATION_GROUPS = 16;

const KIND_NAMES = Object.keys(POINT_KINDS) as PointKind[];

/** Words for values, as people write them in a point list or in a command. */
const VALUE_WORDS: ReadonlyMap<string, readonly [single: number, double: number]> = new Map([
  ['off', [0, 1]],
  ['false', [0, 1]],
  ['open', [0, 1]],
  ['on', [1, 2]],
  ['true', [1, 2]],
  ['closed', [1, 2]],
  ['intermediate', [NaN, 0]],
  ['indeterminate', [NaN, 3]],
]);

/**
 * Reads a value as a person writes it: a number, or for single and double points also on/off, true/false, open/closed.
 * Returns the value, or why it is none.
 */
export function parseValue(kind: PointKind, text: string): number | { reason: string } {
  const { min, max, integer } = POINT_KINDS[kind];
  const word = VALUE_WORDS.get(text.trim().toLowerCase());
  const value =
    word !== undefined && (kind === 'single' || kind === 'double') ? word[kind === 'single' ? 0 : 1] : number(text);
  if (Number.isNaN(value)) return { reason: `'${text}' is no value of kind ${kind}` };
  if (value < min || value > max) return { reason: `${text} is outside ${min}..${max} of kind ${kind}` };
  if (integer && !Number.isInteger(value)) return { reason: `${text} is not an integer, which kind ${kind} needs` };
  return value;
}

function number(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}

/** `single`, `M_SP_NA_1`, `M_SP_TB_1` or `C_SC_NA_1`, in any case. */
export function parseKind(text: string): PointKind | undefined {
  const wanted = text.trim().toLowerCase();
  return KIND_NAMES.find((kind) => {
    const { plain, timed, command } = POINT_KINDS[kind];
    return [kind, plain, timed, command?.plain, command?.timed].some((name) => name?.toLowerCase() === wanted);
  });
}

const addressText = z
  .string()
  .regex(/^\d+$/, 'must be an address 1..16777215')
  .transform(Number)
  .refine((ioa) => ioa >= 1 && ioa <= IOA_MAX, 'must be an address 1..16777215');

const kindText = z.string().transform((text, context): PointKind => {
  const kind = parseKind(text);
  if (kind !== undefined) return kind;
  context.addIssue(`'${text}' is none of ${KIND_NAMES.join(', ')}`);
  return z.NEVER;
});

const commandKindText = kindText.transform((kind, context): CommandKind => {
  if (kind !== 'counter') return kind;
  context.addIssue(`there is no command of kind counter, only of ${COMMAND_KINDS.join(', ')}`);
  return z.NEVER;
});

const yesNo = z
  .string()
  .regex(/^(y|yes|n|no)$/i, 'must be Y or N')
  .transform((text) => /^y/i.test(text));

/** Cells, an empty one being as good as none (see `withoutEmptyCells`). */
const rowSchema = z
  .object({
    ioa: addressText,
    type: kindText,
    value: z.string().optional(),
    name: z.string().max(64, 'must not be longer than 64 characters').optional(),
    group: z.string().regex(/^\d+$/, 'must be a group number').transform(Number).optional(),
    command_ioa: z
      .string()
      .transform((text) => text.split(';').map((part) => part.trim()))
      .pipe(z.array(addressText))
      .optional(),
    command: commandKindText.optional(),
    select: z.enum(['optional', 'required', 'no'], 'must be optional, required or no').optional(),
    events: yesNo.optional(),
  })
  .strict();

type Row = z.infer<typeof rowSchema>;

/** Columns of a point list; only `ioa` and `type` are required. */
export const POINT_COLUMNS = Object.keys(rowSchema.shape);

/**
 * Reads a point list.
 *
 * The first line names the columns, in any order: `ioa,type,value,name,group,command_ioa,command,select,events`. Lines
 * beginning with `#` and empty lines are skipped.
 *
 * | column | content |
 * | --- | --- |
 * | `ioa` | address 1..16777215, unique |
 * | `type` | single, double, step, bitstring, normalized, scaled, float, counter (or a TypeID name, `M_ME_NC_1`) |
 * | `value` | value at power-on; default 0 (double: off) |
 * | `name` | for people |
 * | `group` | interrogation group 1..16, for counters 1..4 |
 * | `command_ioa` | address of the command that works on this point; several with `;` |
 * | `command` | kind of that command; default: the point's own type |
 * | `select` | optional (default), required, no |
 * | `events` | Y (default) or N: take part in spontaneous events |
 *
 * @throws PointListError naming row and column of everything that is wrong
 */
export function parsePoints(text: string): PointDefinition[] {
  const problems: PointProblem[] = [];
  const points: PointDefinition[] = [];
  const ioas = new Map<number, number>();
  const commandIoas = new Map<number, number>();
  for (const { row, record } of readRecords(text)) {
    const parsed = rowSchema.safeParse(record);
    if (!parsed.success) {
      for (const issue of parsed.error.issues) problems.push(...describe(row, issue));
      continue;
    }
    const complain = (field: string, reason: string): void => void problems.push({ row, field, reason });
    const point = toPoint(parsed.data, complain);
    claim(ioas, point.ioa, row, 'ioa', complain);
    for (const ioa of point.commandIoas) claim(commandIoas, ioa, row, 'command_ioa', complain);
    points.push(point);
  }
  if (problems.length === 0 && points.length === 0) problems.push({ row: 1, field: 'row', reason: 'no points' });
  if (problems.length > 0) throw new PointListError(problems);
  return points;
}

function readRecords(text: string): { row: number; record: Record<string, string> }[] {
  try {
    const options = { bom: true, columns: lowerCase, comment: '#', comment_no_infix: true, info: true, trim: true };
    const rows = parse(text, { ...options, skip_empty_lines: true }) as unknown as {
      info: { lines: number };
      record: Record<string, string>;
    }[];
    return rows.map(({ info, record }) => ({ row: info.lines, record: withoutEmptyCells(record) }));
  } catch (error) {
    const { lines, message } = error as { lines?: number; message: string };
    throw new PointListError([{ row: lines ?? 1, field: 'row', reason: message }]);
  }
}

function withoutEmptyCells(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([, cell]) => cell !== ''));
}

function lowerCase(header: string[]): string[] {
  return header.map((name) => name.trim().toLowerCase());
}

function describe(row: number, issue: z.core.$ZodIssue): PointProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const reason = `unknown column, known are ${POINT_COLUMNS.join(', ')}`;
    return issue.keys.map((field) => ({ row, field, reason }));
  }
  const field = String(issue.path[0] ?? 'row');
  const missing = issue.code === 'invalid_type' && issue.path.length === 1;
  return [{ row, field, reason: missing ? 'is missing' : issue.message }];
}

function toPoint(row: Row, complain: (field: string, reason: string) => void): PointDefinition {
  const kind = row.type;
  let value = kind === 'double' ? 1 : 0;
  if (row.value !== undefined) {
    const parsed = parseValue(kind, row.value);
    if (typeof parsed === 'number') value = parsed;
    else complain('value', parsed.reason);
  }
  const groups = kind === 'counter' ? COUNTER_GROUPS : INTERROGATION_GROUPS;
  if (row.group !== undefined && (row.group < 1 || row.group > groups)) {
    complain('group', `must be 1..${groups} for kind ${kind}`);
  }
  const commandIoas = row.command_ioa ?? [];
  if (commandIoas.length === 0 && row.command !== undefined) complain('command', 'needs a command_ioa');
  if (kind === 'counter' && commandIoas.length > 0) complain('command_ioa', 'a counter cannot be commanded');
  return {
    ioa: row.ioa,
    kind,
    value,
    name: row.name ?? `${kind} ${row.ioa}`,
    group: row.group,
    commandIoas,
    commandKind: commandIoas.length === 0 ? undefined : (row.command ?? (kind === 'counter' ? undefined : kind)),
    select: row.select ?? 'optional',
    events: row.events ?? true,
  };
}

function claim(
  taken: Map<number, number>,
  ioa: number,
  row: number,
  field: string,
  complain: (field: string, reason: string) => void,
): void {
  const first = taken.get(ioa);
  if (first !== undefined) complain(field, `${ioa} is already used in row ${first}`);
  else taken.set(ioa, row);
}
