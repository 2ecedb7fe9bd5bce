import { beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '@iec104mm2ss/config';
import type { TcpSocket } from '@iec104mm2ss/runtime';
import { FakeClock, FakeSocket, groupConfig, host } from '@iec104mm2ss/testing';
import { ConnectionLimits } from './connection-limits.js';
import { Door } from './door.js';

const BALANCER = '10.9.0.1';
const HEADER = 'PROXY TCP4 10.1.1.5 10.9.0.1 35371 2404\r\n';

let clock: FakeClock;
let door: Door;
/** What happened, and what a connection that came in has read. */
let told: string[];
let read: string;
let hold: Promise<void>;

beforeEach(() => {
  clock = new FakeClock();
  [told, read, hold] = [[], '', Promise.resolve()];
  const limits = { ...DEFAULT_LIMITS, connects: 1, 'connect-burst': 3, admissions: 2, waiting: 40 };
  door = new Door({
    config: () => groupConfig({ proxy: [host(BALANCER)], maxConnections: 1 }),
    clock,
    limits: new ConnectionLimits(limits, clock),
    enter: (socket: TcpSocket, { address, port }) => {
      told.push(`${address}:${port}`);
      socket.on('data', (chunk) => (read += chunk.toString('latin1')));
      socket.resume();
      return hold;
    },
    turnAway: (socket, peer, { code }) => {
      told.push(`${peer} ${code}`);
      socket.destroy();
    },
  });
});

async function settle(ms = 0): Promise<void> {
  for (let i = 0; i < 3; i++) {
    clock.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (ms > 0) await clock.advanceAsync(ms);
}

function come(address: string, port = 5_000): FakeSocket {
  const [client, accepted] = FakeSocket.pair(clock, address, port);
  void door.come(accepted);
  return client;
}

describe('a connection of a load balancer', () => {
  it('is that of the peer its header names, and nothing behind the header is lost', async () => {
    const client = come(BALANCER);
    for (const part of [HEADER.slice(0, 9), `${HEADER.slice(9)}abc`, 'def']) {
      client.write(Buffer.from(part));
      await settle();
    }
    await settle();
    expect([told, read]).toEqual([['10.1.1.5:35371'], 'abcdef']);
    expect(clock.pending).toBe(0);
  });

  it('must send its header within 2 s', async () => {
    come(BALANCER).write(Buffer.from('PROXY'));
    await settle(1_900);
    expect(told).toEqual([]);
    await settle(200);
    expect(told).toEqual([`${BALANCER}:5000 proxy_header`]);
  });

  it.each([
    ['anything else', Buffer.from([0x68, 4, 7, 0, 0, 0])],
    ['a header that is wrong', Buffer.from('PROXY TCP9 \r\n')],
  ])('is refused with %s', async (_, octets) => {
    come(BALANCER).write(octets);
    await settle();
    expect(told).toEqual([`${BALANCER}:5000 proxy_header`]);
  });

  it.each([
    ['closes at once', Buffer.alloc(0)],
    ['says that it is its own (LOCAL)', Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')],
    ['names nobody and closes', Buffer.from('PROXY UNKNOWN\r\n')],
    ['names itself and closes', Buffer.from(`PROXY TCP4 ${BALANCER} 127.0.0.1 5000 2404\r\n`)],
  ])('that %s is a health check', async (_, octets) => {
    const client = come(BALANCER);
    client.write(octets);
    await settle();
    client.end();
    await settle();
    expect(told).toEqual([`${BALANCER}:5000 health_check`]);
    expect(clock.pending).toBe(0);
  });

  it('that was reset before it could be looked at is taken for one of its health checks', async () => {
    const [, accepted] = FakeSocket.pair(clock, '', 0);
    await door.come(accepted);
    expect(told).toEqual([':0 health_check']);
  });

  it('that names its address with another port is that of a master beside it', async () => {
    come(BALANCER).write(Buffer.from(`PROXY TCP4 ${BALANCER} 127.0.0.1 5999 2404\r\n`));
    await settle();
    expect(told).toEqual([`${BALANCER}:5999`]);
  });

  it('that names nobody and goes on is its own', async () => {
    const client = come(BALANCER);
    client.write(Buffer.from('PROXY UNKNOWN\r\n'));
    await settle();
    client.write(Buffer.from('abc'));
    await settle();
    expect([told, read]).toEqual([[`${BALANCER}:5000`], 'abc']);
    come(BALANCER, 5_001).write(Buffer.from('PROXY UNKNOWN\r\n'));
    await settle(2_100);
    expect(told.at(-1)).toBe(`${BALANCER}:5001`);
  });

  it('counts for its peer: the balancer brings many, each of its peers only so many', async () => {
    for (let i = 0; i < 5; i++) come(BALANCER, 5_000 + i).write(Buffer.from(HEADER));
    for (let i = 0; i < 5; i++) come(BALANCER, 6_000 + i).write(Buffer.from(HEADER.replace('1.1.5', `1.1.${20 + i}`)));
    await settle();
    expect(told.filter((each) => each.endsWith('connects')).length).toBe(2);
    expect(told.filter((each) => !each.includes(' ')).length).toBe(8);
  });
});

describe('the door', () => {
  it('lets one source in as often as it may', async () => {
    for (let i = 0; i < 5; i++) come('10.0.0.1', 5_000 + i);
    await settle();
    expect(told.sort()).toEqual([0, 1, 2, 3, 4].map((i) => `10.0.0.1:500${i}${i < 3 ? '' : ' connects'}`));
  });

  it('lets so many in at once, the others when those are done', async () => {
    let done = (): void => undefined;
    hold = new Promise((resolve) => (done = resolve));
    for (let i = 0; i < 4; i++) come(`10.0.0.${i}`);
    await settle();
    expect(told).toEqual(['10.0.0.0:5000', '10.0.0.1:5000']);
    done();
    await settle();
    expect(told.length).toBe(4);
  });

  it('that closes ends whoever has not come in, and says nothing of them', async () => {
    hold = new Promise(() => undefined);
    const clients = [come('10.0.0.1'), come('10.0.0.2'), come('10.0.0.3'), come(BALANCER)];
    await settle();
    let ended = 0;
    for (const client of clients) client.on('end', () => ended++);
    for (const client of clients) client.resume();
    door.close();
    await settle(20_000);
    expect([told, ended]).toEqual([['10.0.0.1:5000', '10.0.0.2:5000'], 2]);
    expect(clock.pending).toBe(0);
  });
});
