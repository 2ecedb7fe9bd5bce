import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { requireTool } from '../../tools/require.mjs';
import { CHART, manifestsOf, renderedText, type Values } from './helm.ts';
import { natsUsers } from './scenarios.ts';
import { csvOf, generated, NO_USERS, type Row, rows, USERS } from './values.ts';

const MEBIBYTE = 1_048_576;
const LARGEST_RELEASE_OCTETS = 400_000;
const GROUPS = 500;

/** Rows as a control centre has them: each with a second host, a filter and named masters of its own. */
const plant = rows(GROUPS).map((cells, index): Row => ({
  ...cells,
  hosts: `10.${index >> 8}.${index & 255}.5:2404;10.${100 + (index >> 8)}.${index & 255}.5:2404`,
  filter: `10.200.${index & 255}.0/24;10.201.1.7`,
  masters: `A=10.200.${index & 255}.5;B=10.201.1.7`,
}));

/** What Helm stores of a release: JSON, gzip, Base64. */
function releaseOctets(values: Values, manifest: string): number {
  const files = readdirSync(CHART, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const texts = files.map((entry) => {
    const file = path.join(entry.parentPath, entry.name);
    return { name: path.relative(CHART, file), data: readFileSync(file).toString('base64') };
  });
  const defaults = parse(readFileSync(path.join(CHART, 'values.yaml'), 'utf8')) as Values;
  const release = {
    name: 'mm2ss',
    chart: { templates: texts, values: { ...defaults, ...values } },
    config: {},
    manifest,
  };
  return gzipSync(JSON.stringify(release), { level: 9 }).toString('base64').length;
}

describe.skipIf(!requireTool('helm'))(`${GROUPS} groups`, () => {
  it('make a release that Kubernetes stores, with room for twice as many', () => {
    const values = generated(csvOf(plant));
    const octets = releaseOctets(values, renderedText([NO_USERS, values]));
    console.info(`release of ${GROUPS} groups: ${octets} octets`);
    expect(octets).toBeLessThan(LARGEST_RELEASE_OCTETS);
  });
});

describe.skipIf(!requireTool('helm'))(`${GROUPS} groups with users on NATS`, () => {
  const users = natsUsers(plant.map((cells) => String(cells['id'])));
  const values: Values = { ...generated(csvOf(plant)), natsUsers: users };

  it('make a release and ConfigMaps that Kubernetes stores', () => {
    const text = renderedText([USERS, values]);
    const octets = releaseOctets(values, text);
    console.info(`release of ${GROUPS} groups with users: ${octets} octets`);
    expect(octets).toBeLessThan(LARGEST_RELEASE_OCTETS);
    for (const { metadata, data } of manifestsOf(text).filter(({ kind }) => kind === 'ConfigMap')) {
      const size = Object.values(data ?? {}).reduce((sum, each) => sum + Buffer.byteLength(each), 0);
      console.info(`ConfigMap ${metadata.name}: ${size} octets`);
      expect(size, metadata.name).toBeLessThan(MEBIBYTE / 4);
    }
  });
});
