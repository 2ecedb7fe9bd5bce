/** The columns of the list: heading, what it sorts by, what is in the cell. */
import type { OverviewRow } from '@iec104mm2ss/console-api';
import type { ComponentChildren } from 'preact';
import { isStale } from '../../state/stale.js';
import { isDown, type Severity, severityOf, troublesOf } from '../../state/trouble.js';
import { Age } from '../../ui/age.js';
import { RtuMark } from '../../ui/rtu-state.js';
import { count, mastersText, rate } from '../../ui/words.js';

export interface Column {
  readonly id: string;
  readonly title: string;
  readonly tip: string;
  readonly number?: true;
  /** Shown on a phone as well. */
  readonly small?: true;
  /** Drawn out of sight as well, so that the browser finds it. */
  readonly lasting?: true;
  readonly sortBy: (row: OverviewRow) => number | string | null;
  readonly cell: (row: OverviewRow) => ComponentChildren;
}

const WORST_FIRST: Readonly<Record<Severity, number>> = { bad: 0, warn: 1, fine: 2 };

/** Trouble first, then as in the file: the order that the list has by itself. */
export const troubleRank = (row: OverviewRow): number => WORST_FIRST[severityOf(troublesOf(row))];

const time = (iso: string | null): number | null => (iso === null ? null : Date.parse(iso));

function Masters({ row }: { row: OverviewRow }) {
  // While the RTU is away no master can be there.
  const missing = row.mastersMissing.length > 0 && !isDown(row);
  const tip = missing ? `Not there: ${row.mastersMissing.join(', ')}` : 'Started / connected / most that are let in';
  return (
    <span class={missing ? 'warn' : ''} data-tip={tip}>
      {mastersText(row)}
    </span>
  );
}

/** All who serve it answered: that is of now only while the page is live. */
function Fresh() {
  return isStale() ? <span class="none">–</span> : <span class="muted">now</span>;
}

function Problem({ row }: { row: OverviewRow }) {
  const [first, ...others] = troublesOf(row);
  if (first === undefined) {
    if (row.lastError === null) return null;
    // It is over.
    return (
      <span class="muted" data-tip={row.lastError}>
        {row.lastErrorAt !== null && <Age at={row.lastErrorAt} />} {row.lastErrorAt !== null && 'ago: '}
        {row.lastError}
      </span>
    );
  }
  const all = [first, ...others].map(({ text }) => text).join('; ');
  return (
    <span class={first.severity} data-tip={all}>
      {first.kind === 'rtu-down' && row.lastErrorAt !== null && (
        <>
          <Age at={row.lastErrorAt} />:{' '}
        </>
      )}
      {first.text}
      {others.length > 0 && ` +${others.length}`}
    </span>
  );
}

export const COLUMNS: readonly Column[] = [
  {
    id: 'state',
    title: 'RTU',
    tip: 'The link to the RTU',
    small: true,
    sortBy: (row) => row.state,
    cell: (row) => <RtuMark row={row} />,
  },
  {
    id: 'id',
    title: 'Id',
    tip: 'Group: the id of the row of the file',
    number: true,
    small: true,
    lasting: true,
    sortBy: (row) => Number(row.id),
    cell: (row) => row.id,
  },
  {
    id: 'name',
    title: 'Name',
    tip: 'System or RTU name',
    small: true,
    lasting: true,
    sortBy: (row) => row.name,
    cell: (row) => row.name,
  },
  {
    id: 'port',
    title: 'Port',
    tip: 'Port that masters connect to; with TLS the second one',
    number: true,
    lasting: true,
    sortBy: (row) => row.port,
    cell: (row) => (row.tlsPort === null ? row.port : `${row.port ?? ''} ${row.tlsPort}`.trim()),
  },
  {
    id: 'rtu',
    title: 'RTU no.',
    tip: 'RTU number: the common address (CA)',
    number: true,
    lasting: true,
    sortBy: (row) => row.rtuNumber,
    cell: (row) => row.rtuNumber,
  },
  {
    id: 'endpoint',
    title: 'Endpoint',
    tip: 'Host and port of the RTU in use, or being tried',
    lasting: true,
    sortBy: (row) => row.endpoint,
    cell: (row) => <span data-tip={row.endpoint ?? undefined}>{row.endpoint ?? '–'}</span>,
  },
  {
    id: 'since',
    title: 'Since',
    tip: 'How long the link has been in this state; started: since STARTDT',
    number: true,
    sortBy: (row) => time(row.since),
    cell: (row) => <Age at={row.since} />,
  },
  {
    id: 'masters',
    title: 'Masters',
    tip: 'Started / connected / most that are let in',
    number: true,
    small: true,
    sortBy: (row) => row.mastersStarted,
    cell: (row) => <Masters row={row} />,
  },
  {
    id: 'in',
    title: 'In/s',
    tip: 'ASDUs a second from the RTU',
    number: true,
    sortBy: (row) => row.fromRtu,
    cell: (row) => rate(row.fromRtu),
  },
  {
    id: 'out',
    title: 'Out/s',
    tip: 'ASDUs a second to all its masters',
    number: true,
    sortBy: (row) => row.toMasters,
    cell: (row) => rate(row.toMasters),
  },
  {
    id: 'cmd',
    title: 'Cmd/s',
    tip: 'Commands a second',
    number: true,
    sortBy: (row) => row.commands,
    cell: (row) => rate(row.commands),
  },
  {
    id: 'log',
    title: 'Unconfirmed',
    tip: 'Events that no master has acknowledged yet, of what the event log holds (buffsize)',
    number: true,
    sortBy: (row) => row.unconfirmed,
    cell: (row) => (
      <span class={row.full ? 'bad' : ''}>
        {count(row.unconfirmed)}
        <span class="muted">/{count(row.capacity)}</span>
      </span>
    ),
  },
  {
    id: 'queue',
    title: 'Queue',
    tip: 'ASDUs that wait for the master that lags most; at the limit it is disconnected',
    number: true,
    sortBy: (row) => row.queue,
    cell: (row) => (
      <span data-tip={row.queueLimit === null ? undefined : `Limit ${row.queueLimit}`}>{count(row.queue)}</span>
    ),
  },
  {
    id: 'problem',
    title: 'Trouble',
    tip: 'What is wrong now, worst first; else the last error, and how long ago',
    small: true,
    sortBy: troubleRank,
    cell: (row) => <Problem row={row} />,
  },
  {
    id: 'heard',
    title: 'Heard',
    tip: 'Who serves the group answers, or was heard so long ago',
    number: true,
    sortBy: (row) => time(row.lastHeardAt),
    cell: (row) => (row.lastHeardAt === null ? <Fresh /> : <Age at={row.lastHeardAt} />),
  },
];

export const LASTING: readonly Column[] = COLUMNS.filter(({ lasting }) => lasting);

/** Place of each column, from 1 on, by id. */
export const PLACES: ReadonlyMap<string, number> = new Map(COLUMNS.map(({ id }, index) => [id, index + 1]));
