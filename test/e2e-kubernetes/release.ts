/** The release under test, made as an operator makes it: nats-auth, a secret of the keys, mm2ss chart, helm. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { csvLines } from '../csv-lines.ts';
import type { Afterwards } from '../e2e/stations.ts';
import { apply, kubectl, portForward, READY_MS, run, until } from './cluster.ts';
import type { Field, GroupPlan } from './field.ts';
import { settings } from './settings.ts';

export const MM2SS = process.env['MM2SS_TEST_COMMAND'] ?? resolve(import.meta.dirname, '../../bin/mm2ss');
const NAME = 'mm2ss';
const KEYS = 'mm2ss-keys';
const TLS = 'mm2ss-tls';
const HELM_TIMEOUT = '8m';

/** Columns that a test does not speak of. `buffsize`: what comes in minutes without a master. */
const DEFAULTS = {
  'max conn': 20,
  idletime: 60,
  t1: 15,
  t2: 10,
  t3: 20,
  w: 8,
  k: 12,
  buffsize: 100_000,
  logevents: 'N',
};

export interface Helm {
  readonly command: string;
  readonly version: string;
}

export async function helmOf(command: string): Promise<Helm> {
  return { command, version: (await run(command, ['version', '--short'])).trim() };
}

/** As in the chart's values. */
export interface Autoscaling {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Percent of what a pod requests. */
  readonly targetCPUUtilizationPercentage: number;
  readonly scaleDownStabilizationSeconds: number;
}

export class Release {
  private imageTag: string;
  private autoscaling: Autoscaling | undefined;

  private constructor(
    readonly helm: Helm,
    private readonly folder: string,
    private readonly field: Field,
  ) {
    this.imageTag = settings.image;
  }

  static async prepare(helm: Helm, field: Field, afterwards: Afterwards): Promise<Release> {
    const folder = await mkdtemp(join(tmpdir(), 'mm2ss-e2e-k8s-'));
    afterwards(() => rm(folder, { recursive: true, force: true }));
    const release = new Release(helm, folder, field);
    await apply(await release.tlsSecret());
    return release;
  }

  /** The file, its keys and the chart, for these groups. */
  async describe(plans: readonly GroupPlan[]): Promise<void> {
    await writeFile(this.path('groups.csv'), this.csvOf(plans));
    await run(MM2SS, ['nats-auth', this.path('groups.csv'), '-o', this.path('keys')]);
    const made = [
      'create',
      'secret',
      'generic',
      KEYS,
      `--from-file=${this.path('keys')}`,
      '--dry-run=client',
      '-o',
      'yaml',
    ];
    await apply(await kubectl(...made));
    await writeFile(this.path('values.yaml'), this.values());
    const values = [this.path('values.yaml'), ...(settings.values === undefined ? [] : [settings.values])];
    await run(MM2SS, [
      'chart',
      this.path('groups.csv'),
      ...['--nats-auth', this.path('keys')],
      ...values.flatMap((file) => ['--values', file]),
      ...['-o', this.path('chart'), '--force'],
    ]);
  }

  async install(): Promise<string> {
    return this.run('install', NAME, this.path('chart'), '--wait', '--wait-for-jobs', '--timeout', HELM_TIMEOUT);
  }

  async upgrade(...more: string[]): Promise<string> {
    return this.run('upgrade', NAME, this.path('chart'), '--wait', '--timeout', HELM_TIMEOUT, ...more);
  }

  /** The manifests as Argo CD renders them: told the version of the cluster, and without hooks. */
  async manifests(): Promise<string> {
    const { serverVersion } = JSON.parse(await kubectl('version', '-o', 'json')) as {
      serverVersion: { gitVersion: string };
    };
    const { gitVersion } = serverVersion;
    return this.run('template', NAME, this.path('chart'), '--no-hooks', '--kube-version', gitVersion);
  }

  async rollback(): Promise<string> {
    return this.run('rollback', NAME, '--wait', '--timeout', HELM_TIMEOUT);
  }

  async test(): Promise<string> {
    return this.run('test', NAME, '--logs', '--timeout', HELM_TIMEOUT);
  }

  async uninstall(): Promise<string> {
    return this.run('uninstall', NAME, '--wait', '--timeout', HELM_TIMEOUT);
  }

  /** From the next `describe` on. */
  useImage(image: string): void {
    this.imageTag = image;
  }

  /** For routers and gateways, from the next `describe` on. */
  useAutoscalers(autoscaling: Autoscaling): void {
    this.autoscaling = autoscaling;
  }

  /** A command of `mm2ss` as this NATS user, from outside the cluster, as docs/kubernetes.md has it. */
  async asUser(user: 'console' | 'watcher', ...command: string[]): Promise<string> {
    const forward = await portForward(`svc/${NAME}-nats-0`, 4222);
    try {
      const nats = ['--nats', `nats://127.0.0.1:${forward.port}`, '--nats-nkey', this.path(`keys/${user}.nk`)];
      return await run(MM2SS, [...command, ...nats]);
    } finally {
      forward.end();
    }
  }

