import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { iFormat, UFunction, uFormat } from '@iec104mm2ss/iec104';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort, GATEWAY_HOST, hostOf, masterAddress, Multiplexer, oneGroup, startMaster, until } from './harness.js';
import { rawMaster, type RawPeer, RawRtu, startedRawMaster } from './raw-peer.js';

/* What stations do that the standard does not foresee, on real sockets. */

const EVENT = '010103002f00e8030001';
const LATER = '010103002f00e9030001';

async function rawGroup(
  columns: Readonly<Record<string, string | number>> = {},
): Promise<{ rtu: RawRtu; mux: Multiplexer }> {
  const rtu = await RawRtu.start();
  const mux = await Multiplexer.start([{ hosts: hostOf(rtu), ...columns }]);
  await mux.listening();
  return { rtu, mux };
}

describe('an RTU', () => {
  it('that stops data transfer by itself is started again on the same link, and its events arrive', async () => {
    const { rtu, mux } = await rawGroup();
    const master = await startMaster(mux.port, 1);
    const link = await rtu.started();
    link.sendI(EVENT);
    await until('the first event', () => master.events.includes(EVENT));
    link.sendU(UFunction.STOPDT_CON);
    const acts = (): number => link.functions.filter((fn) => fn === 'STARTDT act').length;
    await until('STARTDT act again', () => acts() === 2);
    link.sendI(LATER);
    await until('an event after', () => master.events.includes(LATER));
    expect([master.connected, rtu.connections.length]).toEqual([true, 1]);
    expect((await mux.group()).rtu?.state).toBe('started');
    const line = await mux.logged({ msg: 'the RTU breaks the protocol' });
    expect(line).toMatchObject({ reason: 'LINK_ROLE', clause: '5.3', octets: '680423000000' });
  });

  it('that sends before its STARTDT con is heard', async () => {
    const { rtu, mux } = await rawGroup();
    rtu.peer.confirm = false;
    rtu.peer.onApdu = ({ fn }) => {
      if (fn !== 'STARTDT act') return;
      rtu.peer.sendI(EVENT);
      rtu.peer.sendU(UFunction.STARTDT_CON);
    };
    const master = await startMaster(mux.port, 1);
    await until('the early event', () => master.events.includes(EVENT));
    rtu.peer.sendI(LATER);
    await until('the next one', () => master.events.includes(LATER));
    expect(rtu.connections).toHaveLength(1);
  });

  describe.each([
    ['in one segment', (link: RawPeer, octets: Buffer) => link.sendOctets(octets)],
    [
      'octet by octet',
      (link: RawPeer, octets: Buffer) => {
        for (const octet of octets) link.sendOctets(Uint8Array.of(octet));
      },
    ],
  ])('%s', (_how, send) => {
    const con = uFormat(UFunction.STOPDT_CON);
    const test = uFormat(UFunction.TESTFR_ACT);
    const orders: [string, (event: Buffer) => Uint8Array[]][] = [
      ['data, then STOPDT con', (event) => [event, con]],
      ['STOPDT con, then data', (event) => [con, event]],
      ['a test, STOPDT con, data, a test', (event) => [test, con, event, test]],
    ];

    it.each(orders)('that is asked to stop and sends %s keeps its link', async (_order, octets) => {
      const { rtu, mux } = await rawGroup();
      const master = await startMaster(mux.port, 1);
      const link = await rtu.started();
      link.confirm = false;
      link.onApdu = ({ fn }) => {
        if (fn === 'STOPDT act')
          send(link, Buffer.concat(octets(Buffer.from(iFormat(link.vs++, link.vr, Buffer.from(EVENT, 'hex'))))));
        if (fn === 'STARTDT act') link.sendU(UFunction.STARTDT_CON);
      };
      await master.stopDataTransfer();
      await until('STOPDT act', () => link.functions.includes('STOPDT act'));
      await until('acknowledged when a master is there', async () => (await mux.group()).rtu.state === 'connected');
      const next = await startMaster(mux.port, 2);
      await until('the event', () => next.events.includes(EVENT));
      link.sendI(LATER);
      await until('the next one', () => next.events.includes(LATER));
      expect([rtu.connections.length, link.closed]).toEqual([1, false]);
    });

    it.each(orders)('that stops by itself and sends %s keeps its link', async (_order, octets) => {
      const { rtu, mux } = await rawGroup();
      const master = await startMaster(mux.port, 1);
      const link = await rtu.started();
      send(link, Buffer.concat(octets(Buffer.from(iFormat(link.vs++, link.vr, Buffer.from(EVENT, 'hex'))))));
      await until('the event', () => master.events.includes(EVENT));
      await until('started again', async () => (await mux.group()).rtu.state === 'started');
      link.sendI(LATER);
      await until('the next one', () => master.events.includes(LATER));
      expect([rtu.connections.length, link.closed]).toEqual([1, false]);
    });

    it('that confirms STARTDT and sends, in either order, is heard', async () => {
      for (const isFirst of [true, false]) {
        const { rtu, mux } = await rawGroup();
        const link = rtu.peer;
        link.confirm = false;
        link.onApdu = ({ fn }) => {
          const event = Buffer.from(iFormat(link.vs, link.vr, Buffer.from(EVENT, 'hex')));
          const started = uFormat(UFunction.STARTDT_CON);
          if (fn !== 'STARTDT act') return;
          link.vs++;
          send(link, Buffer.concat(isFirst ? [event, started, test] : [test, started, event]));
        };
        const master = await startMaster(mux.port, 1);
        await until('the event', () => master.events.includes(EVENT));
        link.sendI(LATER);
        await until('the next one', () => master.events.includes(LATER));
        expect([rtu.connections.length, link.closed]).toEqual([1, false]);
      }
    });
  });

  it('that starts by itself is not left started, and does not lose its link', async () => {
    const { rtu, mux } = await rawGroup();
    rtu.peer.sendU(UFunction.STARTDT_CON);
    // The router says so when it has served the group for a while.
    await until('STOPDT act', () => rtu.peer.functions.includes('STOPDT act'));
    const master = await startMaster(mux.port, 1);
    rtu.peer.sendI(EVENT);
    await until('an event', () => master.events.includes(EVENT));
    expect(rtu.connections).toHaveLength(1);
  });

  it('that sends without STARTDT loses its link, with octets and clause in the log, and is not hammered', async () => {
    const rtu = await RawRtu.start();
    rtu.onConnection = (peer) => peer.sendI(EVENT);
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu) }]);
    const line = await mux.logged({ msg: 'the RTU breaks the protocol' });
    expect(line).toMatchObject({ reason: 'LINK_NOT_STARTED', clause: '5.3' });
    expect(line['octets']).toBe('680e00000000010103002f00e8030001');
    await delay(2_500);
    expect(rtu.connections.length).toBeLessThanOrEqual(4);
  });

  it.each([
    ['COT 1, CA 1, IOA 2', ['01010305650001', '01011405640001']],
    ['COT 1, CA 2, IOA 2', ['0101030500650001', '0101030500660001']],
    ['COT 2, CA 2, IOA 2', ['010103000500650001', '010103000500660001']],
    ['COT 2, CA 1, IOA 3', ['010103000565000001', '1e0103000565000001' + '00000000000000']],
  ])('with %s octets is refused with that reason; what came before passes unchanged', async (lengths, asdus) => {
    const { rtu, mux } = await rawGroup();
    const master = await startedRawMaster(mux.port, 1);
    const link = await rtu.started();
    link.sendI(...asdus);
    await until('the link closed', () => link.closed);
    const closedAt = performance.now();
    const line = await mux.logged({ msg: 'RTU link lost' });
    expect(line.reason).toContain('field_lengths');
    expect((await mux.logged({ msg: 'the RTU breaks the protocol', reason: 'field_lengths' })).msg).toContain(lengths);
    await until('the master dropped', () => master.closed);
    expect(master.asdus.slice(1)).toEqual(master.asdus.slice(1).map(() => asdus[0]));
    expect((await mux.group()).rtu?.lastError).toContain('field_lengths');
    await until('another link', () => rtu.connections.length > 1);
    // The pause after a refusal, 750 ms at least; after a link that was only lost or brief it is 100 to 313 ms.
    expect(performance.now() - closedAt).toBeGreaterThan(500);
  });

  it('that closes a link on which nothing was started is there nearly all the time, and is not hammered', async () => {
    const rtu = await RawRtu.start();
    rtu.onConnection = (peer) => setTimeout(() => peer.functions.includes('STARTDT act') || peer.close(), 1_200);
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu) }]);
    await mux.listening();
    let open = 0;
    let looks = 0;
    const end = Date.now() + 8_000;
    while (Date.now() < end) {
      looks++;
      open += Number(await isOpen(mux.port));
      await delay(50);
    }
    expect(open / looks).toBeGreaterThan(0.6);
    expect(rtu.connections.length).toBeGreaterThan(3);
    expect(rtu.connections.length).toBeLessThan(10);
    // One that comes on a fresh link has the time to start it.
    const count = rtu.connections.length;
    await until('another link', () => rtu.connections.length > count);
    await mux.listening();
    const master = await startMaster(mux.port, 1);
    rtu.peer.sendI(EVENT);
    await until('an event', () => master.events.includes(EVENT));
    await delay(2_000);
    expect(master.connected).toBe(true);
  }, 30_000);

  it('that closes at once is not hammered', async () => {
    const rtu = await RawRtu.start();
    rtu.onConnection = (peer) => peer.close();
    await Multiplexer.start([{ hosts: hostOf(rtu) }]);
    await delay(4_500);
    expect(rtu.connections.length).toBeGreaterThan(1);
    expect(rtu.connections.length).toBeLessThan(6);
  }, 15_000);

  it('that is not reached is spoken of once', async () => {
    const port = await freePort();
    const mux = await Multiplexer.start([{ hosts: `[::1]:${port}` }]);
    const line = await mux.logged({ msg: 'RTU is not reached' });
    expect(line.peer).toBe(`[::1]:${port}`);
    expect(line.reason).toMatch(/^\[::1\]:\d+: E/);
    await delay(2_500);
    expect(mux.lines.filter(({ msg }) => msg === 'RTU is not reached')).toHaveLength(1);
  });
});

