import type { Journal } from '@iec104mm2ss/bus';
import { BusError } from '@iec104mm2ss/bus';
import { csvCell } from '@iec104mm2ss/config';
import type { CommandsAnswer } from '@iec104mm2ss/console-api';
import type { AuditRecord } from '@iec104mm2ss/router';
import { ApiError } from '../../api/api-error.js';
import { type AuditFilter, parseSince } from '../../audit/audit-filter.js';
import { valueOf } from '../../audit/audit-table.js';
import { type AuditSelection, selectRecords } from '../../audit/audit-selection.js';
import { parseCa, parseIoa, parseTypes } from '../../commands/filter-flags.js';
import { type ConsoleRoute, TextAnswer } from './console-request.js';

const DEFAULT_LAST = 500;
const MAX_LAST = 10_000;
const QUERY = ['group', 'master', 'type', 'ca', 'ioa', 'outcome', 'since', 'last'];
const COLUMNS = [
  'at',
  'group',
  'name',
  'peer',
  'certificateName',
  'session',
  'command',
  'type',
  'cause',
  'ca',
  'ioa',
  'select',
  'value',
  'outcome',
  'durationMs',
] as const satisfies readonly (keyof AuditRecord | 'value')[];

type Query = Readonly<Record<string, string>>;

/** The commands that masters gave. */
export function commandRoutes(journal: () => Journal, wallMs: () => number): ConsoleRoute[] {
  const select = async (query: Query): Promise<AuditSelection> => {
    try {
      return await selectRecords(journal(), filterOf(query, wallMs()), lastOf(query['last']));
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      throw new ApiError(503, `the records cannot be read: ${error.message}`);
    }
  };
  return [
    {
      method: 'GET',
      path: '/api/v1/commands',
      summary: 'Commands that masters gave: who, what, when, outcome, duration',
      role: 'viewer',
      query: QUERY,
      handle: async ({ query }): Promise<CommandsAnswer> => {
        const { found, unreadable } = await select(query);
        return { commands: found.map(({ record }) => record), unreadable };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/commands.csv',
      summary: 'The same as a table',
      role: 'viewer',
      query: QUERY,
      type: 'text/csv',
      handle: async ({ query }) => {
        const { found } = await select(query);
        const lines = [
          COLUMNS.join(','),
          ...found.map(({ record }) =>
            COLUMNS.map((name) => cell(name === 'value' ? valueOf(record.objects) : record[name])).join(','),
          ),
        ];
        return new TextAnswer('text/csv; charset=utf-8', `${lines.join('\r\n')}\r\n`, 'commands.csv');
      },
    },
  ];
}

function filterOf({ group, master, type, ca, ioa, outcome, since }: Query, nowMs: number): AuditFilter {
  const groups = list(group);
  const sinceMs = since === undefined || since === '' ? undefined : parseSince(since, nowMs);
  if (since !== undefined && since !== '' && sinceMs === undefined)
    throw new ApiError(400, 'since: 90s, 15m, 2h, 7d, or a time');
  return {
    groups:
      groups.length === 0
        ? undefined
        : { matches: (id) => groups.includes(id), single: groups.length === 1 ? groups[0] : undefined },
    masters: list(master),
    types: parseTypes('type', list(type)),
    cas: list(ca).map((text) => parseCa('ca', text)),
    ioas: list(ioa).map((text) => parseIoa('ioa', text)),
    outcomes: list(outcome),
    since: sinceMs,
  };
}

function lastOf(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_LAST;
  const last = /^\d+$/.test(text) ? Number(text) : 0;
  if (last < 1 || last > MAX_LAST) throw new ApiError(400, `last: 1 to ${MAX_LAST}`);
  return last;
}

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');

/** What begins like a formula is none: a name of a master may say anything, and spreadsheets calculate. */
function cell(value: string | number | boolean | null): string {
  const text = value === null ? '' : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) && typeof value === 'string' ? `'${text}` : text;
  return csvCell(safe);
}
