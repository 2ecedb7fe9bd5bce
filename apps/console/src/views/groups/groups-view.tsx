/** All groups, a dense row each. */
import { computed, useComputed } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api } from '../../api/client.js';
import { useKeys } from '../../keys/keys.js';
import { go, href, route, setQuery } from '../../route.js';
import { allRows, order, summary } from '../../state/fleet.js';
import { KINDS, type TroubleKind, troublesOf } from '../../state/trouble.js';
import { usePolled } from '../../ui/polled.js';
import { Chips } from '../../ui/chips.js';
import { useGradually } from '../../ui/gradually.js';
import { FilterBox } from '../../ui/filter-box.js';
import { plural } from '../../ui/words.js';
import { COLUMNS } from './columns.js';
import { GroupRow } from './group-row.js';
import { compared, current, moveCurrent, toggleCompared } from './marked.js';
import { selected, selectionOf } from './selection.js';

/** Equal lists are the same: the table is drawn again only when rows come, go or move. */
const shown = (() => {
  let before: readonly string[] = [];
  return computed(() => {
    const next = selected(allRows(), selectionOf(route.value.query));
    if (next.join() !== before.join()) before = next;
    return before;
  });
})();

const counts = computed(() => {
  const found = new Map<TroubleKind, number>();
  for (const row of allRows()) {
    for (const kind of new Set(troublesOf(row).map(({ kind }) => kind))) found.set(kind, (found.get(kind) ?? 0) + 1);
  }
  return found;
});

export function GroupsView() {
  const selection = useComputed(() => selectionOf(route.value.query)).value;
  const open = (): void => {
    if (current.value !== undefined) go(href(['group', current.value]));
  };
  useKeys('Groups', [
    { keys: 'j', does: 'next group', run: () => moveCurrent(shown.value, 1) },
    { keys: 'k', does: 'previous group', run: () => moveCurrent(shown.value, -1) },
    { keys: 'Enter', does: 'open the group', run: open },
    { keys: 'c', does: 'mark for comparison; two of them are compared', run: () => toggleCompared(current.value) },
    {
      keys: 'e',
      does: 'edit the group',
      run: () => current.value !== undefined && go(href(['edit', current.value])),
    },
    { keys: 'x', does: 'show all: no filter, no chips, trouble first', run: showAll },
  ]);
  const toggle = (kind: TroubleKind): void => {
    const next = selection.chips.includes(kind)
      ? selection.chips.filter((chip) => chip !== kind)
      : [...selection.chips, kind];
    setQuery({ show: next.join(',') });
  };
  const chips = KINDS.filter(({ kind }) => (counts.value.get(kind) ?? 0) > 0 || selection.chips.includes(kind));
  return (
    <section class="view groups">
      <div class="bar">
        <h1>Groups</h1>
        <FilterBox
          label="Filter groups"
          placeholder="Filter: name, id, port, endpoint"
          tip="Words that a group must all have, its state and last error included (/)"
        />
        <Chips
          label="Show only"
          chips={chips.map(({ kind, label, tip }) => ({ id: kind, label, tip, count: counts.value.get(kind) ?? 0 }))}
          chosen={selection.chips}
          onToggle={(id) => toggle(id as TroubleKind)}
        />
        <span class="grow" />
        <NotLoaded />
        <span class="muted" aria-live="polite">
          {shown.value.length === order.value.length
            ? plural(order.value.length, 'group')
            : `${shown.value.length} of ${plural(order.value.length, 'group')}`}
        </span>
      </div>
      <GroupTable sort={selection.sort} />
    </section>
  );
}

const AGAIN_MS = 60_000;

/** A row that is at fault is no group, and would be looked for in vain. */
function NotLoaded() {
  const { value } = usePolled(api.configuration, AGAIN_MS, summary.value?.configuration).value;
  const rows = new Set(value?.problems.filter(({ severity }) => severity === 'skipped').map(({ row }) => row));
  if (rows.size === 0) return null;
  return (
    <a class="warn" href={href(['configuration'])}>
      {rows.size === 1 ? '1 row of the file does not load' : `${rows.size} rows of the file do not load`}
    </a>
  );
}

function showAll(): void {
  setQuery({ filter: undefined, show: undefined, sort: undefined });
}

function GroupTable({ sort }: { sort: string }) {
  const place = useRef<HTMLDivElement>(null);
  const ids = shown.value;
  // The one that keys are about can be scrolled to.
  const drawn = useGradually(ids.length, ids.indexOf(current.peek() ?? '') + 1);
  useEffect(
    () =>
      current.subscribe((id) => {
        if (id !== undefined)
          place.current?.querySelector(`[data-id="${CSS.escape(id)}"]`)?.scrollIntoView({ block: 'nearest' });
      }),
    [],
  );
  if (summary.value === undefined) return <p class="empty">Waiting for the first overview …</p>;
  if (ids.length === 0) {
    return (
      <p class="empty">
        {order.value.length === 0 ? 'The configuration has no groups.' : 'No group matches. '}
        {order.value.length > 0 && (
          <button type="button" onClick={showAll}>
            Show all
          </button>
        )}
      </p>
    );
  }
  return (
    <div class="scroll" ref={place} tabIndex={0} role="region" aria-label="List of groups">
      <table class="fleet" role="table" aria-label="Groups" aria-colcount={COLUMNS.length}>
        <thead role="rowgroup">
          <tr role="row">
            {COLUMNS.map((column) => (
              <SortHeading key={column.id} column={column} sort={sort} />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {ids.slice(0, drawn).map((id) => (
            <GroupRow key={id} id={id} />
          ))}
        </tbody>
      </table>
      {compared.value.length === 1 && (
        <p class="hint">Group {compared.value[0]} is marked. Mark another one with c to compare them.</p>
      )}
    </div>
  );
}

function SortHeading({ column, sort }: { column: (typeof COLUMNS)[number]; sort: string }) {
  const { id, title, tip } = column;
  const up = sort === id;
  const down = sort === `-${id}`;
  // Once for one way, again for the other, again for trouble first.
  const next = up ? `-${id}` : down ? undefined : id;
  return (
    <th
      role="columnheader"
      class={`c-${id}${column.number ? ' number' : ''}${column.small ? '' : ' large'}`}
      aria-sort={up ? 'ascending' : down ? 'descending' : 'none'}
    >
      <button type="button" data-tip={tip} onClick={() => setQuery({ sort: next })}>
        {title}
        <span aria-hidden="true">{up ? ' ▲' : down ? ' ▼' : ''}</span>
      </button>
    </th>
  );
}
