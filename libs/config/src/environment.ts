import { z } from 'zod';
import { secondsOf } from './duration.js';
import { GroupSelection } from './group-selection.js';
import { DEFAULT_LIMITS, type Limits, parseLimits } from './limits.js';
import { parsePeerNames } from './peer-names.js';
import { parseSyslogTarget, type SyslogTarget } from './syslog-target.js';
import type { PeerName } from './types.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How a process runs: what its command line and environment say, as opposed to the groups in the file. */
export interface Environment {
  /** `MM2SS_INI`, `--ini`: path of the configuration file. Default `iec104mm2ss.csv` in the working directory. */
  readonly ini: string;
  /** `MM2SS_HTTP`, `--http`: where health, metrics and status are served, as text. Undefined = the command's default. */
  readonly http: string | undefined;
  /** `MM2SS_HTTP_HOST`, `--http-host`: names under which it is reached besides its own, separated by commas. */
  readonly httpHosts: readonly string[];
  /** `MM2SS_HTTP_TOKEN`, `--http-token`: file with the bearer tokens that HTTP asks for. Undefined = it asks for none. */
  readonly httpToken: string | undefined;
  /**
   * `MM2SS_HTTP_CLIENT`, `--http-client`: certificates of those who may ask over HTTP, which is served over TLS then. Empty = it
   * asks for none.
   */
  readonly httpClients: readonly PeerName[];
  /** `MM2SS_HTTP_CA`, `_CERT`, `_KEY`: PEM files of who asks over HTTP with TLS: whom it believes, its certificate, its key. */
  readonly httpCa: string | undefined;
  readonly httpCert: string | undefined;
  readonly httpKey: string | undefined;
  /** `MM2SS_CONSOLE`, `--console`: where the web console is served, as text. Undefined = the command's default. */
  readonly console: string | undefined;
  /** `MM2SS_CONSOLE_HOST`, `--console-host`: names under which it is reached besides its own, separated by commas. */
  readonly consoleHosts: readonly string[];
  /** `MM2SS_CONSOLE_AUTH`, `--console-auth`: how it knows who asks. Default `none`. */
  readonly consoleAuth: 'none' | 'basic' | 'proxy';
  /** `MM2SS_CONSOLE_TLS_DIR`, `--console-tls-dir`: folder with tls.crt and tls.key; undefined: no TLS. */
  readonly consoleTlsDir: string | undefined;
  /** `MM2SS_CONSOLE_USERS`, `--console-users`: file with the users, for `basic`. */
  readonly consoleUsers: string | undefined;
  /** `MM2SS_CONSOLE_PROXY`, `--console-proxy`: hosts and networks of the proxy, for `proxy`. */
  readonly consoleProxy: string | undefined;
  /** `MM2SS_CONSOLE_ROLES`, `--console-roles`: users and groups by role, for `proxy`. */
  readonly consoleRoles: string | undefined;
  /** `MM2SS_SIMULATOR`, `--simulator`: URL of `simulate rtus`, which the console shows. Undefined = it shows none. */
  readonly simulator: string | undefined;
  /** `MM2SS_SIMULATOR_TOKEN`, `--simulator-token`: file with the bearer token that the simulator asks for. */
  readonly simulatorToken: string | undefined;
  /** `MM2SS_HEALTH`, `--health`: where liveness and readiness are served apart from `http`, as text. */
  readonly health: string | undefined;
  /** `MM2SS_NATS`, `--nats`: NATS servers. Empty = the memory bus, everything in one process. */
  readonly nats: readonly string[];
  /** `MM2SS_NATS_CREDS`, `--nats-creds`: credentials file (JWT and seed). */
  readonly natsCreds: string | undefined;
  /** `MM2SS_NATS_NKEY`, `--nats-nkey`: file with the seed of an nkey. */
  readonly natsNkey: string | undefined;
  /** `MM2SS_NATS_NAME`, `--nats-name`: what the server calls this process. Undefined = as its nkey file says, or nothing. */
  readonly natsName: string | undefined;
  /** `MM2SS_NATS_CA`, `_CERT`, `_KEY`: PEM files for TLS; any of them switches TLS on, as a `tls://` URL does. */
  readonly natsCa: string | undefined;
  readonly natsCert: string | undefined;
  readonly natsKey: string | undefined;
  /** `MM2SS_NATS_REPLICAS`, `--nats-replicas`: copies of every stream and bucket. Default 1. */
  readonly natsReplicas: 1 | 3;
  /**
   * `MM2SS_NATS_MONITOR`, `--nats-monitor`: monitoring endpoints of the NATS servers, separated by commas, which say whether
   * they sync to disk before they confirm. Undefined = port 8222 of each server.
   */
  readonly natsMonitor: string | undefined;
  /** `MM2SS_SYSLOG`, `--syslog`: who gets the security events by syslog. Undefined = nobody. */
  readonly syslog: SyslogTarget | undefined;
  /** `MM2SS_SYSLOG_CA`, `_CERT`, `_KEY`: PEM files for it; without a CA those of Node.js count. */
  readonly syslogCa: string | undefined;
  readonly syslogCert: string | undefined;
  readonly syslogKey: string | undefined;
  /** `MM2SS_LOG_LEVEL`, `--log-level`: default `info`. */
  readonly logLevel: LogLevel;
  /** `MM2SS_GROUP`, `--group`: the groups a connector serves, `watch` shows, `audit` lists. */
  readonly group: GroupSelection | undefined;
  /** `MM2SS_LISTEN`, `--listen`: address the gateway's listeners bind to. Undefined = all addresses. */
  readonly listen: string | undefined;
  /** `MM2SS_HOLD_SECONDS`, `--hold-seconds`: how long a lost router or bus disturbs no master. Default 10 s. */
  readonly holdMs: number;
  /** `MM2SS_DRAIN_SECONDS`, `--drain`: over how long a gateway that ends disconnects its masters. Default 0: all at once. */
  readonly drainMs: number;
  /** `MM2SS_LIMITS`, `--limits`: bounds on what peers may do, `NAME=NUMBER,...`; see LIMITS. */
  readonly limits: Limits;
  /** `MM2SS_TLS_DIR`, `--tls-dir`: folder of the certificates for TLS with masters and RTUs. */
  readonly tlsDir: string | undefined;
  /** `MM2SS_CRL_EXPIRED`, `--crl-expired`: what a missing or expired CRL means. Default `warn`. */
  readonly crlExpired: 'warn' | 'refuse';
  /** `MM2SS_TLS_MAX_AGE`, `--tls-max-age`: age at which the TLS session of a master ends. Infinity: none. Default 24 h. */
  readonly tlsMaxAgeMs: number;
  /** `MM2SS_TLS_HANDSHAKES`, `--tls-handshakes`: handshakes at once. Default 20. */
  readonly tlsHandshakes: number;
  /** `MM2SS_TLS_KEYLOG`, `--tls-keylog`: file for the keys of all TLS sessions. Needs `keylogAllowed`. */
  readonly tlsKeylog: string | undefined;
  /** `MM2SS_INSECURE_KEYLOG_ALLOWED`, `--insecure-keylog-allowed`. */
  readonly keylogAllowed: boolean;
}

