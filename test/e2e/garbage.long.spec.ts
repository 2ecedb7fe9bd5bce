import { GroupSubjects, type NatsBus, presenceSubject, leasePresenceSubject, controlSubject } from '@iec104mm2ss/bus';
import { endOfInitialization, iFormat, singleCommand } from '@iec104mm2ss/iec104';
import { GARBAGE } from '@iec104mm2ss/testing';
import {
  encodeCommand,
  encodeCommandResults,
  encodeConfirmed,
  encodeOut,
  encodeOwner,
  encodeState,
  OutKind,
} from '@iec104mm2ss/wire';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { hasNats } from './nats-server.ts';
import { mm2ss } from './operator.ts';
import { until } from './ports.ts';
import { oneGroup } from './scene.ts';
import { groupOf } from './system.ts';

/** k of the link to the RTU: so many events may have been seen that the log refused; they come again. */
const WINDOW = 12;
const LARGEST_FENCE = 0xffffffff;
const FAR = 1e9;
/** How often everything is sent, and the pause in between. */
const ROUNDS = 20;
const PAUSE_MS = 50;
const BUCKETS = ['iec104_leases', 'iec104_state'];

const subjects = new GroupSubjects('1');
/** Where gateways speak and hear on a server with users. */
const gateway = new GroupSubjects('1', 'gateway1');
/** All that anybody listens to, besides the log: what is stored there cannot be taken back. */
const SUBJECTS = [
  ...[subjects.out, subjects.outTo(1), subjects.in, subjects.ack, subjects.confirmed, subjects.command],
  ...[subjects.commandResult, subjects.commandQuery, subjects.state, subjects.owner, subjects.decoded('M_SP_NA_1')],
  ...[gateway.in, gateway.ack, gateway.listener, gateway.admit, gateway.outTo(1)],
  ...['router', 'gateway', 'gateway.gateway1'].map(presenceSubject),
  ...[leasePresenceSubject('connector.1'), leasePresenceSubject('router.1', 'router'), controlSubject('admit')],
];

const garbage = (): Uint8Array[] => [
  ...GARBAGE,
  Buffer.from('{"v":2,"fence":-1}'),
  Buffer.alloc(48, 0xff),
  Buffer.alloc(48, 2),
  randomBytes(40),
  randomBytes(400),
];

/** Messages that are well made, of somebody who holds nothing. */
function forgeries(): [subject: string, data: Uint8Array][] {
  const fence = LARGEST_FENCE;
  const group = '1';
  const link = { state: 'disconnected', epoch: 1, endpoint: null, address: null, since: 0, reason: 'forged' } as const;
  const asdu = singleCommand(47, 5_009, true);
  const command = { ownOa: 0, fence, number: 1, session: 1, command: 1, connectorFence: fence, deadline: FAR, asdu };
  const event = iFormat(0, 0, endOfInitialization(47));
  return [
    [
      subjects.state,
      encodeState({ group, connector: 'x', fence, clock: FAR, ...link, connects: 1, next: FAR, generation: FAR }),
    ],
    [subjects.owner, encodeOwner({ group, owner: 'x', fence, open: true, wanted: false, sessions: {} })],
    [subjects.confirmed, encodeConfirmed({ fence, position: FAR, generation: FAR })],
    [subjects.command, encodeCommand(command)],
    [subjects.commandResult, encodeCommandResults({ connectorFence: fence, results: [] })],
    [subjects.out, encodeOut({ kind: OutKind.DATA, fence, generation: FAR, from: 0, first: FAR, count: 1 }, event)],
  ];
}

const VALUES = ['{}', 'null', '-1', '{"v":2,"resting":7,"holder":1,"fence":"x"}'];

/** Each value is replaced by one of VALUES in turn, from `first` on. */
async function spoil(bus: NatsBus, first: number): Promise<void> {
  let next = first;
  for (const bucket of BUCKETS) {
    const values = bus.keyValue(bucket);
    for (const key of await values.keys()) await values.put(key, Buffer.from(VALUES[next++ % VALUES.length] as string));
  }
}

