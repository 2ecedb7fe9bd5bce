/** The row of one group, by itself. */
import { useKeys } from '../../keys/keys.js';
import { go, href } from '../../route.js';
import { rowOf } from '../../state/fleet.js';
import { RtuMark } from '../../ui/rtu-state.js';
import { draftOf } from './draft.js';
import { EditForm } from './edit-form.js';

export function EditView({ id }: { id: string }) {
  const row = rowOf(id);
  const file = draftOf(id).row.value;
  useKeys('Row', [{ keys: 'u', does: 'back to the group', run: () => go(href(['group', id])) }]);
  return (
    <section class="view">
      <div class="bar">
        <h1>
          <a href={href(['group', id])} class="up" aria-label="Back to the group">
            ‹
          </a>
          {row?.name ?? `Group ${id}`}
        </h1>
        {row !== undefined && <RtuMark row={row} />}
        <span class="muted">{file !== undefined && `row ${file.row} of ${file.file}`}</span>
      </div>
      <div class="body">
        <EditForm id={id} />
      </div>
    </section>
  );
}
