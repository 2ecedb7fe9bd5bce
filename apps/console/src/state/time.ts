/** The time, once a second, for ages on the page. It is the server's: ages would be wrong by what a clock here is off. */
import { signal } from '@preact/signals';

const SECOND_MS = 1000;

/** Server time minus this machine's, ms; 0 before the server has said its own. */
let offsetMs = 0;

export const now = signal(Date.now());

export function serverSays(iso: string): void {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return;
  offsetMs = at - Date.now();
  now.value = at;
}

export function serverNow(): number {
  return Date.now() + offsetMs;
}

export function startClock(): void {
  setInterval(() => {
    // A page that nobody looks at need not be drawn.
    if (!document.hidden) now.value = serverNow();
  }, SECOND_MS);
  document.addEventListener('visibilitychange', () => {
    now.value = serverNow();
  });
}
