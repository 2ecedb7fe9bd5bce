/**
 * Makes of node.exe a program of its own: a single executable application (nodejs.org/api/single-executable-applications.html).
 * What `postject` does for it is here done by the library that writes the version information too.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { NtExecutable, NtExecutableResource, Resource } from 'resedit';
import { windowsVersion } from '../versions.mjs';

/** Node.js looks for it in itself; the digit behind it says whether there is a program inside. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:';
const RT_ICON = 3;
const RT_RCDATA = 10;
const RT_GROUP_ICON = 14;
const ENGLISH_US = 0x409;
const UNICODE = 1200;

/**
 * @param {{ nodeExe: string, node: string, work: string, main: string, assets: Record<string, string> }} parts
 *   `node`: Node.js of this machine of the very version of node.exe; `main`: path of the script, in `work`; `assets`: paths by name
 * @param {Record<string, string>} information strings of the version resource; FileVersion is `1.2.3` or `1.2.3-rc.1`
 * @returns {Buffer} the file; the same parts give the same octets
 */
export function executable({ nodeExe, node, work, main, assets }, information) {
  const output = path.join(work, 'sea.blob');
  const options = { disableExperimentalSEAWarning: true, useSnapshot: false, useCodeCache: false };
  // By their names: the order in the blob is that of the file.
  const sorted = Object.fromEntries(Object.entries(assets).sort(([a], [b]) => (a < b ? -1 : 1)));
  const settings = { main: path.basename(main), output: path.basename(output), ...options, assets: sorted };
  writeFileSync(path.join(work, 'sea.json'), JSON.stringify(settings));
  execFileSync(node, ['--experimental-sea-config', 'sea.json'], { cwd: work, stdio: ['ignore', 'ignore', 'pipe'] });

  // The signature is of node.exe as it was: it would be wrong.
  const file = NtExecutable.from(readFileSync(nodeExe), { ignoreCert: true });
  const resources = NtExecutableResource.from(file);
  resources.entries = resources.entries.filter(({ type }) => type !== RT_ICON && type !== RT_GROUP_ICON);
  const bin = new Uint8Array(readFileSync(output)).buffer;
  resources.entries.push({ type: RT_RCDATA, id: 'NODE_SEA_BLOB', lang: 0, codepage: 0, bin });
  setVersion(resources.entries, information);
  resources.outputResource(file);
  const octets = Buffer.from(file.generate());
  return ignite(octets);
}

function setVersion(entries, information) {
  const [version] = Resource.VersionInfo.fromEntries(entries);
  const numbers = windowsVersion(information.FileVersion);
  version.removeAllStringValues({ lang: ENGLISH_US, codepage: UNICODE }, false);
  version.setFileVersion(...numbers, ENGLISH_US);
  version.setProductVersion(...numbers, ENGLISH_US);
  version.setStringValues({ lang: ENGLISH_US, codepage: UNICODE }, information);
  version.outputToResourceEntries(entries);
}

/** Says that there is a program inside. */
function ignite(octets) {
  const at = octets.indexOf(`${FUSE}0`, 0, 'latin1');
  const again = octets.indexOf(`${FUSE}0`, at + 1, 'latin1');
  if (at < 0 || again >= 0) throw new Error('node.exe is not made for single executable applications');
  octets[at + FUSE.length] = '1'.charCodeAt(0);
  return octets;
}
