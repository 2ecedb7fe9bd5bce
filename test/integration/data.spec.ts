import { connect } from 'node:net';
import { Cause, encodeAsdu, endOfInitialization, iFormat, sFormat, UFunction, uFormat } from '@iec104mm2ss/iec104';
import { describe, expect, it } from 'vitest';
import {
  eventsOf,
  hostOf,
  masterAddress,
  Multiplexer,
  newMaster,
  oneGroup,
  startMaster,
  startMasters,
  startRtu,
  until,
} from './harness.js';
import { rawMaster, RawRtu, startedRawMaster } from './raw-peer.js';

/** M_ME_NB_1 of IOA 90 with a running number, spontaneous unless told otherwise. */
function numbered(value: number, cot: number = Cause.SPONT, oa = 0): Uint8Array {
  const quality = { invalid: false, notTopical: false, substituted: false, blocked: false, overflow: false };
  return encodeAsdu({ type: 'M_ME_NB_1', cot, ca: 47, oa, objects: [{ ioa: 90, value, ...quality }] });
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

/** An ASDU from its parts, for what no encoder makes. */
function asdu(typeId: number, cot: number, objects: string, vsq = 1, oa = 0): string {
  const header = [typeId, vsq, cot, oa, 47, 0].map((octet) => octet.toString(16).padStart(2, '0'));
  return header.join('') + objects;
}

describe('monitor direction', () => {
  it('gives every event to each of five masters, in order and bit-exact', async () => {
    const { rtu, mux } = await oneGroup();
    const masters = await startMasters(mux.port, 5);
    const events = eventsOf(rtu);
    // The generator walks through all points: single, double, step, normalized, scaled, float, bitstring, counter.
    rtu.burst(47);
    rtu.startEvents(500);
    await until('some time of steady events', () => events.length >= 500);
    rtu.stopEvents();
    await until('all events everywhere', () => masters.every((master) => master.events.length >= events.length));
    expect(new Set(events.map((event) => event.slice(0, 2))).size).toBe(8);
    for (const master of masters) expect(master.events).toEqual(events);
    await until('RTU fully acknowledged', () => rtu.buffered === 0, 12_000);
    const { counters } = await mux.group();
    expect(counters['broadcast']).toBe(events.length);
    expect(counters['deliveredToMasters']).toBe(5 * (events.length + 1));
  });

  it('keeps the end of initialization of the RTU, and sends its own after each STARTDT con', async () => {
    const rtu = await RawRtu.start();
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu), 'rtu no': 301 }]);
    await mux.listening();
    const master = await rawMaster(mux.port, 1);
    await master.startDataTransfer();
    const peer = await rtu.started();
    peer.sendI(endOfInitialization(47, 2), numbered(1));
    await master.asduCount(2);
    const own = hex(endOfInitialization(301, 0));
    expect(own).toBe('46010400' + '2d01' + '000000' + '00');
    expect(master.received.map(({ fn, asdu: octets }) => fn ?? octets)).toEqual(['STARTDT con', own, hex(numbered(1))]);

    master.sendU(UFunction.STOPDT_ACT);
    await until('STOPDT con', () => master.functions.includes('STOPDT con'));
    master.sendU(UFunction.STARTDT_ACT);
    await master.asduCount(3);
    expect(master.asdus[2]).toBe(own);
    expect(await mux.metric('mm2ss_router_not_forwarded_total')).toBe(1);
  });

  it('never carries U- and S-format across', async () => {
    const rtu = await RawRtu.start({ acknowledge: false });
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu) }]);
    await mux.listening();
    const master = await startedRawMaster(mux.port, 1, { acknowledge: false });
    const peer = await rtu.started();
    master.sendU(UFunction.TESTFR_ACT);
    await until('TESTFR con at the master', () => master.functions.includes('TESTFR con'));
    peer.sendU(UFunction.TESTFR_ACT);
    await until('TESTFR con at the RTU', () => peer.functions.includes('TESTFR con'));
    master.sendS(1);
    peer.sendI(numbered(1));
    await master.asduCount(2);
    expect(master.functions).toEqual(['STARTDT con', 'TESTFR con']);
    expect(peer.functions).toEqual(['STARTDT act', 'TESTFR con']);
    // The acknowledgement of one event by the master is told to the RTU by the multiplexer's own counting.
    master.sendS(2);
    expect(peer.received.filter(({ format }) => format === 'S')).toEqual([]);
    expect(master.received.filter(({ format }) => format === 'S')).toEqual([]);
  });

  it('passes what its cause makes monitored data to all, whatever its type, bit-exact, and answers of nobody to nobody', async () => {
    const rtu = await RawRtu.start();
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu) }]);
    await mux.listening();
    const masters = [await startedRawMaster(mux.port, 1), await startedRawMaster(mux.port, 2)];
    const peer = await rtu.started();
    const forAll = [
      asdu(22, 3, '010000ffeeddcc', 0x7f), // reserved, and its VSQ fits no layout
      asdu(40, 3, '020000' + '00'.repeat(7)),
      asdu(17, 1, '030000' + 'a5'.repeat(40), 0x81),
      asdu(1, 3 | 0x80, '04000001'), // T bit
      asdu(9, 3, 'ab'.repeat(243), 0x20), // the longest ASDU: 249 octets
      asdu(41, 3, '060000'),
      asdu(44, 3, '060000ff'),
      asdu(130, 3, '070000ff'),
      asdu(255, 1, ''),
    ];
    const forNobody = [
      asdu(45, 7, '06000001'),
      asdu(130, 7, '070000ff'),
      asdu(255, 44, ''),
      asdu(113, 10, '08000001'),
      asdu(1, 47, '05000001'), // process information, too
    ];
    peer.sendI(...forAll.slice(0, 3), ...forNobody, ...forAll.slice(3));
    for (const master of masters) {
      await master.asduCount(1 + forAll.length);
      expect(master.asdus.slice(1)).toEqual(forAll);
    }
    expect(await mux.metric('mm2ss_router_unmatched_answers_total')).toBe(forNobody.length);
    expect(mux.lines.filter(({ msg }) => msg.includes('belongs to no command'))).toHaveLength(forNobody.length);
  });

  it('hides the OA of one master in what all masters get, everything else bit-exact', async () => {
    const { mux } = await oneGroup({ interrogation: 'all' }, { oa: 'mirror' });
    const asking = await startMaster(mux.port, 1, { oa: 9 });
    const other = await startMaster(mux.port, 2);
    expect((await asking.interrogate()).result).toBe('positive');
    await until('the same data', () => other.events.length === asking.events.length);
    expect(asking.events.length).toBeGreaterThan(5);
    const oas = (events: readonly string[]): string[] => [...new Set(events.map((event) => event.slice(6, 8)))];
    expect(oas(asking.events)).toEqual(['09']);
    expect(oas(other.events)).toEqual(['00']);
    const withoutOa = (event: string): string => event.slice(0, 6) + event.slice(8);
    expect(other.events.map(withoutOa)).toEqual(asking.events.map(withoutOa));
    expect(other.counts.strays).toBe(0);
  });

  it('interrogation = originator: answers to the master that asked, events still to all', async () => {
    const { rtu, mux } = await oneGroup({ interrogation: 'originator' });
    const asking = await startMaster(mux.port, 1);
    const other = await startMaster(mux.port, 2);
    expect(await asking.interrogate()).toMatchObject({ result: 'positive', terminated: true });
    const gi = asking.events.length;
    expect(gi).toBeGreaterThan(5);
    expect((await other.counters()).answers.length).toBeGreaterThan(2);
    const events = eventsOf(rtu);
    rtu.burst(3);
    await until('the events', () => other.events.length >= 3 + 1 && asking.events.length >= gi + 3);
    const causes = (list: readonly string[]): number[] => list.map((event) => parseInt(event.slice(4, 6), 16) & 0x3f);
    expect([...new Set(causes(asking.events))].sort((a, b) => a - b)).toEqual([3, 20]);
    expect([...new Set(causes(other.events))].sort((a, b) => a - b)).toEqual([3, 37]);
    expect(asking.events.slice(gi)).toEqual(events);
    expect(other.events.slice(-3)).toEqual(events);
  });

  it('loses nothing of 20,000 events at once', async () => {
    const { rtu, mux } = await oneGroup({}, { eventBuffer: 30_000 });
    const masters = await startMasters(mux.port, 5);
    const events = eventsOf(rtu);
    rtu.burst(20_000);
    await until(
      '20,000 events at five masters',
      () => masters.every((master) => master.events.length >= 20_000),
      30_000,
    );
    for (const master of masters)
      expect(Buffer.from(master.events.join()).equals(Buffer.from(events.join()))).toBe(true);
    expect(rtu.counts.overflow).toBe(0);
    expect(masters.map(({ counts }) => counts.disconnections)).toEqual([0, 0, 0, 0, 0]);
    expect(rtu.counts.connections).toBe(1);
  });

  it('understands an RTU and a master that send every octet by itself', async () => {
    const rtu = await RawRtu.start();
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu) }]);
    await mux.listening();
    const socket = connect({ host: '127.0.0.1', port: mux.port, localAddress: masterAddress(1), noDelay: true });
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    const drip = async (octets: Uint8Array, into: { write: (octet: Uint8Array) => unknown }): Promise<void> => {
      for (const octet of octets) {
        into.write(Uint8Array.of(octet));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await drip(uFormat(UFunction.STARTDT_ACT), socket);
    const peer = await rtu.started();
    const listener = await startMaster(mux.port, 2);
    const sent = Array.from({ length: 20 }, (_, i) => numbered(i));
    await drip(Buffer.concat(sent.map((octets, i) => iFormat(i, 0, octets))), peer.socket);
    await until('all events', () => listener.events.length === sent.length);
    expect(listener.events).toEqual(sent.map(hex));
    const read = asdu(102, 5, '5a0000');
    await drip(sFormat(12), socket);
    await drip(iFormat(0, 12, Buffer.from(read, 'hex')), socket);
    await peer.asduCount(1);
    // The session has an OA of its own towards the RTU.
    expect(peer.asdus[0]).toBe(read.slice(0, 6) + '01' + read.slice(8));
    socket.destroy();
  });
});

