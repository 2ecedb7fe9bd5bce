import { readSync } from 'node:fs';
import { isatty } from 'node:tty';

const STANDARD_INPUT = 0;

/**
 * A double click opens a window that closes with the program. Where it ends because something is wrong, the window stays until somebody
 * has read why. For a start without any argument, as a double click is one.
 */
export function keepWindow(): void {
  if (!isatty(STANDARD_INPUT)) return;
  process.on('exit', (code) => {
    if (code === 0) return;
    process.stderr.write('\nPress Enter to close this window.\n');
    try {
      readSync(STANDARD_INPUT, Buffer.alloc(1));
    } catch {
      // Nobody can press anything.
    }
  });
}