  /** A listener is open for every group at every gateway. */
  async listening(groups: number): Promise<void> {
    const all = async (): Promise<boolean> => {
      const { groups: seen } = await status();
      return seen.length === groups && seen.every(({ listener }) => listener?.open === true);
    };
    // A changed file and changed users reach the pods within a minute, and the users count a little later.
    await until('every gateway listens for every group', all, READY_MS);
  }

  private csvOf(plans: readonly GroupPlan[]): string {
    const rows = plans.map(({ id, ca, port, tls = false, masters, columns }) => {
      const { rtu } = this.field.group(id);
      const named = masters.map((name) => `${name}=${tls ? `cn:${name.toLowerCase()}` : this.field.address(name)}`);
      return {
        id,
        'sys name': `RTU-${id}`,
        'port no': tls ? port + TLS_APART : port,
        'tls port': tls ? port : '',
        'rtu no': ca,
        hosts: `${rtu.address.host}:${rtu.address.port}`,
        filter: settings.masterAddresses.join(';'),
        masters: named.join(';'),
        ...DEFAULTS,
        ...columns,
      };
    });
    return ['iec104MM2SS-1port-v1.0 ini file', ...csvLines(rows), ''].join('\n');
  }

  private values(): string {
    const { natsImage } = settings;
    const autoscaling = this.autoscaling === undefined ? {} : { autoscaling: { enabled: true, ...this.autoscaling } };
    return JSON.stringify({
      image: imageOf(this.imageTag),
      tls: { existingSecret: TLS },
      // So that the tests can be Prometheus.
      networkPolicy: { monitoringFrom: [{ ipBlock: { cidr: `${settings.rtuAddress}/32` } }] },
      // Left to `kubectl scale`, or to an autoscaler.
      routers: { replicas: null, ...autoscaling },
      gateways: { replicas: null, ...autoscaling, service: { type: 'NodePort', nodePorts: 'same' } },
      console: { enabled: true },
      nats: {
        auth: { existingSecret: KEYS },
        persistence: { size: '1Gi' },
        ...(natsImage !== undefined && { image: imageOf(natsImage) }),
      },
    });
  }

  /** Another certificate in the secret, which ends in so many days; pods read it within a minute. */
  async replaceCertificate(untilDays: number): Promise<void> {
    await apply(await this.tlsSecret(untilDays));
  }

  private async tlsSecret(untilDays?: number): Promise<string> {
    const own = this.field.authority.issue({ cn: 'mm2ss', ...(untilDays !== undefined && { untilDays }) });
    await writeFile(this.path('tls.crt'), own.chain);
    await writeFile(this.path('tls.key'), own.key);
    await writeFile(this.path('ca.crt'), this.field.authority.certificate);
    const files = ['tls.crt', 'tls.key', 'ca.crt'].map((name) => `--from-file=${this.path(name)}`);
    return kubectl('create', 'secret', 'generic', TLS, ...files, '--dry-run=client', '-o', 'yaml');
  }

  private run(...args: string[]): Promise<string> {
    return run(this.helm.command, ['-n', settings.namespace, ...args]);
  }

  private path(name: string): string {
    return join(this.folder, name);
  }
}

/** Octets of the secret in which Helm keeps the newest revision. */
export async function recordOctets(): Promise<number> {
  const newestLast = '--sort-by=.metadata.creationTimestamp';
  const listed = await kubectl('get', 'secrets', '-l', 'owner=helm', newestLast, '-o', 'json');
  const { items } = JSON.parse(listed) as { items: { data: { release: string } }[] };
  return items.at(-1)?.data.release.length ?? 0;
}

/** The plain port of a group with TLS, which nobody opens: it has to be another one. */
const TLS_APART = 100;

/** @param image `NAME:TAG` */
export function imageOf(image: string): { repository: string; tag: string } {
  const colon = image.lastIndexOf(':');
  return { repository: image.slice(0, colon), tag: image.slice(colon + 1) };
}

interface GroupSeen {
  readonly id: string;
  readonly listener?: { readonly open: boolean };
  readonly rtu?: { readonly state: string | null };
}

/** What all processes say together, asked of one. */
export async function status(component = 'router'): Promise<{ groups: readonly GroupSeen[] }> {
  const name = (await kubectl('get', 'pods', '-l', `app.kubernetes.io/component=${component}`, '-o', 'name')).split(
    '\n',
  )[0];
  return JSON.parse(
    await kubectl('exec', name ?? '', '--', 'mm2ss', 'status', '--http', '127.0.0.1:9104', '--wait', '10', '--json'),
  ) as {
    groups: readonly GroupSeen[];
  };
}
