import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { documentedValues, README_FILE, wantedReadme } from '../../tools/chart-readme.mjs';
import { CHART } from './helm.ts';

describe('the release of the chart', () => {
  it('is that of the program', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    const chart = parse(readFileSync(path.join(CHART, 'Chart.yaml'), 'utf8')) as object;
    expect(chart).toMatchObject({ version, appVersion: version });
  });
});

describe('the README of the chart', () => {
  it('lists the values as their comments have them; else: node tools/chart-readme.mjs', async () => {
    expect(readFileSync(README_FILE, 'utf8')).toBe(await wantedReadme());
  });

  it('says something of every value', () => {
    const values = documentedValues(readFileSync(path.join(CHART, 'values.yaml'), 'utf8'));
    expect(values.filter(({ text }) => text === '').map((value) => value.path)).toEqual([]);
  });

  it('takes what is said of a value of another part where a part says nothing of its own', () => {
    const yaml =
      '## A\n\nconnectors:\n  # How many.\n  replicas: 1\n  pod:\n    # Of pods.\n    labels: {}\n' +
      'routers:\n  replicas: 2\n  # Other ones.\n  pod:\n    labels: {}\n# All of it.\nwhole:\n  a: 1\n  b: x\n';
    expect(documentedValues(yaml).map((value) => [value.path, value.default, value.text])).toEqual([
      ['connectors.replicas', '1', 'How many.'],
      ['connectors.pod.labels', '{}', 'Of pods.'],
      ['routers.replicas', '2', 'How many.'],
      ['routers.pod', undefined, 'Other ones.'],
      ['routers.pod.labels', '{}', 'Of pods.'],
      ['whole', '{ a: 1, b: x }', 'All of it.'],
    ]);
  });
});
