/** Copies a text, and says so. */
import { say } from './toast.js';

export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied: ${what}`);
  } catch {
    // Without HTTPS there is no clipboard, but on loopback.
    say(`The browser does not let the page copy. ${what}: ${text}`);
  }
}

export function CopyButton({ text, what, tip }: { text: string; what: string; tip?: string }) {
  return (
    <button type="button" onClick={() => void copy(text, what)} data-tip={tip ?? text}>
      Copy {what}
    </button>
  );
}