/** A setting of the process is wrong. */
export interface EnvironmentIssue {
  /** What to correct: the flag (`--http`) if it was given, else the variable (`MM2SS_HTTP`). */
  readonly source: string;
  readonly reason: string;
}

/** Lists every wrong setting. Values are not repeated in it, as a NATS URL may hold a password. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly code = 'ENVIRONMENT_INVALID';
  readonly issues: readonly EnvironmentIssue[];

  constructor(issues: readonly EnvironmentIssue[]) {
    super(issues.map(({ source, reason }) => `${source}: ${reason}`).join('; '));
    this.issues = issues;
  }
}

const DEFAULT_INI = 'iec104mm2ss.csv';
const DEFAULT_HOLD_SECONDS = 10;
const SHORTEST_TLS_AGE_MS = 60_000;
const LONGEST_TLS_AGE_MS = 30 * 86_400_000;
const DEFAULT_TLS_AGE_MS = 86_400_000;
const DEFAULT_TLS_HANDSHAKES = 20;
const HOST_NAME = /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/;
const NATS_SCHEMES = ['nats:', 'tls:'];

const HOST_NAMES = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim().toLowerCase()))
  .refine(
    (names) => names.every((name) => HOST_NAME.test(name)),
    'must be host names without a port, separated by commas',
  )
  .default([]);

const SETTINGS = {
  ini: z.string().default(DEFAULT_INI),
  http: z.string().optional(),
  httpHosts: HOST_NAMES,
  httpToken: z.string().optional(),
  httpClients: z
    .string()
    .transform((text, context) => {
      const names = parsePeerNames(text);
      if (names.ok) return names.value;
      context.addIssue({ code: 'custom', message: `must be names of certificates: ${names.reason}` });
      return z.NEVER;
    })
    .default([]),
  httpCa: z.string().optional(),
  httpCert: z.string().optional(),
  httpKey: z.string().optional(),
  console: z.string().optional(),
  consoleHosts: HOST_NAMES,
  consoleAuth: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(['none', 'basic', 'proxy'], 'must be none, basic or proxy'))
    .default('none'),
  consoleTlsDir: z.string().optional(),
  consoleUsers: z.string().optional(),
  consoleProxy: z.string().optional(),
  consoleRoles: z.string().optional(),
  simulator: z
    .string()
    .refine(isPlainHttpOrigin, 'must be the URL of mm2ss simulate rtus, such as http://127.0.0.1:9110')
    .optional(),
  simulatorToken: z.string().optional(),
  health: z.string().optional(),
  nats: z
    .string()
    .transform((text) => text.split(',').map((url) => url.trim()))
    .refine(
      (urls) => urls.every(isNatsUrl),
      'must be one or more URLs such as nats://host:4222, separated by commas; ' +
        'in a user, password or token, characters such as , / : @ # ? % are written as %2C %2F %3A %40 %23 %3F %25',
    )
    .default([]),
  natsCreds: z.string().optional(),
  natsCa: z.string().optional(),
  natsNkey: z.string().optional(),
  natsName: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be letters, digits, _ and - only')
    .optional(),
  natsCert: z.string().optional(),
  natsKey: z.string().optional(),
  natsReplicas: z
    .enum(['1', '3'], 'must be 1 or 3')
    .transform((text) => (text === '3' ? 3 : 1))
    .default(1),
  natsMonitor: z
    .string()
    .refine(
      (text) => text.split(',').every((url) => isHttpUrl(url.trim())),
      'must be one or more URLs such as http://host:8222, separated by commas',
    )
    .optional(),
  syslog: z
    .string()
    .transform((text, context) => {
      const target = parseSyslogTarget(text);
      if (target !== undefined) return target;
      context.addIssue({ code: 'custom', message: 'must be tls://HOST:PORT, tcp://HOST:PORT or udp://HOST:PORT' });
      return z.NEVER;
    })
    .optional(),
  syslogCa: z.string().optional(),
  syslogCert: z.string().optional(),
  syslogKey: z.string().optional(),
  logLevel: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`))
    .default('info'),
  group: z
    .string()
    .transform((text, context) => {
      try {
        return GroupSelection.parse([text]);
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message });
        return z.NEVER;
      }
    })
    .optional(),
  listen: z.union([z.ipv4(), z.ipv6(), z.literal('localhost')], 'must be an IP address of this host').optional(),
  holdMs: z
    .string()
    .regex(/^\d{1,4}$/, 'must be whole seconds, 0..9999')
    .transform((text) => Number(text) * 1000)
    .default(DEFAULT_HOLD_SECONDS * 1000),
  drainMs: z
    .string()
    .regex(/^\d{1,3}$/, 'must be whole seconds, 0..999')
    .transform((text) => Number(text) * 1000)
    .default(0),
  limits: z
    .string()
    .transform((text, context) => {
      const limits = parseLimits(text);
      if (limits.ok) return limits.value;
      context.addIssue({ code: 'custom', message: limits.reason });
      return z.NEVER;
    })
    .default(DEFAULT_LIMITS),
  tlsDir: z.string().optional(),
  crlExpired: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(['warn', 'refuse'], 'must be warn or refuse'))
    .default('warn'),
  tlsMaxAgeMs: z
    .string()
    .transform((text) => (text.toLowerCase() === 'off' ? Infinity : (secondsOf(text) ?? 0) * 1000))
    .refine(
      (ms) => ms === Infinity || (ms >= SHORTEST_TLS_AGE_MS && ms <= LONGEST_TLS_AGE_MS),
      'must be a duration with its unit, 1min to 30d, such as 24h; or off',
    )
    .default(DEFAULT_TLS_AGE_MS),
  tlsHandshakes: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'must be a number, 1..9999')
    .transform(Number)
    .default(DEFAULT_TLS_HANDSHAKES),
  tlsKeylog: z.string().optional(),
  keylogAllowed: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(['y', 'n'], 'must be Y or N'))
    .transform((text) => text === 'y')
    .default(false),
} satisfies Record<keyof Environment, z.ZodType>;

const NAMES: Readonly<Record<keyof Environment, { readonly variable: string; readonly flag: string }>> = {
  // No name may end in _PORT or _SERVICE_...: Kubernetes sets such variables for every Service it finds.
  ini: { variable: 'MM2SS_INI', flag: '--ini' },
  http: { variable: 'MM2SS_HTTP', flag: '--http' },
  httpHosts: { variable: 'MM2SS_HTTP_HOST', flag: '--http-host' },
  httpToken: { variable: 'MM2SS_HTTP_TOKEN', flag: '--http-token' },
  httpClients: { variable: 'MM2SS_HTTP_CLIENT', flag: '--http-client' },
  httpCa: { variable: 'MM2SS_HTTP_CA', flag: '--http-ca' },
  httpCert: { variable: 'MM2SS_HTTP_CERT', flag: '--http-cert' },
  httpKey: { variable: 'MM2SS_HTTP_KEY', flag: '--http-key' },
  console: { variable: 'MM2SS_CONSOLE', flag: '--console' },
  consoleHosts: { variable: 'MM2SS_CONSOLE_HOST', flag: '--console-host' },
  consoleAuth: { variable: 'MM2SS_CONSOLE_AUTH', flag: '--console-auth' },
  consoleTlsDir: { variable: 'MM2SS_CONSOLE_TLS_DIR', flag: '--console-tls-dir' },
  consoleUsers: { variable: 'MM2SS_CONSOLE_USERS', flag: '--console-users' },
  consoleProxy: { variable: 'MM2SS_CONSOLE_PROXY', flag: '--console-proxy' },
  consoleRoles: { variable: 'MM2SS_CONSOLE_ROLES', flag: '--console-roles' },
  simulator: { variable: 'MM2SS_SIMULATOR', flag: '--simulator' },
  simulatorToken: { variable: 'MM2SS_SIMULATOR_TOKEN', flag: '--simulator-token' },
  health: { variable: 'MM2SS_HEALTH', flag: '--health' },
  nats: { variable: 'MM2SS_NATS', flag: '--nats' },
  natsCreds: { variable: 'MM2SS_NATS_CREDS', flag: '--nats-creds' },
  natsCa: { variable: 'MM2SS_NATS_CA', flag: '--nats-ca' },
  natsNkey: { variable: 'MM2SS_NATS_NKEY', flag: '--nats-nkey' },
  natsName: { variable: 'MM2SS_NATS_NAME', flag: '--nats-name' },
  natsCert: { variable: 'MM2SS_NATS_CERT', flag: '--nats-cert' },
  natsKey: { variable: 'MM2SS_NATS_KEY', flag: '--nats-key' },
  natsReplicas: { variable: 'MM2SS_NATS_REPLICAS', flag: '--nats-replicas' },
  natsMonitor: { variable: 'MM2SS_NATS_MONITOR', flag: '--nats-monitor' },
  syslog: { variable: 'MM2SS_SYSLOG', flag: '--syslog' },
  syslogCa: { variable: 'MM2SS_SYSLOG_CA', flag: '--syslog-ca' },
  syslogCert: { variable: 'MM2SS_SYSLOG_CERT', flag: '--syslog-cert' },
  syslogKey: { variable: 'MM2SS_SYSLOG_KEY', flag: '--syslog-key' },
  logLevel: { variable: 'MM2SS_LOG_LEVEL', flag: '--log-level' },
  group: { variable: 'MM2SS_GROUP', flag: '--group' },
  listen: { variable: 'MM2SS_LISTEN', flag: '--listen' },
  holdMs: { variable: 'MM2SS_HOLD_SECONDS', flag: '--hold-seconds' },
  drainMs: { variable: 'MM2SS_DRAIN_SECONDS', flag: '--drain' },
  limits: { variable: 'MM2SS_LIMITS', flag: '--limits' },
  tlsDir: { variable: 'MM2SS_TLS_DIR', flag: '--tls-dir' },
  crlExpired: { variable: 'MM2SS_CRL_EXPIRED', flag: '--crl-expired' },
  tlsMaxAgeMs: { variable: 'MM2SS_TLS_MAX_AGE', flag: '--tls-max-age' },
  tlsHandshakes: { variable: 'MM2SS_TLS_HANDSHAKES', flag: '--tls-handshakes' },
  tlsKeylog: { variable: 'MM2SS_TLS_KEYLOG', flag: '--tls-keylog' },
  keylogAllowed: { variable: 'MM2SS_INSECURE_KEYLOG_ALLOWED', flag: '--insecure-keylog-allowed' },
};

function isNatsUrl(text: string): boolean {
  const url = URL.parse(text.includes('://') ? text : `nats://${text}`);
  if (url === null || !NATS_SCHEMES.includes(url.protocol) || url.hostname === '') return false;
  try {
    return [url.username, url.password].every((part) => decodeURIComponent(part) !== undefined);
  } catch {
    return false;
  }
}

/** `http://host:port` without a path, user or query: the simulator serves nothing below one, and no TLS. */
function isPlainHttpOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.protocol === 'http:' && url.hostname !== '' && `${url.origin}/` === url.href;
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && ['http:', 'https:'].includes(url.protocol) && url.hostname !== '';
}

