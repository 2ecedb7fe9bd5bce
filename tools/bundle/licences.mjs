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

function part(folder, name) {
  const { version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && NOTICE.test(entry.name) && !/\.[cm]?[jt]s$/.test(entry.name))
    .map((entry) => readFileSync(path.join(folder, entry.name), 'utf8').trim());
  if (texts.length === 0 && license === undefined) throw new Error(`${name}: no licence is known`);
  return [`${'='.repeat(100)}\n${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n');
}
