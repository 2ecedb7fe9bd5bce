import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '@iec104mm2ss/config';
import { parse } from 'yaml';
import { requireTool } from '../../tools/require.mjs';
import { CHART, refusal, type Values } from './helm.ts';
import { render } from './render.ts';
import { SCENARIOS } from './scenarios.ts';
import { inParent, parentChart } from './subchart.ts';
import { groups, NO_USERS } from './values.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly additionalProperties?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
}
const base = [groups(), NO_USERS];
const schema = JSON.parse(readFileSync(path.join(CHART, 'values.schema.json'), 'utf8')) as Schema;
const defaults = parse(readFileSync(path.join(CHART, 'values.yaml'), 'utf8')) as Values;
/** What our parts have in common, or Kubernetes says what is in it. */
const OPEN =
  /^(global|tags|groups|.*\.(resources|reloadResources|limits|affinity|securityContext|containerSecurityContext|dnsConfig))$/;

const resolved = (each: Schema): Schema =>
  each.$ref === undefined ? each : (schema.definitions?.[each.$ref.replace('#/definitions/', '')] ?? {});

/** Paths of the settings that a schema has. */
function settings(of: Schema, at = ''): string[] {
  const { properties = {} } = resolved(of);
  return Object.entries(properties).flatMap(([key, inner]) => {
    const name = `${at}${key}`;
    return [name, ...(OPEN.test(name) ? [] : settings(inner, `${name}.`))];
  });
}
/** Paths of switches, which nobody may leave empty: that would be off. */
function switches(values: Values, at = ''): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    if (typeof value === 'boolean') return [`${at}${key}`];
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value) && !OPEN.test(`${at}${key}`);
    return isMap ? switches(value as Values, `${at}${key}.`) : [];
  });
}

/** What a path needs, from its parent on. */
function isRequired(name: string): boolean {
  let of: Schema = schema;
  return name.split('.').every((key) => {
    const { required = [], properties = {} } = resolved(of);
    of = properties[key] ?? {};
    return required.includes(key);
  });
}

/** Paths of values, through maps that have settings. */
function paths(values: Values, at = ''): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    return [`${at}${key}`, ...(isMap && !OPEN.test(`${at}${key}`) ? paths(value as Values, `${at}${key}.`) : [])];
  });
}

describe('the schema of the values', () => {
  it('lets no switch be empty', () => {
    const optional = /\.podDisruptionBudget\.|^(routers|gateways)\.autoscaling\.|^tls\.certManager\.privateKey/;
    const open = switches(defaults).filter((name) => !optional.test(name) && !isRequired(name));
    expect(open).toEqual([]);
  });

  it.skipIf(!requireTool('helm')).each<[string, Values]>([
    ['enabled', { networkPolicy: { enabled: null } }],
    ['enabled', { nats: { auth: { enabled: null } } }],
    ['type', { gateways: { service: { type: null } } }],
    ['holdSeconds', { settings: { holdSeconds: null } }],
    ['gateways', { gateways: null }],
    ['persistence', { nats: { persistence: null } }],
  ])('refuses an empty %s', (key, values) => {
    expect(refusal([...base, values])).toMatch(new RegExp(`missing property '${key}'|${key} is required`));
  });

  it('has every setting of values.yaml, and values.yaml every setting of it', () => {
    const inParentOnly = ['enabled', 'tags'];
    const optional = [
      'tls.certManager.issuerRef.',
      'tls.certManager.privateKey.',
      'global.',
      'nats.image.pullSecrets',
      'settings.limits.',
    ];
    const known = settings(schema).filter(
      (name) => !inParentOnly.includes(name) && !optional.some((each) => name.startsWith(each)),
    );
    const written = paths(defaults).filter((name) => !optional.some((each) => name.startsWith(each)));
    expect(known.sort()).toEqual(written.sort());
  });

  it('has the bounds of what peers may do as the command has them', () => {
    const ranges = Object.entries(LIMITS).map(([name, { min, max }]) => [
      name,
      { type: 'integer', minimum: min, maximum: max },
    ]);
    expect(schema.properties?.['settings']?.properties?.['limits']?.properties).toEqual(Object.fromEntries(ranges));
  });

  it('lets no map be open that is not one of Kubernetes', () => {
    const open = (of: Schema, at: string): string[] => {
      const { type, properties, additionalProperties } = resolved(of);
      if (type !== 'object') return [];
      const inner = Object.entries(properties ?? {}).flatMap(([key, each]) => open(each, `${at}${at && '.'}${key}`));
      return additionalProperties === undefined ? [at, ...inner] : inner;
    };
    expect(open(schema, '').filter((name) => !OPEN.test(name))).toEqual([]);
  });
});

