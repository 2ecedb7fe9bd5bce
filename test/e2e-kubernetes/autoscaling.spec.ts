/** The number of routers and gateways left to autoscalers: more under load, fewer later, and nobody misses an event. */
import { afterAll, describe, expect, it } from 'vitest';
import { summary, underLoad } from './action.ts';
import { run, settled, until } from './cluster.ts';
import type { Autoscaling } from './release.ts';
import { connectAll, PLAIN, sharedScene, TLS, wanted } from './scene.ts';
import { missing } from './settings.ts';

const noMetrics =
  missing ??
  (await run('kubectl', ['get', '--raw', '/apis/metrics.k8s.io/v1beta1/nodes']).then(
    () => undefined,
    () => 'the cluster has no metrics of its pods (metrics-server)',
  ));
if (missing === undefined && noMetrics !== undefined)
  process.stderr.write(`\n!!! SKIPPED: ${noMetrics}: no autoscalers.\n\n`);

/** A percentage that idle pods do not reach, and pods under this load do. */
const LOW: Autoscaling = {
  minReplicas: 1,
  maxReplicas: 3,
  targetCPUUtilizationPercentage: 10,
  scaleDownStabilizationSeconds: 30,
};
/** One that they do not reach under load either. */
const HIGH: Autoscaling = { ...LOW, targetCPUUtilizationPercentage: 500 };
const PARTS = ['router', 'gateway'];
/** Metrics come every 15 s, pods that start do not count, and one pod is taken away in a minute. */
const SCALED_MS = 420_000;

describe.skipIf(noMetrics !== undefined)('autoscalers', () => {
  const sceneOf = sharedScene(false);
  afterAll(() => console.log(`\n${summary()}\n`));

  const scaledTo = async (replicas: number): Promise<string> => {
    const startedAt = performance.now();
    const scaled = async (): Promise<boolean> =>
      (await Promise.all(PARTS.map(wanted))).every((seen) => seen === replicas);
    await until(`there are to be ${replicas} of each`, scaled, SCALED_MS);
    await settled();
    return `${replicas} of each after ${((performance.now() - startedAt) / 1000).toFixed(0)} s`;
  };

  it('has one of each while nothing happens', async () => {
    const scene = sceneOf();
    scene.release.useAutoscalers(LOW);
    await scene.release.describe(scene.plans);
    await scene.release.install();
    await scaledTo(1);
    await connectAll(scene);
  });

  it('takes more under load, and disturbs nobody', async () => {
    await underLoad('autoscalers, up', sceneOf().field, () => scaledTo(3), { disturbed: [] });
  });

  it('keeps their number at a helm upgrade, and then takes one after the other away', async () => {
    const { release, field, plans } = sceneOf();
    release.useAutoscalers(HIGH);
    await release.describe(plans);
    const fewer = async (): Promise<string> => {
      await release.upgrade();
      expect(await Promise.all(PARTS.map(wanted))).toEqual([3, 3]);
      return scaledTo(1);
    };
    await underLoad('autoscalers, down', field, fewer, { disturbed: [PLAIN.id, TLS.id], breaks: 2 });
  });
});
