/** Two groups on the cluster, TLS on the second one, five named masters outside; it ends with the file of tests. */
import { afterAll, beforeAll, onTestFailed } from 'vitest';
import type { Afterwards } from '../e2e/stations.ts';
import { freshNamespace, kubectl, lastLines, nodeAddresses, removeNamespace, settled, until } from './cluster.ts';
import { Field, type GroupPlan } from './field.ts';
import { helmOf, Release } from './release.ts';
import { settings } from './settings.ts';

/** NodePorts, of the range that clusters have by default. */
export const PLAIN: GroupPlan = { id: '111', ca: 32, port: 30_401, masters: ['A', 'B', 'C'] };
export const TLS: GroupPlan = { id: '222', ca: 101, port: 30_402, tls: true, masters: ['D', 'E'] };
export const ADDED: GroupPlan = { id: '333', ca: 95, port: 30_403, masters: ['F', 'G'] };

export interface Scene {
  readonly field: Field;
  readonly release: Release;
  /** Addresses at which masters reach gateways. */
  readonly nodes: readonly string[];
  plans: GroupPlan[];
}

/** @param prepare whether the scene is to be installed and all masters connected before the first test */
export function sharedScene(prepare = true, helm = settings.helms[0] ?? 'helm'): () => Scene {
  let scene: Scene | undefined;
  const ends: Parameters<Afterwards>[0][] = [];
  beforeAll(async () => {
    await freshNamespace();
    const field = new Field((end) => ends.push(end));
    const plans = [PLAIN, TLS];
    for (const plan of plans) await field.addRtu(plan);
    const release = await Release.prepare(await helmOf(helm), field, (end) => ends.push(end));
    const nodes = settings.nodes.length > 0 ? settings.nodes : [...(await nodeAddresses()).values()];
    scene = { field, release, nodes, plans };
    if (prepare) await bringUp(scene);
  });
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
    if (process.env['E2E_KEEP'] === undefined) await removeNamespace();
  });
  return () => {
    onTestFailed(async () => console.log(await lastLines()));
    if (scene === undefined) throw new Error('the scene is not there');
    return scene;
  };
}

/** Installs it with two routers and two gateways; how long that took, in ms. */
export async function bringUp(scene: Scene): Promise<number> {
  const { release, plans } = scene;
  await release.describe(plans);
  const startedAt = performance.now();
  await release.install();
  await scaleTo('router', 2);
  await scaleTo('gateway', 2);
  await settled();
  const tookMs = performance.now() - startedAt;
  await connectAll(scene);
  return tookMs;
}

/** All masters, as soon as every gateway listens for every group. */
export async function connectAll({ release, plans, field, nodes }: Scene): Promise<void> {
  await release.listening(plans.length);
  for (const plan of plans) await field.connect(plan, nodes);
  await until('all masters are started', () => field.masters.every(({ station }) => station.simulator.started));
}

export async function scaleTo(component: string, replicas: number): Promise<void> {
  const label = `app.kubernetes.io/component=${component}`;
  await kubectl('scale', 'deployment', '-l', label, `--replicas=${replicas}`);
}

/** How many pods a Deployment is to have. */
export async function wanted(component: string): Promise<number> {
  const label = `app.kubernetes.io/component=${component}`;
  return Number(await kubectl('get', 'deployment', '-l', label, '-o', 'jsonpath={.items[0].spec.replicas}'));
}
