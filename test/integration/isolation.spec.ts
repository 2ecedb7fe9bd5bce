import { UFunction } from '@iec104mm2ss/iec104';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  eventsOf,
  hostOf,
  masterAddress,
  Multiplexer,
  newMaster,
  oneGroup,
  startMaster,
  startMasters,
  until,
} from './harness.js';
import { rawMaster, RawRtu, startedRawMaster } from './raw-peer.js';

/** How late an event may be at a healthy master while others misbehave: not as late as t1 (3 s) would make it. */
const LATENCY_BOUND_MS = 2_500;

/** Position of an event in `all`; events of one test are all different. */
function indicesOf(all: readonly string[], events: readonly string[]): number[] {
  const index = new Map(all.map((event, i) => [event, i]));
  if (index.size !== all.length) throw new Error('events must be different');
  return events.map((event) => index.get(event) ?? -1);
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('a bad master', () => {
  it('that never acknowledges, or stops reading, is closed by t1 and delays nobody', async () => {
    const { rtu, mux } = await oneGroup({ t1: 3, t2: 1 }, { eventBuffer: 50_000 });
    const all = eventsOf(rtu);
    const created: number[] = [];
    rtu.on('event', ({ createdAt }) => created.push(createdAt));
    const latencies: number[] = [];
    const good = [1, 2, 3, 4].map((n) => newMaster(mux.port, n));
    for (const master of good) {
      let next = 0;
      master.on('asdu', ({ view, receivedAt }) => {
        if (view.typeId <= 40) latencies.push(receivedAt - (created[next++] ?? 0));
      });
    }
    await Promise.all(good.map((master) => master.connect()));
    const deaf = await startedRawMaster(mux.port, 5, { acknowledge: false });
    const stuck = await startedRawMaster(mux.port, 6);
    const deafPeer = `${masterAddress(5)}:${deaf.socket.localPort}`;
    const stuckPeer = `${masterAddress(6)}:${stuck.socket.localPort}`;
    stuck.socket.pause();
    rtu.startEvents(1_500);
    const startedAt = performance.now();
    const goneOf = (peer: string): boolean => mux.findLine({ peer, msg: 'master disconnected' }) !== undefined;
    await until('both closed', () => goneOf(deafPeer) && goneOf(stuckPeer));
    const closedAfter = performance.now() - startedAt;
    expect(closedAfter).toBeGreaterThan(2_500);
    expect(closedAfter).toBeLessThan(5_000);
    expect(mux.findLine({ peer: deafPeer, msg: 'master disconnected' })?.reason).toBe('LINK_T1_I');
    expect(mux.findLine({ peer: stuckPeer, msg: 'master disconnected' })?.reason).toBe('LINK_T1_I');
    expect(await mux.metric('mm2ss_master_disconnects_total', { reason: 'LINK_T1_I' })).toBe(2);
    await until('the deaf one sees it', () => deaf.closed);

    rtu.stopEvents();
    rtu.burst(5_000);
    await until('everything at the four', () => good.every(({ events }) => events.length >= all.length));
    for (const master of good) {
      expect(master.events.length).toBe(all.length);
      expect(Buffer.from(master.events.join()).equals(Buffer.from(all.join()))).toBe(true);
      expect(master.counts.disconnections).toBe(0);
    }
    const steady = latencies.slice(0, -5_000 * good.length).sort((a, b) => a - b);
    expect(steady.length).toBeGreaterThan(4 * 3_000);
    expect(steady.at(-1)).toBeLessThan(LATENCY_BOUND_MS);
    expect(rtu.counts.connections).toBe(1);
    // It never had more than the window k.
    expect(deaf.asdus).toHaveLength(12);
  });

  it("that acknowledges too slowly is closed by its queue's bound and delays nobody", async () => {
    const { rtu, mux } = await oneGroup({}, { eventBuffer: 50_000 });
    const all = eventsOf(rtu);
    const [good] = await startMasters(mux.port, 1);
    const slow = await startedRawMaster(mux.port, 2, { acknowledge: false });
    // Never silent for t1, but 20 events a second.
    let acknowledged = 1;
    const timer = setInterval(() => {
      if (!slow.closed && acknowledged < slow.vr) slow.sendS(++acknowledged);
    }, 50);
    onTestFinished(() => clearInterval(timer));
    rtu.burst(8_000);
    await until('8,000 at the good one', () => good?.events.length === 8_000);
    expect(slow.closed).toBe(false);
    const { masters } = await mux.group();
    const status = masters.find(({ peer }) => peer?.startsWith(masterAddress(2)));
    expect(status?.queueLimit).toBe(8_192);
    expect(status?.queue).toBeGreaterThan(7_000);
    expect(await mux.metric('mm2ss_master_queue_asdus')).toBeGreaterThan(7_000);
    rtu.burst(4_000);
    await until('the slow one closed', () => slow.closed);
    await mux.logged({ reason: 'queue_full', msg: 'master disconnected' });
    expect(await mux.metric('mm2ss_master_disconnects_total', { reason: 'queue_full' })).toBe(1);
    await until('all at the good one', () => good?.events.length === 12_000);
    expect(indicesOf(all, good?.events ?? [])).toEqual(range(0, 12_000));
    // What the slow one has is in order and without gaps, too.
    expect(indicesOf(all, slow.asdus.slice(1))).toEqual(range(0, slow.asdus.length - 1));
  });

  const STARTDT_ACT = '680407000000';
  const malformed: [what: string, octets: string, code: string][] = [
    ['a wrong start octet', '690443000000', 'APCI_START'],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n').toString('hex'), 'APCI_START'],
    ['a length below 4', '6803430000', 'APCI_LENGTH'],
    ['a length above 253', '68fe' + '00'.repeat(254), 'APCI_LENGTH'],
    ['an I-format without ASDU', STARTDT_ACT + '680400000000', 'APCI_LENGTH'],
    ['an S-format that is too long', '6806010000000000', 'APCI_LENGTH'],
    ['an unknown U-format', '68040f000000', 'APCI_CONTROL'],
    ['a wrong N(S)', STARTDT_ACT + '680e02000000' + '640106002f0000000014', 'LINK_SEQUENCE'],
    ['an N(R) never sent', STARTDT_ACT + '680401006400', 'LINK_ACKNOWLEDGE'],
  ];
  it('that breaks the rules loses its connection, with the reason, and nobody else does', async () => {
    const { rtu, mux } = await oneGroup({ 'max conn': 20 });
    const bystander = await startMaster(mux.port, 1);
    for (const [what, octets, code] of malformed) {
      const peer = await rawMaster(mux.port, 2);
      const local = `${masterAddress(2)}:${peer.socket.localPort}`;
      peer.sendOctets(octets);
      await until(`closed for ${what}`, () => peer.closed);
      const line = await mux.logged({ peer: local, msg: 'master disconnected' });
      expect(line.reason, what).toBe(code);
    }
    expect(await mux.metric('mm2ss_master_disconnects_total', { reason: 'APCI_LENGTH' })).toBe(4);
    rtu.setValue(1000, 1);
    await until('the event', () => bystander.events.length === 1);
    expect(bystander.counts.disconnections).toBe(0);
    expect(rtu.counts).toMatchObject({ connections: 1, requests: 0 });
    expect((await mux.group()).masters).toHaveLength(1);
  });
});

describe('a bad RTU', () => {
  it.each([
    ['a wrong start octet', '000443000000', 'APCI_START'],
    ['a wrong length', '680343000000', 'APCI_LENGTH'],
    ['a wrong N(S)', '680e06000000' + '010103002f00e8030001', 'LINK_SEQUENCE'],
    ['an N(R) never sent', '680401000200', 'LINK_ACKNOWLEDGE'],
    ['a STARTDT act', '680407000000', 'LINK_ROLE'],
  ])('that sends %s loses its link, which is made anew; other groups do not notice', async (_what, octets, code) => {
    const bad = await RawRtu.start();
    const good = await RawRtu.start();
    const mux = await Multiplexer.start([{ hosts: hostOf(bad) }, { hosts: hostOf(good) }]);
    await mux.listening('1');
    await mux.listening('2');
    const master = await startMaster(mux.ports[0] as number, 1);
    const other = await startMaster(mux.ports[1] as number, 1);
    const first = await bad.started();
    await good.started();
    const event = '010103002f00e8030001';
    first.sendI(event);
    await until('an event before', () => master.events.length === 1);
    first.sendOctets(octets);
    await until('link closed', () => first.closed);
    expect((await mux.logged({ msg: 'RTU link lost', group: '1' })).reason).toContain(code);
    await until('its master dropped', () => !master.connected);
    await until('a new link', () => bad.connections.length === 2);
    await mux.listening('1');
    const again = await startMaster(mux.ports[0] as number, 1);
    (await bad.started()).sendI('010103002f00e9030001');
    await until('an event after', () => again.events.includes('010103002f00e9030001'));
    good.peer.sendI(event);
    await until('an event in the other group', () => other.events.length === 1);
    expect(other.counts.disconnections).toBe(0);
    expect(good.connections).toHaveLength(1);
  });
});

describe('named masters', () => {
  const masters = 'North=127.0.0.11;South=127.0.0.12,127.0.0.13';

  /** Waits until a group has nothing its masters have not acknowledged. */
  async function settled(mux: Multiplexer): Promise<void> {
    await until('all confirmed', async () => (await mux.group()).log.unconfirmed === 0);
  }

  it('one that comes back gets what it missed, in order, and then what comes', async () => {
    const { rtu, mux } = await oneGroup({ masters });
    const all = eventsOf(rtu);
    const north = await startMaster(mux.port, 1);
    const south = await startMaster(mux.port, 2);
    const unnamed = await startMaster(mux.port, 4);
    expect((await mux.group()).masters.map(({ name }) => name)).toEqual(['North', 'South', null]);
    rtu.burst(5);
    await until('five at both', () => [north, south].every(({ events }) => events.length === 5));
    await north.stopDataTransfer();
    await north.close();
    await unnamed.close();
    rtu.burst(40);
    await until('all at South', () => south.events.length === 45);
    await settled(mux);
    await until('the RTU does not wait for North', () => rtu.buffered === 0);

    await north.connect();
    await unnamed.connect();
    rtu.burst(3);
    await until('everything at North', () => north.events.length >= 48);
    expect(indicesOf(all, north.events)).toEqual(range(0, 48));
    // One without a name has no place in the log of its own.
    await until('new ones at the unnamed', () => unnamed.events.at(-1) === all.at(-1));
    expect(indicesOf(all, unnamed.events)).toEqual([...range(0, 5), ...range(45, 48)]);
  });

  it('one that crashed gets again what it had not acknowledged', async () => {
    const { rtu, mux } = await oneGroup({ masters });
    const all = eventsOf(rtu);
    const north = await startMaster(mux.port, 1);
    const south = await startMaster(mux.port, 2);
    north.setAcknowledging(false);
    rtu.burst(8);
    await until('eight at both', () => [north, south].every(({ events }) => events.length === 8));
    north.acknowledge(4);
    await settled(mux);
    await until('North acknowledged three', async () => {
      return (await mux.group()).masters.find(({ name }) => name === 'North')?.acknowledged === 4;
    });
    north.crash();
    await until('North is gone', async () => (await mux.group()).masters.length === 1);
    north.setAcknowledging(true);
    await north.connect();
    await until('the rest at North', () => north.events.length >= 8 + 5);
    expect(indicesOf(all, north.events.slice(8))).toEqual(range(3, 8));
  });

  it('one that is away for more than buffsize events gets the latest of them; the rest is counted and logged', async () => {
    // Without an end of initialization of the RTU, which has a position of its own.
    const { rtu, mux } = await oneGroup({ masters, buffsize: 100 }, { endOfInitialization: 'never' });
    const all = eventsOf(rtu);
    const south = await startMaster(mux.port, 2);
    const north = await startMaster(mux.port, 1);
    await north.stopDataTransfer();
    await north.close();
    for (let i = 0; i < 25; i++) {
      rtu.burst(10);
      await until('at South', () => south.events.length === all.length);
    }
    await settled(mux);
    await until('the RTU does not wait', () => rtu.buffered === 0);
    await north.connect();
    await until('the latest at North', () => north.events.at(-1) === all.at(-1));
    expect(indicesOf(all, north.events)).toEqual(range(150, 250));
    expect(await mux.metric('mm2ss_named_master_events_lost_total')).toBe(150);
    const told = mux.lines.filter(({ name, level }) => name === 'North' && level === 'warn');
    expect(told.map(({ msg }) => msg)).toEqual([
      expect.stringContaining('oldest events are given up'),
      expect.stringContaining('150 ASDUs were given up'),
    ]);
  });

  it('one that comes back under load reaches the others without a gap', async () => {
    const { rtu, mux } = await oneGroup({ masters, buffsize: 20_000 }, { eventBuffer: 50_000 });
    const all = eventsOf(rtu);
    const south = await startMaster(mux.port, 2);
    const north = await startMaster(mux.port, 1);
    await north.stopDataTransfer();
    await north.close();
    rtu.burst(6_000);
    await until('all at South', () => south.events.length === 6_000);
    await settled(mux);
    rtu.startEvents(2_000);
    await north.connect();
    await until('North has caught up', () => north.events.length > 7_500);
    rtu.stopEvents();
    await until('all at both', () => [north, south].every(({ events }) => events.at(-1) === all.at(-1)));
    expect(indicesOf(all, north.events)).toEqual(range(0, all.length));
    expect(indicesOf(all, south.events)).toEqual(range(0, all.length));
  });

  it('redundant connections: the newest STARTDT takes over, what was not acknowledged comes again', async () => {
    const { rtu, mux } = await oneGroup({ masters });
    const all = eventsOf(rtu);
    const north = await startMaster(mux.port, 1);
    const first = await startedRawMaster(mux.port, 2, { acknowledge: false });
    const second = await rawMaster(mux.port, 3);
    rtu.burst(6);
    await first.asduCount(7);
    first.sendS(5);
    await until('four acknowledged', async () => {
      return (await mux.group()).masters.some(({ name, acknowledged }) => name === 'South' && acknowledged === 5);
    });
    expect(second.asdus).toEqual([]);

    await second.startDataTransfer();
    await second.asduCount(1 + 2);
    expect(indicesOf(all, second.asdus.slice(1))).toEqual([4, 5]);
    rtu.burst(4);
    await second.asduCount(1 + 6);
    expect(indicesOf(all, second.asdus.slice(1))).toEqual(range(4, 10));
    expect(first.asdus).toHaveLength(7);
    expect(first.closed).toBe(false);
    expect((await mux.group()).masters.filter(({ state }) => state === 'started')).toHaveLength(2);
    await mux.logged({ msg: 'on standby', peer: `${masterAddress(2)}:${first.socket.localPort}` });

    // And back again: the standby may still acknowledge what it got, and takes over with STARTDT.
    first.sendS(7);
    first.acknowledge = true;
    first.sendU(UFunction.STARTDT_ACT);
    await until('STARTDT con', () => first.functions.length === 2);
    rtu.burst(2);
    await until('the new ones', () => first.asdus.at(-1) === all.at(-1));
    expect(indicesOf(all, first.asdus.slice(8))).toEqual([10, 11]);
    expect(second.asdus).toHaveLength(7);
    await until('North has all', () => north.events.length === 12);
    expect(indicesOf(all, north.events)).toEqual(range(0, 12));
  });

  it('one that was away while the RTU link broke gets each event once', async () => {
    const { rtu, mux } = await oneGroup({ masters });
    const all = eventsOf(rtu);
    const south = await startMaster(mux.port, 2);
    const north = await startMaster(mux.port, 1);
    await north.stopDataTransfer();
    await north.close();
    south.setAcknowledging(false);
    rtu.burst(5);
    await until('five at South', () => south.events.length === 5);
    rtu.dropConnections();
    await until('a new link', () => rtu.counts.connections === 2);
    await mux.listening();
    south.setAcknowledging(true);
    await south.connect();
    await until('the repeats at South', () => south.events.length === 10);
    await settled(mux);
    await north.connect();
    rtu.burst(1);
    await until('the last at North', () => north.events.at(-1) === all.at(-1));
    expect(indicesOf(all, north.events)).toEqual(range(0, 6));
  });
});