describe.skipIf(!requireTool('helm'))('Helm refuses by the schema', () => {
  it.each<[string, Values, string]>([
    ['a setting that there is not', { replicas: 3 }, 'replicas'],
    ['one of a part', { gateways: { replica: 3 } }, 'replica'],
    ['one of a group', { groups: { 7: { nodeselector: { a: 'b' } } } }, 'nodeselector'],
    ['a group whose id is no number', { groups: { 'rtu-7': { name: 'x' } } }, 'rtu-7'],
    ['a type of Service that there is not', { gateways: { service: { type: 'ExternalName' } } }, 'type'],
    ['two NATS servers', { nats: { replicas: 2 } }, 'replicas'],
    ['a lame duck of 10 s, which NATS does not take', { nats: { lameDuckSeconds: 10 } }, 'lameDuckSeconds'],
    ['no router', { routers: { replicas: 0 } }, 'replicas'],
    ['an image by a name with a tag in it', { image: { repository: 'a/b:1' } }, 'repository'],
    ['a digest that is none', { image: { digest: 'abc' } }, 'digest'],
    ['text for a number', { settings: { holdSeconds: '10' } }, 'holdSeconds'],
    ['a limit that there is not', { settings: { limits: { foo: 1 } } }, 'foo'],
    ['a limit out of its range', { settings: { limits: { connects: 0 } } }, 'connects'],
    ['a number as an environment variable', { routers: { extraEnv: [{ name: 'A', value: 1 }] } }, 'value'],
    ['a variable without a name', { groups: { 7: { extraEnv: [{ value: '1' }] } } }, 'name'],
    ['a label that Kubernetes does not take', { podDefaults: { labels: { a: 'x y' } } }, 'labels'],
    ['a label with such a name', { gateways: { podLabels: { 'a b': 'x' } } }, "'a b'"],
    ['an annotation with such a name', { gateways: { service: { annotations: { 'a/b/c': 'x' } } } }, "'a/b/c'"],
    ['a secret with no name of one', { tls: { existingSecret: 'My_Secret' } }, 'existingSecret'],
    ['a quantity that is none', { connectors: { resources: { limits: { memory: '256 MB' } } } }, 'memory'],
    ['resources of no kind', { routers: { resources: { request: { cpu: '1' } } } }, 'request'],
    ['a volume of no size', { nats: { persistence: { size: 'big' } } }, 'size'],
    ['an access mode that there is not', { nats: { persistence: { accessModes: ['RWO'] } } }, 'accessModes'],
    ['a network that is an address', { gateways: { service: { loadBalancerSourceRanges: ['10.0.0.1'] } } }, 'Ranges'],
    ['an address that is a name', { gateways: { service: { loadBalancerIP: 'lb.example' } } }, 'loadBalancerIP'],
    ['a toleration of no kind', { routers: { tolerations: [{ key: 'a', operator: 'Is' }] } }, 'operator'],
    ['a mount that says not where', { routers: { extraVolumeMounts: [{ name: 'a' }] } }, 'mountPath'],
    ['a time without a unit', { monitoring: { podMonitor: { interval: '30' } } }, 'interval'],
    ['one family of addresses twice', { service: { ipFamilies: ['IPv4', 'IPv4'] } }, 'ipFamilies'],
    ['a NATS URL of another kind', { nats: { url: 'http://a:4222' } }, 'url'],
  ])('%s', (_what, values, named) => {
    const message = refusal([...base, values]);
    expect(message).toMatch(/values don't meet the specifications of the schema/);
    expect(message).toContain(named);
  });
});

describe.skipIf(!requireTool('helm'))('as a part of another chart', () => {
  const minimal = SCENARIOS['minimal'] ?? [];

  it('it takes what a parent says to all its parts, and whether it is wanted at all', () => {
    const chart = parentChart();
    const all = render([inParent(minimal)], { chart, release: 'plant' });
    expect(all.pod('plant-mm2ss-router').spec.containers[0]?.image).toBe('registry.plant:5000/iec104mm2ss:0.1.0');
    expect(refusal([inParent(minimal, { replicas: 3 })], { chart })).toContain('replicas');
  });

  it('null leaves the number of pods to others, also there', () => {
    const all = render([inParent(minimal, { gateways: { replicas: null } })], {
      chart: parentChart(),
      release: 'plant',
    });
    expect(all.the('Deployment', 'plant-mm2ss-gateway').spec).not.toHaveProperty('replicas');
  });
});
