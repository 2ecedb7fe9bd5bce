/** The system over NATS with two groups under load, and a Prometheus that watches it. */
import { freePort, until } from '../e2e/ports.ts';
import { Part } from '../e2e/part.ts';
import { type Afterwards, Master, startRtu, type TestRtu } from '../e2e/stations.ts';
import { GATEWAY_HOSTS, System } from '../e2e/system.ts';
import { requireTool } from '../../tools/require.mjs';
import { Certificates } from './certificates.ts';
import { Path } from './path.ts';
import { Prometheus } from './prometheus.ts';

/** What a test can wait for; a product takes longer. */
const THRESHOLDS = {
  UndeliveredOld: { 1: 3, 2: 3 },
  MasterLag: { 1: 3, 2: 3 },
  RtuDown: { 2: 3 },
  RtuFlapping: { 1: 2.5 },
  CommandSlow: { 1: 0.5 },
};
export const EVENTS_PER_SECOND = 50;
const BUFFSIZE = 300;
/** Long enough for a master that acknowledges nothing to be noticed before it is disconnected, on a slow machine, too. */
const SLOW_TO_CLOSE = { t1: 250, 'rtu t1': 15 };
/** The audit may take 64 MiB of it. */
export const STORE_MEGABYTES = 100;

export interface Scene {
  readonly system: System;
  readonly prometheus: Prometheus;
  /** RTUs of the groups 1 and 2, and the ways to them. */
  readonly rtus: readonly [TestRtu, TestRtu];
  readonly paths: readonly [Path, Path];
  /** Those of the system itself, for TLS in group 1. */
  readonly certificates: Certificates;
  /** A and B are named masters of group 1, C has no name; D is the named master of group 2. */
  readonly masters: Readonly<Record<'A' | 'B' | 'C' | 'D', Master>>;
  readonly afterwards: Afterwards;
  /** A master of group 2 without a name. */
  stranger(n: number): Master;
  /** Processes beside those of the system that Prometheus reads as well. */
  readonly guests: Part[];
  /** Tells Prometheus where everybody is now. */
  targets(): Promise<void>;
}

export async function startScene(prometheusProgram: string, afterwards: Afterwards): Promise<Scene> {
  const rtus = [await startRtu({}, afterwards), await startRtu({}, afterwards)] as const;
  const pathTo = async ({ rtu }: TestRtu): Promise<Path> => {
    const path = await Path.start('127.0.0.2', await freePort(), rtu.address);
    afterwards(() => path.cut());
    return path;
  };
  const paths = [await pathTo(rtus[0]), await pathTo(rtus[1])] as const;
  const certificates = new Certificates(requireTool('openssl') ?? '', afterwards);
  const system = await System.start(
    [
      {
        'sys name': 'RTU-North',
        hosts: `${paths[0].host}:${paths[0].port}`,
        ...{ 'tls port': await freePort(), plain: 'Y', 'tls names': 'cn:nobody' },
        ...SLOW_TO_CLOSE,
        masters: 'A=127.0.0.11;B=127.0.0.12',
        filter: '127.0.0.0/24',
        buffsize: 5000,
      },
      {
        'sys name': 'RTU-South',
        hosts: `${paths[1].host}:${paths[1].port}`,
        masters: 'D=127.0.0.21',
        'max conn': 3,
        ...SLOW_TO_CLOSE,
        buffsize: BUFFSIZE,
      },
    ],
    {
      ...{ afterwards, httpControl: true, natsStoreMegabytes: STORE_MEGABYTES },
      partArguments: ['--limits', 'connects=1000,connect-burst=1000'],
      environment: { MM2SS_TLS_DIR: certificates.path },
    },
  );
  const prometheus = await Prometheus.start(prometheusProgram, THRESHOLDS);
  afterwards(() => prometheus.stop());
  const at = (name: string, address: string, group: 0 | 1, gateway: number, reconnect = true): Master => {
    const port = system.ports[group] as number;
    const gatewayHost = GATEWAY_HOSTS[gateway] as string;
    return new Master(name, address, rtus[group].ledger, gatewayHost, port, { reconnect, afterwards });
  };
  const masters = {
    A: at('A', '127.0.0.11', 0, 0),
    B: at('B', '127.0.0.12', 0, 1),
    C: at('C', '127.0.0.13', 0, 1),
    D: at('D', '127.0.0.21', 1, 1),
  };
  const guests: Part[] = [];
  const scene: Scene = {
    system,
    prometheus,
    rtus,
    paths,
    certificates,
    masters,
    afterwards,
    guests,
    stranger: (n) => at(`stranger ${n}`, `127.0.0.${30 + n}`, 1, 0, false),
    targets: () => prometheus.setTargets([...system.parts.values(), ...guests]),
  };
  await scene.targets();
  await Promise.all(Object.values(masters).map((master) => master.connect()));
  await system.started(4);
  for (const { rtu } of rtus) rtu.startEvents(EVENTS_PER_SECOND);
  masters.A.startCommanding(5000, 200);
  afterwards(() => masters.A.stopCommanding());
  return scene;
}

/** Everybody is there again. */
export async function makeWhole({ system, masters, targets }: Scene): Promise<void> {
  await system.makeWhole();
  await targets();
  await until(
    'all masters are started',
    () => Object.values(masters).every(({ simulator }) => simulator.started),
    60_000,
  );
}
