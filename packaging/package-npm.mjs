/**
 * Writes the npm packages from what `make build` has made: `iec104mm2ss` with the command `mm2ss`, and the library
 * `@iec104mm2ss/iec104`. The same commit gives the same octets.
 *
 *   node packaging/package-npm.mjs [FOLDER]     default: dist
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../tools/bundle/options.mjs';
import { writeChecksums } from './checksums.mjs';
import { TEXTS } from './documents.mjs';

const from = (...names) => path.join(root, ...names);
const output = path.resolve(process.argv[2] ?? from('dist'));
const work = mkdtempSync(path.join(tmpdir(), 'package-npm-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
const { version, description, license } = JSON.parse(readFileSync(from('package.json'), 'utf8'));
/** The oldest that the tests of the packages run. */
const engines = { node: '>=22' };

/** No maps: they are for who has the sources. No pictures, which are as large as all else. */
const isShipped = (file) => !/\.map$|\.tsbuildinfo$|docs\/images$/.test(file);

/**
 * @param {string} name folder of this run
 * @param {object} manifest
 * @param {Record<string, string>} files what is copied, by its place in the package
 */
function pack(name, manifest, files) {
  const folder = path.join(work, name);
  mkdirSync(folder);
  const whole = { version, license, type: 'module', engines, ...manifest };
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(whole, undefined, 2)}\n`);
  for (const [place, file] of Object.entries({ LICENSE: 'LICENSE', ...files })) {
    cpSync(from(file), path.join(folder, place), { recursive: true, filter: isShipped });
  }
  // What is not shipped is named on the last line of these texts.
  execFileSync('find', [folder, '-name', '*.js', '-exec', 'sed', '-i', '/^\\/\\/# sourceMappingURL=/d', '{}', '+']);
  execFileSync('find', [folder, '-name', '*.d.ts', '-exec', 'sed', '-i', '/^\\/\\/# sourceMappingURL=/d', '{}', '+']);
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', folder]);
  const command = ['pack', '--json', '--ignore-scripts', '--pack-destination', output, folder];
  const [{ filename, size }] = Object.values(JSON.parse(execFileSync('npm', command, { encoding: 'utf8' })));
  console.log(`${path.relative(root, path.join(output, filename))}: ${(size / 1e6).toFixed(2)} MB`);
}

mkdirSync(output, { recursive: true });
pack(
  'command',
  {
    name: 'iec104mm2ss',
    description,
    keywords: ['iec104', 'iec-60870-5-104', 'scada', 'rtu', 'multiplexer'],
    bin: { mm2ss: 'bundle/mm2ss.js' },
  },
  {
    ...Object.fromEntries(TEXTS.map((file) => [file, file])),
    docs: 'docs',
    bundle: 'apps/mm2ss/bundle',
    'deploy/helm/mm2ss': 'deploy/helm/mm2ss',
  },
);
pack(
  'iec104',
  {
    name: '@iec104mm2ss/iec104',
    description: 'IEC 60870-5-104 without I/O: framing, link, ASDUs',
    keywords: ['iec104', 'iec-60870-5-104', 'scada', 'apdu', 'asdu'],
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    sideEffects: false,
  },
  { 'README.md': 'libs/iec104/README.md', dist: 'libs/iec104/dist' },
);
writeChecksums(output);
