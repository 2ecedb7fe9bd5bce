import { chartValues } from '@iec104mm2ss/chart';
import { parseConfiguration } from '@iec104mm2ss/config';
import type { Values } from './helm.ts';

const COLUMNS = ['id', 'sys name', 'port no', 'rtu no', 'hosts', 'filter', 'logevents'] as const;

/** A row by column; what is left out is as a plain group has it. */
export type Row = Readonly<Record<string, string | number>>;

/** Group 7, with its RTU at 10.9.0.7 and masters from 10.1.0.0/16: another id, another RTU and port. */
export function row(id: number, cells: Row = {}): Row {
  const plain = { id, 'sys name': `RTU-${id}`, 'port no': 10_000 + id, 'rtu no': (id % 65_000) + 1 };
  return { ...plain, hosts: `10.9.${id >> 8}.${id & 255}:2404`, filter: '10.1.0.0/16', logevents: 'N', ...cells };
}

export const rows = (count: number): Row[] => Array.from({ length: count }, (_, index) => row(index + 1));

/** The text of a configuration file. */
export function csvOf(all: readonly Row[]): string {
  const columns = [...new Set([...COLUMNS, ...all.flatMap((cells) => Object.keys(cells))])];
  const lines = all.map((cells) => columns.map((column) => cells[column] ?? '').join(','));
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

/** What `mm2ss chart` makes of a file. */
export function generated(csv: string): Values {
  const configuration = parseConfiguration(csv);
  if (configuration.groups.length === 0) throw new Error('no group loads');
  return chartValues(configuration, csv) as unknown as Values;
}

/** Groups 7 and 8 unless told otherwise. */
export const groups = (...all: readonly Row[]): Values => generated(csvOf(all.length > 0 ? all : [row(7), row(8)]));

/** NATS without users: the least that a test about something else needs. */
export const NO_USERS: Values = { nats: { auth: { enabled: false } } };
/** With users: the connectors of all groups of these tests, one by one and packed. */
const CONNECTORS = ['7', '8', '9', '111', '222', '333', '0-49', '1-50', '100-149', '200-249'];
export const USERS: Values = {
  nats: { auth: { existingSecret: 'nats-keys' } },
  natsUsers: `${JSON.stringify({
    ...{ format: 1, groups: [], permissions: {} },
    users: CONNECTORS.map((id) => ({ name: `connector-${id}` })),
  })}\n`,
};
