/** What an operator can order of a group: each is asked back with what it brings about. */
import type { MasterStatus, OverviewRow } from '@iec104mm2ss/console-api';
import { api } from '../../api/client.js';
import { rowOf } from '../../state/fleet.js';
import { ask } from '../../ui/dialog.js';
import { say } from '../../ui/toast.js';
import { plural } from '../../ui/words.js';

/** The row by now; as it was, once the group is gone. */
const nowOf = (row: OverviewRow): OverviewRow => rowOf(row.id) ?? row;

const obsolete =
  ({ id }: OverviewRow) =>
  (): string | undefined =>
    rowOf(id) === undefined ? `There is no group ${id} any more.` : undefined;

const titleOf = (row: OverviewRow): string => row.name ?? `group ${row.id}`;

const COME_BACK = 'and may come back when the RTU is there again.';

function closes({ mastersConnected, silent }: OverviewRow): string {
  if (mastersConnected === null) return 'No gateway answers: masters that are connected are disconnected.';
  const isSilent = silent.includes('gateway');
  if (mastersConnected === 0)
    return isSilent ? `Masters of the silent gateway are disconnected, ${COME_BACK}` : 'No master is connected now.';
  const known = plural(mastersConnected, 'master');
  if (isSilent) return `${known} and those of the silent gateway are disconnected, ${COME_BACK}`;
  return `${known} ${mastersConnected === 1 ? 'is' : 'are'} disconnected, ${COME_BACK}`;
}

export function askRestart(row: OverviewRow): void {
  ask({
    title: `Restart ${titleOf(row)}?`,
    consequences: () => [
      'The link to the RTU is closed and opened anew, from the first of its hosts on.',
      closes(nowOf(row)),
      'Events that no master has acknowledged are kept, and sent again.',
    ],
    obsolete: obsolete(row),
    action: 'Restart',
    run: async () => say(`${titleOf(row)}: ${(await api.restart(row.id)).message}`),
  });
}

/** Why it would be refused; undefined: it can be ordered. */
export const whyNoNextHost = ({ hosts }: OverviewRow): string | undefined =>
  hosts === 1 ? 'It is the only host of this RTU' : undefined;

export function askNextHost(row: OverviewRow): void {
  const why = whyNoNextHost(row);
  if (why !== undefined) {
    say(`${titleOf(row)}: ${why}.`);
    return;
  }
  ask({
    title: `Next host for ${titleOf(row)}?`,
    consequences: () => [
      `The link to ${nowOf(row).endpoint ?? 'the RTU'} is closed, and the next of its hosts is tried.`,
      closes(nowOf(row)),
      'Events that no master has acknowledged are kept, and sent again.',
    ],
    obsolete: obsolete(row),
    action: 'Next host',
    run: async () => say(`${titleOf(row)}: ${(await api.nextHost(row.id)).message}`),
  });
}

/** @param isThere whether the session is there still */
export function askDisconnect(row: OverviewRow, master: MasterStatus, isThere: () => boolean): void {
  const who = master.name ?? master.peer ?? `session ${master.session}`;
  ask({
    title: `Disconnect ${who}?`,
    consequences: () => [
      `Its connection to ${titleOf(row)} is closed. It may connect again at once.`,
      'No other master notices. Commands of it that were sent to the RTU already are not taken back.',
    ],
    obsolete: () =>
      obsolete(row)() ?? (isThere() ? undefined : 'It is not among the masters that are connected any more.'),
    action: 'Disconnect',
    run: async () => say(`${who}: ${(await api.disconnect(row.id, master.session)).message}`),
  });
}
