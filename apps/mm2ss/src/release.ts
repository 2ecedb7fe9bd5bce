import { createRequire } from 'node:module';

/** Release of the product, from the package manifest. */
export const RELEASE = (createRequire(import.meta.url)('../package.json') as { version: string }).version;
