import {
  type ColumnName,
  type Configuration,
  editRow,
  fullEffect,
  type GroupConfig,
  groupChanges,
  matchesAny,
  readRow,
} from '@iec104mm2ss/config';
import type { CellChange, ChangeEffect, RowCheck } from '@iec104mm2ss/console-api';
import type { GroupStatus } from '@iec104mm2ss/observability';

type Cells = Readonly<Partial<Record<ColumnName, string>>>;

/** What each changed cell does by itself. */
export function effectOfCells(octets: Uint8Array, id: string, inForce: Configuration, cells: Cells): CellChange[] {
  const now = readRow(octets, id)?.cells ?? {};
  return (Object.entries(cells) as [ColumnName, string][])
    .filter(([column, after]) => (now[column] ?? '') !== after)
    .map(([column, after]) => {
      const alone = editRow(octets, id, { [column]: after });
      const groups = 'fault' in alone ? [] : alone.file.configuration.groups;
      const change = groupChanges(inForce.groups, groups).changed.find((each) => each.after.id === id);
      return { column, before: now[column] ?? '', after, effect: change === undefined ? 'live' : fullEffect(change) };
    });
}

/** What becomes of those who are connected, in words. */
export function consequenceOf(
  effect: ChangeEffect | null,
  status: GroupStatus | undefined,
  after: GroupConfig | undefined,
): Pick<RowCheck, 'consequence' | 'closesMasters'> {
  const connected = status?.masters ?? [];
  switch (effect) {
    case null:
      return { consequence: 'nothing changes', closesMasters: 0 };
    case 'live':
      return { consequence: 'nobody is disconnected', closesMasters: 0 };
    case 'filter': {
      const outside = connected.filter(({ peer }) => isOutside(peer, after)).length;
      const who =
        outside === 0
          ? 'no master is disconnected by the filter'
          : `closes ${mastersText(outside)} outside of the filter`;
      return {
        consequence: `${who}; whoever loses all rights or may not connect any more is disconnected`,
        closesMasters: outside,
      };
    }
    case 'masters':
    case 'link': {
      const count = connected.length;
      const masters = count === 0 ? 'no master is connected' : `closes ${mastersText(count)}`;
      const link = effect === 'link' ? 'closes the link to the RTU' : 'the link to the RTU stays';
      return { consequence: `${link}; ${masters}`, closesMasters: count };
    }
  }
}

/** `1 master`, `5 masters`. */
export const mastersText = (count: number): string => `${count} master${count === 1 ? '' : 's'}`;

function isOutside(peer: string | null, after: GroupConfig | undefined): boolean {
  const address = peer?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (address === undefined || after === undefined || after.filter.length === 0) return false;
  return !matchesAny(after.filter, address);
}
