/** One group: its link, listeners, event log, masters, and the last minutes. */
import type { GroupDetail, OverviewRow } from '@iec104mm2ss/console-api';
import { useSignal } from '@preact/signals';
import { useStream } from '../../api/stream.js';
import { useKeys } from '../../keys/keys.js';
import { go, href } from '../../route.js';
import { rowOf, summary } from '../../state/fleet.js';
import { may } from '../../state/session.js';
import { troublesOf } from '../../state/trouble.js';
import { RtuMark } from '../../ui/rtu-state.js';
import { Charts } from './charts.js';
import { Facts } from './facts.js';
import { Masters } from './masters.js';
import { askNextHost, askRestart, type Closes, whyNoNextHost } from './orders.js';

export function GroupView({ id }: { id: string }) {
  const detail = useSignal<GroupDetail | undefined>(undefined);
  useStream(
    { groups: id },
    {
      group: (data) => {
        if (data.id === id) detail.value = data;
      },
    },
    id,
  );
  const row = rowOf(id);
  const order = (run: (row: OverviewRow, closes: Closes) => void) => (): void => {
    if (row !== undefined && may('order')) run(row, () => detail.value?.closes ?? undefined);
  };
  useKeys('Group', [
    ...(may('order')
      ? [
          { keys: 'r', does: 'restart', run: order(askRestart) },
          { keys: 'n', does: 'next host', run: order(askNextHost) },
        ]
      : []),
    { keys: 'e', does: 'edit', run: () => go(href(['edit', id])) },
    { keys: 'l', does: 'its log', run: () => go(href(['logs'], { group: id })) },
    { keys: 't', does: 'its traffic', run: () => go(href(['traffic'], { group: id })) },
    { keys: 'm', does: 'compare with another one', run: () => go(href(['compare'], { a: id })) },
    { keys: 'u', does: 'back to the list', run: () => go(href(['groups'])) },
  ]);
  const isThere = (session: string): boolean =>
    detail.value?.status?.masters.some((master) => master.session === session) === true;
  if (row === undefined) {
    return (
      <div class="empty">
        <h1>{summary.value === undefined ? `Group ${id}` : `There is no group ${id}`}</h1>
        <p>
          {summary.value === undefined && 'Waiting for the first overview … '}
          <a href={href(['groups'])}>All groups</a>
        </p>
      </div>
    );
  }
  const stale = row.silent.length > 0 || row.unserved.length > 0;
  const status = detail.value?.status;
  return (
    <section class="view group">
      <div class="bar">
        <h1>
          <a href={href(['groups'])} class="up" aria-label="All groups">
            ‹
          </a>
          {row.name ?? `Group ${id}`}
        </h1>
        <RtuMark row={row} />
        <span class="muted">
          group {id} · port {row.port ?? '–'}
          {row.tlsPort !== null && `, TLS ${row.tlsPort}`} · RTU number {row.rtuNumber ?? '–'}
        </span>
        <span class="grow" />
        <nav class="actions" aria-label="Of this group">
          <a class="button" href={href(['logs'], { group: id })} data-tip="Its log lines, live (l)">
            Log
          </a>
          <a class="button" href={href(['traffic'], { group: id })} data-tip="What passes, decoded (t)">
            Traffic
          </a>
          <a
            class="button"
            href={href(['commands'], { group: id })}
            data-tip="Commands of its masters, and what became of them"
          >
            Commands
          </a>
          <a class="button" href={href(['compare'], { a: id })} data-tip="Side by side with another group (m)">
            Compare
          </a>
          <a class="button" href={href(['edit', id])} data-tip="Its row of the file (e)">
            {may('apply') || may('save') ? 'Edit' : 'Row'}
          </a>
          {may('order') && (
            <>
              <button
                type="button"
                aria-disabled={whyNoNextHost(row) !== undefined}
                onClick={order(askNextHost)}
                data-tip={whyNoNextHost(row) ?? 'Close the link, try the next host (n)'}
              >
                Next host
              </button>
              <button type="button" onClick={order(askRestart)} data-tip="Close the link and open it anew (r)">
                Restart
              </button>
            </>
          )}
        </nav>
      </div>
      <div class={`body ${stale ? 'stale' : ''}`}>
        {troublesOf(row).map(({ kind, severity, text }) => (
          <p key={`${kind} ${text}`} class={`problem ${severity}`}>
            {text}
          </p>
        ))}
        {!status ? (
          <p class="muted">{detail.value === undefined ? 'Waiting …' : 'No process knows this group any more.'}</p>
        ) : (
          <>
            <Facts row={row} status={status} />
            <Masters row={row} status={status} isThere={isThere} />
          </>
        )}
        <h2>Last 15 minutes</h2>
        <Charts group={id} />
      </div>
    </section>
  );
}
