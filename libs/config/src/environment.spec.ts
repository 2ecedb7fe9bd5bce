import { expect, test } from 'vitest';

import type { GroupSelection } from './group-selection.js';
import { DEFAULT_LIMITS } from './limits.js';
import { EnvironmentError, readEnvironment, type EnvironmentFlags } from './environment.js';

const DEFAULTS = {
  ini: 'iec104mm2ss.csv',
  http: undefined,
  httpHosts: [],
  console: undefined,
  consoleHosts: [],
  consoleAuth: 'none',
  consoleTlsDir: undefined,
  consoleUsers: undefined,
  consoleProxy: undefined,
  consoleRoles: undefined,
  simulator: undefined,
  simulatorToken: undefined,
  nats: [],
  logLevel: 'info',
  group: undefined,
  listen: undefined,
  natsCreds: undefined,
  natsNkey: undefined,
  natsName: undefined,
  natsCa: undefined,
  natsCert: undefined,
  natsKey: undefined,
  natsMonitor: undefined,
  httpToken: undefined,
  httpClients: [],
  httpCa: undefined,
  httpCert: undefined,
  httpKey: undefined,
  health: undefined,
  syslog: undefined,
  syslogCa: undefined,
  syslogCert: undefined,
  syslogKey: undefined,
  natsReplicas: 1,
  holdMs: 10_000,
  drainMs: 0,
  limits: DEFAULT_LIMITS,
  tlsDir: undefined,
  crlExpired: 'warn',
  tlsMaxAgeMs: 86_400_000,
  tlsHandshakes: 20,
  tlsKeylog: undefined,
  keylogAllowed: false,
};

test('defaults; empty variables are unset; other variables are ignored', () => {
  expect(readEnvironment({})).toEqual(DEFAULTS);
  const env = {
    MM2SS_INI: '',
    MM2SS_NATS: ' ',
    MM2SS_HTTP: undefined,
    MM2SS_PORT: 'tcp://10.0.0.1:2404',
    PATH: '/bin',
  };
  expect(readEnvironment(env)).toEqual(DEFAULTS);
});

test('every variable', () => {
  expect(
    readEnvironment({
      MM2SS_INI: '/etc/mm2ss/groups.csv',
      MM2SS_HTTP: '[::]:8080',
      MM2SS_HTTP_HOST: 'MM2SS.plant.example, mm2ss',
      MM2SS_CONSOLE: ':9105',
      MM2SS_CONSOLE_HOST: 'Console.example',
      MM2SS_CONSOLE_AUTH: 'Basic',
      MM2SS_CONSOLE_TLS_DIR: '/run/tls',
      MM2SS_CONSOLE_USERS: '/run/users',
      MM2SS_CONSOLE_PROXY: '10.1.0.0/24',
      MM2SS_CONSOLE_ROLES: 'operator=shift',
      MM2SS_SIMULATOR: 'http://127.0.0.1:9110',
      MM2SS_SIMULATOR_TOKEN: '/run/token',
      MM2SS_NATS: 'nats://nats-0:4222, tls://nats-1:4222,nats-2:4222',
      MM2SS_LOG_LEVEL: 'DEBUG',
      MM2SS_GROUP: '0111, 5-20',
      MM2SS_LISTEN: '10.1.1.1',
      MM2SS_HOLD_SECONDS: '5',
      MM2SS_DRAIN_SECONDS: '15',
      MM2SS_LIMITS: 'connects=3, u-frames=7',
      MM2SS_TLS_DIR: '/run/tls',
      MM2SS_CRL_EXPIRED: 'Refuse',
      MM2SS_TLS_MAX_AGE: '90min',
      MM2SS_TLS_HANDSHAKES: '7',
      MM2SS_TLS_KEYLOG: 'keys',
      MM2SS_INSECURE_KEYLOG_ALLOWED: 'Y',
      MM2SS_NATS_CREDS: '/run/nats.creds',
      MM2SS_NATS_CA: 'ca.pem',
      MM2SS_NATS_CERT: 'cert.pem',
      MM2SS_NATS_KEY: 'key.pem',
      MM2SS_NATS_REPLICAS: '3',
      MM2SS_NATS_MONITOR: 'http://nats-0:8222, https://nats-1:8222',
      MM2SS_HTTP_TOKEN: '/run/token',
      MM2SS_HTTP_CLIENT: 'cn:prometheus; dns:Ops.example',
      MM2SS_HTTP_CA: 'http-ca.pem',
      MM2SS_HTTP_CERT: 'http-own.pem',
      MM2SS_HTTP_KEY: 'http-own-key.pem',
      MM2SS_HEALTH: ':9105',
      MM2SS_SYSLOG: 'tls://siem.example',
      MM2SS_SYSLOG_CA: 'siem.pem',
      MM2SS_SYSLOG_CERT: 'own.pem',
      MM2SS_SYSLOG_KEY: 'own-key.pem',
    }),
  ).toEqual({
    ini: '/etc/mm2ss/groups.csv',
    http: '[::]:8080',
    httpHosts: ['mm2ss.plant.example', 'mm2ss'],
    console: ':9105',
    consoleHosts: ['console.example'],
    consoleAuth: 'basic',
    consoleTlsDir: '/run/tls',
    consoleUsers: '/run/users',
    consoleProxy: '10.1.0.0/24',
    consoleRoles: 'operator=shift',
    simulator: 'http://127.0.0.1:9110',
    simulatorToken: '/run/token',
    nats: ['nats://nats-0:4222', 'tls://nats-1:4222', 'nats-2:4222'],
    logLevel: 'debug',
    group: expect.objectContaining({ single: undefined }) as GroupSelection,
    listen: '10.1.1.1',
    natsCreds: '/run/nats.creds',
    natsCa: 'ca.pem',
    natsCert: 'cert.pem',
    natsKey: 'key.pem',
    natsReplicas: 3,
    natsMonitor: 'http://nats-0:8222, https://nats-1:8222',
    httpToken: '/run/token',
    httpClients: [
      { kind: 'cn', value: 'prometheus', text: 'cn:prometheus' },
      { kind: 'dns', value: 'ops.example', text: 'dns:Ops.example' },
    ],
    httpCa: 'http-ca.pem',
    httpCert: 'http-own.pem',
    httpKey: 'http-own-key.pem',
    health: ':9105',
    syslog: { scheme: 'tls', host: 'siem.example', port: 6514 },
    syslogCa: 'siem.pem',
    syslogCert: 'own.pem',
    syslogKey: 'own-key.pem',
    holdMs: 5_000,
    drainMs: 15_000,
    limits: { ...DEFAULT_LIMITS, connects: 3, 'u-frames': 7 },
    tlsDir: '/run/tls',
    crlExpired: 'refuse',
    tlsMaxAgeMs: 5_400_000,
    tlsHandshakes: 7,
    tlsKeylog: 'keys',
    keylogAllowed: true,
  });
});

