/** A release of many groups, all of one simulated RTU: made as an operator makes it, and timed. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Afterwards } from '../e2e/stations.ts';
import { apply, kubectl, run, until } from './cluster.ts';
import { imageOf, MM2SS, status } from './release.ts';
import { settings } from './settings.ts';

const NAME = 'mm2ss';
const KEYS = 'mm2ss-keys';
const HELM_TIMEOUT = '15m';
const FIRST_ID = 1_000;
const FIRST_PORT = 20_000;
const USUAL_IDLETIME = 60;
const STATUS_PAUSE_MS = 1_000;
/** Each group takes two leases and makes a stream, and each of these is written to disk. */
const SERVED_MS = 900_000;

/** `GROUPS/GROUPSPERPOD`; with a `-` behind it connectors are objects only, which no node takes. */
export interface Shape {
  readonly text: string;
  readonly groups: number;
  readonly groupsPerPod: number;
  readonly run: boolean;
}

export function shapeOf(text: string): Shape {
  const [groups, groupsPerPod] = text.replace('-', '').split('/').map(Number);
  if (!groups || !groupsPerPod) throw new Error(`E2E_FLEETS: ${text} is not GROUPS/GROUPSPERPOD`);
  return { text, groups, groupsPerPod, run: !text.endsWith('-') };
}

export class Fleet {
  private constructor(
    private readonly helm: string,
    private readonly shape: Shape,
    private readonly rtu: string,
    private readonly folder: string,
  ) {}

  /** @param rtu `HOST:PORT` */
  static async prepare(helm: string, shape: Shape, rtu: string, afterwards: Afterwards): Promise<Fleet> {
    const folder = await mkdtemp(join(tmpdir(), 'mm2ss-fleet-'));
    afterwards(() => rm(folder, { recursive: true, force: true }));
    return new Fleet(helm, shape, rtu, folder);
  }

  /**
   * The file with so many groups, its keys and the chart.
   * @param idletime column of the last group
   */
  async describe(groups: number, idletime = USUAL_IDLETIME): Promise<void> {
    await writeFile(this.path('groups.csv'), this.csv(groups, idletime));
    await writeFile(this.path('values.json'), JSON.stringify(this.values()));
    const users = settings.fleetUsers ? await this.writeUsers() : [];
    const values = [this.path('values.json'), ...(settings.values === undefined ? [] : [settings.values])];
    const inputs = [...users, ...values.flatMap((file) => ['--values', file])];
    await run(MM2SS, ['chart', this.path('groups.csv'), ...inputs, '-o', this.path('chart'), '--force']);
  }

  /** Their keys are a secret then; options of `mm2ss chart`. */
  private async writeUsers(): Promise<string[]> {
    const perPod = ['--groups-per-pod', String(this.shape.groupsPerPod)];
    await run(MM2SS, ['nats-auth', this.path('groups.csv'), '-o', this.path('keys'), ...perPod]);
    const keys = [
      'create',
      'secret',
      'generic',
      KEYS,
      `--from-file=${this.path('keys')}`,
      '--dry-run=client',
      '-o',
      'json',
    ];
    const secret = JSON.parse(await kubectl(...keys)) as { data: Record<string, string> };
    // A secret has a mebibyte, and the users are in the chart.
    secret.data = Object.fromEntries(Object.entries(secret.data).filter(([name]) => name.endsWith('.nk')));
    await apply(JSON.stringify(secret));
    return ['--nats-auth', this.path('keys')];
  }

  install(): Promise<string> {
    return this.run('install', NAME, this.path('chart'), ...this.waiting('--wait-for-jobs'));
  }

  upgrade(): Promise<string> {
    return this.run('upgrade', NAME, this.path('chart'), ...this.waiting());
  }

  uninstall(): Promise<string> {
    return this.run('uninstall', NAME);
  }

  /** Every group has its RTU, and a listener; without a master an RTU is not started. */
  async served(groups: number): Promise<void> {
    const all = async (): Promise<boolean> => {
      await delay(STATUS_PAUSE_MS);
      const seen = await status().catch(() => ({ groups: [] }));
      const good = seen.groups.filter(
        ({ listener, rtu }) => listener?.open === true && (rtu?.state === 'connected' || rtu?.state === 'started'),
      );
      return good.length === groups && seen.groups.length === groups;
    };
    await until(`${groups} groups are served`, all, SERVED_MS);
  }

  private waiting(...more: string[]): string[] {
    return this.shape.run ? ['--wait', ...more, '--timeout', HELM_TIMEOUT] : [];
  }

  private csv(groups: number, idletime: number): string {
    const row = (index: number): string => {
      const id = FIRST_ID + index;
      const last = index === groups - 1;
      const net = `10.200.${index & 255}`;
      const names = `${id},RTU-${id},${FIRST_PORT + index},1,${this.rtu},${net}.0/24;10.201.1.7,A=${net}.5;B=10.201.1.7`;
      return `${names},${last ? idletime : USUAL_IDLETIME},20,15,10,20,8,12,1000,N`;
    };
    const header = 'id,sys name,port no,rtu no,hosts,filter,masters,idletime,max conn,t1,t2,t3,w,k,buffsize,logevents';
    const rows = Array.from({ length: groups }, (_, index) => row(index));
    return ['iec104MM2SS-1port-v1.0 ini file', header, ...rows, ''].join('\n');
  }

  private values(): object {
    const { natsImage, image, fleetUsers } = settings;
    return {
      image: imageOf(image),
      connectors: {
        groupsPerPod: this.shape.groupsPerPod,
        ...(!this.shape.run && { nodeSelector: { 'iec104mm2ss.test/none': 'none' } }),
      },
      gateways: { service: { type: 'ClusterIP' } },
      nats: {
        auth: fleetUsers ? { existingSecret: KEYS } : { enabled: false },
        persistence: { size: '1Gi' },
        ...(natsImage !== undefined && { image: imageOf(natsImage) }),
      },
    };
  }

  private run(...args: string[]): Promise<string> {
    return run(this.helm, ['-n', settings.namespace, ...args]);
  }

  private path(name: string): string {
    return join(this.folder, name);
  }
}