describe('the decoded feed', () => {
  it('has every ASDU of both directions as JSON, unless the group switches it off', async () => {
    const rtus = [await startRtu(), await startRtu()] as const;
    const mux = await Multiplexer.start([{ hosts: hostOf(rtus[0]) }, { hosts: hostOf(rtus[1]), decoded: 'N' }]);
    await mux.listening('1');
    await mux.listening('2');
    const feed: { subject: string; message: Record<string, unknown> }[] = [];
    mux.bus.subscribe('iec104.v1.*.decoded.>', ({ subject, data }) => {
      feed.push({ subject, message: JSON.parse(Buffer.from(data).toString()) as Record<string, unknown> });
    });
    const masters = [
      await startMaster(mux.ports[0] as number, 1),
      await startMaster(mux.ports[1] as number, 1),
    ] as const;
    rtus[1].setValue(1000, 1);
    await until('the event of the other group', () => masters[1].events.length === 1);
    rtus[0].setValue(1000, 1);
    await masters[0].command('single 5001 on');
    await until('the feed', () => feed.filter(({ subject }) => subject.endsWith('C_SC_NA_1')).length === 3);
    expect(feed.map(({ subject }) => subject)).toEqual(
      expect.arrayContaining(['iec104.v1.1.decoded.M_EI_NA_1', 'iec104.v1.1.decoded.C_SC_NA_1']),
    );
    expect(feed.every(({ subject }) => subject.startsWith('iec104.v1.1.'))).toBe(true);
    const command = feed.find(({ message }) => message['direction'] === 'control')?.message;
    expect(command).toMatchObject({
      group: '1',
      asdu: { type: 'C_SC_NA_1', objects: [expect.objectContaining({ ioa: 5001, value: true })] },
    });
    const event = feed.find(({ message }) => JSON.stringify(message['asdu']).includes('"ioa":1000'))?.message;
    expect(event).toMatchObject({ group: '1', direction: 'monitor', position: 1, at: expect.any(String) });
  });
});

