/**
 * Writes the packages for Linux from what `make build` has made: a .deb, a tarball of the same files, and their checksums.
 * The same commit gives the same octets: times are those of the last commit (or SOURCE_DATE_EPOCH).
 *
 *   node packaging/package-linux.mjs [FOLDER] [x64|arm64]...     default: dist, and the architecture of this machine
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeChecksums } from './checksums.mjs';
import { TEXTS } from './documents.mjs';
import { debianVersion } from './versions.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const from = (...names) => path.join(root, ...names);
const output = path.resolve(process.argv[2] ?? from('dist'));
const { version } = JSON.parse(readFileSync(from('package.json'), 'utf8'));
/** Debian's names of the architectures that Node.js names so. */
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };
const wanted = process.argv.length > 3 ? process.argv.slice(3) : [process.arch];
const unknown = wanted.find((arch) => ARCHITECTURES[arch] === undefined);
if (process.platform !== 'linux' || unknown !== undefined) {
  console.error(`package-linux: not made on ${process.platform} for ${unknown ?? wanted.join(', ')}`);
  process.exit(1);
}
process.env.LC_ALL = 'C';
process.env.SOURCE_DATE_EPOCH ??= run('git', ['log', '-1', '--format=%ct']).trim();
const work = mkdtempSync(path.join(tmpdir(), 'package-linux-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

function run(command, args) {
  return execFileSync(command, args, { cwd: root, encoding: 'utf8' });
}

/** Node.js for an architecture: that of the workspace, or its like for another machine. */
function nodeFor(arch) {
  if (arch === process.arch) return from('node_modules/node/bin/node');
  return run(from('tools/get'), [`node-linux-${arch}`]).trim();
}

/** What both packages have: the command with its bundle, its Node.js and the static chart. */
function program(folder, arch) {
  const files = ['bin', 'apps/mm2ss/bundle', 'deploy/helm/mm2ss', 'LICENSE'];
  for (const file of files) cpSync(from(file), path.join(folder, file), { recursive: true, dereference: true });
  cpSync(nodeFor(arch), path.join(folder, 'node_modules/node/bin/node'), { dereference: true });
  // Maps are for who develops.
  run('find', [folder, '-name', '*.map', '-delete']);
}

function documents(folder) {
  mkdirSync(path.join(folder, 'examples'), { recursive: true });
  for (const file of TEXTS) cpSync(from(file), path.join(folder, file));
  cpSync(from('docs'), path.join(folder, 'docs'), { recursive: true, filter: (file) => !file.endsWith('docs/images') });
  cpSync(from('LICENSE'), path.join(folder, 'copyright'));
  cpSync(from('libs/config/testdata/sample.csv'), path.join(folder, 'examples/sample.csv'));
  cpSync(from('examples/simulator'), path.join(folder, 'examples/simulator'), { recursive: true });
}

/** `iec104mm2ss.service` and, for a file each, `iec104mm2ss@NAME.service`. */
function units(folder) {
  mkdirSync(folder, { recursive: true });
  const unit = readFileSync(from('packaging/linux/iec104mm2ss.service'), 'utf8');
  writeFileSync(path.join(folder, 'iec104mm2ss.service'), unit);
  const each = unit
    .replace(/^Description=.*/m, '$& (%i)')
    .replaceAll('/etc/iec104mm2ss/iec104mm2ss.', '/etc/iec104mm2ss/%i.')
    .replaceAll('/var/log/iec104mm2ss', '/var/log/iec104mm2ss/%i')
    .replaceAll('/var/lib/iec104mm2ss', '/var/lib/iec104mm2ss/%i')
    .replace(/^(StateDirectory|LogsDirectory)=.*/gm, '$1=iec104mm2ss/%i');
  writeFileSync(path.join(folder, 'iec104mm2ss@.service'), each);
}

function deb(arch) {
  const architecture = ARCHITECTURES[arch];
  const tree = path.join(work, `deb-${arch}`);
  const control = path.join(tree, 'DEBIAN');
  program(path.join(tree, 'usr/lib/iec104mm2ss'), arch);
  documents(path.join(tree, 'usr/share/doc/iec104mm2ss'));
  units(path.join(tree, 'usr/lib/systemd/system'));
  mkdirSync(path.join(tree, 'usr/bin'), { recursive: true });
  symlinkSync('../lib/iec104mm2ss/bin/mm2ss', path.join(tree, 'usr/bin/mm2ss'));
  const etc = path.join(tree, 'etc/iec104mm2ss');
  mkdirSync(etc, { recursive: true });
  for (const name of ['iec104mm2ss.csv', 'iec104mm2ss.env'])
    cpSync(from('packaging/linux', name), path.join(etc, name));
  run('chmod', ['-R', 'u=rwX,go=rX', tree]);
  mkdirSync(control);
  const kilobytes = run('du', ['-sk', '--apparent-size', tree]).split('\t')[0];
  const text = readFileSync(from('packaging/debian/control'), 'utf8')
    .replace('@VERSION@', debianVersion(version))
    .replace('@ARCHITECTURE@', architecture)
    .replace('@KILOBYTES@', kilobytes);
  writeFileSync(path.join(control, 'control'), text);
  cpSync(from('packaging/debian/conffiles'), path.join(control, 'conffiles'));
  for (const script of ['postinst', 'prerm', 'postrm']) {
    cpSync(from('packaging/debian', script), path.join(control, script));
    chmodSync(path.join(control, script), 0o755);
  }
  run('chmod', ['-R', 'u=rwX,go=rX', control]);
  const file = path.join(output, `iec104mm2ss_${version}_${architecture}.deb`);
  run('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--threads-max=1', '--build', tree, file]);
  return file;
}

function tarball(arch) {
  const name = `iec104mm2ss-${version}-linux-${arch}`;
  const tree = path.join(work, 'tar', name);
  program(tree, arch);
  documents(path.join(tree, 'doc'));
  cpSync(from('packaging/linux/iec104mm2ss.csv'), path.join(tree, 'iec104mm2ss.csv'));
  run('chmod', ['-R', 'u=rwX,go=rX', tree]);
  const file = path.join(output, `${name}.tar.gz`);
  const same = [
    '--sort=name',
    `--mtime=@${process.env.SOURCE_DATE_EPOCH}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--format=gnu',
  ];
  run('tar', [...same, '-I', 'gzip -n', '-cf', file, '-C', path.dirname(tree), name]);
  return file;
}

mkdirSync(output, { recursive: true });
const files = [];
for (const arch of wanted) {
  console.log(`package-linux: ${arch}: .deb and tarball ...`);
  files.push(deb(arch), tarball(arch));
}
for (const file of files) console.log(`${path.relative(root, file)}: ${(statSync(file).size / 1e6).toFixed(1)} MB`);
writeChecksums(output);
