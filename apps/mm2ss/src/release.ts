import { readFileSync } from 'node:fs';

const manifest = new URL('../package.json', import.meta.url);

/** Release of the product, from the package manifest. */
export const RELEASE = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