describe('a master that starts later', () => {
  it('gets first, in order, what nobody has acknowledged, and not what somebody has', async () => {
    const { rtu, mux } = await oneGroup();
    const events = eventsOf(rtu);
    const first = await startMaster(mux.port, 1);
    rtu.burst(10);
    await until('ten events', () => first.events.length === 10);
    await first.stopDataTransfer();
    expect(rtu.buffered).toBe(0);
    await first.startDataTransfer();
    first.setAcknowledging(false);
    rtu.burst(5);
    await until('five more', () => first.events.length === 15);
    await first.close();

    const second = await startMaster(mux.port, 2);
    rtu.burst(5);
    await until('what was missed and what is new', () => second.events.length === 10);
    expect(second.events).toEqual(events.slice(10));
  });

  it('while another is up to date, gets what comes from now on', async () => {
    const { rtu, mux } = await oneGroup({ w: 1 });
    const first = await startMaster(mux.port, 1, { link: { w: 1 } });
    rtu.burst(3);
    await until('all acknowledged', () => rtu.buffered === 0);
    const second = await startMaster(mux.port, 2);
    const events = eventsOf(rtu);
    rtu.burst(4);
    await until('events at both', () => first.events.length === 7 && second.events.length === 4);
    expect(second.events).toEqual(events);
  });

  it('STOPDT stops the data of one master only', async () => {
    const { rtu, mux } = await oneGroup({ w: 1 });
    const [stopping, staying] = await startMasters(mux.port, 2);
    if (stopping === undefined || staying === undefined) throw new Error('two masters');
    await stopping.stopDataTransfer();
    rtu.burst(6);
    await until('events at the other', () => staying.events.length === 6);
    expect(stopping.events).toEqual([]);
    expect(stopping.connected).toBe(true);
    expect((await mux.group()).masters.map(({ state }) => state).sort()).toEqual(['started', 'stopped']);
  });

  it('takes an I-format from a stopped master as a fault', async () => {
    const { rtu, mux } = await oneGroup();
    const master = await rawMaster(mux.port, 1);
    master.sendI(asdu(100, 6, '00000014'));
    await until('closed', () => master.closed);
    await mux.logged({ reason: 'LINK_NOT_STARTED', msg: 'master disconnected' });
    expect(rtu.counts.requests).toBe(0);
  });
});

