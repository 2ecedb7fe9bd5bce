import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSourceRanges } from '@iec104mm2ss/config';
import type { Role } from '@iec104mm2ss/console-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UsageError } from '../../commands/errors.js';
import { BasicAccess } from './basic-access.js';
import { NoAccess } from './no-access.js';
import { parseUsers, userLine } from './password-file.js';
import { ProxyAccess } from './proxy-access.js';

/** The smallest that is taken. */
const COST = 2 ** 14;

type Asked = Pick<IncomingMessage, 'socket' | 'headers'>;

const from = (remoteAddress: string, headers: Record<string, string> = {}, encrypted = true): Asked =>
  ({ socket: { remoteAddress, encrypted }, headers }) as unknown as Asked;

describe('without users', () => {
  it.each<[string, Record<string, string>, Role]>([
    ['127.0.0.1', {}, 'operator'],
    ['::ffff:127.0.0.1', {}, 'operator'],
    ['::1', {}, 'operator'],
    ['10.1.1.1', {}, 'viewer'],
    ['127.0.0.1', { 'x-forwarded-for': '10.1.1.1' }, 'viewer'],
    ['127.0.0.1', { forwarded: 'for=10.1.1.1' }, 'viewer'],
    ['', {}, 'viewer'],
  ])('who comes from %s with %j is %s', (address, headers, role) => {
    expect(new NoAccess().callerOf(from(address, headers))).toEqual({ user: null, role });
  });
});

describe('behind a proxy', () => {
  const ranges = parseSourceRanges('10.1.0.0/24');
  const roles = new Map<Role, string[]>([
    ['operator', ['shift']],
    ['engineer', ['alice', 'scada admins']],
  ]);
  const access = new ProxyAccess({ mode: 'proxy', from: ranges.ok ? ranges.value : [], roles });

  it.each<[Record<string, string>, string, Role]>([
    [{ 'x-forwarded-user': 'bob' }, 'bob', 'viewer'],
    [{ 'x-forwarded-user': 'bob', 'x-forwarded-groups': 'office, shift' }, 'bob', 'operator'],
    [{ 'x-auth-request-user': 'alice', 'x-forwarded-user': 'bob' }, 'alice', 'engineer'],
    [{ 'remote-user': 'bob', 'remote-groups': 'shift|scada admins' }, 'bob', 'engineer'],
  ])('%j is %s, %s', (headers, user, role) => {
    expect(access.callerOf(from('10.1.0.7', headers))).toEqual({ user, role });
  });

  it('is believed only where it is, and when it says who asks', () => {
    expect(access.callerOf(from('10.2.0.7', { 'x-forwarded-user': 'alice' }))).toMatchObject({
      reason: 'not_the_proxy',
    });
    expect(access.callerOf(from('10.1.0.7'))).toMatchObject({ status: 403, reason: 'no_user' });
  });
});

describe('with a file of users', () => {
  const basic = (user: string, password: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  });

  async function bench() {
    const folder = mkdtempSync(join(tmpdir(), 'mm2ss-users-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'users');
    writeFileSync(path, `# ours\n\n${await userLine('alice', 'engineer', 'päss:word', COST)}\n`);
    const time = { now: 0 };
    const troubles: string[] = [];
    const access = new BasicAccess(path, { now: () => time.now }, (reason) => troubles.push(reason));
    return { access, path, time, troubles };
  }

  it('knows whoever has the password', async () => {
    const { access } = await bench();
    expect(await access.callerOf(from('10.1.1.1'))).toMatchObject({ status: 401, reason: undefined });
    expect(await access.callerOf(from('10.1.1.1', basic('alice', 'päss:word')))).toEqual({
      user: 'alice',
      role: 'engineer',
    });
    for (const wrong of [basic('alice', 'other'), basic('bob', 'päss:word'), basic('', '')]) {
      expect(await access.callerOf(from('10.1.1.1', wrong))).toMatchObject({ status: 401, reason: 'wrong_password' });
    }
  });

  it('tries a password once for all that a page asks for at the same time', async () => {
    const { access } = await bench();
    const asked = Array.from({ length: 30 }, () => access.callerOf(from('10.1.1.1', basic('alice', 'päss:word'))));
    expect(new Set((await Promise.all(asked)).map((caller) => JSON.stringify(caller))).size).toBe(1);
  });

  it('bounds the passwords that one address may try, and nobody else', async () => {
    const { access, time } = await bench();
    const attempt = (address: string) => access.callerOf(from(address, basic('alice', 'wrong')));
    for (let i = 0; i < 10; i++) expect(await attempt('10.1.1.1')).toMatchObject({ status: 401 });
    expect(await attempt('10.1.1.1')).toMatchObject({ status: 429, reason: 'too_many_passwords' });
    expect(await attempt('10.1.1.2')).toMatchObject({ status: 401 });
    time.now += 10_000;
    expect(await attempt('10.1.1.1')).toMatchObject({ status: 401 });
  });

  it.each<[string, Record<string, string>, boolean, boolean]>([
    ['10.1.1.1', {}, true, true],
    ['127.0.0.1', {}, false, true],
    ['::1', {}, false, true],
    ['10.1.1.1', { 'x-forwarded-proto': 'https' }, false, true],
    ['10.1.1.1', {}, false, false],
    ['10.1.1.1', { 'x-forwarded-proto': 'http' }, false, false],
    ['127.0.0.1', { 'x-forwarded-proto': 'http' }, false, false],
    ['10.1.1.1', { 'x-forwarded-proto': 'https, http' }, false, false],
  ])('from %s with %j, over TLS %s, a password is taken: %s', async (address, headers, encrypted, expected) => {
    const { access } = await bench();
    const [asked, given] = await Promise.all(
      [headers, { ...headers, ...basic('alice', 'päss:word') }].map((all) =>
        access.callerOf(from(address, all, encrypted)),
      ),
    );
    // Where it is not taken no browser is made to send it.
    expect(asked).toMatchObject(expected ? { status: 401 } : { status: 403, reason: 'plain_http' });
    expect(given).toMatchObject(expected ? { user: 'alice' } : { status: 403, reason: 'plain_http' });
  });

  it('takes another file without a restart, and keeps to the last good one', async () => {
    const { access, path, time, troubles } = await bench();
    const ask = () => access.callerOf(from('10.1.1.1', basic('alice', 'päss:word')));
    expect(await ask()).toMatchObject({ role: 'engineer' });
    writeFileSync(path, 'rubbish\n');
    time.now += 2_000;
    expect(await ask()).toMatchObject({ role: 'engineer' });
    expect(troubles).toEqual([expect.stringContaining('line 1')]);
    writeFileSync(path, `${await userLine('alice', 'viewer', 'päss:word', COST)}\n`);
    time.now += 2_000;
    expect(await ask()).toMatchObject({ role: 'viewer' });
    writeFileSync(path, `${await userLine('bob', 'viewer', 'another one', COST)}\n`);
    time.now += 2_000;
    expect(await ask()).toMatchObject({ status: 401 });
  });

  it.each([
    ['', 'there is nobody in it'],
    ['alice:engineer:plain', 'line 1'],
    ['alice:king:scrypt:32768:8:1:AAAA:AAAA', 'line 1'],
    ['alice:viewer:scrypt:1073741824:8:1:AAAA:AAAA', 'line 1'],
    ['alice:viewer:scrypt:4:8:1:AAAA:AAAA', 'line 1'],
  ])('refuses a file that has %j', (text, reason) => {
    expect(() => parseUsers(text, 'users')).toThrow(UsageError);
    expect(() => parseUsers(text, 'users')).toThrow(reason);
  });
});
