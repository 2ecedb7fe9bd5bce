import { once } from 'node:events';
import { createServer, Server, type AddressInfo } from 'node:net';
import { singleCommand } from '@iec104mm2ss/iec104';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  freePort,
  hostOf,
  masterAddress,
  Multiplexer,
  newMaster,
  oneGroup,
  RTU_HOST,
  startMaster,
  startMasters,
  startRtu,
  until,
} from './harness.js';
import { attempt, rawMaster, RawRtu } from './raw-peer.js';

/** An RTU that closes every connection at once; returns its `host:port`. */
async function closingRtu(onConnection: () => void): Promise<string> {
  const server = createServer((socket) => {
    onConnection();
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen({ host: RTU_HOST, port: 0 }, resolve));
  onTestFinished(() => void server.close());
  return `${RTU_HOST}:${(server.address() as AddressInfo).port}`;
}

describe('listener and RTU link', () => {
  it('refuses masters before the RTU is up, listens when it is', async () => {
    const rtu = await startRtu();
    const hosts = hostOf(rtu);
    await rtu.stop();
    const mux = await Multiplexer.start([{ hosts }]);
    await until('a first attempt', async () => (await mux.group()).rtu.lastError !== null);
    expect(await attempt(mux.port, masterAddress(1))).toBe('refused');
    expect((await mux.group()).listener).toEqual({ open: false, addresses: [] });
    expect(await mux.metric('mm2ss_rtu_up')).toBe(0);

    await rtu.start();
    await mux.listening();
    expect(await attempt(mux.port, masterAddress(1))).toBe('accepted');
    expect((await mux.group()).listener).toEqual({ open: true, addresses: [`127.0.0.1:${mux.port}`] });
    expect(await mux.metric('mm2ss_rtu_up')).toBe(1);
    expect(await mux.metric('mm2ss_listener_open')).toBe(1);
  });

  it('drops and refuses all masters when the RTU is lost, takes them back when it returns', async () => {
    const { rtu, mux } = await oneGroup();
    const masters = await startMasters(mux.port, 5);
    const standby = await rawMaster(mux.port, 6);
    await rtu.stop();
    await until('all masters dropped', () => masters.every((master) => !master.connected) && standby.closed);
    expect(await attempt(mux.port, masterAddress(1))).toBe('refused');
    await mux.logged({ msg: 'RTU link lost', group: '1' });
    const reasons = mux.lines.filter(
      ({ msg, reason }) => msg.startsWith('master disconnected') && reason === 'rtu_lost',
    );
    expect(reasons).toHaveLength(6);
    expect(await mux.metric('mm2ss_master_disconnects_total', { reason: 'rtu_lost' })).toBe(6);
    expect((await mux.group()).masters).toEqual([]);

    await rtu.start();
    await mux.listening();
    const [again] = await startMasters(mux.port, 1);
    const { rtu: link } = await mux.group();
    expect(again?.started).toBe(true);
    expect(link.connects).toBe(2);
    expect(link.linkEpoch).toBe(2);
  });

  it('tries hosts in turn: one that refuses, one that accepts and closes, one that works', async () => {
    let attempts = 0;
    const closingHost = await closingRtu(() => attempts++);
    const rtu = await startRtu();
    const nobody = `${RTU_HOST}:${await freePort()}`;
    const mux = await Multiplexer.start([{ hosts: `${nobody};${closingHost};${hostOf(rtu)}` }]);
    await until(
      'the third host',
      async () => (await mux.group()).rtu.endpoint === hostOf(rtu) && rtu.connections.length === 1,
    );
    expect(attempts).toBe(1);

    // A host that worked is tried first again; when it is gone for good, the others have their turn.
    const master = await startMaster(mux.port, 1);
    rtu.setValue(1000, 1);
    await until('an event', () => master.events.length === 1);
    rtu.dropConnections();
    await until('the working host again', () => rtu.connections.length === 1);
    expect(attempts).toBe(1);
    await rtu.stop();
    await until('the others have their turn', () => attempts >= 2);
    await rtu.start();
    await until('the working host in the end', () => rtu.connections.length === 1);
  });

  it('hosts that accept and close at once are not hammered', async () => {
    let attempts = 0;
    const hosts = [await closingRtu(() => attempts++), await closingRtu(() => attempts++)];
    await Multiplexer.start([{ hosts: hosts.join(';') }], { http: false });
    await until('a first round', () => attempts >= 2);
    // Pauses of one and of two seconds after the first two rounds.
    const from = performance.now();
    await until('some time', () => attempts > 6 || performance.now() - from > 2_500);
    expect(attempts).toBeLessThanOrEqual(6);
  });

  it('sends STARTDT to the RTU with the first started master only, STOPDT after the last', async () => {
    // The path is tested now and then, too.
    const orders = (): string[] => rtu.peer.functions.filter((name) => !name.startsWith('TESTFR'));
    const rtu = await RawRtu.start();
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu) }]);
    await mux.listening();
    // Connected without STARTDT: not yet a reason to start the RTU. The second's command shows that the first was seen.
    const connected = await rawMaster(mux.port, 1);
    await until('first master in', async () => (await mux.metric('mm2ss_masters', { state: 'stopped' })) === 1);
    expect(orders()).toEqual([]);

    await connected.startDataTransfer();
    await rtu.started();
    const second = await startMaster(mux.port, 2);
    expect(second.send(singleCommand(47, 5000, true))).toBe(true);
    await rtu.peer.asduCount(1);
    connected.close();
    await until('first master out', async () => (await mux.metric('mm2ss_masters', { state: 'started' })) === 1);
    await second.command('single 5001 on', { timeoutMs: 50 });
    await rtu.peer.asduCount(2);
    expect(orders()).toEqual(['STARTDT act']);
    expect((await mux.group()).rtu.state).toBe('started');

    await second.stopDataTransfer();
    await until('STOPDT act', () => orders().length === 2);
    expect(orders()).toEqual(['STARTDT act', 'STOPDT act']);
    await until('RTU stopped', async () => (await mux.group()).rtu.state === 'connected');
    await second.startDataTransfer();
    await until('STARTDT act again', () => orders().length === 3);
    expect(orders().at(-1)).toBe('STARTDT act');
    expect(rtu.connections).toHaveLength(1);
  });
});