describe('groups', () => {
  it('do not see each other, with the same RTU number, IOAs and master addresses', async () => {
    const rtus = [await startRtu(), await startRtu()];
    const mux = await Multiplexer.start(rtus.map((rtu) => ({ hosts: hostOf(rtu) })));
    await mux.listening('1');
    await mux.listening('2');
    const masters = [
      await startMaster(mux.ports[0] as number, 1),
      await startMaster(mux.ports[1] as number, 1),
    ] as const;
    const events = rtus.map(eventsOf);
    rtus[0]?.burst(50);
    rtus[1]?.burst(20);
    const outcome = await masters[1].command('single 5000 on');
    expect(outcome).toMatchObject({ result: 'positive', terminated: true });
    await until('events', () => masters.every((master, i) => master.events.length === events[i]?.length));
    masters.forEach((master, i) => expect(master.events).toEqual(events[i]));
    expect(rtus.map(({ counts }) => counts.requests)).toEqual([0, 1]);
    expect(masters[0].counts.strays).toBe(0);
    expect(rtus[0]?.value(1000)).not.toBe(undefined);

    // One RTU down does not touch the other group.
    await rtus[0]?.stop();
    await until('group 1 down', () => !masters[0].connected);
    rtus[1]?.burst(1);
    await until('group 2 goes on', () => masters[1].events.length === (events[1]?.length ?? 0));
    expect(masters[1].started).toBe(true);
    await expect(newMaster(mux.ports[0] as number, 1).connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
