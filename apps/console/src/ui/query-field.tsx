/** A filter that stands in the URL, taken when one stops typing. */
import { useEffect, useRef } from 'preact/hooks';
import { useKeys } from '../keys/keys.js';
import { route, setQuery } from '../route.js';

const PAUSE_MS = 400;

export function QueryField(props: {
  name: string;
  label: string;
  placeholder: string;
  tip: string;
  short?: boolean;
  /** The key `/` goes here. */
  slash?: boolean;
}) {
  const { name } = props;
  const input = useRef<HTMLInputElement>(null);
  const does = `filter by ${props.label.toLowerCase()}`;
  useKeys('Filter', props.slash === true ? [{ keys: '/', does, run: () => input.current?.focus() }] : []);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const take = (): void => {
    clearTimeout(timer.current);
    setQuery({ [name]: input.current?.value.trim() });
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') take();
    if (event.key !== 'Escape' || input.current === null) return;
    event.preventDefault();
    input.current.value = '';
    take();
    input.current.blur();
  };
  return (
    <label class={`query ${props.short === true ? 'short' : ''}`} data-tip={props.tip}>
      <span>{props.label}</span>
      <input
        ref={input}
        type="text"
        placeholder={props.placeholder}
        defaultValue={route.peek().query.get(name) ?? ''}
        spellcheck={false}
        autocomplete="off"
        onInput={() => {
          clearTimeout(timer.current);
          timer.current = setTimeout(take, PAUSE_MS);
        }}
        onKeyDown={onKey}
      />
    </label>
  );
}
