/** `mm2ss nats-reload` beside a real nats-server: what a new file of groups permits reaches clients that stay connected. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasNats, type NatsServer, startNatsProcess } from './nats-server.ts';
import { until } from './ports.ts';

const MM2SS = fileURLToPath(new URL('../../bin/mm2ss', import.meta.url));
const TAKEN = 'NATS has taken the configuration';

let folder: string;
let nats: NatsServer;
let reload: ChildProcess;
let log = '';
const open: NatsConnection[] = [];

const inFolder = (name: string): string => join(folder, name);
const times = (text: string): number => log.split(text).length - 1;

/** Writes the users for these groups, all in one connector. */
function permit(...ids: readonly number[]): void {
  const rows = ids.map((id) => `${id},RTU ${id},${2400 + id},${id},127.0.0.1:${3000 + id}`);
  writeFileSync(inFolder('groups.csv'), ['id,sys name,port no,rtu no,hosts', ...rows, ''].join('\n'));
  execFileSync(MM2SS, ['nats-auth', inFolder('groups.csv'), '-o', inFolder('nats'), '--groups-per-pod', '50']);
}

async function client(name: string): Promise<NatsConnection> {
  const seed = /^SU\w+$/m.exec(readFileSync(inFolder(`nats/${name}.nk`), 'utf8'))?.[0] ?? '';
  const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed));
  const inboxPrefix = `_INBOX.${name}`;
  const connection = await connect({ servers: nats.url, authenticator, inboxPrefix, reconnect: false });
  open.push(connection);
  return connection;
}

/** Whether a connector hears commands for a group now. */
async function hears(connector: NatsConnection, router: NatsConnection, group: number): Promise<boolean> {
  const subject = `iec104.v1.${group}.cmd`;
  // Below it comes what others say, each from an account of its own.
  let heard = false;
  let refused = false;
  const subscription = connector.subscribe(`from.*.${subject}`, {
    callback: (error) => {
      if (error) refused = true;
      else heard = true;
    },
  });
  await connector.flush();
  router.publish(subject, 'x');
  await router.flush();
  await until('the server answers', () => heard || refused);
  subscription.unsubscribe();
  return heard;
}

describe.skipIf(!hasNats)('mm2ss nats-reload', () => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mm2ss-e2e-reload-'));
    log = '';
    permit(1);
    const conf = inFolder('nats/server.conf');
    writeFileSync(conf, `pid_file: "${inFolder('pid')}"\ninclude authorization.conf\n`);
    // It can only be told after a moment that the server has read what was there before.
    await delay(200);
    nats = await startNatsProcess(['--config', conf]);
    const args = ['nats-reload', '--config', conf, '--pid-file', inFolder('pid'), '--monitor', nats.monitorUrl];
    reload = spawn(MM2SS, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    reload.stdout?.setEncoding('utf8').on('data', (text: string) => (log += text));
    await until('the server is left alone', () => times('NATS has the configuration already') === 1);
  });
  afterEach(async () => {
    for (const connection of open.splice(0)) await connection.close();
    const ended = new Promise((resolve) => reload.once('exit', resolve));
    reload.kill('SIGTERM');
    expect(await ended).toBe(0);
    await nats.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('gives clients what a new file permits, without cutting them off, and keeps the old one where the new one is broken', async () => {
    const [connector, router] = [await client('connector-0-49'), await client('router')];
    expect(await hears(connector, router, 1)).toBe(true);
    expect(await hears(connector, router, 2)).toBe(false);
    permit(1, 2);
    await until('the server has taken it', () => times(TAKEN) === 1);
    expect(await hears(connector, router, 2)).toBe(true);
    // Its account was there before: one reading was enough for what it asks JetStream, too.
    const answer = await connector.request('iec104.js.STREAM.INFO.IEC104_LOG_2', '', { timeout: 5_000 });
    expect(answer.json()).toMatchObject({ error: { description: 'stream not found' } });

    appendFileSync(inFolder('nats/authorization.conf'), 'broken {\n');
    await until('it is told', () => times('NATS has not taken the configuration') === 1);
    expect(await hears(connector, router, 2)).toBe(true);
    permit(1);
    await until('the server has taken it', () => times(TAKEN) === 2);
    expect(await hears(connector, router, 1)).toBe(true);
    expect(await hears(connector, router, 2)).toBe(false);
    expect([connector.isClosed(), router.isClosed()]).toEqual([false, false]);
  });

  it('lets a user who is new ask JetStream at once', async () => {
    permit(1, 51);
    await until('the server has taken it', () => times(TAKEN) === 1);
    const connector = await client('connector-50-99');
    const answer = await connector.request('iec104.js.STREAM.INFO.KV_iec104_leases', '', { timeout: 5_000 });
    expect(answer.json()).toMatchObject({ error: { description: 'stream not found' } });
  });

  it('does not open the server to everybody', async () => {
    writeFileSync(inFolder('nats/authorization.conf'), '# nothing\n');
    await until('it is told', () => log.includes('asks nobody any more'));
    await expect(connect({ servers: nats.url, reconnect: false })).rejects.toThrow();
    expect(times(TAKEN)).toBe(0);
  });
});
