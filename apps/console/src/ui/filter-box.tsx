/** A text to filter by. Escape empties it, and a second time leaves it. */
import type { Ref } from 'preact';

export function FilterBox(props: {
  label: string;
  placeholder: string;
  value: string;
  onChange: (text: string) => void;
  inputRef?: Ref<HTMLInputElement>;
}) {
  const onKey = (event: KeyboardEvent & { currentTarget: HTMLInputElement }): void => {
    if (event.key === 'Enter') event.currentTarget.blur();
    if (event.key !== 'Escape') return;
    event.preventDefault();
    if (event.currentTarget.value === '') event.currentTarget.blur();
    else props.onChange('');
  };
  return (
    <input
      ref={props.inputRef ?? null}
      class="filter"
      type="search"
      aria-label={props.label}
      placeholder={props.placeholder}
      value={props.value}
      spellcheck={false}
      autocomplete="off"
      onInput={(event) => props.onChange(event.currentTarget.value)}
      onKeyDown={onKey}
    />
  );
}
