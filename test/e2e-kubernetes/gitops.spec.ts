/** The chart as Argo CD takes it: rendered without the cluster, applied by the server, compared with what is there. */
import { describe, expect, it } from 'vitest';
import { apply, kubectl, pods, run, settled } from './cluster.ts';
import { sharedScene, TLS } from './scene.ts';
import { missing, settings } from './settings.ts';

const SERVER_SIDE = ['--server-side', '--field-manager=gitops'];
/** Kinds of what a sync may take away. */
const KINDS = 'configmaps,services,deployments,statefulsets,networkpolicies,poddisruptionbudgets';
const LABELS = 'app.kubernetes.io/instance=mm2ss';

describe.skipIf(missing !== undefined)('a rendered chart', () => {
  const sceneOf = sharedScene(false);

  it('is applied, and then nothing differs', async () => {
    const { release, plans } = sceneOf();
    await release.describe(plans);
    await sync(await release.manifests());
    await settled();
    await release.listening(plans.length);
    expect(await differences(await release.manifests())).toBe('');
  });

  it('restarts the connector of a changed row and nobody else', async () => {
    const { release, plans } = sceneOf();
    const before = await names();
    const changed = plans.map((plan) => (plan.id === TLS.id ? { ...plan, columns: { idletime: 90 } } : plan));
    await release.describe(changed);
    expect(await differences(await release.manifests())).not.toBe('');
    await sync(await release.manifests());
    await settled();
    const fresh = (await pods()).filter(({ metadata }) => !before.includes(metadata.name));
    expect(fresh.map(({ metadata }) => metadata.labels['iec104mm2ss/group'])).toEqual([TLS.id]);
  });

  it('prunes the connector of a row that is gone', async () => {
    const { release, plans } = sceneOf();
    const left = plans.filter(({ id }) => id !== TLS.id);
    await release.describe(left);
    await sync(await release.manifests());
    await settled();
    await release.listening(left.length);
    const groups = (await pods('connector')).map(({ metadata }) => metadata.labels['iec104mm2ss/group']);
    expect(groups).toEqual(left.map(({ id }) => id));
    expect(await differences(await release.manifests())).toBe('');
  });
});

const names = async (): Promise<string[]> => (await pods()).map(({ metadata }) => metadata.name);

/** Applies them, and deletes what is of the release and not among them. */
async function sync(manifests: string): Promise<void> {
  const meant = lines(await apply(manifests, ...SERVER_SIDE, '-o', 'name'));
  const there = lines(await kubectl('get', KINDS, '-l', LABELS, '-o', 'name'));
  const surplus = there.filter((name) => !meant.includes(name));
  if (surplus.length > 0) await kubectl('delete', ...surplus);
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** As `kubectl diff` shows them. */
async function differences(manifests: string): Promise<string> {
  const script = 'kubectl -n "$0" diff "$@" -f -; [ $? -le 1 ]';
  return run('sh', ['-c', script, settings.namespace, ...SERVER_SIDE], manifests);
}