/** Command line flags as typed, by the name of the setting. */
export type EnvironmentFlags = { readonly [setting in keyof Environment]?: string | undefined };

/**
 * Reads the `MM2SS_...` variables of `env`; a flag overrides its variable. A variable that is empty or blank is unset,
 * since that is how a chart leaves one out; an empty flag is an error. Other variables are ignored.
 *
 * @throws {EnvironmentError} naming every variable or flag that is wrong.
 */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  flags: EnvironmentFlags = {},
): Environment {
  const texts: Partial<Record<keyof Environment, string>> = {};
  const issues: EnvironmentIssue[] = [];
  for (const setting of Object.keys(NAMES) as (keyof Environment)[]) {
    const flag = flags[setting]?.trim();
    if (flag === '') issues.push({ source: NAMES[setting].flag, reason: 'must not be empty' });
    const text = flag ?? env[NAMES[setting].variable]?.trim();
    if (text) texts[setting] = text;
  }

  const result = z.object(SETTINGS).safeParse(texts);
  for (const issue of result.error?.issues ?? []) {
    const setting = issue.path[0] as keyof Environment;
    const { flag, variable } = NAMES[setting];
    issues.push({ source: flags[setting] === undefined ? variable : flag, reason: issue.message });
  }
  if (result.success && result.data.tlsKeylog !== undefined && !result.data.keylogAllowed) {
    const { flag, variable } = NAMES.tlsKeylog;
    issues.push({
      source: flags.tlsKeylog === undefined ? variable : flag,
      reason: 'must be together with --insecure-keylog-allowed: whoever has these keys reads the traffic',
    });
  }
  if (!result.success || issues.length > 0) throw new EnvironmentError(issues);
  // What is not set is there, and undefined.
  const unset = Object.fromEntries(Object.keys(NAMES).map((setting) => [setting, undefined])) as {
    [S in keyof Environment]: undefined;
  };
  return { ...unset, ...result.data };
}