test('a flag overrides its variable, even a wrong one', () => {
  expect(readEnvironment({ MM2SS_HTTP: 'wrong', MM2SS_INI: 'a.csv' }, { http: '127.0.0.1:0' })).toEqual({
    ...DEFAULTS,
    ini: 'a.csv',
    http: '127.0.0.1:0',
  });
});

test.each<[Record<string, string>, EnvironmentFlags, string[]]>([
  [{ MM2SS_HTTP_CLIENT: 'prometheus' }, {}, ['MM2SS_HTTP_CLIENT']],
  [{}, { httpClients: 'cn:*' }, ['--http-client']],
  [{ MM2SS_NATS_REPLICAS: '2' }, {}, ['MM2SS_NATS_REPLICAS']],
  [{ MM2SS_NATS: 'http://nats:4222' }, {}, ['MM2SS_NATS']],
  [{ MM2SS_NATS_MONITOR: 'nats:8222' }, {}, ['MM2SS_NATS_MONITOR']],
  [{ MM2SS_NATS_MONITOR: 'nats://nats:8222' }, {}, ['MM2SS_NATS_MONITOR']],
  [{ MM2SS_NATS_MONITOR: 'http://a:8222,,' }, {}, ['MM2SS_NATS_MONITOR']],
  [{}, { natsMonitor: 'http://' }, ['--nats-monitor']],
  [{ MM2SS_NATS: 'nats://a:4222,,' }, {}, ['MM2SS_NATS']],
  [{ MM2SS_NATS: 'ws://a:4222' }, {}, ['MM2SS_NATS']],
  [{ MM2SS_NATS: 'nats://user:50%@a:4222' }, {}, ['MM2SS_NATS']],
  [{ MM2SS_NATS: 'nats://user:a,b@a:4222' }, {}, ['MM2SS_NATS']],
  [{ MM2SS_LOG_LEVEL: 'loud' }, {}, ['MM2SS_LOG_LEVEL']],
  [{ MM2SS_GROUP: 'RTU-ABB' }, {}, ['MM2SS_GROUP']],
  [{ MM2SS_LISTEN: 'eth0' }, {}, ['MM2SS_LISTEN']],
  [{ MM2SS_HOLD_SECONDS: '-1' }, {}, ['MM2SS_HOLD_SECONDS']],
  [{}, { drainMs: '1.5' }, ['--drain']],
  [{}, { nats: 'ftp://x' }, ['--nats']],
  [{}, { simulator: '127.0.0.1:9110' }, ['--simulator']],
  [{}, { simulator: 'https://sim:9110' }, ['--simulator']],
  [{}, { simulator: 'http://sim:9110/path' }, ['--simulator']],
  [{}, { simulator: 'http://user@sim:9110' }, ['--simulator']],
  [{}, { simulator: 'http://sim:9110?x' }, ['--simulator']],
  [{ MM2SS_CRL_EXPIRED: 'ignore' }, {}, ['MM2SS_CRL_EXPIRED']],
  [{}, { tlsMaxAgeMs: '24' }, ['--tls-max-age']],
  [{}, { tlsMaxAgeMs: '31d' }, ['--tls-max-age']],
  [{ MM2SS_TLS_HANDSHAKES: '0' }, {}, ['MM2SS_TLS_HANDSHAKES']],
  [{}, { tlsKeylog: 'keys' }, ['--tls-keylog']],
  [{ MM2SS_TLS_KEYLOG: 'keys' }, {}, ['MM2SS_TLS_KEYLOG']],
  [{ MM2SS_INI: 'a.csv' }, { ini: '' }, ['--ini']],
  [
    { MM2SS_NATS_REPLICAS: 'x', MM2SS_LOG_LEVEL: 'y' },
    { listen: 'z' },
    ['MM2SS_NATS_REPLICAS', 'MM2SS_LOG_LEVEL', '--listen'],
  ],
])('%j with flags %j names what to correct', (env, flags, sources) => {
  let thrown: unknown;
  try {
    readEnvironment(env, flags);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(EnvironmentError);
  const { issues, message, code } = thrown as EnvironmentError;
  expect(code).toBe('ENVIRONMENT_INVALID');
  expect(issues.map(({ source }) => source)).toEqual(sources);
  for (const source of sources) expect(message).toContain(`${source}: must`);
});

test('an error does not repeat the value, which may hold a password', () => {
  expect(() => readEnvironment({ MM2SS_NATS: 'http://user:secret@nats' })).not.toThrow(/secret/);
  expect(() => readEnvironment({ MM2SS_NATS: 'http://user:secret@nats' })).toThrow(EnvironmentError);
});
