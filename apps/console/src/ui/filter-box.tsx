/** A text to filter by, which stands in the URL. The key `/` goes there; Escape empties it, and goes back. */
import { useRef } from 'preact/hooks';
import { useKeys } from '../keys/keys.js';
import { route, setQuery } from '../route.js';

export function FilterBox({ label, placeholder, tip }: { label: string; placeholder: string; tip: string }) {
  const input = useRef<HTMLInputElement>(null);
  const take = (text: string): void => setQuery({ filter: text });
  useKeys('Filter', [{ keys: '/', does: 'filter', run: () => input.current?.focus() }]);
  const onKey = (event: KeyboardEvent & { currentTarget: HTMLInputElement }): void => {
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    event.preventDefault();
    if (event.key === 'Escape') take('');
    event.currentTarget.blur();
  };
  return (
    <input
      ref={input}
      class="filter"
      type="search"
      aria-label={label}
      data-tip={tip}
      placeholder={`${placeholder}   /`}
      value={route.value.query.get('filter') ?? ''}
      spellcheck={false}
      autocomplete="off"
      onInput={(event) => take(event.currentTarget.value)}
      onKeyDown={onKey}
    />
  );
}
