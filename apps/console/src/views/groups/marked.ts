/** The row that keys are about, and the rows that are marked to be compared. */
import { signal } from '@preact/signals';
import { go, href } from '../../route.js';

export const current = signal<string | undefined>(undefined);
export const compared = signal<readonly string[]>([]);

export function moveCurrent(ids: readonly string[], by: number): void {
  const at = current.value === undefined ? -1 : ids.indexOf(current.value);
  const next = at < 0 ? (by > 0 ? 0 : ids.length - 1) : Math.min(ids.length - 1, Math.max(0, at + by));
  current.value = ids[next];
}

export function toggleCompared(id: string | undefined): void {
  if (id === undefined) return;
  const next = compared.value.includes(id) ? compared.value.filter((other) => other !== id) : [...compared.value, id];
  const [a, b] = next;
  compared.value = b === undefined ? next : [];
  if (a !== undefined && b !== undefined) go(href(['compare'], { a, b }));
}