describe('who may connect', () => {
  async function refusal(mux: Multiplexer, address: string, reason: string): Promise<void> {
    const before = (await mux.metric('mm2ss_masters_refused_total', { reason })) ?? 0;
    expect(await attempt(mux.port, address)).toBe('closed');
    const line = await mux.logged({ msg: 'refused', reason, level: 'warn' });
    expect(line.peer).toMatch(new RegExp(`^${address.replaceAll('.', '\\.')}:\\d+$`));
    expect(await mux.metric('mm2ss_masters_refused_total', { reason })).toBe(before + 1);
    expect(mux.lines.filter(({ msg, peer }) => peer === line.peer && msg.includes('refused'))).toHaveLength(1);
  }

  it("not the RTU's own address", async () => {
    const { mux } = await oneGroup();
    await refusal(mux, RTU_HOST, 'rtu_address');
    expect(await attempt(mux.port, masterAddress(1))).toBe('accepted');
  });

  it('only sources in the filter, hosts and networks', async () => {
    const { mux } = await oneGroup({ filter: '127.0.0.11;127.0.1.0/24' });
    await refusal(mux, '127.0.0.12', 'filter');
    expect(await attempt(mux.port, '127.0.0.11')).toBe('accepted');
    expect(await attempt(mux.port, '127.0.1.77')).toBe('accepted');
    const accepted = mux.lines.filter(({ msg }) => msg === 'master connected').map(({ peer }) => peer?.split(':')[0]);
    expect(accepted).toEqual(['127.0.0.11', '127.0.1.77']);
  });

  it('not more than max conn, and again when one has left', async () => {
    const { mux } = await oneGroup({ 'max conn': 2 });
    const [first] = await startMasters(mux.port, 2);
    await refusal(mux, masterAddress(3), 'max_connections');
    await first?.close();
    await until('one has left', async () => (await mux.group()).masters.length === 1);
    expect(await attempt(mux.port, masterAddress(3))).toBe('accepted');
  });

  it.each([
    ['max conn', { 'max conn': 1 }],
    ['same ip', { 'same ip': 'old' }],
  ])('a master that left is back at once, by FIN or RST, each time: %s', async (_rule, columns) => {
    const { mux } = await oneGroup(columns, {}, { limits: { connects: 1_000, 'connect-burst': 1_000 } });
    for (let round = 0; round < 40; round++) {
      const master = await rawMaster(mux.port, 1);
      await master.startDataTransfer();
      expect(master.closed).toBe(false);
      const left = once(master.socket, 'close');
      if (round % 2 === 0) master.close();
      else master.socket.resetAndDestroy();
      await left;
    }
    expect(mux.lines.filter(({ msg }) => msg.includes('refused'))).toEqual([]);
  });

  it('same ip = all: any number from one address', async () => {
    const { mux } = await oneGroup({ 'same ip': 'all' });
    const masters = [await startMaster(mux.port, 1), await startMaster(mux.port, 1), await startMaster(mux.port, 1)];
    expect(masters.map(({ started }) => started)).toEqual([true, true, true]);
    expect((await mux.group()).masters).toHaveLength(3);
  });

  it('same ip = old: the new connection is refused', async () => {
    const { mux } = await oneGroup({ 'same ip': 'old' });
    const old = await startMaster(mux.port, 1);
    await refusal(mux, masterAddress(1), 'same_ip');
    expect(old.started).toBe(true);
    expect((await startMaster(mux.port, 2)).started).toBe(true);
    expect((await mux.group()).masters).toHaveLength(2);
  });

  it('same ip = new: the old connection goes, others stay, even when the group is full', async () => {
    const { rtu, mux } = await oneGroup({ 'same ip': 'new', 'max conn': 2 });
    const old = await startMaster(mux.port, 1);
    const other = await startMaster(mux.port, 2);
    const young = await startMaster(mux.port, 1);
    await until('the old connection closed', () => !old.connected);
    await mux.logged({ reason: 'same_ip', msg: 'master disconnected' });
    expect(await mux.metric('mm2ss_master_disconnects_total', { reason: 'same_ip' })).toBe(1);
    rtu.setValue(1000, 1);
    await until('both have the event', () => other.events.length === 1 && young.events.length === 1);
    expect(old.events).toEqual([]);
  });

  it('listens with the backlog of the rule: masters x connections x 2', async () => {
    const listen = vi.spyOn(Server.prototype, 'listen');
    onTestFinished(() => void listen.mockRestore());
    const { mux } = await oneGroup({ 'max conn': 7 });
    const options = listen.mock.calls.map(([first]) => first as { port?: number; backlog?: number });
    expect(options.findLast(({ port }) => port === mux.port)?.backlog).toBe(28);
  });
});

