import { encodeAsdu, UFunction } from '@iec104mm2ss/iec104';
import { describe, expect, it } from 'vitest';
import { eventsOf, hostOf, Multiplexer, oneGroup, startMaster, until, type Columns } from './harness.js';
import { RawRtu, startedRawMaster, type RawPeer } from './raw-peer.js';

/** `count` different events, hexadecimal. */
function events(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, i) => {
    const object = { ioa: 90, value: first + i, overflow: false };
    const quality = { invalid: false, notTopical: false, substituted: false, blocked: false };
    const asdu = encodeAsdu({ type: 'M_ME_NB_1', cot: 3, ca: 47, objects: [{ ...object, ...quality }] });
    return Buffer.from(asdu).toString('hex');
  });
}

/** Waits until the multiplexer has answered everything sent to it on this connection: TESTFR goes the same way. */
async function roundTrip(peer: RawPeer): Promise<void> {
  const before = peer.functions.length;
  peer.sendU(UFunction.TESTFR_ACT);
  await until('TESTFR con', () => peer.functions.length > before);
}

async function setUp(columns: Columns): Promise<{ mux: Multiplexer; master: RawPeer; rtu: RawRtu; peer: RawPeer }> {
  const rtu = await RawRtu.start();
  const mux = await Multiplexer.start([{ hosts: hostOf(rtu), ...columns }]);
  await mux.listening();
  const master = await startedRawMaster(mux.port, 1, { acknowledge: false });
  const peer = await rtu.started();
  return { rtu, mux, master, peer };
}

/** The I-format APDUs a raw master has apart from its end of initialization, which it has first. */
const eventsAt = (master: RawPeer): string[] => master.asdus.slice(1);

describe('ack = delivered', () => {
  it('acknowledges to the RTU what a master has acknowledged, and nothing more', async () => {
    const { mux, master, peer } = await setUp({ w: 1 });
    const sent = events(6);
    peer.sendI(...sent);
    await master.asduCount(7);
    await roundTrip(peer);
    await roundTrip(master);
    await roundTrip(peer);
    expect(peer.acknowledged).toBe(0);
    expect((await mux.group()).log).toMatchObject({ next: 6, confirmed: 0, unconfirmed: 6 });

    // Of seven APDUs the master acknowledges its end of initialization and four events.
    master.sendS(5);
    await until('N(R) 4 at the RTU', () => peer.acknowledged === 4);
    await roundTrip(master);
    await roundTrip(peer);
    expect(peer.acknowledged).toBe(4);
    expect((await mux.group()).log).toMatchObject({ confirmed: 4, unconfirmed: 2 });
    master.sendS(7);
    await until('N(R) 6 at the RTU', () => peer.acknowledged === 6);
    expect(peer.closed).toBe(false);
    expect(await mux.metric('mm2ss_rtu_forced_acknowledgements_total')).toBe(0);
  });

  it('takes the first of several masters that acknowledges', async () => {
    const { mux, master, peer } = await setUp({ w: 1 });
    const second = await startedRawMaster(mux.port, 2, { acknowledge: false });
    peer.sendI(...events(3));
    await master.asduCount(4);
    await second.asduCount(4);
    second.sendS(3);
    await until('N(R) 2', () => peer.acknowledged === 2);
    master.sendS(2);
    await roundTrip(master);
    await roundTrip(peer);
    expect(peer.acknowledged).toBe(2);
    master.sendS(4);
    await until('N(R) 3', () => peer.acknowledged === 3);
  });

  it('counts an acknowledgement in an I-format as well', async () => {
    const { master, peer } = await setUp({ w: 1 });
    peer.sendI(...events(2));
    await master.asduCount(3);
    // C_RD_NA_1 of the master, with N(R) = 3.
    master.sendI('66010500' + '2f00' + '010000');
    await until('N(R) 2', () => peer.acknowledged === 2);
  });

  it('holds back no longer than until one second before t1, counts that, and keeps the events for the next master', async () => {
    const { mux, master, peer } = await setUp({ t1: 3, t2: 1, w: 1 });
    const sent = events(5);
    const sentAt = performance.now();
    peer.sendI(...sent);
    await until('the forced acknowledgement', () => peer.acknowledged === 5);
    const arrived = peer.received.find(({ nr }) => nr !== undefined && nr > 0)?.at ?? 0;
    expect(arrived - sentAt).toBeGreaterThan(1_900);
    expect(arrived - sentAt).toBeLessThan(2_900);
    expect(await mux.metric('mm2ss_rtu_forced_acknowledgements_total')).toBe(5);
    expect((await mux.group()).counters['forcedAcknowledgements']).toBe(5);
    expect((await mux.group()).log.confirmed).toBe(0);

    await until('the silent master closed by t1', () => master.closed);
    await mux.logged({ reason: 'LINK_T1_I', msg: 'master disconnected' });
    expect(peer.closed).toBe(false);
    const next = await startedRawMaster(mux.port, 2);
    await next.asduCount(6);
    expect(eventsAt(next)).toEqual(sent);
  });
});

describe('ack = received and stored', () => {
  it.each(['received', 'stored'])('%s: at once, whatever the masters do', async (ack) => {
    const { mux, master, peer } = await setUp({ ack, w: 1 });
    const sentAt = performance.now();
    peer.sendI(...events(5));
    await until('N(R) 5', () => peer.acknowledged === 5, 2_000);
    expect(performance.now() - sentAt).toBeLessThan(1_000);
    await master.asduCount(6);
    expect((await mux.group()).ack).toBe(ack);
    expect((await mux.group()).log).toMatchObject({ next: 5, confirmed: 0, unconfirmed: 5 });
  });
});

