/** What `mm2ss chart` writes, as Helm reads it. */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { configurationText, parseConfiguration } from '@iec104mm2ss/config';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chartValues } from '@iec104mm2ss/chart';
import { requireTool } from '../../tools/require.mjs';
import { manifestsOf, renderedText } from './helm.ts';

const HEADER = 'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter';
const row = (id: number, name: string): string =>
  `${id},"${name}",${2400 + (id % 1_000)},1,5,60,15,10,20,8,12,1000,N,all,10.0.0.1:2404;[2001:db8::5]:2404,10.1.1.0/24`;

/** Texts that YAML, or the templates, could take for something else. */
const FILES: readonly (readonly [string, string])[] = [
  ['plain', `${HEADER}\n${row(7, 'RTU 7')}\n`],
  [
    'names that are something else in YAML',
    [
      HEADER,
      ...['yes', 'null', '0x1F', '1_000', '1:30', '~', "it's", '- a', 'a: b', '{{ x }}'].map((name, index) =>
        row(index, name),
      ),
      '',
    ].join('\n'),
  ],
  ['blank lines and blanks at the beginning', `\n   \n\t# x\n${HEADER}\n${row(7, 'A')}\n\n\n`],
  ['tabs between the cells', `${HEADER}\n${row(7, 'A, B')}\n`.replaceAll(',', '\t').replace('A\t B', 'A, B')],
  ['signs that end a line for some', `# a\u2028b\u2029d\u0001\ufffd\n${HEADER}\n${row(7, 'Süd €')}\n`],
  ['lines that look like templates and comments', `#{{ .Values.csv }}\n# ---\n#...\n${HEADER}\n${row(7, 'A')} \n`],
  ['a long id', `${HEADER}\n${row(999_999_999_999, 'A')}\n`],
];

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'chart-command-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const MM2SS = fileURLToPath(new URL('../../bin/mm2ss', import.meta.url));
const VALUES = [{ nats: { auth: { enabled: false } } }];

/** Writes the chart by the command as it is built, which looks for the chart beside itself. */
function write(text: string, name: string, output: string, ...flags: readonly string[]): string {
  const file = path.join(folder, `${name}.csv`);
  writeFileSync(file, text);
  const to = path.join(folder, output);
  const { status, stderr } = spawnSync(MM2SS, ['chart', file, '-o', to, ...flags], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return to;
}

describe.each([['helm'], ['helm-4']] as const)('with %s', (tool) => {
  const helm = requireTool(tool);

  it.skipIf(helm === undefined).each(FILES)('a file of %s comes to the pods as it is', (name, text) => {
    const chart = write(text, 'groups', `${tool} ${name}`);
    const objects = manifestsOf(renderedText(VALUES, { helm, chart }));
    const map = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'mm2ss-groups');
    expect((map as unknown as { data: unknown }).data).toEqual({ 'groups.csv': text });
    const ids = Object.keys(chartValues(parseConfiguration(text), text).groups);
    const connectors = objects.filter(
      ({ kind, metadata }) => kind === 'Deployment' && /-connector-/.test(metadata.name),
    );
    expect(connectors.map(({ metadata }) => metadata.name).sort()).toEqual(
      ids.map((id) => `mm2ss-connector-${id}`).sort(),
    );
  });

  it.skipIf(helm === undefined)(
    'the archive and the folder are the same chart, and the archive the same octets',
    () => {
      const [, text] = FILES[1]!;
      const [one, other, dir] = [
        write(text, 'groups', `${tool}-a.tgz`),
        write(text, 'groups', `${tool}-b.tgz`),
        write(text, 'groups', `${tool}-folder`),
      ];
      const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
      expect(digest(one)).toBe(digest(other));
      expect(renderedText(VALUES, { helm, chart: one })).toBe(renderedText(VALUES, { helm, chart: dir }));
    },
  );

  it.skipIf(helm === undefined)('values and --set of the user go before those of the folder', () => {
    const chart = write(FILES[0]![1], 'groups', `${tool}-set`);
    const values = [...VALUES, { groups: { '7': { nodeSelector: { disk: 'ssd' } } } }];
    const text = renderedText(values, { helm, chart, arguments: ['--set', 'gateways.replicas=5'] });
    expect(text).toContain('disk: ssd');
    expect(text).toContain('replicas: 5');
  });
});

describe('--values', () => {
  const OWN = `
nats: { auth: { enabled: false }, maxFileStore: 2Gi }
gateways:
  replicas: null
  service: { type: NodePort, annotations: { a/b: "yes", "true": "1", "y": "0x1F", c: 1:30, d: 2026-01-01, e: "010" } }
  privilegedPorts: on
connectors:
  tolerations: [{ key: field, operator: Exists }]
  resources: { limits: null }
podDefaults: { unreachableSeconds: 010 }
groups:
  7: { nodeSelector: { room: "3" }, resources: { requests: { cpu: 50m } } }
extraObjects:
  - apiVersion: v1
    kind: ConfigMap
    metadata: { name: own }
    data: { text: "a: b" }
`;

  it.skipIf(requireTool('helm') === undefined)('gives what helm -f gives with the same file', () => {
    const own = path.join(folder, 'own.yaml');
    writeFileSync(own, OWN);
    const [, text] = FILES[0]!;
    const merged = write(text, 'groups', 'merged', '--values', own);
    const plain = write(text, 'groups', 'plain');
    const rendered = renderedText([], { chart: merged });
    expect(rendered).toContain('room: "3"');
    expect(rendered).toBe(renderedText([], { chart: plain, arguments: ['-f', own] }));
    const values = write(text, 'groups', 'values.yaml', '--values-only', '--values', own);
    expect(rendered).toBe(renderedText([], { arguments: ['-f', values] }));
  });
});

describe('the text of a file in another encoding', () => {
  it('is that of the pods, and its digest that of the templates', () => {
    const text = FILES[3]![1];
    expect(configurationText(Buffer.from(`\ufeff${text.replaceAll('\n', '\r\n')}`, 'utf16le'))).toBe(text);
  });
});
