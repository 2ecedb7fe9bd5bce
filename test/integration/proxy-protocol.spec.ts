/** Masters behind a load balancer: haproxy, and headers made by hand. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UFunction, uFormat } from '@iec104mm2ss/iec104';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import {
  eventsOf,
  freePort,
  GATEWAY_HOST,
  masterAddress,
  type Multiplexer,
  newMaster,
  oneGroup,
  startMaster,
  until,
} from './harness.js';

const BALANCER = '127.0.0.70';
const COLUMNS = {
  proxy: BALANCER,
  masters: `A=${masterAddress(1)}`,
  filter: `${masterAddress(1)};${masterAddress(2)}`,
};
const haproxy = requireTool('haproxy');

interface Frontend {
  readonly port: number;
  stop(): void;
}

/** haproxy in front of the multiplexer, which checks it every 200 ms. @param send its option for the header */
async function startHaproxy(target: number, send: string): Promise<Frontend> {
  const directory = mkdtempSync(join(tmpdir(), 'mm2ss-haproxy-'));
  const port = await freePort();
  writeFileSync(
    join(directory, 'haproxy.cfg'),
    [
      'defaults',
      '  mode tcp',
      '  timeout connect 2s',
      '  timeout client 1m',
      '  timeout server 1m',
      'listen masters',
      `  bind 127.0.0.71:${port}`,
      `  server mm2ss ${GATEWAY_HOST}:${target} ${send} source ${BALANCER} check inter 200ms`,
      '',
    ].join('\n'),
  );
  const program = spawn(haproxy as string, ['-db', '-q', '-f', join(directory, 'haproxy.cfg')], { stdio: 'ignore' });
  onTestFinished(() => {
    program.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  return { port, stop: () => void program.kill('SIGKILL') };
}

async function healthChecks(mux: Multiplexer): Promise<number> {
  return (await mux.metric('mm2ss_master_connections_refused_total', { reason: 'health_check' })) ?? 0;
}

describe.skipIf(haproxy === undefined)('masters behind haproxy', () => {
  it.each(['send-proxy', 'send-proxy-v2'])(
    'with %s are who they are, and its health checks are quiet',
    async (send) => {
      const { rtu, mux } = await oneGroup(COLUMNS);
      const all = eventsOf(rtu);
      const { port } = await startHaproxy(mux.port, send);
      await until('haproxy has looked', async () => (await healthChecks(mux)) > 3);
      const named = newMaster(port, 1, { host: '127.0.0.71' });
      const other = newMaster(port, 2, { host: '127.0.0.71' });
      await Promise.all([named.connect(), other.connect()]);
      const { masters } = await mux.group();
      const seen = masters.map(({ peer, name }) => `${(peer ?? '').replace(/:\d+$/, '')} ${name ?? '-'}`).sort();
      expect(seen).toEqual([`${masterAddress(1)} A`, `${masterAddress(2)} -`]);
      rtu.burst(500);
      expect((await named.command('single 5000 on')).result).toBe('positive');
      await until('every event', () => named.events.length >= all.length && other.events.length >= all.length);
      expect(named.events).toEqual(all);
      const stranger = newMaster(port, 3, { host: '127.0.0.71' });
      await expect(stranger.connect()).rejects.toThrow();
      expect((await mux.logged({ reason: 'filter' })).peer).toContain(masterAddress(3));
      const warnings = mux.lines.filter(({ level, reason }) => level === 'warn' && reason !== 'filter');
      expect(warnings).toEqual([]);
    },
  );
});

/** A connection from the load balancer's address, or another one. */
async function raw(port: number, localAddress: string, ...parts: readonly (string | Uint8Array)[]): Promise<Socket> {
  const socket = connect({ host: GATEWAY_HOST, port, localAddress });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  for (const part of parts) socket.write(part);
  return socket;
}

const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.resume().once('close', resolve));

describe('the header of the PROXY protocol', () => {
  it('is required from a load balancer, within 2 s', async () => {
    const { mux } = await oneGroup(COLUMNS);
    const from = performance.now();
    const silent = await raw(mux.port, BALANCER);
    const direct = await raw(mux.port, BALANCER, uFormat(UFunction.STARTDT_ACT));
    await closed(direct);
    expect(performance.now() - from).toBeLessThan(1_500);
    await closed(silent);
    expect(performance.now() - from).toBeGreaterThan(1_900);
    expect(performance.now() - from).toBeLessThan(4_000);
    expect(await mux.metric('mm2ss_master_connections_refused_total', { reason: 'proxy_header' })).toBe(2);
    expect(await mux.logged({ event: 'proxy_header_refused' })).toMatchObject({ event_id: 'MM2SS:4.6', level: 'warn' });
  });

  it('is refused from others, who need none', async () => {
    const { mux } = await oneGroup(COLUMNS);
    await startMaster(mux.port, 1);
    const liar = await raw(mux.port, masterAddress(2), `PROXY TCP4 ${masterAddress(1)} 127.0.0.1 1 2404\r\n`);
    await closed(liar);
    const line = await mux.logged({ event: 'proxy_header_refused' });
    expect(line).toMatchObject({ reason: 'not_a_proxy', event_id: 'MM2SS:4.6' });
    expect(line.peer).toContain(masterAddress(2));
    expect((await mux.group()).masters.length).toBe(1);
  });

  it('may come in pieces, and with the first APDU in one', async () => {
    const { mux } = await oneGroup(COLUMNS);
    const header = `PROXY TCP4 ${masterAddress(1)} 127.0.0.1 40000 2404\r\n`;
    const answered = async (socket: Socket): Promise<string> =>
      new Promise((resolve) => socket.once('data', (chunk: Buffer) => resolve(chunk.toString('hex'))));
    const whole = await raw(mux.port, BALANCER, Buffer.concat([Buffer.from(header), uFormat(UFunction.STARTDT_ACT)]));
    expect(await answered(whole)).toMatch(/^68040b000000/);
    const pieces = await raw(mux.port, BALANCER, header.slice(0, 7));
    pieces.setNoDelay(true);
    const reply = answered(pieces);
    for (const octet of Buffer.concat([Buffer.from(header.slice(7)), uFormat(UFunction.STARTDT_ACT)])) {
      pieces.write(Buffer.from([octet]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await reply).toMatch(/^68040b000000/);
    expect((await mux.group()).masters.map(({ name }) => name)).toEqual(['A', 'A']);
  });
});
