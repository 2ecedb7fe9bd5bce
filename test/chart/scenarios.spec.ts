import { describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { CHART, helm, KUBERNETES, manifestsOf, renderedText, type Values } from './helm.ts';
import type { Manifest } from './manifests.ts';
import { checksSchemas, schemaProblems } from './render.ts';
import { SCENARIOS } from './scenarios.ts';
import { inParent, parentChart } from './subchart.ts';

const helm3 = requireTool('helm');
const helm4 = requireTool('helm-4');
/** Objects with more lines than that are abridged. */
const LONG_LINES = 180;
const KEPT_LINES = 60;

/** Whoever reads a difference wants to see what Kubernetes gets, without blank lines that templates leave. */
const readable = (text: string): string => `${text.replace(/\n\s*\n/g, '\n').trimEnd()}\n`;

/** Of many groups the first ones and the last one: the others differ from them in their numbers. */
function abridged(text: string): string {
  const documents = text.split(/^---\n/m).filter((document) => document.trim() !== '');
  const key = (document: string | undefined): string | undefined =>
    document && [/^kind: .*/m, /component: .*/].map((pattern) => pattern.exec(document)?.[0]).join();
  return documents
    .filter((document, index) => [index - 1, index + 1].some((other) => key(documents[other]) !== key(document)))
    .map((document) => document.split('\n'))
    .map((lines) => (lines.length < LONG_LINES ? lines : [...lines.slice(0, KEPT_LINES), '# ...', ...lines.slice(-9)]))
    .map((lines) => `---\n${lines.join('\n')}`)
    .join('');
}

describe.skipIf(!helm3)('the manifests of', () => {
  it.each(Object.entries(SCENARIOS))('%s are those that were looked at', async (name, values) => {
    const text = readable(renderedText(values));
    await expect(abridged(text)).toMatchFileSnapshot(`snapshots/${name}.yaml`);
  });

  it('a part of another chart are those that were looked at', async () => {
    const chart = parentChart();
    const text = readable(renderedText([inParent(SCENARIOS['minimal'] ?? [])], { chart, release: 'plant' }));
    await expect(text).toMatchFileSnapshot('snapshots/subchart.yaml');
  });
});

/** Ports at which a container serves, as its environment says. */
function listeners(container: unknown): string[] {
  const { env = [] } = container as { env?: readonly { name: string; value?: string }[] };
  const named = env.filter(({ name }) => ['MM2SS_HTTP', 'MM2SS_HEALTH', 'MM2SS_CONSOLE'].includes(name));
  return named.map(({ value = '' }) => value.replace(/^.*:/, ''));
}

describe.skipIf(!helm3)('no container has two listeners at one port', () => {
  it.each(Object.entries(SCENARIOS))('%s', (_name, values) => {
    const pods = manifestsOf(renderedText(values)).flatMap(({ spec }) => spec?.template?.spec ?? []);
    const all = pods.flatMap(({ containers }) => containers.map(listeners)).filter(({ length }) => length > 0);
    expect(all.length).toBeGreaterThan(2);
    for (const ports of all) expect(new Set(ports).size, ports.join()).toBe(ports.length);
  });
});

describe.skipIf(!helm3)('each pod of helm test', () => {
  it.each(Object.entries(SCENARIOS))('has one container, else there is no --logs: %s', (_name, values) => {
    const pods = manifestsOf(renderedText(values)).filter(({ kind }) => kind === 'Pod');
    expect(pods.length).toBeGreaterThan(0);
    for (const { metadata, spec } of pods) expect(spec?.['containers'], metadata.name).toHaveLength(1);
  });
});

describe.skipIf(!helm3 || !checksSchemas)('every object has nothing but fields that Kubernetes knows', () => {
  it.each(Object.entries(SCENARIOS))('%s', (_name, values) => {
    const objects = manifestsOf(renderedText(values));
    expect(objects.length).toBeGreaterThan(10);
    expect(schemaProblems(objects)).toEqual([]);
  });

  it('and a field that it does not know is found, wherever it is', () => {
    const found = (change: (object: Manifest) => Manifest): string[] => {
      const objects = manifestsOf(renderedText(SCENARIOS['minimal'] ?? []));
      return schemaProblems(objects.map((object) => (object.kind === 'Deployment' ? change(object) : object)));
    };
    const [at] = found((object) => ({ ...object, spec: { ...object.spec, replica: 1 } }));
    expect(at).toContain('there is no field replica');
    expect(found((object) => ({ ...object, spec: { ...object.spec, minReadySeconds: '5' } }))[0]).toContain(
      'minReadySeconds: must be integer',
    );
    expect(found((object) => ({ ...object, apiVersion: 'apps/v9' }))[0]).toContain('nobody knows apps/v9 Deployment');
    expect(
      found(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata, spec: { replicas: 1 } })),
    ).toContainEqual(expect.stringContaining("must have required property 'selector'"));
  });
});

/** Where in a value there is an empty list, or nothing: `.spec.ingress`. */
function empties(value: unknown, at = ''): string[] {
  if (value === null || (Array.isArray(value) && value.length === 0)) return [at];
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => empties(inner, `${at}.${key}`));
}

// The API server stores them as if they were not there, and each apply of the same object is a new generation of it.
describe.skipIf(!helm3)('no object has an empty list', () => {
  it.each(Object.entries(SCENARIOS))('%s', (_name, values) => {
    const found = manifestsOf(renderedText(values)).flatMap((object) =>
      empties(object).map((at) => `${object.kind} ${object.metadata.name}${at}`),
    );
    expect(found).toEqual([]);
  });
});

describe.skipIf(!helm3 || !helm4)('Helm 4', () => {
  it.each(Object.entries(SCENARIOS))('makes of %s what Helm 3 makes of it', (_name, values) => {
    const [three, four] = [helm3, helm4].map((program) => manifestsOf(renderedText(values, { helm: program })));
    expect(four).toEqual(three);
  });
});

describe.skipIf(!helm3)('helm lint --strict', () => {
  const programs = Object.entries({ 'Helm 3': helm3, 'Helm 4': helm4 }).filter(([, program]) => program !== undefined);
  const cases: [string, string, string, readonly Values[]][] = programs.flatMap(([name, program]) => [
    [name, 'nothing', program as string, []],
    ...Object.entries(SCENARIOS).map(([scenario, values]): [string, string, string, readonly Values[]] => [
      name,
      scenario,
      program as string,
      values,
    ]),
  ]);
  it.each(cases)('of %s has nothing against the chart with %s', (_helm, _scenario, program, values) => {
    const command = ['lint', CHART, '--strict', '--kube-version', KUBERNETES];
    const { status, stdout, stderr } = helm(command, values, { helm: program });
    expect(`${stdout}${stderr}`).toMatch(/1 chart\(s\) linted, 0 chart\(s\) failed/);
    expect(status).toBe(0);
  });
});
