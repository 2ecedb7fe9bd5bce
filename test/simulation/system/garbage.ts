import { GroupSubjects } from '@iec104mm2ss/bus';
import { Cause, endOfInitialization, iFormat, singleCommand } from '@iec104mm2ss/iec104';
import { GARBAGE } from '@iec104mm2ss/testing';
import {
  decodeLeaseEntry,
  encodeCommand,
  encodeCommandResults,
  encodeConfirmed,
  encodeOut,
  encodeOwner,
  encodeState,
  OutKind,
  WireError,
} from '@iec104mm2ss/wire';
import type { ClientLink } from '../broker/client-link.ts';
import type { Cluster } from '../broker/cluster.ts';

/** Who sends what nobody should believe. */
const STRANGER = '10.66.0.1';
const LARGEST_FENCE = 0xffffffff;
/** Held by nobody: fences are about the seconds since 2020. */
const SMALL_FENCE = 1;
const FAR = 1_000_000_000;

/** What replaces a value in a bucket. */
const SPOILT = ['{}', 'null', '-1', '[1]', '{"v":2,"resting":7}', '{"confirmed":0,"resting":"x"}', 'x'] as const;
const SPOILT_KEYS = ['state', 'router', 'connector'] as const;

/** Sends garbage to every subject of a group that anybody listens to, and to the control subjects. */
export function sendGarbage(cluster: Cluster, group: string): void {
  const subjects = new GroupSubjects(group);
  const all = [
    ...[subjects.log, subjects.out, subjects.in, subjects.ack, subjects.confirmed, subjects.command],
    ...[subjects.commandResult, subjects.commandQuery, subjects.state, subjects.owner],
    ...['presence.router', 'presence.gateway', `presence.lease.connector.${group}`, 'admit'].map(
      (verb) => `iec104.v1.ctl.${verb}`,
    ),
  ];
  asStranger(cluster, (link) => {
    for (const subject of all) for (const data of GARBAGE) link.publish(subject, data, undefined);
  });
}

/** Sends messages that are well made, with fences that nobody holds: a small one, and the largest. */
export function sendForged(cluster: Cluster, group: string): void {
  const subjects = new GroupSubjects(group);
  const connector = holderOf(cluster, `connector.${group}`);
  const owner = holderOf(cluster, `router.${group}`);
  asStranger(cluster, (link) => {
    for (const fence of [SMALL_FENCE, LARGEST_FENCE]) {
      const state = {
        state: 'disconnected',
        epoch: 1,
        endpoint: null,
        address: null,
        since: 0,
        reason: 'forged',
        connects: 1,
      } as const;
      const place = { next: FAR, generation: FAR };
      link.publish(subjects.state, encodeState({ group, connector, fence, clock: FAR, ...state, ...place }), undefined);
      link.publish(
        subjects.owner,
        encodeOwner({ group, owner, fence, open: true, wanted: false, sessions: {} }),
        undefined,
      );
      link.publish(subjects.confirmed, encodeConfirmed({ fence, position: FAR, generation: FAR }), undefined);
      const asdu = singleCommand(Number(group), 8_888, true);
      const command = {
        ownOa: 0,
        fence,
        number: 1,
        session: 1,
        command: 1,
        connectorFence: fence,
        deadline: FAR,
        asdu,
      };
      link.publish(subjects.command, encodeCommand(command), undefined);
      link.publish(subjects.commandResult, encodeCommandResults({ connectorFence: fence, results: [] }), undefined);
      const head = { kind: OutKind.DATA, fence, generation: FAR, from: 0, first: FAR, count: 1 };
      link.publish(subjects.out, encodeOut(head, iFormat(0, 0, endOfInitialization(Cause.INIT))), undefined);
    }
  });
}

/** Replaces what is stored: the saved state of a group, or who holds one of its leases. */
export function spoilStored(cluster: Cluster, group: string, value: number): void {
  const kind = SPOILT_KEYS[value % SPOILT_KEYS.length] as (typeof SPOILT_KEYS)[number];
  const text = SPOILT[Math.floor(value / SPOILT_KEYS.length) % SPOILT.length] as string;
  if (kind === 'state') cluster.store.bucket('iec104_state').put(`router.${group}`, Buffer.from(text));
  else cluster.store.bucket('iec104_leases').put(`${kind}.${group}`, Buffer.from(text));
}

function holderOf(cluster: Cluster, key: string): string {
  const stored = cluster.store.buckets.get('iec104_leases')?.get(key);
  const entry = stored === undefined ? undefined : decodeLeaseEntry(stored.value);
  return entry === undefined || entry instanceof WireError ? 'nobody' : (entry.holder ?? 'nobody');
}

/** Sends something over a connection of nobody's. */
export function asStranger(cluster: Cluster, send: (link: ClientLink) => void): void {
  const nothing = (): void => undefined;
  const user = { inbox: '_INBOX.stranger.', onMessage: nothing, onReply: nothing, onRun: nothing, onEnd: nothing };
  const server = cluster.addresses.findIndex((_, index) => cluster.isUp(index));
  if (server < 0) return;
  const link = cluster.connect(STRANGER, server, user);
  send(link);
  // What was sent is on its way.
  cluster.world.after(1_000, () => link.close());
}
