/** Many groups in one release (E2E_FLEETS says how many): how long Helm and the parts take, and that nobody restarts for a row. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRtu } from '../e2e/stations.ts';
import { componentOf, freshNamespace, kubectl, lastLines, type Pod, pods, removeNamespace } from './cluster.ts';
import { Fleet, type Shape, shapeOf } from './fleet.ts';
import { recordOctets } from './release.ts';
import { missing, settings } from './settings.ts';

const { fleets } = settings;
if (fleets.length === 0) process.stderr.write('\n!!! SKIPPED: E2E_FLEETS is not set: no release of many groups.\n\n');
const PARTS = ['connector', 'router', 'gateway'];
const LIMIT_MS = 3_600_000;

const cases = settings.helms.flatMap((helm) => fleets.map((text) => [helm, shapeOf(text)] as const));

describe.skipIf(missing !== undefined || fleets.length === 0)('a release of many groups', () => {
  beforeEach(freshNamespace, LIMIT_MS);
  afterEach(removeNamespace, LIMIT_MS);

  it.each(cases)(
    '%s %j: installs it, changes one group, adds one',
    async (helm, shape) => {
      await installed(helm, shape);
    },
    LIMIT_MS,
  );
});

async function installed(helm: string, shape: Shape): Promise<void> {
  const ends: (() => void | Promise<void>)[] = [];
  const times: string[] = [];
  const timed = async (what: string, action: () => Promise<unknown>): Promise<void> => {
    const startedAt = performance.now();
    await action();
    times.push(`${what} ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    console.log(`${helm}, ${shape.text}: ${times.at(-1)}`);
  };
  try {
    const { rtu } = await startRtu({ host: settings.rtuAddress, ca: 1 }, (end) => ends.push(end));
    const at = `${rtu.address.host}:${rtu.address.port}`;
    const fleet = await Fleet.prepare(helm, shape, at, (end) => ends.push(end));
    const served = (groups: number): Promise<void> => (shape.run ? fleet.served(groups) : Promise.resolve());
    await timed('described', () => fleet.describe(shape.groups - 1));
    await timed('installed', () => fleet.install());
    await timed('then served', () => served(shape.groups - 1));
    const before = await startedPods();

    await fleet.describe(shape.groups - 1, 90);
    await timed('one changed', () => fleet.upgrade());
    if (shape.groupsPerPod > 1) expect(await startedPods()).toEqual(before);
    const others = await startedPods();

    await fleet.describe(shape.groups, 90);
    await timed('one added', () => fleet.upgrade());
    await timed('then served', () => served(shape.groups));
    expect((await startedPods()).filter((name) => others.includes(name))).toEqual(others);

    times.push(
      `record ${await recordOctets()} octets`,
      `objects ${await objects()}`,
      `NATS restarts ${await natsRestarts()}`,
    );
    await timed('taken away', () => fleet.uninstall());
    console.log(`${helm}, ${shape.text}: ${times.join('; ')}`);
  } catch (error) {
    console.log(await lastLines());
    throw error;
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

/** Pods of our parts, with how often they were restarted. */
async function startedPods(): Promise<string[]> {
  const ours = (await pods()).filter((pod) => PARTS.includes(componentOf(pod)));
  return ours.map((pod) => `${pod.metadata.name} ${restartsOf(pod)}`).sort();
}

const restartsOf = ({ status }: Pod): number =>
  (status.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);

async function natsRestarts(): Promise<number> {
  return (await pods('nats')).reduce((sum, pod) => sum + restartsOf(pod), 0);
}

async function objects(): Promise<number> {
  const kinds =
    'deployments,statefulsets,services,configmaps,networkpolicies,poddisruptionbudgets,jobs,serviceaccounts';
  const names = await kubectl('get', kinds, '-o', 'name', '-l', 'app.kubernetes.io/instance=mm2ss');
  return names.trim().split('\n').length;
}
