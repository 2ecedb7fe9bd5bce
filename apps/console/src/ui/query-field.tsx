/** A filter that stands in the URL, taken when one stops typing. */
import { useEffect, useRef } from 'preact/hooks';
import type { RefObject } from 'preact';
import { route, setQuery } from '../route.js';

const PAUSE_MS = 400;

export function QueryField(props: {
  name: string;
  label: string;
  placeholder: string;
  tip: string;
  short?: boolean;
  inputRef?: RefObject<HTMLInputElement | null>;
}) {
  const { name } = props;
  const own = useRef<HTMLInputElement>(null);
  const input = props.inputRef ?? own;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const take = (): void => {
    clearTimeout(timer.current);
    setQuery({ [name]: input.current?.value.trim() });
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') take();
    if (event.key !== 'Escape' || input.current === null) return;
    if (input.current.value === '') input.current.blur();
    else {
      event.preventDefault();
      input.current.value = '';
      take();
    }
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
