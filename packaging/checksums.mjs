import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const NAME = 'SHA256SUMS';

/** Writes SHA256SUMS of all files of the folder anew, as `sha256sum -c` reads it. */
export function writeChecksums(folder) {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== NAME);
  const names = files.map(({ name }) => name).sort();
  const lines = names.map((name) => {
    const digest = createHash('sha256')
      .update(readFileSync(path.join(folder, name)))
      .digest('hex');
    return `${digest}  ${name}\n`;
  });
  writeFileSync(path.join(folder, NAME), lines.join(''));
}
