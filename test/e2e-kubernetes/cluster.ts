/** The cluster, by the command line that its operators use. */
import { execFile, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { PATIENCE_MS, until as untilSoon } from '../e2e/ports.ts';
import { settings } from './settings.ts';

const POLL_MS = 250;
const MOST_OCTETS = 64 * 1024 * 1024;
/** Starting is what the machine is measured by here, not the product. */
export const READY_MS = 240_000;

/** What it wrote. It throws, with what it wrote to standard error, when it failed. */
export function run(command: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { maxBuffer: MOST_OCTETS }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(' ')}\n${stderr}${stdout}`));
    });
    child.stdin?.on('error', () => undefined).end(input);
  });
}

export const kubectl = (...args: string[]): Promise<string> => run('kubectl', ['-n', settings.namespace, ...args]);

/** Makes or changes what the manifests name. */
export const apply = (manifests: string, ...flags: string[]): Promise<string> =>
  run('kubectl', ['-n', settings.namespace, 'apply', ...flags, '-f', '-'], manifests);

/** A port of this machine that leads to one of a service, until it is ended. */
export async function portForward(service: string, port: number): Promise<{ port: number; end: () => void }> {
  const child = spawn('kubectl', ['-n', settings.namespace, 'port-forward', service, `:${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const own = (): number => Number(/127\.0\.0\.1:(\d+) ->/.exec(said)?.[1] ?? 0);
  try {
    await untilSoon(`port-forward to ${service}`, () => own() > 0);
  } catch (error) {
    child.kill();
    throw error;
  }
  return { port: own(), end: () => void child.kill() };
}

/** A command line of the settings, `{node}` and the like replaced. */
export function runSetting(line: string, values: Readonly<Record<string, string>>): Promise<string> {
  const filled = Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), line);
  return run('sh', ['-c', filled]);
}

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly creationTimestamp: string;
  };
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly startTime?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime: string;
    }[];
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

const COMPONENT = 'app.kubernetes.io/component';

export const componentOf = (pod: Pod): string => pod.metadata.labels[COMPONENT] ?? '';

/** Pods of the release that are not on their way out; of one component only, if named. */
export async function pods(component?: string): Promise<Pod[]> {
  const label = component === undefined ? `${COMPONENT}` : `${COMPONENT}=${component}`;
  const { items } = JSON.parse(await kubectl('get', 'pods', '-l', label, '-o', 'json')) as { items: Pod[] };
  return items.filter(
    ({ metadata, status }) => metadata.deletionTimestamp === undefined && status.phase !== 'Succeeded',
  );
}

export const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;

/** Every pod there should be is Ready, and none is on its way out; how long it took, in ms. */
export function settled(deadlineMs = READY_MS): Promise<number> {
  return until(
    'all pods are Ready, none ends',
    async () => {
      const all = JSON.parse(await kubectl('get', 'pods,deployments,statefulsets', '-o', 'json')) as {
        items: Workload[];
      };
      return all.items.every((item) => (item.kind === 'Pod' ? podSettled(item as unknown as Pod) : asWanted(item)));
    },
    deadlineMs,
  );
}

interface Workload {
  readonly kind: string;
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas?: number };
  readonly status: Readonly<Record<string, number | undefined>>;
}

function podSettled(pod: Pod): boolean {
  if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') return true;
  return pod.metadata.deletionTimestamp === undefined && isReady(pod);
}

function asWanted({ metadata, spec, status }: Workload): boolean {
  const wanted = spec.replicas ?? 1;
  return (
    status['observedGeneration'] === metadata.generation &&
    (status['updatedReplicas'] ?? 0) === wanted &&
    (status['readyReplicas'] ?? 0) === wanted &&
    (status['replicas'] ?? 0) === wanted
  );
}

/** Names of the nodes with the addresses at which they are reached. */
export async function nodeAddresses(): Promise<Map<string, string>> {
  const { items } = JSON.parse(await kubectl('get', 'nodes', '-o', 'json')) as { items: Node[] };
  return new Map(
    items.map(({ metadata, status }) => [
      metadata.name,
      status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '',
    ]),
  );
}

interface Node {
  readonly metadata: { readonly name: string };
  readonly status: { readonly addresses: readonly { readonly type: string; readonly address: string }[] };
}

/** The namespace, anew: with everything in it gone, and the restricted level enforced. */
export async function freshNamespace(): Promise<void> {
  await removeNamespace();
  await run('kubectl', ['create', 'namespace', settings.namespace]);
  const level = ['enforce', 'warn', 'audit'].map((mode) => `pod-security.kubernetes.io/${mode}=restricted`);
  await run('kubectl', ['label', 'namespace', settings.namespace, ...level]);
}

export async function removeNamespace(): Promise<void> {
  await run('kubectl', ['delete', 'namespace', settings.namespace, '--ignore-not-found', '--timeout=180s']);
  await releaseVolumes();
}

/** Volumes that somebody has to hand out by hand again; a cluster with a provisioner has none. */
async function releaseVolumes(): Promise<void> {
  const { items } = JSON.parse(await run('kubectl', ['get', 'pv', '-o', 'json'])) as { items: Volume[] };
  for (const { metadata, spec, status } of items) {
    if (status.phase !== 'Released' || spec.claimRef?.namespace !== settings.namespace) continue;
    if (settings.wipe !== undefined) await runSetting(settings.wipe, { path: spec.local?.path ?? '' });
    await run('kubectl', ['patch', 'pv', metadata.name, '-p', '{"spec":{"claimRef":null}}']);
  }
}

interface Volume {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly claimRef?: { readonly namespace: string }; readonly local?: { readonly path: string } };
  readonly status: { readonly phase: string };
}

/** Last lines of everybody, for a test that failed. */
export async function lastLines(): Promise<string> {
  const parts = [await kubectl('get', 'pods', '-o', 'wide').catch(String)];
  parts.push(await kubectl('get', 'events', '--sort-by=.lastTimestamp').catch(String));
  for (const { metadata } of await pods().catch((): Pod[] => [])) {
    const log = await kubectl('logs', metadata.name, '--all-containers', '--tail=30').catch(String);
    parts.push(`--- ${metadata.name}\n${log}`);
  }
  return parts.join('\n');
}

/** Waits as those of test/e2e do, with a pause: a question put to the cluster costs the machine more than one put to this process. */
export function until(what: string, condition: () => boolean | Promise<boolean>, deadlineMs?: number): Promise<number> {
  const asked = async (): Promise<boolean> => (await condition()) || delay(POLL_MS, false);
  return untilSoon(what, asked, deadlineMs);
}

export { PATIENCE_MS };
