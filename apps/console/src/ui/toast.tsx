/** A line that says what was done, for a few seconds; read out by screen readers. */
import { signal } from '@preact/signals';

const SHOWN_MS = 6_000;

const text = signal('');
let timer: ReturnType<typeof setTimeout> | undefined;

export function say(message: string): void {
  text.value = message;
  clearTimeout(timer);
  timer = setTimeout(() => {
    text.value = '';
  }, SHOWN_MS);
}

export function Toast() {
  return (
    <div class="toast" role="status" aria-live="polite">
      {text.value !== '' && <span>{text.value}</span>}
    </div>
  );
}
