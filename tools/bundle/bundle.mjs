/**
 * Makes of what tsc has built the files that `bin/mm2ss` runs: the command with all that it needs of its packages and nothing
 * else, without node_modules. Into apps/mm2ss/bundle.
 *
 *   node tools/bundle/bundle.mjs
 *
 * - What a command does not use is in files that it does not load (`import()` in apps/mm2ss/src/cli.ts).
 * - The text is not minified: V8 keeps all of it in memory, but a stack trace has the names and lines of something that can be
 *   read. The maps beside it are for `NODE_OPTIONS=--enable-source-maps`; otherwise nobody reads them.
 * - It is ASCII: V8 keeps a text with a single other character in two octets for each.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { dependenciesOf, licences } from './licences.mjs';
import { inputOptions, root } from './options.mjs';

const app = path.join(root, 'apps/mm2ss');
const folder = path.join(app, 'bundle');

/** What is loaded together. Everything that Nest's decorators need is in one file, in the order in which it is imported. */
const groups = [
  {
    name: 'nest',
    test: /\/node_modules\/(?:@nestjs\/(?:common|core|microservices)|reflect-metadata|rxjs|iterare|uid|fast-safe-stringify)\//,
  },
  // A thread runs this file by itself (libs/tls/src/x509/read-crls.ts): what is in it and in the next two only defines.
  {
    name: 'certificates',
    test: /\/node_modules\/(?:@peculiar|asn1js|pvtsutils|pvutils)\/|\/libs\/tls\/dist\/x509\//,
    priority: 1,
  },
  { name: 'tslib', test: /\/node_modules\/tslib\//, priority: 2 },
  { name: 'crypto', test: /^\0builtin:crypto$/, priority: 2 },
  { name: 'nats', test: /\/node_modules\/(?:@nats-io|tweetnacl)\// },
];

const build = await rolldown(inputOptions({ mm2ss: path.join(app, 'dist/main.js') }));
rmSync(folder, { recursive: true, force: true });
const { output } = await build.write({
  dir: folder,
  format: 'esm',
  charset: 'ascii',
  comments: false,
  sourcemap: 'hidden',
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  assetFileNames: '[name][extname]',
  codeSplitting: { groups },
});
// The console's page, which the command serves.
cpSync(path.join(root, 'apps/console/dist'), path.join(folder, 'console'), { recursive: true });
const chunks = output.filter(({ type }) => type === 'chunk');
const modules = chunks.flatMap(({ moduleIds }) => moduleIds);
const { name, version, license } = JSON.parse(readFileSync(path.join(app, 'package.json'), 'utf8'));
writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify({ name, version, license, type: 'module' })}\n`);
writeFileSync(
  path.join(folder, 'LICENSES.txt'),
  licences([...modules, ...dependenciesOf(root, path.join(root, 'apps/console'))]),
);
const octets = chunks.reduce((sum, { code }) => sum + code.length, 0);
console.log(`apps/mm2ss/bundle: ${chunks.length} files, ${(octets / 1e6).toFixed(1)} MB`);
