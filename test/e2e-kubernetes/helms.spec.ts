/** The same chart with each Helm: install, test, upgrade with another group, rollback, uninstall, and what is left then. */
import { describe, expect, it } from 'vitest';
import { kubectl, READY_MS, settled, until } from './cluster.ts';
import { recordOctets } from './release.ts';
import { ADDED, bringUp, sharedScene } from './scene.ts';
import { missing, settings } from './settings.ts';

/** What `helm test` makes is no part of the release: Helm leaves it, so that its logs can be read. */
const OF_THE_TEST = ['pod/mm2ss-test', 'pod/mm2ss-test-status', 'configmap/mm2ss-test'];

describe.skipIf(missing !== undefined).each(settings.helms)('%s', (helm) => {
  const sceneOf = sharedScene(false, helm);

  it('installs, tests, upgrades, rolls back and takes away', async () => {
    const { field, release, plans } = sceneOf();
    const times: string[] = [`installed in ${seconds(await bringUp(sceneOf()))}`];
    const timed = async (what: string, action: () => Promise<string>): Promise<string> => {
      const startedAt = performance.now();
      const said = await action();
      times.push(`${what} in ${seconds(performance.now() - startedAt)}`);
      return said;
    };
    expect(await timed('tested', () => release.test())).toMatch(/Phase:\s+Succeeded/);
    await field.addRtu(ADDED);
    await release.describe([...plans, ADDED]);
    await timed('upgraded', () => release.upgrade());
    await settled();
    await release.listening(plans.length + 1);
    await timed('rolled back', () => release.rollback());
    await settled();
    await release.listening(plans.length);
    const octets = await recordOctets();
    await timed('taken away', () => release.uninstall());
    // Gateways are still handing over their masters.
    await until('pods have ended', async () => (await left()).length <= OF_THE_TEST.length, READY_MS).catch(
      () => undefined,
    );
    expect(await left()).toEqual(OF_THE_TEST);
    console.log(`${release.helm.version}: ${times.join(', ')}; the record of the release has ${octets} octets`);
  });
});

/** Objects of the release, or that were. */
async function left(): Promise<string[]> {
  const names = await kubectl('get', 'all,configmap,networkpolicy,pdb', '-o', 'name');
  return names.split('\n').filter((name) => name !== '' && !name.includes('kube-root-ca'));
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
