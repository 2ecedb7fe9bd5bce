import { setTimeout as delay } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { Part } from '../e2e/part.ts';
import { freePort, until } from '../e2e/ports.ts';
import type { Scene } from './scene.ts';

/** A fault, the alerts that it has to cause, and its end. */
export interface Fault {
  readonly title: string;
  /** Labels that an alert has to have, its name among them. */
  readonly alerts: readonly Readonly<Record<string, string>>[];
  readonly cause: (scene: Scene) => Promise<unknown>;
  readonly mend: (scene: Scene) => Promise<unknown>;
}

const [NORTH, SOUTH] = [{ group: '1' }, { group: '2' }];

async function order({ system }: Scene, what: string, body: object): Promise<void> {
  const [router] = system.routers;
  const response = await fetch(`http://${router?.http ?? ''}/control/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${what}: ${response.status} ${await response.text()}`);
}

async function kill(parts: readonly Part[]): Promise<void> {
  for (const part of parts) part.kill('SIGKILL');
  await Promise.all(parts.map(({ exited }) => exited));
}

const STARTDT_ACT = Buffer.from('680407000000', 'hex');
const TESTFR_ACT = Buffer.from('680443000000', 'hex');
const TESTFR_CON = Buffer.from('680483000000', 'hex');

/** A master that starts data transfer, answers tests, and acknowledges no I-format APDU. */
function muteMaster(host: string, port: number, localAddress: string): Socket {
  const socket = connect({ host, port, localAddress }, () => socket.write(STARTDT_ACT));
  socket.on('data', (octets: Buffer) => {
    if (octets.includes(TESTFR_ACT)) socket.write(TESTFR_CON);
  });
  socket.on('error', () => undefined);
  return socket;
}

/** The file of the scene, while a bad one is in its place. */
let file = '';
let mute: Socket | undefined;
let strangers: ReturnType<Scene['stranger']>[] = [];