describe('idle time', () => {
  it('closes a silent master, not one that speaks, and then a silent RTU', async () => {
    const rtu = await RawRtu.start();
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu), idletime: 2, t3: 20 }]);
    await mux.listening();
    const startedAt = performance.now();
    const silent = await rawMaster(mux.port, 1);
    const silentPeer = `${masterAddress(1)}:${silent.socket.localPort}`;
    const talking = await rawMaster(mux.port, 2);
    const chatter = setInterval(() => {
      if (!rtu.peer.closed) rtu.peer.sendOctets('680443000000');
      talking.sendOctets('680443000000');
    }, 200);
    onTestFinished(() => clearInterval(chatter));
    await until('the silent one is closed', () => silent.closed);
    expect(performance.now() - startedAt).toBeGreaterThan(1_900);
    await mux.logged({ reason: 'idle', peer: silentPeer });
    expect(talking.closed).toBe(false);
    expect(await mux.metric('mm2ss_master_disconnects_total', { reason: 'idle' })).toBe(1);
    const links = rtu.connections.length;
    expect(links).toBe(1);

    clearInterval(chatter);
    await until('the RTU link is made anew', () => rtu.connections.length === links + 1);
    const lost = await mux.logged({ msg: 'RTU link lost' });
    expect(lost.reason).toMatch(/^idle: nothing received for 2 s/);
    expect(talking.closed).toBe(true);
  });

  it('a dead RTU is found by TESTFR and t1 before the idle time', async () => {
    const rtu = await RawRtu.start({ confirm: false });
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu), t1: 2, t2: 1, t3: 1 }]);
    await mux.listening();
    const master = newMaster(mux.port, 1, { autoStart: false });
    await master.connect();
    await until('the link is made anew', () => rtu.connections.length === 2);
    expect(rtu.connections[0]?.functions).toEqual(['TESTFR act']);
    expect((await mux.logged({ msg: 'RTU link lost' })).reason).toMatch(/^LINK_T1_U: no TESTFR con/);
    await until('its master dropped', () => !master.connected);
  });
});
