/** A group by id and name, as a link to it. */
import { href } from '../route.js';
import { rowOf } from '../state/fleet.js';

export function GroupLink({ id }: { id: string }) {
  return (
    <a href={href(['group', id])}>
      {id} {rowOf(id)?.name}
    </a>
  );
}
