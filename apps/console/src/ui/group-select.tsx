/** Chooses a group by id and name. */
import { allRows } from '../state/fleet.js';

export function GroupSelect(props: {
  label: string;
  tip: string;
  value: string;
  /** Besides the groups, first: values and their names. */
  extra?: readonly (readonly [string, string])[];
  onChange: (id: string) => void;
}) {
  const rows = allRows();
  const isKnown = [...rows.map(({ id }) => id), ...(props.extra ?? []).map(([id]) => id)].includes(props.value);
  return (
    <select
      aria-label={props.label}
      data-tip={props.tip}
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    >
      {props.extra?.map(([value, name]) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
      {!isKnown && <option value={props.value}>{props.value} (not known)</option>}
      {rows.map(({ id, name }) => (
        <option key={id} value={id}>
          {id} {name ?? ''}
        </option>
      ))}
    </select>
  );
}
