/** Nodes that are drained, or cut off the network: the RTU never has two connections, and no named master misses an event. */
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { summary, underLoad } from './action.ts';
import { isReady, kubectl, nodeAddresses, pods, run, runSetting, settled, until } from './cluster.ts';
import { PLAIN, sharedScene, TLS } from './scene.ts';
import { missing, settings } from './settings.ts';

const DRAIN_LIMIT = '180s';
/** Until the control plane believes it (50 s), the tolerance of 30 s, and the new pods. */
const CUT_LIMIT_MS = 240_000;
const BOTH = [PLAIN.id, TLS.id];

/** The node that is not needed by NATS, whose volume may be on one node only. */
async function nodeToLose(): Promise<string> {
  const [nats] = await pods('nats');
  const names = [...(await nodeAddresses()).keys()];
  const name = names.find((candidate) => candidate !== nats?.spec.nodeName);
  if (name === undefined) throw new Error(`there are only ${names.join()}`);
  return name;
}

/** A connector is there, so that its loss is seen. */
async function moveConnectors(node: string): Promise<void> {
  const others = [...(await nodeAddresses()).keys()].filter((name) => name !== node);
  for (const other of others) await run('kubectl', ['cordon', other]);
  try {
    await kubectl('delete', 'pod', '-l', 'app.kubernetes.io/component=connector', '--wait=true');
    await settled();
  } finally {
    for (const other of others) await run('kubectl', ['uncordon', other]);
  }
}

const podsOn = async (node: string): Promise<number> =>
  (await pods()).filter(({ spec }) => spec.nodeName === node).length;

/** Whatever becomes of the pods there, others serve. */
async function servedElsewhere(node: string): Promise<boolean> {
  const all = await pods();
  const elsewhere = all.filter((pod) => pod.spec.nodeName !== node && isReady(pod));
  const groups = new Set(elsewhere.map(({ metadata }) => metadata.labels['iec104mm2ss/group']));
  return BOTH.every((id) => groups.has(id)) && elsewhere.some(({ metadata }) => metadata.name.includes('gateway'));
}

describe.skipIf(missing !== undefined)('a node', () => {
  const sceneOf = sharedScene();
  afterAll(() => console.log(`\n${summary()}\n`));

  it('is drained and comes back', async () => {
    const { field } = sceneOf();
    const node = await nodeToLose();
    await moveConnectors(node);
    onTestFinished(async () => void (await run('kubectl', ['uncordon', node])));
    const drain = async (): Promise<string> => {
      const count = await podsOn(node);
      await run('kubectl', [
        'drain',
        node,
        '--ignore-daemonsets',
        '--delete-emptydir-data',
        `--timeout=${DRAIN_LIMIT}`,
      ]);
      await settled();
      return `${count} pods left ${node}`;
    };
    await underLoad('drain a node', field, drain, { relinked: BOTH });
    expect(await podsOn(node)).toBe(0);
  });

  it.each([
    ['the network', settings.cut],
    ["the cluster's network, not that of the RTUs", settings.halfCut],
  ])('is cut off %s: the RTUs get another connection, and never two', async (what, cut) => {
    if (cut === undefined || settings.mend === undefined) {
      process.stderr.write(
        `\n!!! SKIPPED: E2E_CUT, E2E_HALF_CUT and E2E_MEND are not set: no node is cut off ${what}.\n\n`,
      );
      return;
    }
    const { field } = sceneOf();
    const node = await nodeToLose();
    await moveConnectors(node);
    const mend = (): Promise<string> => runSetting(settings.mend ?? '', { node });
    onTestFinished(async () => void (await mend()));
    const cutOff = async (): Promise<string> => {
      const startedAt = performance.now();
      const seconds = (): string => ((performance.now() - startedAt) / 1000).toFixed(1);
      await runSetting(cut, { node });
      await until('every group is served elsewhere', () => servedElsewhere(node), CUT_LIMIT_MS);
      const elsewhere = seconds();
      await until(
        'every RTU is connected',
        () => [...field.groups.values()].every(({ rtu }) => rtu.connections.length === 1),
        CUT_LIMIT_MS,
      );
      await until(
        'every master is started',
        () => field.masters.every(({ station }) => station.simulator.started),
        CUT_LIMIT_MS,
      );
      const back = seconds();
      await mend();
      await settled();
      return `elsewhere after ${elsewhere} s, masters served after ${back} s, whole after ${seconds()} s`;
    };
    await underLoad(`cut a node off ${what}`, field, cutOff, { relinked: BOTH });
  });
});
