/** One group: drawn again when its row changes, and only that. */
import { useComputed } from '@preact/signals';
import { go, href } from '../../route.js';
import { rowOf } from '../../state/fleet.js';
import { severityOf, troublesOf } from '../../state/trouble.js';
import { COLUMNS } from './columns.js';
import { compared, current } from './marked.js';

export function GroupRow({ id }: { id: string }) {
  const row = rowOf(id);
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
    <tr role="row" class={classes.join(' ')} data-id={id} aria-current={isCurrent ? 'true' : undefined} onClick={open}>
      {COLUMNS.map(({ id: column, number, small, cell }) => {
        const nothing = column === 'problem' && nothingWrong ? ' nothing' : '';
        return (
          <td
            role="cell"
            key={column}
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
