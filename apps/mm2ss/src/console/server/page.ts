import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Files, filesBelow, filesInside, isOneFile } from '../../program-files.js';

/** Nothing from elsewhere, nothing inline, in nobody's frame. */
export const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
};

/** The pages: inside the one file, beside the bundle, or as `apps/console` was built where the sources run. */
export function pageFiles(): Files {
  if (isOneFile) return filesInside('console');
  // Not by `new URL`: the bundler would take the folders for files of its own.
  const here = dirname(fileURLToPath(import.meta.url));
  const beside = join(here, 'console');
  return filesBelow(existsSync(join(beside, 'index.html')) ? beside : join(here, '../../../../console/dist'));
}
