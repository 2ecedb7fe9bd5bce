import { readEnvironment } from '@iec104mm2ss/config';
import { describe, expect, it } from 'vitest';
import { HttpAddressError } from '../http/index.js';
import { type ConsoleFlags, consoleFlags, consoleSettings } from './console-options.js';
import { UsageError } from './errors.js';

const settings = (flags: ConsoleFlags, without = false, variables: Record<string, string> = {}) =>
  consoleSettings(readEnvironment(variables, consoleFlags(flags)), without);

describe('the console of mm2ss run', () => {
  it('is there on this machine, unless the manual says otherwise', () => {
    expect(settings({})).toEqual({
      address: { host: '127.0.0.1', port: 9105 },
      hosts: [],
      access: { mode: 'none' },
      isOptional: true,
    });
    expect(settings({}, true)).toBeUndefined();
  });

  it('is where somebody wants it, or nowhere, whatever else is said', () => {
    expect(settings({ console: ':8080' }, true)).toMatchObject({ address: { port: 8080 }, isOptional: false });
    expect(settings({}, true, { MM2SS_CONSOLE: '127.0.0.1:1' })).toMatchObject({ address: { port: 1 } });
    expect(settings({ console: 'off' })).toBeUndefined();
    expect(() => settings({ console: 'nowhere' })).toThrow(HttpAddressError);
    expect(() => settings({ console: 'nowhere' })).toThrow('--console');
  });

  it('knows people as it is told', () => {
    const basic = { consoleAuth: 'basic', consoleUsers: 'users' };
    expect(settings(basic)?.access).toEqual({ mode: 'basic', file: 'users', proxies: [] });
    expect(settings({ ...basic, consoleProxy: '10.1.0.0/24' })?.access).toMatchObject({
      proxies: [{ text: '10.1.0.0/24' }],
    });
    const proxy = { consoleAuth: 'proxy', consoleProxy: '10.1.0.0/24;::1' };
    const { access } = settings({ ...proxy, consoleRoles: 'operator=a, b;engineer=c;operator=d' }) ?? {};
    expect(access).toMatchObject({ mode: 'proxy', from: [{ text: '10.1.0.0/24' }, { text: '::1' }] });
    expect(access?.mode === 'proxy' && [...access.roles]).toEqual([
      ['operator', ['a', 'b', 'd']],
      ['engineer', ['c']],
    ]);
  });

  it('is served over TLS where there is a folder for it', () => {
    expect(settings({ consoleTlsDir: 'certs' })?.tlsDir).toBe('certs');
    expect(settings({})?.tlsDir).toBeUndefined();
  });

  it('shows the RTU simulator that it is told of', () => {
    expect(settings({ simulator: 'http://127.0.0.1:9110' })?.simulator).toEqual({
      url: new URL('http://127.0.0.1:9110'),
      token: undefined,
    });
    expect(settings({})?.simulator).toBeUndefined();
  });

  it.each<[ConsoleFlags, string]>([
    [{ consoleAuth: 'basic' }, '--console-users'],
    [{ consoleAuth: 'proxy' }, '--console-proxy'],
    [{ consoleAuth: 'proxy', consoleProxy: ';' }, '--console-proxy'],
    [{ consoleAuth: 'proxy', consoleProxy: 'anywhere' }, '--console-proxy'],
    [{ consoleAuth: 'proxy', consoleProxy: '::1', consoleRoles: 'king=a' }, '--console-roles'],
    [{ consoleAuth: 'proxy', consoleProxy: '::1', consoleRoles: 'operator=' }, '--console-roles'],
    [{ simulatorToken: 'file' }, '--simulator'],
    [{ simulator: 'http://a', simulatorToken: '/nowhere/token' }, 'token file'],
    [{ consoleAuth: 'basic', consoleUsers: 'users', consoleProxy: 'anywhere' }, '--console-proxy'],
    // What nobody would ask for.
    [{ consoleUsers: 'users' }, '--console-users'],
    [{ consoleProxy: '::1' }, '--console-proxy'],
    [{ consoleRoles: 'operator=a' }, '--console-roles'],
    [{ consoleAuth: 'proxy', consoleProxy: '::1', consoleUsers: 'users' }, '--console-users'],
    [{ consoleAuth: 'basic', consoleUsers: 'users', consoleRoles: 'operator=a' }, '--console-roles'],
  ])('says what is missing: %j', (flags, what) => {
    expect(() => settings(flags)).toThrow(UsageError);
    expect(() => settings(flags)).toThrow(what);
  });

  it('knows no other ways', () => {
    expect(() => settings({ consoleAuth: 'ldap' })).toThrow('--console-auth');
  });
});
