import { describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import type { Manifest } from './manifests.ts';
import { KubernetesSchemas } from './schema-check.ts';

const folder = requireTool('kubernetes-schemas');

const deployment = (container: object, more: object = {}): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'a' },
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: {
      metadata: { labels: { a: 'b' } },
      spec: { containers: [{ name: 'a', image: 'a', resources: { limits: { cpu: 2, memory: '1Gi' } }, ...container }] },
    } as never,
    ...more,
  },
});
const CONTAINER = 'Deployment/a.spec.template.spec.containers.0';

describe.skipIf(folder === undefined)('the schemas of Kubernetes', () => {
  const schemas = new KubernetesSchemas(folder ?? '');

  it('take what is right: numbers as quantities, and ports by number or name', () => {
    for (const port of [80, 'http']) {
      expect(schemas.problems(deployment({ livenessProbe: { httpGet: { path: '/', port } } }))).toEqual([]);
    }
  });

  it.each<[string, Manifest, string]>([
    [
      'a field that there is not',
      deployment({ imagePulPolicy: 'Always' }),
      `${CONTAINER}: there is no field imagePulPolicy`,
    ],
    ['null', deployment({ command: null }), `${CONTAINER}.command: must be array`],
    ['text where a number belongs', deployment({}, { replicas: '2' }), 'Deployment/a.spec.replicas: must be integer'],
    ['a number that is no int32', deployment({}, { replicas: 2 ** 31 }), 'spec.replicas: must match format "int32"'],
    [
      'a number where text belongs',
      deployment({ env: [{ name: 'A', value: 1 }] }),
      `${CONTAINER}.env.0.value: must be string`,
    ],
    [
      'what is missing',
      deployment({ env: [{ value: '1' }] }),
      `${CONTAINER}.env.0: must have required property 'name'`,
    ],
    ['a kind that there is not', { ...deployment({}), kind: 'Deploiment' }, 'nobody knows apps/v1 Deploiment'],
    [
      'the same of a custom resource',
      {
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'PodMonitor',
        metadata: { name: 'a' },
        spec: { selector: {}, podMetricsEndpoints: [{ intervall: '1s' }] },
      },
      'PodMonitor/a.spec.podMetricsEndpoints.0: there is no field intervall',
    ],
  ])('refuse %s', (_what, manifest, problem) => {
    const [first = '', ...more] = schemas.problems(manifest);
    expect([first.endsWith(problem) ? problem : first, more]).toEqual([problem, []]);
  });
});
