import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../e2e/ports.ts';
import { EVENTS_PER_SECOND, type Scene } from '../scene.ts';
import { type Fault, NORTH, order, SOUTH } from './fault.ts';

const STARTDT_ACT = Buffer.from('680407000000', 'hex');
const TESTFR_ACT = Buffer.from('680443000000', 'hex');
const TESTFR_CON = Buffer.from('680483000000', 'hex');

/** A master that starts data transfer, answers tests, and acknowledges no I-format APDU. */
export function muteMaster(host: string, port: number, localAddress: string): Socket {
  const socket = connect({ host, port, localAddress }, () => socket.write(STARTDT_ACT));
  socket.on('data', (octets: Buffer) => {
    if (octets.includes(TESTFR_ACT)) socket.write(TESTFR_CON);
  });
  socket.on('error', () => undefined);
  return socket;
}

/** In the place of the only master of RTU-South. */
export async function muteD({ masters, system }: Scene): Promise<Socket> {
  await masters.D.close();
  return muteMaster(masters.D.host, system.ports[1] as number, masters.D.localAddress);
}

let mute: Socket | undefined;
let strangers: ReturnType<Scene['stranger']>[] = [];

/** About masters: who is there, and whether all of them get everything. */
export const MASTER_FAULTS: readonly Fault[] = [
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
      { alertname: 'LogFull', ...SOUTH, cause: 'lasting' },
    ],
    cause: async (scene) => {
      mute = await muteD(scene);
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
    title: 'a master acknowledges nothing while others take a flood of events',
    alerts: [{ alertname: 'GatewayNearLimit', ...NORTH, cause: 'queue' }],
    cause: async ({ masters, system, rtus }) => {
      const [gateway] = system.gateways;
      const sessions = async (): Promise<number> => (await gateway?.metric('mm2ss_master_sessions')) ?? 0;
      const before = await sessions();
      mute = muteMaster(masters.A.host, system.port, '127.0.0.14');
      await until('it is there', async () => (await sessions()) > before);
      // Of 8,192 that may wait for it, and no more, or it is disconnected; no more at a time than the log takes.
      rtus[0].rtu.stopEvents();
      for (let i = 0; i < 4; i++) {
        rtus[0].rtu.burst(1800);
        await masters.B.hasAll();
      }
    },
    mend: async ({ rtus }) => {
      mute?.destroy();
      rtus[0].rtu.startEvents(EVENTS_PER_SECOND);
    },
  },
  {
    title: 'more masters come than there are places',
    alerts: [
      { alertname: 'GatewayNearLimit', ...SOUTH, cause: 'refused' },
      { alertname: 'GatewayNearLimit', ...SOUTH, cause: 'places' },
    ],
    cause: async (scene) => {
      strangers = [1, 2, 3].map((n) => scene.stranger(n));
      for (const each of strangers) await each.connect().catch(() => undefined);
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
    title: 'connections come from where none may',
    alerts: [{ alertname: 'SecurityEvents', cause: 'many', event: 'session_refused_filter' }],
    cause: async ({ system }) => {
      for (let i = 0; i < 130; i++) {
        const socket = connect({ host: '127.0.0.1', port: system.port, localAddress: `127.0.1.${1 + i}` });
        socket.on('error', () => undefined);
        await delay(40);
        socket.destroy();
      }
    },
  },
];
