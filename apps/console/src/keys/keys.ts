/**
 * Keys of the page and of the view that is shown; `?` lists them. A key is what `KeyboardEvent.key` says, or two of them, one
 * after the other: `g l`.
 */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { remembered } from '../state/remembered.js';

export interface Key {
  readonly keys: string;
  readonly does: string;
  readonly run: () => void;
}

export interface KeyList {
  readonly title: string;
  readonly keys: readonly Key[];
}

/** Keys without Ctrl or Alt get in the way of speech input: they can be switched off. */
export const singleKeys = remembered<'on' | 'off'>('keys', 'on', (value) => value === 'on' || value === 'off');

const lists = signal<readonly KeyList[]>([]);
export const keyLists = lists;

const SEQUENCE_MS = 1_000;

/** The keys of a component, while it is shown. */
export function useKeys(title: string, keys: readonly Key[]): void {
  const list = useRef({ title, keys });
  list.current.keys = keys;
  useEffect(() => {
    const own = list.current;
    lists.value = [...lists.value, own];
    return () => {
      lists.value = lists.value.filter((other) => other !== own);
    };
  }, []);
}

export function startKeys(): void {
  let first: { key: string; at: number } | undefined;
  addEventListener('keydown', (event) => {
    if (singleKeys.value === 'off' || !isForPage(event)) return;
    const before = first !== undefined && event.timeStamp - first.at < SEQUENCE_MS ? first.key : undefined;
    first = undefined;
    const all = lists.value.flatMap(({ keys }) => keys);
    const find = (keys: string): Key | undefined => all.findLast((key) => key.keys === keys);
    const found = (before === undefined ? undefined : find(`${before} ${event.key}`)) ?? find(event.key);
    if (found !== undefined) {
      event.preventDefault();
      found.run();
    } else if (all.some(({ keys }) => keys.startsWith(`${event.key} `))) {
      first = { key: event.key, at: event.timeStamp };
    }
  });
}

function isForPage(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return false;
  const { target } = event;
  if (document.querySelector('dialog[open]') !== null) return false;
  if (!(target instanceof HTMLElement)) return true;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return false;
  const typed = target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type);
  // Enter on a link or a button is theirs.
  return (
    !typed && !(event.key === 'Enter' && (target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement))
  );
}
