import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Manifest } from './manifests.ts';

/** What the chart installs. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  v1: ['Secret', 'Service', 'ConfigMap', 'ServiceAccount', 'Pod'],
  'apps/v1': ['Deployment', 'StatefulSet'],
  'batch/v1': ['Job'],
  'policy/v1': ['PodDisruptionBudget'],
  'networking.k8s.io/v1': ['NetworkPolicy'],
};
const rootOf = (groupVersion: string): string =>
  groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
const pluralOf = (kind: string): string => `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');

/** As little of an API server as Helm asks: which kinds there are, and some objects in one namespace. */
function answer(url: string, objects: readonly Manifest[]): object | undefined {
  const { pathname } = new URL(url, 'http://server');
  if (pathname === '/version') return { major: '1', minor: '34', gitVersion: 'v1.34.4' };
  if (pathname === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (pathname === '/apis') {
    const versions = Object.keys(KINDS).filter((name) => name.includes('/'));
    const groups = versions.map((groupVersion) => {
      const [name, version] = groupVersion.split('/');
      return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
    });
    return { kind: 'APIGroupList', groups };
  }
  for (const [groupVersion, kinds] of Object.entries(KINDS)) {
    if (pathname !== rootOf(groupVersion)) continue;
    const named = (kind: string): object => ({ kind, name: pluralOf(kind), singularName: kind.toLowerCase() });
    const resources = kinds.map((kind) => ({ ...named(kind), namespaced: true, verbs: ['get', 'create', 'patch'] }));
    return { kind: 'APIResourceList', groupVersion, resources };
  }
  return objects.find(
    ({ apiVersion, kind, metadata }) =>
      pathname === `${rootOf(apiVersion)}/namespaces/scada/${pluralOf(kind)}/${metadata.name}`,
  );
}

/** Starts it; it ends with the test. @returns the path of a kubeconfig */
export async function apiServer(objects: readonly Manifest[]): Promise<string> {
  const server = createServer(({ url = '/' }, response) => {
    const body = answer(url, objects);
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(body ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(path.join(tmpdir(), 'cluster-'));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  const file = path.join(folder, 'kubeconfig');
  const { port } = server.address() as AddressInfo;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'one', cluster: { server: `http://127.0.0.1:${port}` } }],
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'me' } }],
    users: [{ name: 'me', user: {} }],
    'current-context': 'one',
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}