export const FAULTS: readonly Fault[] = [
  {
    title: 'an RTU is cut',
    alerts: [{ alertname: 'RtuDown', ...NORTH }],
    cause: ({ path }) => path.cut(),
    mend: ({ path }) => path.mend(),
  },
  {
    title: 'a connector is killed',
    alerts: [
      { alertname: 'ConnectorAbsent', ...NORTH },
      { alertname: 'MetricsMissing', cause: 'target', instance: 'connector1.1' },
    ],
    cause: ({ system }) => kill([system.part('connector1.1')]),
    mend: async () => undefined,
  },
  {
    title: 'the only master of an RTU leaves',
    alerts: [
      { alertname: 'NoMasterStarted', ...SOUTH },
      { alertname: 'ExpectedMasterMissing', ...SOUTH, master: 'D' },
    ],
    cause: ({ masters }) => masters.D.close(),
    mend: ({ masters }) => masters.D.moveTo(masters.D.host),
  },
  {
    title: 'the only master of an RTU acknowledges nothing',
    alerts: [
      { alertname: 'MasterLag', ...SOUTH, master: 'D' },
      { alertname: 'UndeliveredOld', ...SOUTH },
      { alertname: 'LogFilling', ...SOUTH },
      { alertname: 'LogFull', ...SOUTH },
    ],
    cause: async ({ masters, system }) => {
      await masters.D.close();
      mute = muteMaster(masters.D.host, system.ports[1] as number, masters.D.localAddress);
    },
    mend: async ({ masters }) => {
      mute?.destroy();
      await masters.D.moveTo(masters.D.host);
    },
  },
  {
    title: 'a named master is away for longer than the log lasts, as another one empties it',
    alerts: [{ alertname: 'EventsLost', ...SOUTH, master: 'D', cause: 'master' }],
    cause: async (scene) => {
      strangers = [scene.stranger(1)];
      await strangers[0]?.connect();
      await scene.masters.D.close();
      const { ledger } = scene.rtus[1];
      const from = ledger.total;
      await until('more events than the log keeps', () => ledger.total > from + 600, 60_000);
    },
    mend: async ({ masters }) => {
      await Promise.all(strangers.map((each) => each.close()));
      await masters.D.moveTo(masters.D.host);
    },
  },
  {
    title: 'more masters come than there are places',
    alerts: [
      { alertname: 'GatewayNearLimit', ...SOUTH, cause: 'refused' },
      { alertname: 'GatewayNearLimit', ...SOUTH, cause: 'places' },
    ],
    cause: async (scene) => {
      strangers = [1, 2, 3, 4].map((n) => scene.stranger(n));
      for (const each of strangers) await each.connect().catch(() => undefined);
      await delay(3000);
      await scene
        .stranger(5)
        .connect()
        .catch(() => undefined);
    },
    mend: () => Promise.all(strangers.map((each) => each.close())),
  },
  {
    title: 'observe mode is ordered while a master gives commands',
    alerts: [
      { alertname: 'ObserveModeOn', ...NORTH },
      { alertname: 'CommandFailures', ...NORTH, cause: 'failed' },
    ],
    cause: (scene) => order(scene, 'observe', { group: '1', mode: 'on' }),
    mend: (scene) => order(scene, 'observe', { group: '1', mode: 'off' }),
  },
  {
    title: 'the path to an RTU becomes long',
    alerts: [
      { alertname: 'LinkSlow', ...NORTH, side: 'rtu' },
      { alertname: 'CommandSlow', ...NORTH },
    ],
    cause: async ({ path }) => {
      path.delayMs = 400;
    },
    mend: async ({ path }) => {
      path.delayMs = 0;
    },
  },
  {
    title: 'the link to an RTU is made anew again and again',
    alerts: [{ alertname: 'RtuFlapping', ...NORTH }],
    cause: async (scene) => {
      for (let i = 0; i < 4; i++) {
        await order(scene, 'restart', { group: '1' });
        await delay(3000);
      }
    },
    mend: async () => undefined,
  },
  {
    title: 'all routers are killed',
    alerts: [{ alertname: 'NoOwner', ...NORTH, role: 'router' }],
    cause: ({ system }) => kill(system.routers),
    mend: async () => undefined,
  },
  {
    title: 'a gateway has no time',
    alerts: [{ alertname: 'EventLoopLag', instance: 'gateway1', cause: 'late' }],
    cause: async ({ system }) => {
      const [gateway] = system.gateways;
      for (let i = 0; i < 12; i++) {
        gateway?.kill('SIGSTOP');
        await delay(900);
        gateway?.kill('SIGCONT');
        await delay(300);
      }
    },
    mend: async () => undefined,
  },
  {
    title: 'a file is put in place that cannot be taken',
    alerts: [{ alertname: 'ConfigurationMismatch', cause: 'refused', instance: 'gateway1' }],
    cause: async ({ system }) => {
      file = await readFile(system.file, 'utf8');
      await system.rewrite('id,sys name,port no\nnothing of use\n');
    },
    mend: ({ system }) => system.rewrite(file),
  },
  {
    title: 'a process without NATS serves the same file',
    alerts: [
      { alertname: 'TwoRtuLinks', ...NORTH },
      { alertname: 'TwoOwners', ...NORTH, role: 'router' },
      { alertname: 'TwoOwners', ...NORTH, role: 'connector' },
    ],
    cause: async ({ system, guests, targets, afterwards }) => {
      const args = ['run', '-n', '-i', system.file, '--listen', '127.0.0.5'];
      const part = new Part('run', args, `127.0.0.1:${await freePort()}`, system.directory);
      afterwards(async () => void (await part.stop()));
      await part.serving(30_000);
      guests.push(part);
      await targets();
    },
    mend: async ({ guests }) => {
      await Promise.all(guests.splice(0).map((part) => part.stop()));
    },
  },
  {
    title: 'connections come from where none may',
    alerts: [{ alertname: 'SecurityEvents', cause: 'many', event: 'session_refused_filter' }],
    cause: async ({ system }) => {
      for (let i = 0; i < 130; i++) {
        const socket = connect({ host: '127.0.0.1', port: system.port, localAddress: `127.0.1.${1 + (i % 200)}` });
        socket.on('error', () => undefined);
        await delay(40);
        socket.destroy();
      }
    },
    mend: async () => undefined,
  },
  {
    title: 'NATS is gone',
    alerts: [
      { alertname: 'NatsDown', instance: 'gateway1' },
      { alertname: 'NatsDown', instance: 'connector2.1' },
    ],
    cause: ({ system }) => system.nats.kill(),
    mend: ({ system }) => system.nats.restart(),
  },
];
