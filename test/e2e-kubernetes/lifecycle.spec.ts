/** From the first install to the last rollback, under load: what each step costs, and that no named master misses an event. */
import { afterAll, describe, expect, it } from 'vitest';
import { summary, underLoad } from './action.ts';
import { componentOf, kubectl, type Pod, pods, portForward, settled, until } from './cluster.ts';
import { recordOctets } from './release.ts';
import { ADDED, bringUp, PLAIN, scaleTo, sharedScene, TLS, wanted } from './scene.ts';
import { missing, settings } from './settings.ts';

/** One gateway's connections at each turn of a rollout; a master may come to one that ends next. */
const EACH_ONCE = 1;
/** Repeats when NATS, the router and the gateway of a master are new at once: as old as a cursor that nobody could store is. */
const ALL_NEW = 3_000;

describe.skipIf(missing !== undefined)('a release under load', () => {
  const sceneOf = sharedScene(false);
  afterAll(() => console.log(`\n${summary()}\n`));

  it('is installed with two groups, one of them with TLS, under the restricted level; helm test passes', async () => {
    const scene = sceneOf();
    const tookMs = await bringUp(scene);
    const testedAt = performance.now();
    const tested = await scene.release.test();
    expect(tested).toMatch(/Phase:\s+Succeeded/);
    console.log(
      `${scene.release.helm.version}: installed in ${(tookMs / 1000).toFixed(1)} s, tested in ` +
        `${((performance.now() - testedAt) / 1000).toFixed(1)} s, its record has ${await recordOctets()} octets`,
    );
  });

  it('shows its groups in the web console', async () => {
    const console = await portForward('svc/mm2ss-console', 9106);
    try {
      const response = await fetch(`http://127.0.0.1:${console.port}/api/v1/groups`);
      expect(response.status).toBe(200);
      const { rows } = (await response.json()) as { rows: { id: string }[] };
      expect(rows.map(({ id }) => id)).toEqual([PLAIN.id, TLS.id]);
    } finally {
      console.end();
    }
  });

  it('brings events, interrogations and commands to masters outside the cluster, each its own', async () => {
    const { field } = sceneOf();
    await underLoad(
      'nothing',
      field,
      async () => {
        for (const { rtu, masters } of field.groups.values()) {
          const [first, second] = masters.map(({ station }) => station.simulator);
          expect((await first?.interrogate())?.result).toBe('positive');
          const outcome = await second?.command('double 5100 on', { select: true });
          expect(outcome).toMatchObject({ result: 'positive', terminated: true });
          expect(rtu.counts.requests).toBeGreaterThan(0);
        }
      },
      { disturbed: [] },
    );
  });

  it.each([
    ['gateway', 4, []],
    ['gateway', 1, undefined],
    ['gateway', 2, []],
    ['router', 3, []],
    ['router', 2, []],
  ] as const)('scales %ss to %i', async (component, replicas, disturbed) => {
    const { field } = sceneOf();
    const scale = async (): Promise<void> => {
      await scaleTo(component, replicas);
      await settled();
    };
    await underLoad(`scale ${component}s to ${replicas}`, field, scale, disturbed === undefined ? {} : { disturbed });
  });

  it('keeps what was scaled at the next helm upgrade, and disturbs nobody', async () => {
    const { field, release } = sceneOf();
    await scaleTo('router', 3);
    await settled();
    await underLoad('helm upgrade without a change', field, async () => void (await release.upgrade()), {
      disturbed: [],
    });
    expect([await wanted('router'), await wanted('gateway')]).toEqual([3, 2]);
    await scaleTo('router', 2);
    await settled();
  });

  it('loses nothing while every pod is deleted in turn', async () => {
    const { field } = sceneOf();
    for (const pod of await pods()) {
      const component = componentOf(pod);
      const group = pod.metadata.labels['iec104mm2ss/group'];
      const remove = async (): Promise<void> => {
        await kubectl('delete', 'pod', pod.metadata.name, '--wait=true');
        await settled();
      };
      const disturbed = component === 'gateway' ? [PLAIN.id, TLS.id] : [];
      const relinked = group === undefined ? [] : [group];
      await underLoad(`delete ${component} ${group ?? ''}`.trim(), field, remove, {
        disturbed: [...disturbed, ...relinked],
        relinked,
      });
    }
  });

  it('loses nothing when a pod is deleted without a grace', async () => {
    const { field } = sceneOf();
    const one = async (component: string): Promise<readonly Pod[]> => (await pods(component)).slice(0, 1);
    // Masters are at one of the gateways, or at both.
    const killed = [
      ...(await one('router')),
      ...(await pods('gateway')),
      ...(await one('connector')),
      ...(await one('nats')),
    ];
    for (const pod of killed) {
      const component = componentOf(pod);
      const group = pod.metadata.labels['iec104mm2ss/group'];
      const kill = async (): Promise<void> => {
        await kubectl('delete', 'pod', pod.metadata.name, '--grace-period=0', '--force');
        await settled();
      };
      const relinked = group === undefined ? [] : [group];
      const disturbed = component === 'gateway' ? [PLAIN.id, TLS.id] : relinked;
      await underLoad(`kill ${component} ${group ?? ''}`.trim(), field, kill, { disturbed, relinked });
    }
  });

  it('rolls a new image out; each master is cut off once', async () => {
    const scene = sceneOf();
    const { field, release, plans } = scene;
    release.useImage(settings.nextImage);
    await release.describe(plans);
    const rollOut = async (): Promise<void> => {
      await release.upgrade();
      await settled();
    };
    // Each connector too is a new pod.
    await underLoad('new image', field, rollOut, {
      relinked: [PLAIN.id, TLS.id],
      breaks: 2 * EACH_ONCE,
      repeats: ALL_NEW,
    });
    const images = (await pods()).map(({ spec }) => spec.containers[0]?.image);
    expect(images.filter((image) => image === settings.nextImage).length).toBeGreaterThanOrEqual(6);
  });

  it('takes a changed file: a group added, one changed, one removed; the others are not disturbed', async () => {
    const scene = sceneOf();
    const { field, release, nodes } = scene;
    await field.addRtu(ADDED);
    const before = new Set((await pods()).map(({ metadata }) => metadata.name));
    await release.describe([...scene.plans, ADDED]);
    const add = async (): Promise<void> => {
      await release.upgrade();
      await settled();
      await release.listening(3);
    };
    await underLoad('add a group', field, add, { groups: [PLAIN.id, TLS.id], disturbed: [] });
    const added = (await pods()).filter(({ metadata }) => !before.has(metadata.name));
    expect(added.map(({ metadata }) => metadata.labels['iec104mm2ss/group'])).toEqual([ADDED.id]);
    await field.connect(ADDED, nodes);
    scene.plans = [PLAIN, TLS, ADDED];

    const changed = { ...ADDED, columns: { idletime: 90 } };
    await release.describe([PLAIN, TLS, changed]);
    const change = async (): Promise<void> => {
      await release.upgrade();
      await settled();
      await release.listening(3);
    };
    await underLoad('change a group', field, change, { disturbed: [ADDED.id], relinked: [ADDED.id] });

    const rollBack = async (): Promise<void> => {
      await release.rollback();
      await settled();
      await release.listening(3);
    };
    await underLoad('roll back', field, rollBack, { disturbed: [ADDED.id], relinked: [ADDED.id] });

    await release.describe([PLAIN, TLS]);
    const remove = async (): Promise<void> => {
      await release.upgrade();
      await settled();
      await until('the group is gone', async () =>
        (await pods()).every((pod) => pod.metadata.labels['iec104mm2ss/group'] !== ADDED.id),
      );
    };
    await underLoad('remove a group', field, remove, { groups: [PLAIN.id, TLS.id], disturbed: [] });
    await field.remove(ADDED.id);
    scene.plans = [PLAIN, TLS];
  });
});
