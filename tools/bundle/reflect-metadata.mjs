/**
 * Nest's decorators need reflect-metadata before they run. Its packages import it in their index only, so that a bundler, which
 * follows a name to the file that defines it, may put it after them. Here each of their files that needs it says so.
 */
import { readFileSync } from 'node:fs';

const NEST = /\/node_modules\/@nestjs\/.*\.js$/;
/** A script that changes the global `Reflect`. Taken for CommonJS it would not run until one of our own files asks for it. */
const REFLECT_METADATA = /\/node_modules\/reflect-metadata\/Reflect\.js$/;

/** @returns {import('rolldown').Plugin} */
export function reflectMetadataFirst() {
  return {
    name: 'reflect-metadata-first',
    load(id) {
      if (REFLECT_METADATA.test(id)) return `${readFileSync(id, 'utf8')}\nexport {};\n`;
      if (!NEST.test(id)) return undefined;
      const text = readFileSync(id, 'utf8');
      return text.includes('Reflect.') ? `import 'reflect-metadata'; ${text}` : undefined;
    },
  };
}