describe('a master', () => {
  it.each([
    ['STARTDT con', UFunction.STARTDT_CON],
    ['STOPDT con', UFunction.STOPDT_CON],
  ])('that sends %s changes nothing, started or not', async (name, fn) => {
    const { rtu, mux } = await oneGroup();
    const stopped = await rawMaster(mux.port, 1);
    const started = await startedRawMaster(mux.port, 2);
    for (const master of [stopped, started]) master.sendU(fn);
    const line = await mux.logged({ msg: 'a master breaks the protocol' });
    expect(line).toMatchObject({ reason: 'LINK_ROLE', clause: '5.3' });
    expect(line.msg).toContain(name);
    rtu.setValue(1000, 1);
    await started.asduCount(2);
    expect([stopped.closed, started.closed, stopped.asdus.length]).toEqual([false, false, 0]);
    await stopped.startDataTransfer();
  });

  it('that sends before STARTDT is disconnected, with its octets and the clause in the log', async () => {
    const { mux } = await oneGroup();
    const master = await rawMaster(mux.port, 1);
    master.sendOctets(iFormat(0, 0, Buffer.from('640106002f0000000014', 'hex')));
    await until('closed', () => master.closed);
    expect(await mux.logged({ msg: 'a master breaks the protocol' })).toMatchObject({
      reason: 'LINK_NOT_STARTED',
      clause: '5.3',
      octets: '680e00000000640106002f0000000014',
    });
    const other = await rawMaster(mux.port, 1);
    other.sendOctets(Buffer.concat([uFormat(UFunction.TESTFR_ACT), Buffer.from('GET / HTTP/1.1\r\n\r\n')]));
    await mux.logged({ reason: 'APCI_START', clause: '5' });
  });
});

it('an RTU is left to others while another process has the port for its masters', async () => {
  const port = await freePort();
  const other = await occupy(port);
  const rtu = await RawRtu.start();
  const mux = await Multiplexer.start([{ hosts: hostOf(rtu), 'port no': port }]);
  await mux.logged({ msg: 'cannot listen for masters', reason: 'EADDRINUSE' });
  expect((await mux.logged({ msg: 'RTU link lost' })).reason).toContain('no_listener');
  await until('the RTU let go', () => rtu.peer.closed);
  await delay(2_000);
  expect(rtu.connections).toHaveLength(1);
  other.close();
  await mux.listening('1', 15_000);
  const master = await startMaster(port, 1);
  expect(master.connected).toBe(true);
}, 40_000);

async function occupy(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: GATEWAY_HOST, port }, resolve));
  onTestFinished(() => void server.close());
  return server;
}

/** True when the port can be connected to; from an address that no master has. */
function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ host: GATEWAY_HOST, port, localAddress: masterAddress(9) });
    socket.on('connect', () => resolve(true));
    socket.on('connect', () => socket.destroy());
    socket.on('error', () => resolve(false));
  });
}
