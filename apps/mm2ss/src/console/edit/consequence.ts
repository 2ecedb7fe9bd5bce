import {
  type ColumnName,
  COLUMN_HELP,
  editRow,
  fullEffect,
  type GroupChange,
  type GroupConfig,
  groupChanges,
  matchesAny,
  readRow,
  unnamedMasters,
} from '@iec104mm2ss/config';
import type { CellChange, ChangeEffect, RowCheck } from '@iec104mm2ss/console-api';
import type { GroupStatus } from '@iec104mm2ss/observability';
import { closesText, mastersText } from '../overview/closes.js';

type Cells = Readonly<Partial<Record<ColumnName, string>>>;

/**
 * What each cell does by itself that is to be another one than is in force, or than the file has.
 *
 * @param ofFile the file as it is
 * @param inForce the file with what is in force until restart
 * @param groups those that load from that
 */
export function changesOf(
  ofFile: Uint8Array,
  inForce: Uint8Array,
  groups: readonly GroupConfig[],
  id: string,
  cells: Cells,
): CellChange[] {
  const [inFile, running] = [readRow(ofFile, id)?.cells ?? {}, readRow(inForce, id)?.cells ?? {}];
  return (Object.entries(cells) as [ColumnName, string][]).flatMap(([column, after]) => {
    const before = [running, inFile].map((row) => row[column] ?? '').find((text) => text !== after);
    return before === undefined
      ? []
      : [{ column, before, after, effect: effectAlone(inForce, groups, id, column, after) }];
  });
}

function effectAlone(
  inForce: Uint8Array,
  groups: readonly GroupConfig[],
  id: string,
  column: ColumnName,
  cell: string,
): ChangeEffect {
  const alone = editRow(inForce, id, { [column]: cell });
  const after = 'fault' in alone ? undefined : alone.file.configuration.groups.find((group) => group.id === id);
  // It is taken together with another cell only: what it costs at most.
  if (after === undefined) return COLUMN_HELP.find(({ name }) => name === column)?.effect ?? 'link';
  const [change] = groupChanges(
    groups.filter((group) => group.id === id),
    [after],
  ).changed;
  return change === undefined ? 'live' : fullEffect(change);
}

/** What becomes of those who are connected, and of what is kept for named masters, in words. */
export function consequenceOf(
  effect: ChangeEffect | null,
  status: GroupStatus | undefined,
  change: GroupChange | undefined,
): Pick<RowCheck, 'consequence' | 'closesMasters'> {
  const { consequence, closesMasters } = disconnectedBy(effect, status, change?.after);
  const unnamed = change === undefined ? [] : unnamedMasters(change.before.masters, change.after.masters);
  const lost = unnamed.length === 0 ? '' : `; what is kept for ${unnamed.join(', ')}, not named any more, is given up`;
  return { consequence: `${consequence}${lost}`, closesMasters };
}

function disconnectedBy(
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
      const link = effect === 'link' ? 'closes the link to the RTU' : 'the link to the RTU stays';
      return {
        consequence: `${link}; ${closesText(status ?? { masters: [] })}`,
        closesMasters: connected.length,
      };
    }
  }
}

function isOutside(peer: string | null, after: GroupConfig | undefined): boolean {
  const address = peer?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (address === undefined || after === undefined || after.filter.length === 0) return false;
  return !matchesAny(after.filter, address);
}
