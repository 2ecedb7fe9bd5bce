/** As the chart has it: only the list of users is given, `mm2ss nats-users` and `nats-reload` write of it what a real nats-server reads. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasNats, type NatsServer, startNatsProcess } from './nats-server.ts';
import { mm2ss } from './operator.ts';
import { until } from './ports.ts';

const MM2SS = fileURLToPath(new URL('../../bin/mm2ss', import.meta.url));
const TAKEN = 'NATS has taken the configuration';

let folder: string;
let nats: NatsServer;
let reload: ChildProcess;
let log = '';

const inFolder = (name: string): string => join(folder, name);
const times = (text: string): number => log.split(text).length - 1;

/** Lists the users for these groups, and returns who they are. */
function list(...ids: readonly number[]): string[] {
  const rows = ids.map((id) => `${id},RTU ${id},${2400 + id},${id},127.0.0.1:${3000 + id}`);
  writeFileSync(inFolder('groups.csv'), ['id,sys name,port no,rtu no,hosts', ...rows, ''].join('\n'));
  execFileSync(MM2SS, ['nats-auth', inFolder('groups.csv'), '-o', inFolder('nats')]);
  const { users } = JSON.parse(readFileSync(inFolder('nats/users.json'), 'utf8')) as { users: { name: string }[] };
  return users.map(({ name }) => name);
}

/** Gives the list to the pod, as a whole. */
function give(): void {
  copyFileSync(inFolder('nats/users.json'), inFolder('given/next'));
  renameSync(inFolder('given/next'), inFolder('given/users.json'));
}

/** Fails when the server does not let the user in. */
async function client(name: string): Promise<NatsConnection> {
  const seed = /^SU\w+$/m.exec(readFileSync(inFolder(`nats/${name}.nk`), 'utf8'))?.[0] ?? '';
  const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed));
  return connect({ servers: nats.url, authenticator, inboxPrefix: `_INBOX.${name}`, reconnect: false });
}

/** Whether the user is let in, and can ask JetStream what every part asks. */
async function asks(name: string): Promise<boolean> {
  const connection = await client(name);
  const subject = name === 'setup' ? 'IEC104_LOG_1' : name === 'watcher' ? 'IEC104_AUDIT' : 'KV_iec104_leases';
  try {
    const answer = await connection.request(`iec104.js.STREAM.INFO.${subject}`, '', { timeout: 5_000 });
    return answer.json<{ error?: { description?: string } }>().error?.description === 'stream not found';
  } finally {
    await connection.close();
  }
}

describe.skipIf(!hasNats)('a list of users beside a nats-server', () => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mm2ss-e2e-user-list-'));
    log = '';
    for (const name of ['given', 'conf', 'users']) mkdirSync(inFolder(name));
    list(1, 2);
    give();
    const [given, written] = [inFolder('given/users.json'), inFolder('users/authorization.conf')];
    execFileSync(MM2SS, ['nats-users', given, '-o', written]);
    const conf = inFolder('conf/server.conf');
    writeFileSync(conf, `pid_file: "${inFolder('pid')}"\njetstream {}\ninclude "../users/authorization.conf"\n`);
    // It can only be told after a moment that the server has read what was there before.
    await delay(200);
    nats = await startNatsProcess(['--config', conf]);
    const args = ['nats-reload', '--config', conf, '--pid-file', inFolder('pid'), '--monitor', nats.monitorUrl];
    reload = spawn(MM2SS, [...args, '--users', given, '--authorization', written], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    reload.stdout?.setEncoding('utf8').on('data', (text: string) => (log += text));
    await until('the server is left alone', () => times('NATS has the configuration already') === 1);
  });
  afterEach(async () => {
    const ended = new Promise((resolve) => reload.once('exit', resolve));
    reload.kill('SIGTERM');
    expect(await ended).toBe(0);
    await nats.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is written as nats-auth writes it, and lets each user in, and nobody else', async () => {
    expect(readFileSync(inFolder('users/authorization.conf'), 'utf8')).toBe(
      readFileSync(inFolder('nats/authorization.conf'), 'utf8'),
    );
    for (const name of list(1, 2).filter((each) => each !== 'console')) expect(await asks(name), name).toBe(true);
    await (await client('console')).close();
    const status = (name: string) => mm2ss('status', '--nats', nats.url, '--nats-nkey', inFolder(`nats/${name}.nk`));
    const [console, watcher] = await Promise.all([status('console'), status('watcher')]);
    expect(console).toMatchObject({ code: 1, text: expect.stringContaining('no process answers') });
    expect(watcher).toMatchObject({ code: 1, text: expect.stringContaining('may not ask for the status') });
    await expect(connect({ servers: nats.url, reconnect: false })).rejects.toThrow(/authorization/i);
  });

  it('lets the user of a group that is added in at once, without a restart, and that of one that is gone no more', async () => {
    const pid = readFileSync(inFolder('pid'), 'utf8');
    const stays = await client('connector-1');
    list(1, 2, 333);
    await expect(client('connector-333')).rejects.toThrow(/authorization/i);
    give();
    await until('the server has taken it', () => times(TAKEN) === 1);
    expect(await asks('connector-333')).toBe(true);
    list(1, 333);
    give();
    await until('the server has taken it', () => times(TAKEN) === 2);
    await expect(client('connector-2')).rejects.toThrow(/authorization/i);
    expect(stays.isClosed()).toBe(false);
    expect(readFileSync(inFolder('pid'), 'utf8')).toBe(pid);
    await stays.close();
  });

  it('stays in force when the new one is broken, is of a release to come, or is gone', async () => {
    const whole = readFileSync(inFolder('given/users.json'), 'utf8');
    const broken = [whole.slice(0, -10), whole.replace('"format": 1', '"format": 2'), undefined] as const;
    for (const [index, text] of broken.entries()) {
      if (text === undefined) rmSync(inFolder('given/users.json'));
      else writeFileSync(inFolder('given/users.json'), text);
      await until('it is told', () => times('is not handed on') === index + 1);
      expect(await asks('connector-1')).toBe(true);
    }
    expect(log).toMatch(/no list of users: it is no JSON/);
    expect(log).toMatch(/of format 2, and this program knows 1 only/);
    expect(log).toMatch(/users\.json cannot be read \(ENOENT\)/);
    expect(times(TAKEN)).toBe(0);
  });
});
