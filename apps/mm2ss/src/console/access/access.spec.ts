import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSourceRanges } from '@iec104mm2ss/config';
import type { Role } from '@iec104mm2ss/console-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UsageError } from '../../commands/errors.js';
import type { Caller } from './access.js';
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

  async function bench(proxies = '') {
    const folder = mkdtempSync(join(tmpdir(), 'mm2ss-users-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'users');
    const line = await userLine('alice', 'engineer', 'päss:word', COST);
    writeFileSync(path, `# ours\n\n${line}\n`);
    const time = { now: 0 };
    const troubles: string[] = [];
    const ranges = parseSourceRanges(proxies);
    const access = new BasicAccess(path, ranges.ok ? ranges.value : [], { now: () => time.now }, (reason) =>
      troubles.push(reason),
    );
    const ask = (address: string, user: string, password: string, headers: Record<string, string> = {}) =>
      access.callerOf(from(address, { ...headers, ...basic(user, password) }));
    /** Guesses until it may not any more. @returns how many passwords were tried */
    let guesses = 0;
    const guess = async (address: string, user: string, headers: Record<string, string> = {}): Promise<number> => {
      for (let tried = 0; tried < 100; tried++) {
        const { status } = (await ask(address, user, `guess ${guesses++}`, headers)) as { status?: number };
        if (status === 429) return tried;
      }
      return 100;
    };
    return { access, path, line, time, troubles, ask, guess };
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

  it('bounds the passwords that are tried of a user from one address', async () => {
    const { guess, time, ask } = await bench();
    expect(await guess('10.1.1.1', 'alice')).toBe(10);
    expect(await ask('10.1.1.1', 'alice', 'one more')).toMatchObject({ status: 429, reason: 'too_many_passwords' });
    time.now += 10_000;
    expect(await guess('10.1.1.1', 'alice')).toBe(1);
    // Nobody else is locked out by that: neither another user there, nor the same one elsewhere.
    expect(await ask('10.1.1.1', 'bob', 'wrong')).toMatchObject({ status: 401 });
    expect(await ask('10.1.1.2', 'alice', 'päss:word')).toMatchObject({ user: 'alice' });
  });

  it('bounds what one address tries by going through names, and an IPv6 address is all of its network', async () => {
    const { ask } = await bench();
    const through = async (address: (count: number) => string): Promise<number> => {
      for (let count = 0; ; count++) {
        const { status } = (await ask(address(count), `user${count}`, address(0))) as { status?: number };
        if (status === 429 || count === 100) return count;
      }
    };
    expect(await through(() => '10.1.1.1')).toBe(60);
    expect(await through((count) => `2001:db8::${count.toString(16)}:1`)).toBe(60);
    expect(await ask('2001:db8:0:1::1', 'user', 'wrong')).toMatchObject({ status: 401 });
  });

  it('lets in who was let in before, whoever guesses at his name, from wherever', async () => {
    const { ask, guess, time } = await bench();
    expect(await ask('10.1.1.1', 'alice', 'päss:word')).toMatchObject({ user: 'alice' });
    expect(await guess('10.1.1.1', 'alice')).toBe(10);
    time.now += 600_000;
    expect(await guess('10.1.1.1', 'alice')).toBe(10);
    expect(await ask('10.1.1.1', 'alice', 'päss:word')).toMatchObject({ user: 'alice' });
  });

  it('gives nobody more tries at others for an account of his own', async () => {
    const { ask, guess, path, line, time } = await bench();
    writeFileSync(path, `${line}\n${await userLine('eve', 'viewer', 'her own', COST)}\n`);
    time.now += 2_000;
    expect(await guess('10.1.1.1', 'alice')).toBe(10);
    expect(await ask('10.1.1.1', 'eve', 'her own')).toMatchObject({ user: 'eve' });
    expect(await guess('10.1.1.1', 'alice')).toBe(0);
  });

  it('does not count the same wrong password again: a tab that was left open is not one who guesses', async () => {
    const { ask, path, time } = await bench();
    const old = () => ask('10.1.1.1', 'alice', 'that of yesterday');
    for (let count = 0; count < 100; count++) expect(await old()).toMatchObject({ status: 401 });
    expect(await ask('10.1.1.1', 'alice', 'päss:word')).toMatchObject({ user: 'alice' });
    // It is tried again once the file says something else of its user.
    writeFileSync(path, `${await userLine('alice', 'viewer', 'that of yesterday', COST)}\n`);
    time.now += 2_000;
    expect(await old()).toMatchObject({ user: 'alice', role: 'viewer' });
  });

  it('counts by the address that the proxy names, and by no other one', async () => {
    const { guess, ask } = await bench('10.9.0.0/24');
    const via = (text: string) => ({ 'x-forwarded-for': text });
    expect(await guess('10.9.0.1', 'alice', via('1.1.1.1, 10.1.1.1, 10.9.0.2'))).toBe(10);
    // What stands further in front he may have written himself.
    expect(await guess('10.9.0.1', 'alice', via('2.2.2.2, 10.1.1.1'))).toBe(0);
    expect(await ask('10.9.0.1', 'alice', 'päss:word', via('10.1.1.2'))).toMatchObject({ user: 'alice' });
    // Who is no proxy is not believed.
    expect(await guess('10.1.1.3', 'alice', via('3.3.3.3'))).toBe(10);
    expect(await guess('10.1.1.3', 'alice', via('4.4.4.4'))).toBe(0);
  });

  it.each<[string, (line: string) => string | Promise<string>, boolean]>([
    ['the same', (line) => `# new\n${line}`, true],
    ['without him', () => userLine('bob', 'viewer', 'another one', COST), false],
    ['with another role', (line) => line.replace('engineer', 'viewer'), false],
    ['with another password', () => userLine('alice', 'engineer', 'another one', COST), false],
  ])('knows of somebody who is there whether he still may be: a file %s', async (_, next, expected) => {
    const { access, ask, path, line, time } = await bench();
    const caller = await ask('10.1.1.1', 'alice', 'päss:word');
    expect(access.isStill(caller as Caller)).toBe(true);
    writeFileSync(path, `${await next(line)}\n`);
    time.now += 2_000;
    expect(access.isStill(caller as Caller)).toBe(expected);
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
