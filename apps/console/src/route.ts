/** Where the page is: `#/group/7?tab=edit`. What is sorted and filtered stands in it, so that a view can be linked to. */
import { computed, signal } from '@preact/signals';

export interface Route {
  /** The parts of the path, decoded: `['group', '7']`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

const HOME = '#/groups';

export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#\/?/, '');
  const mark = text.indexOf('?');
  const path = (mark < 0 ? text : text.slice(0, mark)).split('/').filter((part) => part !== '');
  return {
    path: path.map(decoded),
    query: new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A percent sign that was typed.
    return part;
  }
}

/** The link to a view; what is empty or undefined is left out of the query. */
export function href(path: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '') as [string, string][];
  const text = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

const hash = signal(typeof location === 'undefined' ? HOME : location.hash || HOME);
export const route = computed(() => parseRoute(hash.value));

export function startRouting(): void {
  addEventListener('hashchange', () => {
    hash.value = location.hash || HOME;
  });
}

export function go(to: string): void {
  location.hash = to;
}

/** Changes entries of the query; typing into a filter makes no entry in the history. */
export function setQuery(changes: Readonly<Record<string, string | undefined>>): void {
  const { path, query } = route.value;
  const to = href(path, { ...Object.fromEntries(query), ...changes });
  history.replaceState(null, '', to);
  hash.value = to;
}
