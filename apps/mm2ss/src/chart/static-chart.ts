import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UnavailableError } from '../commands/errors.js';
import { type Files, filesBelow, filesInside, isOneFile } from '../program-files.js';

/** A file of the chart, by its path in it, with `/` between folders. */
export interface ChartFile {
  readonly path: string;
  readonly octets: Uint8Array;
}

/** Where the chart is in a checkout, and in the image, which has the same folders. */
const CHART_FOLDER = 'deploy/helm/mm2ss';

/** The chart as it is without a configuration: that of this program's release. */
export function staticChart(): Files {
  if (isOneFile) return filesInside('chart');
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const chart = join(folder, CHART_FOLDER);
    if (existsSync(join(chart, 'Chart.yaml'))) return filesBelow(chart);
    if (folder === dirname(folder)) break;
  }
  throw new UnavailableError(`chart: there is no ${CHART_FOLDER} beside this program; --values-only works without it`);
}

/** Names what Helm does not read of a folder. */
const IGNORE_FILE = '.helmignore';

/** All files of the chart that Helm reads, sorted by path: what `.helmignore` names is of use only where the chart is made. */
export function chartFiles(files: Files): ChartFile[] {
  const ignored = helmIgnore(files.get(IGNORE_FILE)?.().toString() ?? '');
  return [...files]
    .filter(([path]) => !ignored.some((pattern) => pattern.test(path)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, read]) => ({ path, octets: read() }));
}

/** The files, of which Helm is to pass over one that is added: else it would be stored with each release. */
export function ignoring(files: readonly ChartFile[], name: string): ChartFile[] {
  const file = files.find(({ path }) => path === IGNORE_FILE);
  const text = Buffer.from(file?.octets ?? []).toString('utf8');
  if (text.split('\n').includes(name)) return [...files];
  const octets = Buffer.from(`${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${name}\n`);
  return [...files.filter(({ path }) => path !== IGNORE_FILE), { path: IGNORE_FILE, octets }];
}

/** The lines of a `.helmignore` that name files or folders, with `*` for any name: no exceptions (`!`). */
function helmIgnore(text: string): RegExp[] {
  const names = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('!'));
  return names.map((name) => {
    const anywhere = !name.replace(/\/$/, '').includes('/');
    const parts = name.replace(/^\/|\/$/g, '').split('*');
    const body = parts.map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('[^/]*');
    return new RegExp(`^${anywhere ? '(?:.*/)?' : ''}${body}(?:/.*)?$`);
  });
}
