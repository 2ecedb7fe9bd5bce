import { type Endpoint, peerText } from '@iec104mm2ss/config';

/** Where one group of the sample goes: everything else of its row stays. */
export interface MovedGroup {
  readonly id: string;
  /** Port masters connect to. */
  readonly port: number;
  readonly maxConnections: number;
  readonly hosts: readonly Endpoint[];
}

/**
 * The text of a configuration file with ports, hosts and the number of masters of some groups changed. Rows are told by
 * their id, columns by the header row; comments and everything behind `!` stay as they are.
 */
export function moveGroups(text: string, groups: readonly MovedGroup[]): string {
  let header: string[] | undefined;
  let stopped = false;
  const left = new Map(groups.map((group) => [group.id, group]));
  const lines = text.split(/\r?\n/).map((line) => {
    const cells = line.split(',');
    const id = (cells[0] ?? '').trim();
    if (id.startsWith('!')) stopped = true;
    if (id.toLowerCase() === 'id') header = cells.map((cell) => cell.trim().toLowerCase());
    const group = left.get(id);
    if (stopped || group === undefined || header === undefined) return line;
    left.delete(id);
    const set = (column: string, value: string): void => {
      const index = header?.indexOf(column) ?? -1;
      if (index < 0) throw new Error(`the sample has no column '${column}'`);
      cells[index] = value;
    };
    set('port no', String(group.port));
    set('max conn', String(group.maxConnections));
    set('hosts', group.hosts.map(({ host, port }) => peerText(host, port)).join(';'));
    return cells.join(',');
  });
  if (left.size > 0) throw new Error(`the sample has no group ${[...left.keys()].join(', ')}`);
  return lines.join('\n');
}
