/** The licences of the packages whose code is in the bundle, as they ask for. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The folder of the package that a module is part of, with its name; undefined for our own. */
const PACKAGE = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;
const NOTICE = /^(?:licen[cs]e|copying|notice|third-party)/i;

/**
 * @param {Iterable<string>} modules ids of the modules in the bundle
 * @returns {string} one text, a part for each package
 */
export function licences(modules) {
  const folders = new Map();
  for (const id of modules) {
    const [, folder, name] = PACKAGE.exec(id.replaceAll('\\', '/')) ?? [];
    if (folder !== undefined) folders.set(folder, name);
  }
  const parts = [...folders].sort(([, a], [, b]) => (a < b ? -1 : 1)).map(([folder, name]) => part(folder, name));
  return `Code of these packages is part of this program.\n\n${parts.join('\n\n')}\n`;
}

/**
 * The packages that a package of ours depends on, and those that they do: of the page, which is bundled by itself.
 *
 * @param {string} root the workspace
 * @param {string} folder of the package
 * @returns {string[]} as ids of modules
 */
export function dependenciesOf(root, folder, found = new Set()) {
  const { dependencies = {} } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies).filter((each) => !each.startsWith('@iec104mm2ss/'))) {
    const installed = path.join(root, 'node_modules', name);
    if (found.has(installed)) continue;
    found.add(installed);
    dependenciesOf(root, installed, found);
  }
  return [...found].map((installed) => path.join(installed, 'package.json'));
}

function part(folder, name) {
  const { version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && NOTICE.test(entry.name) && !/\.[cm]?[jt]s$/.test(entry.name))
    .map((entry) => readFileSync(path.join(folder, entry.name), 'utf8').trim());
  if (texts.length === 0 && license === undefined) throw new Error(`${name}: no licence is known`);
  return [`${'='.repeat(100)}\n${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n');
}
