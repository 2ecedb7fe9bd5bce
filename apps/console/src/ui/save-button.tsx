/**
 * Saves a file of the server. It is no link: a browser would save the server's refusal as if it were the file, and would ask with a
 * password that does not count any more.
 */
import type { ComponentChildren } from 'preact';
import { fileOf } from '../api/client.js';
import { say } from './toast.js';
import { messageOf, sentence } from './words.js';

/** A browser has begun to save long before. */
const KEPT_MS = 60_000;

async function save(path: string): Promise<void> {
  try {
    const { name, content } = await fileOf(path);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(content);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
  } catch (error) {
    say(`Nothing was saved. ${sentence(messageOf(error))}`);
  }
}

export function SaveButton({ path, tip, children }: { path: string; tip: string; children: ComponentChildren }) {
  return (
    <button type="button" onClick={() => void save(path)} data-tip={tip}>
      {children}
    </button>
  );
}
