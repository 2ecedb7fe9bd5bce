/** Switches with a count: what is chosen is shown only. */
export interface Chip {
  readonly id: string;
  readonly label: string;
  readonly tip: string;
  readonly count: number;
}

export function Chips(props: {
  label: string;
  chips: readonly Chip[];
  chosen: readonly string[];
  onToggle: (id: string) => void;
}) {
  return (
    <div class="chips" role="group" aria-label={props.label}>
      {props.chips.map(({ id, label, tip, count }) => (
        <button
          key={id}
          type="button"
          class="chip"
          aria-pressed={props.chosen.includes(id)}
          data-tip={tip}
          onClick={() => props.onToggle(id)}
        >
          {label} <b>{count}</b>
        </button>
      ))}
    </div>
  );
}
