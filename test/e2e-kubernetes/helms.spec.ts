/** The same chart with each Helm: install, test, upgrade with another group, rollback, uninstall, and what is left then. */
import { describe, expect, it } from 'vitest';
import { kubectl, settled } from './cluster.ts';
import { recordOctets } from './release.ts';
import { ADDED, bringUp, sharedScene } from './scene.ts';
import { missing, settings } from './settings.ts';

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
    const left = await kubectl('get', 'all,configmap,networkpolicy,pdb', '-o', 'name');
    expect(left.split('\n').filter((name) => name !== '' && !name.includes('kube-root-ca'))).toEqual([]);
    console.log(`${release.helm.version}: ${times.join(', ')}; the record of the release has ${octets} octets`);
  });
});

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
