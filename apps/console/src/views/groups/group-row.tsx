/**
 * One group: drawn again when its row changes, only that, and only while it is in sight. Out of sight it has only what does not
 * change by itself: with 500 groups all else would be most of what the browser has to keep.
 */
import { untracked, useComputed } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { go, href } from '../../route.js';
import { rowOf } from '../../state/fleet.js';
import { severityOf, troublesOf } from '../../state/trouble.js';
import { useInSight } from '../../ui/in-sight.js';
import { COLUMNS, LASTING, PLACES } from './columns.js';
import { compared, current } from './marked.js';

export function GroupRow({ id }: { id: string }) {
  const element = useRef<HTMLTableRowElement>(null);
  const inSight = useInSight(element).value;
  const row = inSight ? rowOf(id) : untracked(() => rowOf(id));
  const isCurrent = useComputed(() => current.value === id).value;
  const isCompared = useComputed(() => compared.value.includes(id)).value;
  if (row === undefined) return null;
  const stale = row.silent.length > 0 || row.unserved.length > 0;
  const nothingWrong = troublesOf(row).length === 0 && row.lastError === null;
  const classes = [severityOf(troublesOf(row)), stale ? 'stale' : '', isCompared ? 'compared' : ''];
  const open = (event: MouseEvent): void => {
    current.value = id;
    const onControl = event.target instanceof Element && event.target.closest('a, button') !== null;
    // Text that is being selected is not a click.
    if (!onControl && getSelection()?.isCollapsed !== false) go(href(['group', id]));
  };
  return (
    <tr
      ref={element}
      role="row"
      class={classes.join(' ')}
      data-id={id}
      aria-current={isCurrent ? 'true' : undefined}
      onClick={open}
    >
      {(inSight ? COLUMNS : LASTING).map(({ id: column, number, small, cell }) => {
        const nothing = column === 'problem' && nothingWrong ? ' nothing' : '';
        return (
          <td
            role="cell"
            key={column}
            aria-colindex={PLACES.get(column)}
            class={`c-${column}${number ? ' number' : ''}${small ? '' : ' large'}${nothing}`}
          >
            {column === 'name' ? (
              <a href={href(['group', id])} data-tip={row.name ?? undefined}>
                {row.name ?? `group ${id}`}
              </a>
            ) : (
              cell(row)
            )}
          </td>
        );
      })}
    </tr>
  );
}