describe.skipIf(!hasNats)('garbage and forged messages on every subject', () => {
  it('stop nothing: events and commands go on, and what is dropped is counted in every part', async () => {
    const { system, rtu, ledger, master, requests } = await oneGroup({}, { logLevel: 'info' });
    const masters = [master(1, 0), master(2, 1)];
    for (const each of masters) await each.connect();
    await system.started(2);
    const bus = await system.bus();
    rtu.startEvents(500);
    masters.forEach((each, index) => each.startCommanding(5_000 + index, 20));
    for (let round = 0; round < ROUNDS; round++) {
      for (const subject of SUBJECTS) for (const data of garbage()) bus.publish(subject, data);
      for (const [subject, data] of forgeries()) bus.publish(subject, data);
      await delay(PAUSE_MS);
    }
    // What is no record among the records is skipped; the writer opens its log again behind it.
    for (const data of garbage().slice(0, 3)) bus.publish(subjects.log, data);
    await until('commands have gone on', () => masters.every(({ outcomes }) => outcomes.length > 20));
    rtu.stopEvents();
    for (const each of masters) {
      await each.stopCommanding();
      await each.hasAll();
      const account = each.account();
      expect(account).toMatchObject({ missing: 0, gaps: [], unknown: 0 });
      expect(account.repeats).toBeLessThanOrEqual(WINDOW);
      expect(each.disconnections).toBe(0);
      expect(each.outcomes.filter(({ result, terminated }) => result !== 'positive' || !terminated)).toEqual([]);
    }
    expect(ledger.total).toBeGreaterThan(500);
    expect(requests.between(5_009, 0, Infinity)).toEqual([]);
    for (const part of system.parts.values()) {
      const metrics = await (await fetch(`http://${part.http}/metrics`)).text();
      const dropped = metrics.split('\n').filter((line) => line.startsWith('mm2ss_bus_dropped_total{'));
      expect(dropped, part.name).not.toEqual([]);
      // A line a minute of each kind and reason at most.
      const lines = part.lines.filter(({ msg }) => msg === 'messages of the bus dropped');
      const kinds = new Set(lines.map(({ kind, reason }) => `${String(kind)} ${String(reason)}`));
      expect(lines).toHaveLength(kinds.size);
    }
  });
});

describe.skipIf(!hasNats)('garbage in every value that is stored', () => {
  it.each([0, 2])(
    '(beginning with %i) does not keep another router and another connector from serving the group',
    async (first) => {
      const { system, rtu, master } = await oneGroup({}, { connectors: 2 });
      const one = master(1, 0, { reconnect: true });
      await one.connect();
      await system.started(1);
      rtu.burst(50);
      await one.hasAll();
      const [owner, [active]] = [await system.owner(), await system.serving()];
      const bus = await system.bus();
      for (const part of [owner, active]) part?.kill('SIGKILL');
      await Promise.all([owner.exited, active?.exited]);
      await spoil(bus, first);
      await until('another connector has the RTU', async () => (await system.serving()).length === 1, 30_000);
      await until('the master is served', () => {
        if (one.simulator.started) rtu.burst(1);
        return one.distinct > 60;
      });
      // Whether observe mode was in force cannot be read: it is, until somebody ends it.
      expect((await one.simulator.command('single 5000 on')).result).toBe('negative');
      const nats = ['--nats', system.nats.url, '--nats-nkey', String(system.users?.file('console'))];
      const next = await system.owner();
      expect(next).not.toBe(owner);
      expect((await groupOf(next)).observe?.reason).toBe('what was saved cannot be read');
      expect(await mm2ss('observe', '1', 'off', ...nats)).toMatchObject({ code: 0 });
      expect((await one.simulator.command('single 5000 on')).result).toBe('positive');
    },
  );
});