describe('a full log', () => {
  it('holds buffsize unconfirmed events, then the RTU is not acknowledged until a master acknowledges', async () => {
    const { mux, master, peer } = await setUp({ ack: 'stored', w: 1, k: 12, buffsize: 12 });
    const sent = events(30);
    for (const event of sent.slice(0, 12)) peer.sendI(event);
    await until('N(R) 12', () => peer.acknowledged === 12);
    expect((await mux.group()).log).toMatchObject({ unconfirmed: 12, full: false });
    for (const event of sent.slice(12, 24)) {
      peer.sendI(event);
      await roundTrip(peer);
    }
    await roundTrip(master);
    expect(peer.acknowledged).toBe(12);
    // Window k: the end of initialization and eleven events.
    expect(eventsAt(master)).toEqual(sent.slice(0, 11));
    expect((await mux.group()).log).toMatchObject({ full: true, capacity: 12 });
    expect(await mux.metric('mm2ss_log_full_total')).toBe(1);

    master.sendS(5);
    await until('room for four', () => peer.acknowledged === 16);
    await roundTrip(master);
    await roundTrip(peer);
    expect(peer.acknowledged).toBe(16);
    master.acknowledge = true;
    master.sendS();
    await until('all acknowledged', () => peer.acknowledged === 24);
    for (const event of sent.slice(24)) peer.sendI(event);
    await master.asduCount(31);
    expect(eventsAt(master)).toEqual(sent);
    expect((await mux.group()).log).toMatchObject({ full: false });
    expect(peer.closed).toBe(false);
  });
});

describe('the RTU link breaks', () => {
  it('with events nobody has acknowledged: the RTU repeats them, each comes once, in order', async () => {
    const { rtu, mux } = await oneGroup();
    const all = eventsOf(rtu);
    const first = await startMaster(mux.port, 1);
    first.setAcknowledging(false);
    rtu.burst(8);
    await until('eight events', () => first.events.length === 8);
    rtu.dropConnections();
    await until('the master dropped', () => !first.connected);
    await until('a new link', () => rtu.connections.length === 1);
    await mux.listening();
    const second = await startMaster(mux.port, 2);
    rtu.burst(4);
    await until('everything', () => second.events.length >= 12);
    expect(second.events).toEqual(all);
    await until('all acknowledged', () => rtu.buffered === 0);
    expect(second.events).toHaveLength(12);
  });

  it('after a master has acknowledged some: nothing is lost and the order stays', async () => {
    const { rtu, mux } = await oneGroup({ t2: 10, w: 8 });
    const all = eventsOf(rtu);
    const first = await startMaster(mux.port, 1);
    first.setAcknowledging(false);
    rtu.burst(6);
    await until('six events', () => first.events.length === 6);
    // End of initialization and three events; the RTU does not know yet, w is 8 and t2 is 10 s.
    first.acknowledge(4);
    await until('three confirmed', async () => ((await mux.group()).log.confirmed ?? 0) >= 3);
    rtu.dropConnections();
    await until('a new link', () => rtu.counts.connections === 2);
    await mux.listening();
    const second = await startMaster(mux.port, 2);
    rtu.burst(3);
    await until('the rest', () => second.events.at(-1) === all.at(-1));
    // At least once: the RTU repeats what it was not told of.
    expect(second.events).toEqual(all.slice(all.length - second.events.length));
    expect(second.events.length).toBeGreaterThanOrEqual(6);
  });

  it('while the log is full: what waits before it is dropped here and comes from the RTU again', async () => {
    const { rtu, mux } = await oneGroup({ k: 12, buffsize: 12 }, { link: { k: 40 } });
    const all = eventsOf(rtu);
    const first = await startMaster(mux.port, 1);
    first.setAcknowledging(false);
    rtu.burst(11);
    await until('the window closed', () => first.events.length === 11);
    rtu.burst(20);
    await until('a full log', async () => (await mux.group()).log.full === true);
    rtu.dropConnections();
    await until('a new link', () => rtu.counts.connections === 2);
    await mux.listening();
    const second = await startMaster(mux.port, 2);
    await until('all 31', () => second.events.length >= 31);
    expect(second.events).toEqual(all);
    await until('all acknowledged', () => rtu.buffered === 0);
  });

  it('again and again under load, loses nothing and keeps the order', async () => {
    const { rtu, mux } = await oneGroup({ buffsize: 100 }, { eventBuffer: 50_000 });
    const all = eventsOf(rtu);
    const master = await startMaster(mux.port, 1, { reconnect: { minMs: 20, maxMs: 50 } });
    rtu.startEvents(2_000);
    for (let round = 0; round < 4; round++) {
      const before = master.events.length;
      await until('events flow', () => master.events.length >= before + 300);
      rtu.dropConnections();
      await until('back', () => rtu.connections.some(({ started }) => started));
    }
    rtu.stopEvents();
    await until('the last event', () => master.events.includes(all.at(-1) ?? ''));
    await until('all acknowledged', () => rtu.buffered === 0);
    // Repeats go back to an earlier event and on from there without a gap.
    const indexOf = new Map(all.map((event, index) => [event, index]));
    expect(indexOf.size).toBe(all.length);
    let reached = -1;
    for (const event of master.events) {
      const index = indexOf.get(event) ?? Infinity;
      expect(index).toBeLessThanOrEqual(reached + 1);
      reached = Math.max(reached, index);
    }
    expect(reached).toBe(all.length - 1);
  });
});
