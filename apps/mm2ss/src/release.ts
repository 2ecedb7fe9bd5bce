import { programFile } from './program-files.js';

const manifest = programFile('package.json', new URL('../package.json', import.meta.url));

/** Release of the product, from the package manifest. */
export const RELEASE = (JSON.parse(manifest.toString()) as { version: string }).version;
