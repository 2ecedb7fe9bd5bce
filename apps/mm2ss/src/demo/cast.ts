import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Endpoint, type GroupConfig, parseConfiguration } from '@iec104mm2ss/config';
import { MasterSimulator, RtuFleet, type RtuSimulator } from '@iec104mm2ss/simulator';
import { DeadlineScheduler } from '@iec104mm2ss/transport';
import { programFile } from '../program-files.js';
import { EventLedger } from './event-ledger.js';
import { type RunningMultiplexer, startMultiplexer } from './multiplexer.js';
import { moveGroups } from './sample-file.js';
import { SessionWatch } from './session-watch.js';

/** The manual's sample, appendix A; from apps/mm2ss/dist/demo. */
const SAMPLE = new URL('../../../../libs/config/testdata/sample.csv', import.meta.url);
const GROUP_IDS = ['111', '222'];
const MASTER_NAMES = ['A', 'B', 'C', 'D', 'E'];
/** A host of the sample where nobody listens: the multiplexer has to go on to the next one. */
const DEAD_HOST = '127.0.0.4';
const DEAD_PORT = 2413;
const FIRST_RTU_ADDRESS = 2;
const FIRST_MASTER_ADDRESS = 11;
/** Events an RTU keeps while it cannot send them. */
const EVENT_BUFFER = 100_000;

/** One group on stage: an RTU, the group's row of the file, and every master's session with it. */
export interface Group {
  readonly config: GroupConfig;
  readonly rtu: RtuSimulator;
  readonly ledger: EventLedger;
  readonly sessions: readonly SessionWatch[];
}

/** Everybody in the demo. */
export interface Cast {
  readonly file: string;
  readonly folder: string;
  readonly groups: readonly Group[];
  readonly multiplexer: RunningMultiplexer;
  /** Ends everybody and removes the folder, unless it is to be kept. */
  dismiss(keepFolder: boolean): Promise<void>;
}

/** Starts RTUs and multiplexer and makes the masters, which do not connect yet. */
export async function gather(): Promise<Cast> {
  const folder = mkdtempSync(join(tmpdir(), 'mm2ss-demo-'));
  const scheduler = new DeadlineScheduler();
  const original = programFile('sample.csv', SAMPLE).toString();
  const sample = parseConfiguration(original).groups;
  const fleet = new RtuFleet({ scheduler });
  for (const [index, id] of GROUP_IDS.entries()) {
    const ca = sample.find((group) => group.id === id)?.rtuNumber ?? 1;
    // Not the masters' addresses: a master may not come from the address of its RTU.
    const host = `127.0.0.${FIRST_RTU_ADDRESS + index}`;
    fleet.add({ id, name: id, rtuNumber: ca }, { host, eventBuffer: EVENT_BUFFER });
  }
  await fleet.start();
  const rtus = fleet.stations.map(({ rtu }) => rtu);
  const [http = 0, ...ports] = await freePorts(1 + GROUP_IDS.length);
  const text = moveGroups(
    original,
    GROUP_IDS.map((id, index) => ({
      id,
      port: ports[index] ?? 0,
      maxConnections: MASTER_NAMES.length,
      hosts: [{ host: DEAD_HOST, port: DEAD_PORT }, rtus[index]?.address as Endpoint],
    })),
  );
  const file = join(folder, 'demo.csv');
  writeFileSync(file, text);
  const configurations = parseConfiguration(text).groups;
  const multiplexer = startMultiplexer({ file, folder, http: `127.0.0.1:${http}` });
  const groups = configurations.map((config, index) => makeGroup(config, rtus[index] as RtuSimulator, scheduler));
  return {
    file,
    folder,
    groups,
    multiplexer,
    dismiss: async (keepFolder) => {
      for (const { sessions } of groups) await Promise.all(sessions.map(({ master }) => master.close()));
      await multiplexer.stop();
      await fleet.close();
      if (!keepFolder) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function makeGroup(config: GroupConfig, rtu: RtuSimulator, scheduler: DeadlineScheduler): Group {
  const ledger = new EventLedger();
  rtu.on('event', (event) => ledger.created(event));
  let sentUpTo = 0;
  rtu.on('started', ({ cursor }) => ledger.sentAgain(cursor, sentUpTo));
  rtu.on('disconnected', ({ cursor }) => (sentUpTo = Math.max(sentUpTo, cursor)));
  const sessions = MASTER_NAMES.map((name, index) => {
    const master = new MasterSimulator({
      host: '127.0.0.1',
      port: config.port,
      localAddress: `127.0.0.${FIRST_MASTER_ADDRESS + index}`,
      name,
      ca: config.rtuNumber,
      reconnect: { minMs: 100, maxMs: 500 },
      requestTimeoutMs: 5_000,
      scheduler,
    });
    return new SessionWatch(name, master, ledger);
  });
  return { config, rtu, ledger, sessions };
}

/** Ports nobody listens on just now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
