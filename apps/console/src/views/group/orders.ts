/** What an operator can order of a group: each is asked back with what it brings about. */
import type { MasterStatus, OverviewRow } from '@iec104mm2ss/console-api';
import { api } from '../../api/client.js';
import { rowOf } from '../../state/fleet.js';
import { isStale } from '../../state/stale.js';
import { ask, type Question } from '../../ui/dialog.js';
import { say } from '../../ui/toast.js';
import { sentence } from '../../ui/words.js';

const obsolete =
  ({ id }: OverviewRow) =>
  (): string | undefined =>
    rowOf(id) === undefined ? `There is no group ${id} any more.` : undefined;

const titleOf = (row: OverviewRow): string => row.name ?? `group ${row.id}`;

/** What the server says of the masters of the group by now: "closes 5 masters". */
export type Closes = () => string | undefined;

const consequences =
  (link: () => string, closes: Closes): Question['consequences'] =>
  () => [
    link(),
    sentence(closes() ?? 'its masters are disconnected'),
    'Masters may come back when the RTU is there again. Events that none has acknowledged are kept, and sent again.',
    ...(isStale() ? ['The page is not live: this may be otherwise by now.'] : []),
  ];

export function askRestart(row: OverviewRow, closes: Closes): void {
  ask({
    title: `Restart ${titleOf(row)}?`,
    consequences: consequences(
      () => 'The link to the RTU is closed and opened anew, from the first of its hosts on.',
      closes,
    ),
    obsolete: obsolete(row),
    action: 'Restart',
    run: async () => say(`${titleOf(row)}: ${(await api.restart(row.id)).message}`),
  });
}

/** Why it would be refused; undefined: it can be ordered. */
export const whyNoNextHost = ({ hosts }: OverviewRow): string | undefined =>
  hosts === 1 ? 'It is the only host of this RTU' : undefined;

export function askNextHost(row: OverviewRow, closes: Closes): void {
  const why = whyNoNextHost(row);
  if (why !== undefined) {
    say(`${titleOf(row)}: ${why}.`);
    return;
  }
  ask({
    title: `Next host for ${titleOf(row)}?`,
    consequences: consequences(
      () => `The link to ${rowOf(row.id)?.endpoint ?? 'the RTU'} is closed, and the next of its hosts is tried.`,
      closes,
    ),
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
