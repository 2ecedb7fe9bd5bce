import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UnavailableError } from '../commands/errors.js';

/** A file of the chart, by its path in it, with `/` between folders. */
export interface ChartFile {
  readonly path: string;
  readonly octets: Uint8Array;
}

/** Where the chart is in a checkout, and in the image, which has the same folders. */
const CHART_FOLDER = 'deploy/helm/mm2ss';

/** The folder of the chart as it is without a configuration: that of this program's release. */
export function staticChartFolder(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const chart = join(folder, CHART_FOLDER);
    if (existsSync(join(chart, 'Chart.yaml'))) return chart;
    if (folder === dirname(folder)) break;
  }
  throw new UnavailableError(`chart: there is no ${CHART_FOLDER} beside this program; --values-only works without it`);
}

/** Names what Helm does not read of a folder. */
const IGNORE_FILE = '.helmignore';

/** All files that Helm reads, sorted by path: what `.helmignore` names is of use only where the chart is made. */
export async function chartFiles(folder: string): Promise<ChartFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .map((path) => path.replaceAll('\\', '/'));
  const ignored = paths.includes(IGNORE_FILE) ? helmIgnore(await readFile(join(folder, IGNORE_FILE), 'utf8')) : [];
  return Promise.all(
    paths
      .filter((path) => !ignored.some((pattern) => pattern.test(path)))
      .sort((a, b) => (a < b ? -1 : 1))
      .map(async (path) => ({ path, octets: await readFile(join(folder, path)) })),
  );
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
