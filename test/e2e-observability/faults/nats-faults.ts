import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Socket } from 'node:net';
import { until } from '../../e2e/ports.ts';
import { STORE_MEGABYTES, type Scene } from '../scene.ts';
import { type Fault, SOUTH } from './fault.ts';
import { muteD } from './master-faults.ts';

/** The event log of RTU-South. */
const LOG = 'IEC104_LOG_2';
const FOREIGN = 'FOREIGN';
/** Part of the store; the server counts in MiB. */
const FILLED = 0.92;
/** How long a slow disk may take to store it all. */
const STORED_MS = 60_000;
const MEGABYTE = Buffer.alloc(1_000_000);

/** With a client that may do everything. */
async function asAdmin<T>({ system }: Scene, work: (client: NatsConnection) => Promise<T>): Promise<T> {
  const client = await system.users?.rawClient(system.servers[0] as string, 'admin');
  if (client === undefined) throw new Error('a system without users');
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

const manager = (client: NatsConnection) => jetstreamManager(client, { checkAPI: false });

/** Somebody removes the stream. */
const removed = (scene: Scene): Promise<unknown> =>
  asAdmin(scene, async (client) => (await manager(client)).streams.delete(LOG));
/** An operator runs `mm2ss nats-setup`. */
const madeAgain = async ({ system }: Scene): Promise<unknown> => system.users?.setUp(system.servers);

let mute: Socket | undefined;

/** About NATS, and what is stored there. */
export const NATS_FAULTS: readonly Fault[] = [
  {
    title: 'NATS is gone',
    alerts: [
      { alertname: 'NatsDown', instance: 'gateway1' },
      { alertname: 'NatsDown', instance: 'connector2.1' },
    ],
    cause: ({ system }) => system.nats.kill(),
    mend: ({ system }) => system.nats.restart(),
  },
  {
    title: 'the event log of a group is removed',
    alerts: [{ alertname: 'NatsStorage', cause: 'unusable', store: LOG }],
    cause: removed,
    mend: madeAgain,
  },
  {
    title: 'the event log of a group is lost with events that no master has',
    alerts: [{ alertname: 'EventsLost', ...SOUTH, cause: 'log' }],
    cause: async (scene) => {
      mute = await muteD(scene);
      const connector = scene.system.part('connector2.1');
      const unconfirmed = async (): Promise<number> =>
        (await connector.metric('mm2ss_log_unconfirmed_asdus', '2')) ?? 0;
      await until('events that nobody has acknowledged', async () => (await unconfirmed()) > 50);
      await removed(scene);
      await madeAgain(scene);
    },
    mend: async ({ masters }) => {
      mute?.destroy();
      await masters.D.moveTo(masters.D.host);
    },
  },
  {
    title: 'somebody else fills the store of the NATS server',
    alerts: [{ alertname: 'NatsStorage', cause: 'full' }],
    cause: (scene) =>
      asAdmin(scene, async (client) => {
        await (await manager(client)).streams.add({ name: FOREIGN, subjects: ['foreign'] });
        const store = jetstream(client);
        const publish = Array.from({ length: FILLED * STORE_MEGABYTES }, () =>
          store.publish('foreign', MEGABYTE, { timeout: STORED_MS }),
        );
        await Promise.all(publish);
      }),
    mend: (scene) => asAdmin(scene, async (client) => (await manager(client)).streams.delete(FOREIGN)),
  },
];
