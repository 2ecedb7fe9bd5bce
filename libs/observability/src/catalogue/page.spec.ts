import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { cardinalityTable, metricsTables } from './page.js';

const PAGE = fileURLToPath(new URL('../../../../docs/metrics.md', import.meta.url));
/** What is between these lines is made from the catalogue. */
const BEGIN = '<!-- made from the catalogue: npm run docs:metrics -->';
const END = '<!-- end -->';

it('docs/metrics.md is as the catalogue says; npm run docs:metrics makes it so', async () => {
  const parts = [cardinalityTable(), metricsTables()];
  const written = readFileSync(PAGE, 'utf8');
  const pieces = written.split(BEGIN);
  const made = pieces
    .map((piece, at) => (at === 0 ? piece : `\n\n${parts[at - 1] ?? ''}\n${piece.slice(piece.indexOf(END))}`))
    .join(BEGIN);
  const options = await resolveConfig(PAGE);
  await expect(await format(made, { ...options, parser: 'markdown' })).toMatchFileSnapshot(PAGE);
});
