/**
 * Writes a release into a folder, which it empties first: all packages, the bill of materials, the section of CHANGELOG.md, and
 * SHA256SUMS of them. The same commit on the same system gives the same octets.
 *
 *   node packaging/release.mjs [FOLDER]     default: dist
 *
 * RELEASE_TAG=v1.2.3 in the environment, as for what is published: the version has to be that, all changes have to be in its
 * section, and nothing in the checkout may differ from the commit. Without it the changes are those of [Unreleased].
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../tools/bundle/options.mjs';
import { sectionOf } from './changelog.mjs';
import { writeChecksums } from './checksums.mjs';

const from = (...names) => path.join(root, ...names);
const output = path.resolve(process.argv[2] ?? from('dist'));
const read = (command, args) => execFileSync(command, args, { cwd: root, encoding: 'utf8' }).trim();
const { version } = JSON.parse(readFileSync(from('package.json'), 'utf8'));
const tag = process.env.RELEASE_TAG;
process.env.SOURCE_DATE_EPOCH ??= read('git', ['log', '-1', '--format=%ct']);

function stop(reason) {
  console.error(`release: ${reason}`);
  process.exit(1);
}

const changelog = readFileSync(from('CHANGELOG.md'), 'utf8');
const unreleased = sectionOf(changelog, 'Unreleased');
const changes = (tag ? undefined : unreleased) ?? sectionOf(changelog, version);
if (tag && tag !== `v${version}`) stop(`the tag is ${tag}, package.json has ${version}`);
if (tag && unreleased !== undefined) stop('CHANGELOG.md has changes under [Unreleased]: they belong to a version now');
if (changes === undefined) stop(`CHANGELOG.md has no section for ${version}`);
const different = read('git', ['status', '--porcelain']);
if (tag && different !== '') stop(`the checkout differs from its commit:\n${different}`);
if (different !== '') console.log('release: the checkout differs from its commit: this is a trial');

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
for (const [script, ...more] of [['package-linux', 'x64', 'arm64'], ['package-windows'], ['package-npm']]) {
  execFileSync(process.execPath, [from('packaging', `${script}.mjs`), output, ...more], {
    cwd: root,
    stdio: 'inherit',
  });
}
execFileSync(process.execPath, [from('tools/bundle/sbom.mjs')], { cwd: root, stdio: 'inherit' });
writeFileSync(path.join(output, `iec104mm2ss-${version}.sbom.cdx.json`), bill());
writeFileSync(path.join(output, `iec104mm2ss-${version}-changes.md`), changes);
writeChecksums(output);
console.log(readFileSync(path.join(output, 'SHA256SUMS'), 'utf8').trimEnd());

/** The bill of the bundle, with the Node.js of each package. */
function bill() {
  const bom = JSON.parse(readFileSync(from('apps/mm2ss/bundle/sbom.cdx.json'), 'utf8'));
  // Another one each time.
  delete bom.serialNumber;
  bom.metadata.timestamp = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000).toISOString();
  const versions = {
    'in the packages for Linux': process.versions.node,
    'in iec104mm2ss.exe': read(read(from('tools/get'), ['node-of-windows']), ['--version']).slice(1),
  };
  for (const [description, node] of Object.entries(versions)) {
    const purl = `pkg:generic/node@${node}`;
    const licenses = [{ license: { id: 'MIT' } }];
    bom.components.push({
      type: 'platform',
      name: 'node',
      version: node,
      description,
      purl,
      'bom-ref': `${purl}#${description}`,
      licenses,
    });
  }
  return `${JSON.stringify(bom, undefined, 1)}\n`;
}
