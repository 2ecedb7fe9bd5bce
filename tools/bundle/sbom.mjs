/**
 * The bill of materials of the bundle, by `npm sbom`, as CycloneDX beside it: apps/mm2ss/bundle/sbom.cdx.json.
 *
 *   node tools/bundle/sbom.mjs
 *
 * `npm sbom --omit=dev` leaves out what a development dependency needs too, so it is asked for everything, and what has no
 * code in the bundle is taken out here: LICENSES.txt knows.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bundle = path.join(root, 'apps/mm2ss/bundle');
/** A package in LICENSES.txt. */
const HEADING = /^={100}\n(\S+) (\S+) \(/gm;
const OURS = '@iec104mm2ss/';
/** All of them, for thousands of packages. */
const MOST_OCTETS = 64 * 1024 * 1024;

const licences = readFileSync(path.join(bundle, 'LICENSES.txt'), 'utf8');
const inBundle = new Set([...licences.matchAll(HEADING)].map(([, name, version]) => `${name}@${version}`));
const { name } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

const asked = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'];
const bill = JSON.parse(execFileSync('npm', asked, { cwd: root, encoding: 'utf8', maxBuffer: MOST_OCTETS }));

// npm names it after the folder of the checkout.
bill.metadata.component.name = name;
const isPart = (ref) => inBundle.has(ref) || ref.startsWith(OURS) || ref === bill.metadata.component['bom-ref'];
bill.components = bill.components.filter((component) => isPart(component['bom-ref']));
bill.dependencies = bill.dependencies
  .filter(({ ref }) => isPart(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isPart) }));

const found = new Set(bill.components.map((component) => component['bom-ref']));
const missing = [...inBundle].filter((ref) => !found.has(ref));
if (missing.length > 0) throw new Error(`in the bundle, but npm does not know it: ${missing.join(', ')}`);
writeFileSync(path.join(bundle, 'sbom.cdx.json'), `${JSON.stringify(bill, undefined, 1)}\n`);
console.log(`apps/mm2ss/bundle/sbom.cdx.json: ${bill.components.length} components`);
