/**
 * Writes the package for Windows, on Linux, from what `make build` has made: a zip with iec104mm2ss.exe, which holds the whole
 * program and Node.js, and the files beside it. The same commit and Node.js give the same octets.
 *
 *   node packaging/package-windows.mjs [FOLDER]     default: dist
 *
 * NODE_WINDOWS in the environment: another version of Node.js than tools/versions.sh has.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { singleFile } from '../tools/bundle/single-file.mjs';
import { root } from '../tools/bundle/options.mjs';
import { writeChecksums } from './checksums.mjs';
import { TEXTS } from './documents.mjs';
import { executable } from './windows/executable.mjs';
import { zip } from './windows/zip.mjs';

const from = (...names) => path.join(root, ...names);
const output = path.resolve(process.argv[2] ?? from('dist'));
const { version, description } = JSON.parse(readFileSync(from('package.json'), 'utf8'));
const work = mkdtempSync(path.join(tmpdir(), 'package-windows-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const run = (command, args) =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
const tool = (name) => run(from('tools/get'), [name]);

/** A bundle of one file, written into the folder of this run. */
async function script(name, entry) {
  const file = path.join(work, name);
  writeFileSync(file, (await singleFile(from(entry))).code);
  return file;
}

/** Files of a folder and of those in it, with their names under `name`. */
function filesOf(name, folder) {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const places = found.map((entry) => path.join(entry.parentPath, entry.name));
  return Object.fromEntries(places.map((place) => [`${name}/${path.relative(folder, place)}`, place]));
}

/** The addon that makes a service of the program. */
function addon() {
  const file = path.join(work, 'service.node');
  const warnings = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-DNAPI_VERSION=8'];
  const headers = ['-I', from('node_modules/node-api-headers/include')];
  // Neither the time nor, as the linker would have it, an address made of the name of the file.
  const same = ['-s', '-Wl,--no-insert-timestamp', '-Wl,--image-base,0x180000000', '-static-libgcc'];
  run(tool('mingw'), [
    ...warnings,
    ...headers,
    '-O2',
    '-shared',
    '-o',
    file,
    from('packaging/windows/service.c'),
    ...same,
  ]);
  return file;
}

const nodeExe = tool('node-windows');
const node = tool('node-of-windows');
const nodeVersion = run(node, ['--version']).slice(1);
console.log(`package-windows: iec104mm2ss.exe with Node.js ${nodeVersion} ...`);
const service = addon();
const parts = {
  ...{ nodeExe, node, work },
  main: await script('main.cjs', 'apps/mm2ss/dist/main.js'),
  assets: {
    // What the program reads of itself: see apps/mm2ss/src/program-files.ts.
    'package.json': from('apps/mm2ss/package.json'),
    'sample.csv': from('libs/config/testdata/sample.csv'),
    'read-crls.cjs': await script('read-crls.cjs', 'libs/tls/dist/x509/read-crls.js'),
    'service.node': service,
    ...filesOf('console', from('apps/console/dist')),
    ...filesOf('chart', from('deploy/helm/mm2ss')),
  },
};
const exe = executable(parts, {
  CompanyName: 'iec104mm2ss',
  FileDescription: 'IEC 104 Multiple Masters to Single Slave',
  Comments: description,
  FileVersion: version,
  InternalName: 'iec104mm2ss',
  LegalCopyright: 'Apache-2.0',
  OriginalFilename: 'iec104mm2ss.exe',
  ProductName: `iec104mm2ss (Node.js ${nodeVersion})`,
  ProductVersion: version,
});
const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? run('git', ['log', '-1', '--format=%ct']));
const name = `iec104mm2ss-${version}-windows-x64`;
const archive = zip(
  name,
  {
    'iec104mm2ss.exe': exe,
    'iec104mm2ss-service.node': service,
    'sample.csv': from('libs/config/testdata/sample.csv'),
    ...Object.fromEntries(TEXTS.map((file) => [file, from(file)])),
    LICENSE: from('LICENSE'),
    'LICENSES.txt': from('apps/mm2ss/bundle/LICENSES.txt'),
    'LICENSE-Node.js.txt': path.resolve(node, '../../LICENSE'),
    ...filesOf('docs', from('docs')),
  },
  seconds,
);
mkdirSync(output, { recursive: true });
const file = path.join(output, `${name}.zip`);
writeFileSync(file, archive);
writeChecksums(output);
const megabytes = (octets) => `${(octets.length / 1e6).toFixed(1)} MB`;
console.log(`${path.relative(root, file)}: ${megabytes(archive)} (iec104mm2ss.exe: ${megabytes(exe)})`);
