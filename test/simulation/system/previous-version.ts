import { GroupSubjects } from '@iec104mm2ss/bus';
import { Cause, encodeAsdu, endOfInitialization, iFormat } from '@iec104mm2ss/iec104';
import type { Ledger } from '../accounts/ledger.ts';
import type { Cluster } from '../broker/cluster.ts';
import type { ClientLink } from '../broker/client-link.ts';
import type { GroupPlan } from '../scenario/scenario.ts';
import { WALL_START_MS } from '../world/world.ts';
import { asStranger } from './garbage.ts';

/** The log as the release before has left it: so many events, the first ones at this position, so many of them confirmed. */
const EVENTS = 40;
const FIRST_POSITION = 100;
const CONFIRMED = 25;
const CURSOR = 10;
/** Held by processes that are gone; today's fences are larger. */
const OLD_FENCE = 77;
const PREAMBLE_OCTETS = 24;
const OUT_PREAMBLE_OCTETS = 28;
const IOA = 990;

/**
 * Writes what version 1 of the wire has stored of a group (see docs/decisions/wire-versions.md): leases that nobody gave
 * back, a log in which something waits for masters, the saved state. Its octets are made here, as nobody makes them any more.
 *
 * @returns the first entry of the ledger that each named master must get
 */
export function storeVersion1(
  cluster: Cluster,
  { id, config }: GroupPlan,
  names: readonly string[],
  ledger: Ledger,
  number: () => number,
): number {
  const { store } = cluster;
  const leases = store.bucket('iec104_leases');
  for (const role of ['connector', 'router'])
    leases.put(`${role}.${id}`, json({ holder: `old-1-${role}`, fence: OLD_FENCE }));
  const subject = new GroupSubjects(id).log;
  store.ensureStream({
    name: `IEC104_LOG_${id}`,
    subject,
    maxMessages: 2 * config.buffsize + EVENTS,
    maxMessageOctets: 0x100000,
    discard: 'new',
    idsRememberedMs: 120_000,
    replicas: cluster.options.servers,
    description: 'iec104mm2ss event log',
  });
  for (let index = 0; index < EVENTS; index++) {
    const objects = [{ ioa: IOA, value: number() }];
    const asdu = encodeAsdu({ type: 'M_BO_NA_1', cot: Cause.SPONT, ca: Number(id), objects });
    const entry = ledger.add(asdu, 'event', 0);
    Object.assign(entry, { sends: 1, sentAt: 0, acknowledgedAt: 0 });
    if (index < CONFIRMED) entry.receivedBy.add('a master of version 1');
    store.streamOf(subject)?.publish(0, subject, logRecord(FIRST_POSITION + index, iFormat(0, 0, asdu)), {});
  }
  const cursors = Object.fromEntries(names.map((name) => [name, FIRST_POSITION + CURSOR]));
  const state = { confirmed: FIRST_POSITION + CONFIRMED, cursors, resting: [[3, WALL_START_MS]], mirrorsOa: false };
  store.bucket('iec104_state').put(`router.${id}`, json(state));
  return CURSOR;
}

/** What processes of version 1 that are still there go on saying: nobody of version 2 may listen to it. */
export function speakVersion1(cluster: Cluster, group: string): void {
  const subjects = new GroupSubjects(group);
  const out = Buffer.alloc(OUT_PREAMBLE_OCTETS);
  out.set([1, 1, 0, 0]);
  out.writeUInt32LE(OLD_FENCE, 4);
  out.writeDoubleLE(FIRST_POSITION, 8);
  out.writeDoubleLE(FIRST_POSITION, 16);
  out.writeUInt32LE(1, 24);
  asStranger(cluster, (link: ClientLink) => {
    const say = (subject: string, data: Uint8Array): void => link.publish(subject, data, undefined);
    say(subjects.state, json({ group, connector: 'old-1-connector', state: 'disconnected', epoch: 1, reason: 'old' }));
    say(subjects.out, Buffer.concat([out, iFormat(0, 0, endOfInitialization(Cause.INIT))]));
    say(subjects.confirmed, Buffer.alloc(8, 0xff));
    say(
      'iec104.v1.ctl.presence.router',
      json({ instance: 'old-1-router', leases: { [`router.${group}`]: OLD_FENCE } }),
    );
  });
}

function logRecord(position: number, apdu: Uint8Array): Buffer {
  const record = Buffer.alloc(PREAMBLE_OCTETS);
  record[0] = 1;
  record.writeUInt16LE(1, 2);
  record.writeUInt32LE(1, 4);
  record.writeDoubleLE(position, 8);
  record.writeDoubleLE(WALL_START_MS, 16);
  return Buffer.concat([record, apdu]);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
