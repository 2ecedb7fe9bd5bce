import { z } from 'zod';

import { parseEndpoint } from './endpoints.js';
import type { Endpoint } from './types.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How a process runs: what its command line and environment say, as opposed to the groups in the file. */
export interface Environment {
  /** `MM2SS_INI`, `--ini`: path of the configuration file. Default `iec104mm2ss.csv` in the working directory. */
  readonly ini: string;
  /** `MM2SS_HTTP`, `--http`: where health, metrics and status are served. Undefined = nowhere. Port 0 = any free one. */
  readonly http: Endpoint | undefined;
  /** `MM2SS_NATS`, `--nats`: NATS servers. Empty = the memory bus, everything in one process. */
  readonly nats: readonly string[];
  /** `MM2SS_LOG_LEVEL`, `--log-level`: default `info`. */
  readonly logLevel: LogLevel;
  /** `MM2SS_GROUP`, `--group`: the one group a connector serves. */
  readonly group: string | undefined;
  /** `MM2SS_LISTEN`, `--listen`: address the gateway's listeners bind to. Undefined = all addresses. */
  readonly listen: string | undefined;
  /** `MM2SS_HOLD_SECONDS`, `--hold-seconds`: how long a lost router or bus disturbs no master. Default 10 s. */
  readonly holdMs: number;
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
const NATS_SCHEMES = ['nats:', 'tls:', 'ws:', 'wss:'];

const SETTINGS = {
  ini: z.string().default(DEFAULT_INI),
  http: z
    .string()
    .transform((text, context): Endpoint => {
      const endpoint = parseEndpoint(text, { min: 0, max: 65535 });
      if (endpoint.ok) return endpoint.value;
      context.addIssue('must be HOST:PORT, for example 127.0.0.1:8080 or [::]:8080');
      return z.NEVER;
    })
    .optional(),
  nats: z
    .string()
    .transform((text) => text.split(',').map((url) => url.trim()))
    .refine((urls) => urls.every(isNatsUrl), 'must be one or more URLs such as nats://host:4222, separated by commas')
    .default([]),
  logLevel: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`))
    .default('info'),
  group: z
    .string()
    .regex(/^\d+$/, 'must be the id of a group, a number')
    // As in GroupConfig.id, or group 007 of the command line would not be group 7 of the file.
    .transform((text) => text.replace(/^0+(?=\d)/, ''))
    .optional(),
  listen: z.union([z.ipv4(), z.ipv6(), z.literal('localhost')], 'must be an IP address of this host').optional(),
  holdMs: z
    .string()
    .regex(/^\d{1,4}$/, 'must be whole seconds, 0..9999')
    .transform((text) => Number(text) * 1000)
    .default(DEFAULT_HOLD_SECONDS * 1000),
} satisfies Record<keyof Environment, z.ZodType>;

const NAMES: Readonly<Record<keyof Environment, { readonly variable: string; readonly flag: string }>> = {
  // No name may end in _PORT or _SERVICE_...: Kubernetes sets such variables for every Service it finds.
  ini: { variable: 'MM2SS_INI', flag: '--ini' },
  http: { variable: 'MM2SS_HTTP', flag: '--http' },
  nats: { variable: 'MM2SS_NATS', flag: '--nats' },
  logLevel: { variable: 'MM2SS_LOG_LEVEL', flag: '--log-level' },
  group: { variable: 'MM2SS_GROUP', flag: '--group' },
  listen: { variable: 'MM2SS_LISTEN', flag: '--listen' },
  holdMs: { variable: 'MM2SS_HOLD_SECONDS', flag: '--hold-seconds' },
};

function isNatsUrl(text: string): boolean {
  const url = URL.parse(text.includes('://') ? text : `nats://${text}`);
  return url !== null && NATS_SCHEMES.includes(url.protocol) && url.hostname !== '';
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
  if (!result.success || issues.length > 0) throw new EnvironmentError(issues);
  const { http, group, listen, ...others } = result.data;
  return { ...others, http, group, listen };
}
