import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { monitoringFiles } from './files.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDERS = ['deploy/grafana', 'deploy/prometheus', 'deploy/helm/mm2ss/files/monitoring'];
const files = [...monitoringFiles()];

describe('the files of boards and rules (`make monitoring` writes them)', () => {
  it.each(files)('%s is what the sources make', async (path, text) => {
    await expect(text).toMatchFileSnapshot(`${root}${path}`);
  });

  it('are all there are in their folders', () => {
    const found = FOLDERS.filter((folder) => existsSync(root + folder)).flatMap((folder) =>
      readdirSync(root + folder, { withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
        .map(({ name }) => `${folder}/${name}`),
    );
    expect(found.filter((path) => !monitoringFiles().has(path))).toEqual([]);
  });
});
