import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { apiServer } from './api-server.ts';
import { CHART, KUBERNETES, manifestsOf, type Values } from './helm.ts';
import type { Manifest } from './manifests.ts';
import { Rendering } from './render.ts';
import { groups, NO_USERS, row, USERS } from './values.ts';

const run = promisify(execFile);
const programs = Object.entries({ 'Helm 3': requireTool('helm'), 'Helm 4': requireTool('helm-4') }).filter(
  (entry): entry is [string, string] => entry[1] !== undefined,
);

/** Renders the chart as an upgrade on a cluster does, where these objects are; not with `spawnSync`: the cluster is in this process. */
async function upgrade(helm: string, values: readonly Values[], objects: readonly Manifest[]): Promise<Rendering> {
  const kubeconfig = await apiServer(objects);
  const folder = mkdtempSync(path.join(tmpdir(), 'upgrade-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = values.flatMap((each, index) => {
    const file = path.join(folder, `${index}.json`);
    writeFileSync(file, JSON.stringify(each));
    return ['-f', file];
  });
  const command = [
    'template',
    'mm2ss',
    CHART,
    '--namespace',
    'scada',
    '--kube-version',
    KUBERNETES,
    '--is-upgrade',
    '--dry-run=server',
    '--disable-openapi-validation',
    ...files,
  ];
  const { stdout } = await run(helm, command, {
    env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: kubeconfig },
  });
  return new Rendering(manifestsOf(stdout));
}

const live = (replicas: number, inManifest: boolean): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'mm2ss-gateway',
    annotations: inManifest ? { 'iec104mm2ss/replicas': 'in-manifest' } : { other: 'x' },
  },
  spec: { replicas },
});
const NULL: Values = { gateways: { replicas: null } };
const base = [groups(row(7)), NO_USERS];

describe.each(programs)('an upgrade with %s', (_name, helm) => {
  it('from a number of gateways to null keeps as many as there are now', async () => {
    const all = await upgrade(helm, [...base, NULL], [live(4, true)]);
    const { spec, metadata } = all.the('Deployment', 'mm2ss-gateway');
    expect(spec?.replicas).toBe(4);
    // It stays in the manifest: to leave it out at the next upgrade would be to set it to 1.
    expect(metadata.annotations).toEqual({ 'iec104mm2ss/replicas': 'in-manifest' });
  });

  it('with null from the first leaves the number out, so that a rollback does not touch it either', async () => {
    for (const objects of [[], [live(4, false)]]) {
      const all = await upgrade(helm, [...base, NULL], objects);
      expect(all.the('Deployment', 'mm2ss-gateway').spec).not.toHaveProperty('replicas');
    }
  });

  it('with a number sets it', async () => {
    const all = await upgrade(helm, [...base, { gateways: { replicas: 2 } }], [live(4, true)]);
    expect(all.the('Deployment', 'mm2ss-gateway').spec?.replicas).toBe(2);
  });

  it('is refused when the secret lacks the key of a pod, with the command that adds it', async () => {
    const keys = ['router', 'gateway', 'setup', 'connector-7'].map((name) => [`${name}.nk`, 'c2VlZA==']);
    const secret = (names: typeof keys): Manifest => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'nats-keys' },
      data: Object.fromEntries(names) as Record<string, string>,
    });
    const values = [groups(row(7), row(8)), USERS];
    const outcome = upgrade(helm, values, [secret(keys)]);
    await expect(outcome).rejects.toThrow(
      /The secret nats-keys has no connector-8\.nk[^]*kubectl create secret generic nats-keys/,
    );
    await expect(upgrade(helm, [groups(row(7)), USERS], [secret(keys)])).resolves.toBeDefined();
    // Not there yet: kubelet waits for it.
    await expect(upgrade(helm, values, [])).resolves.toBeDefined();
  });

  it.each([
    ['shared', 'perGroup', 'mm2ss-gateway'],
    ['shared', 'chunks', 'mm2ss-gateway'],
    ['chunks', 'shared', 'mm2ss-gateway-0-49'],
    ['perGroup', 'shared', 'mm2ss-gateway-7'],
  ])('from layout %s to %s is refused while old Services have the ports of nodes', async (before, layout, name) => {
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name } };
    const values = (nodePorts: string): Values[] => [
      ...base,
      { gateways: { service: { layout, type: 'NodePort', nodePorts } } },
    ];
    await expect(upgrade(helm, values('same'), [service])).rejects.toThrow(
      new RegExp(
        `layout was ${before}[^]*kubectl delete service --namespace scada -l app.kubernetes.io/instance=mm2ss`,
      ),
    );
    await expect(upgrade(helm, values('same'), [])).resolves.toBeDefined();
    await expect(upgrade(helm, values('auto'), [service])).resolves.toBeDefined();
  });

  const nats = (replicas: number, storage: string): Manifest => ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'mm2ss-nats' },
    spec: { replicas, volumeClaimTemplates: [{ spec: { resources: { requests: { storage } } } }] },
  });
  it.each([
    [1, 3],
    [3, 1],
  ])('from %i NATS servers to %i is refused: a store would be left behind', async (before, replicas) => {
    const values = [...base, { nats: { replicas } }];
    await expect(upgrade(helm, values, [nats(before, '10Gi')])).rejects.toThrow(
      /nats\.replicas \d: there are \d[^]*kubectl delete statefulset mm2ss-nats --namespace scada/,
    );
    await expect(upgrade(helm, values, [])).resolves.toBeDefined();
    await expect(upgrade(helm, values, [nats(replicas, '10240Mi')])).resolves.toBeDefined();
  });

  it('to volumes of another size is refused, with what can be done', async () => {
    const values = [...base, { nats: { persistence: { size: '20Gi' } } }];
    await expect(upgrade(helm, values, [nats(1, '10Gi')])).rejects.toThrow(
      /persistence\.size 20Gi: the volumes were made with 10Gi[^]*--cascade=orphan/,
    );
  });
});
