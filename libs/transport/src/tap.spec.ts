import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { DEFAULT_LINK_PARAMETERS, uFormat, UFunction } from '@iec104mm2ss/iec104';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { Connection } from './connection.js';
import { DeadlineScheduler } from './deadline-scheduler.js';
import { Tap, type TapRecord } from './tap.js';

describe('a tap', () => {
  const sockets: Socket[] = [];
  afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));

  /** A connection of ours in the controlled role, and the other end of it. */
  async function bench(tap: Tap, peer?: { address: string; port: number }) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const master = connect(port, '127.0.0.1');
    const [socket] = (await once(server, 'connection')) as [Socket];
    server.close();
    sockets.push(master, socket);
    let closed: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (closed = resolve));
    const options = { ...DEFAULT_LINK_PARAMETERS, role: 'controlled' as const, tap, ...(peer && { peer }) };
    const connection = new Connection(
      socket,
      options,
      { onApdus: () => undefined, onClosed: () => closed() },
      new DeadlineScheduler(SYSTEM_CLOCK),
    );
    return { connection, master, port, ended };
  }

  const act = uFormat(UFunction.STARTDT_ACT);
  const con = uFormat(UFunction.STARTDT_CON);
  const hex = (octets: Uint8Array | undefined): string => Buffer.from(octets ?? []).toString('hex');

  it('hears how a connection begins, what is read and written with the octets before it, and how it ends', async () => {
    const tap = new Tap();
    const heard: TapRecord[] = [];
    tap.listen(({ octets, ...record }) => heard.push({ ...record, ...(octets && { octets: octets.slice() }) }));
    const { master, port, ended } = await bench(tap);
    master.write(act);
    await once(master, 'data');
    // Half an APDU, and the rest of it.
    for (const part of [act.subarray(0, 2), act.subarray(2)]) {
      const before = heard.length;
      master.write(part);
      while (heard.length === before) await new Promise(setImmediate);
    }
    master.end();
    await ended;
    const told = heard.map(({ kind, octets, received, sent, aligned }) => [kind, hex(octets), received, sent, aligned]);
    expect(told.slice(0, 4)).toEqual([
      ['open', '', 0, 0, undefined],
      ['in', hex(act), 0, 0, true],
      ['out', hex(con), 6, 0, undefined],
      ['in', hex(act.subarray(0, 2)), 6, 6, true],
    ]);
    expect(told[4]).toEqual(['in', hex(act.subarray(2)), 8, 6, false]);
    expect(heard.at(-1)).toMatchObject({ kind: 'peer-closed', reason: 'closed by the peer', received: 12 });
    const [ends] = heard.map((record) => record.ends);
    expect(ends).toEqual({
      local: { address: '127.0.0.1', port },
      remote: { address: '127.0.0.1', port: master.localPort ?? heard[0]?.ends.remote.port },
      controlling: false,
    });
    expect(new Set(heard.map((record) => record.ends)).size).toBe(1);
  });

  it.each([
    ['close', 'closed'],
    ['reset', 'reset'],
  ] as const)('hears %s of our own, with the reason', async (how, kind) => {
    const tap = new Tap();
    const heard: TapRecord[] = [];
    tap.listen((record) => heard.push(record));
    const { connection } = await bench(tap, { address: '10.1.1.5', port: 7 });
    connection[how]({ code: 'idle', message: 'enough' });
    expect(heard.at(-1)).toMatchObject({ kind, reason: 'enough', ends: { remote: { address: '10.1.1.5', port: 7 } } });
  });

  it('tells nobody who has stopped listening', async () => {
    const tap = new Tap();
    const heard: TapRecord[] = [];
    const stop = tap.listen((record) => heard.push(record));
    expect(tap.listening).toBe(true);
    stop();
    expect(tap.listening).toBe(false);
    const { master } = await bench(tap);
    master.write(act);
    await once(master, 'data');
    expect(heard).toEqual([]);
  });
});
