import { stat } from 'node:fs/promises';
import {
  type Bus,
  type Denied,
  instancePrefix,
  MemoryBus,
  monitorUrls,
  nameInNkeyFile,
  NatsBus,
  type NatsOptions,
  type Waiting,
} from '@iec104mm2ss/bus';
import {
  type ConfigurationFile,
  type Environment,
  type GroupConfig,
  LOG_LEVELS,
  readConfigurationFile,
} from '@iec104mm2ss/config';
import { createLogger } from '@iec104mm2ss/observability';
import type { CompositionOptions } from '../composition.js';
import { type HealthServer, listenHealth, parseHttpAddress } from '../http/index.js';
import { type Runtime, systemRuntime } from '@iec104mm2ss/runtime';
import { type Command, Option } from 'commander';
import { groupsWithTls } from '../tls/tls-options.js';
import { formatFinding } from './check.js';
import { collect } from './collect.js';
import { UnavailableError, UsageError } from './errors.js';

type MonitoringOption = 'http' | 'httpHosts' | 'httpToken' | 'httpClients' | 'logLevel' | 'natsMonitors' | 'syslog';

/** Where health, metrics and status are served when nothing else is said. */
export const DEFAULT_HTTP = '127.0.0.1:9104';

/** Options that every long-running command has; the environment gives their defaults. */
export interface ProcessFlags {
  readonly ini?: string;
  readonly http?: string;
  readonly httpHost?: readonly string[];
  readonly httpToken?: string;
  /** The same, of those that ask. */
  readonly token?: string;
  readonly httpClient?: string;
  readonly httpCa?: string;
  readonly httpCert?: string;
  readonly httpKey?: string;
  readonly health?: string;
  readonly logLevel?: string;
  readonly syslog?: string;
  readonly syslogCa?: string;
  readonly syslogCert?: string;
  readonly syslogKey?: string;
  readonly holdSeconds?: string;
  readonly drain?: string;
  readonly limits?: string;
  readonly nats?: string;
  readonly natsCreds?: string;
  readonly natsNkey?: string;
  readonly natsName?: string;
  readonly natsCa?: string;
  readonly natsCert?: string;
  readonly natsKey?: string;
  readonly natsReplicas?: string;
  readonly natsMonitor?: string;
  readonly listen?: string;
  readonly group?: readonly string[];
  readonly tlsDir?: string;
  readonly crlExpired?: string;
  readonly tlsMaxAge?: string;
  readonly tlsHandshakes?: string;
  readonly tlsKeylog?: string;
  readonly insecureKeylogAllowed?: boolean;
}

/** `--group`, for what serves or shows some groups only. */
export function groupOption(flags: string, meaning: string): Option {
  return new Option(flags, `${meaning}: an id, a list (1,7), a range (5-20), or all; may be repeated`).argParser(
    collect,
  );
}

export function addProcessOptions(command: Command): Command {
  return command
    .option('-i, --ini <file>', 'configuration file (default: iec104mm2ss.csv, or MM2SS_INI)')
    .option('--http <host:port>', `metrics, health and status; off for none (default: ${DEFAULT_HTTP}, or MM2SS_HTTP)`)
    .option(
      '--http-host <name>',
      'another name under which metrics, health and status are asked; may be repeated (or MM2SS_HTTP_HOST)',
      collect,
    )
    .option(
      '--http-token <file>',
      'file with bearer tokens, one a line: all of HTTP asks for one of them (or MM2SS_HTTP_TOKEN)',
    )
    .option(
      '--http-client <names>',
      'certificates of those who may ask over HTTP, as in tls names: cn:prometheus;cn:ops. It is served over TLS then, with ' +
        'the files of --tls-dir, or those of its folder http/ (or MM2SS_HTTP_CLIENT)',
    )
    .option('--health <host:port>', 'liveness and readiness on a port of their own, open to all (or MM2SS_HEALTH)')
    .option(
      '--syslog <url>',
      'send security events to a syslog receiver (RFC 5424): tls://HOST:PORT, tcp:// or udp:// (or MM2SS_SYSLOG)',
    )
    .option('--syslog-ca <file>', 'PEM file of the authority that signed its certificate (or MM2SS_SYSLOG_CA)')
    .option('--syslog-cert <file>', 'PEM file of our certificate for it (or MM2SS_SYSLOG_CERT)')
    .option('--syslog-key <file>', 'PEM file of its key (or MM2SS_SYSLOG_KEY)')
    .option('--log-level <level>', `one of ${LOG_LEVELS.join(', ')} (default: info, or MM2SS_LOG_LEVEL)`)
    .option('--hold-seconds <seconds>', 'how long the loss of a part disturbs no master (default: 10)')
    .option('--limits <name=number,...>', 'bounds on what peers may do, see docs/limits.md (or MM2SS_LIMITS)');
}

export function addNatsOptions(command: Command): Command {
  return command
    .option(
      '--nats <url>',
      'NATS servers, separated by commas: nats://HOST:PORT or tls://HOST:PORT, with USER:PASSWORD@ or TOKEN@ before ' +
        'the host. Secrets belong into MM2SS_NATS instead: everybody on this machine can read a command line',
    )
    .option('--nats-creds <file>', 'NATS credentials file, JWT and seed (or MM2SS_NATS_CREDS)')
    .option('--nats-nkey <file>', 'file with the seed of an nkey, as mm2ss nats-auth writes them (or MM2SS_NATS_NKEY)')
    .option(
      '--nats-name <name>',
      'what the NATS server calls this process, where mm2ss nats-auth has made its configuration ' +
        '(default: what the file of --nats-nkey says; or MM2SS_NATS_NAME)',
    )
    .option(
      '--nats-ca <file>',
      'PEM file of the authority that signed the NATS server; switches TLS on (or MM2SS_NATS_CA)',
    )
    .option('--nats-cert <file>', 'PEM file of our certificate for NATS (or MM2SS_NATS_CERT)')
    .option('--nats-key <file>', 'PEM file of its key (or MM2SS_NATS_KEY)');
}

/** What a command needs that keeps something on the bus. */
export function addStorageOptions(command: Command): Command {
  return command
    .option(
      '--nats-replicas <1|3>',
      'copies of every stream and bucket: 3 in a cluster. What exists is raised to it, never lowered ' +
        '(default: 1, or MM2SS_NATS_REPLICAS)',
    )
    .option(
      '--nats-monitor <url>',
      'monitoring endpoints of the NATS servers, separated by commas: asked whether what they confirm survives a power ' +
        'failure (default: http://HOST:8222 of each, or MM2SS_NATS_MONITOR)',
    );
}

/** Certificates: of a process that shows one. */
export function addCertificateOptions(command: Command): Command {
  return command
    .option(
      '--tls-dir <folder>',
      'certificates for TLS with masters, RTUs and those who ask over HTTP: tls.crt, tls.key, ca.crt, *.crl; in <folder>/GROUP those of one group ' +
        '(or MM2SS_TLS_DIR)',
    )
    .option(
      '--crl-expired <warn|refuse>',
      'what becomes of peers whose CRL is missing or has expired (default: warn, or MM2SS_CRL_EXPIRED)',
    );
}

/** What TLS with masters and RTUs needs besides. */
export function addTlsOptions(command: Command): Command {
  return addCertificateOptions(command)
    .option(
      '--tls-max-age <duration>',
      'age at which the TLS session of a master ends, give or take a tenth: 24h, 90min; off for none (default: 24h, or ' +
        'MM2SS_TLS_MAX_AGE)',
    )
    .option('--tls-handshakes <number>', 'TLS handshakes at once (default: 20, or MM2SS_TLS_HANDSHAKES)')
    .option(
      '--tls-keylog <file>',
      'write the keys of all TLS sessions there, for Wireshark: whoever has them reads the traffic. Needs ' +
        '--insecure-keylog-allowed (or MM2SS_TLS_KEYLOG)',
    )
    .option('--insecure-keylog-allowed', 'yes, the keys may be written (or MM2SS_INSECURE_KEYLOG_ALLOWED=Y)');
}

/**
 * Says on standard error which groups need certificates that are not given: they are not served that way.
 *
 * @throws UsageError when no group is left
 */
export function checkTls({ tlsDir }: Environment, groups: readonly GroupConfig[], parts: readonly string[]): void {
  if (tlsDir !== undefined) return;
  const without = groupsWithTls(groups, parts);
  if (without.length === 0) return;
  const ids = without.map(({ id }) => id).join(', ');
  const reason = `group ${ids}: TLS is configured and --tls-dir (or MM2SS_TLS_DIR) is not given`;
  if (without.length === groups.length) throw new UsageError(reason);
  process.stderr.write(`mm2ss: ${reason}: not served that way\n`);
}

/** The flags by the names the environment knows. */
export function asEnvironmentFlags(flags: ProcessFlags): Record<string, string | undefined> {
  const { holdSeconds, drain, group, httpHost, httpClient, token, tlsMaxAge, insecureKeylogAllowed, ...same } = flags;
  const names = [
    'ini',
    'http',
    'httpToken',
    'httpCa',
    'httpCert',
    'httpKey',
    'health',
    'logLevel',
    'syslog',
    'syslogCa',
    'syslogCert',
    'syslogKey',
    'nats',
    'natsCreds',
    'natsNkey',
    'natsName',
    'natsCa',
    'natsCert',
    'natsKey',
    'natsReplicas',
    'natsMonitor',
    'listen',
    'limits',
    'tlsDir',
    'crlExpired',
    'tlsHandshakes',
    'tlsKeylog',
  ];
  const known = Object.fromEntries(Object.entries(same).filter(([name]) => names.includes(name)));
  const keylogAllowed = insecureKeylogAllowed === true ? 'Y' : undefined;
  return {
    ...known,
    tlsMaxAgeMs: tlsMaxAge,
    keylogAllowed,
    group: group?.join(','),
    holdMs: holdSeconds,
    drainMs: drain,
    httpHosts: httpHost?.join(','),
    httpClients: httpClient,
    ...(token === undefined ? {} : { httpToken: token }),
  };
}

/** What the NATS server calls this process; undefined where nobody has a name. */
function busNameOf({ nats, natsName, natsNkey }: Environment): string | undefined {
  if (nats.length === 0) return undefined;
  return natsName ?? (natsNkey === undefined ? undefined : nameInNkeyFile(natsNkey));
}

/** The runtime of this process, whose instance name begins with its name on the bus. */
export const runtimeOf = (environment: Environment): Runtime => systemRuntime(instancePrefix(busNameOf(environment)));

/**
 * The bus the environment asks for: NATS when there are servers, else the memory of this process, which keeps its journals, and
 * what outlives it, in files of `directory`. A server that refuses this process is waited for: it may be told of its user later.
 *
 * @param health says why it is waited for
 * @param does what the process is to the others
 */
export async function openBus(
  environment: Environment,
  runtime: Runtime,
  health: Pick<HealthServer, 'waits'> | undefined,
  does: Pick<NatsOptions, 'role' | 'allGroups' | 'listenOnly'>,
  directory?: string,
): Promise<Bus> {
  if (environment.nats.length === 0) {
    const { clock, instance } = runtime;
    return new MemoryBus({ clock, instance, directory });
  }
  const { logger } = createLogger({ level: environment.logLevel });
  const waiting: Waiting = (reason, kind) => {
    health?.waits(reason);
    if (kind === 'away') logger.warn({ reason }, 'waiting for NATS');
    else logger.error({ reason }, 'NATS refuses this process: waiting until it is let in');
  };
  return openNats(environment, runtime, waiting, { waitsWhenRefused: true, ...does });
}

/** How to reach the NATS servers that the environment names. */
export function natsOptionsOf(environment: Environment, runtime: Runtime): NatsOptions {
  const { nats, natsCreds, natsNkey, natsCa, natsCert, natsKey, natsReplicas, natsMonitor } = environment;
  const withoutTls = natsCa === undefined && natsCert === undefined && natsKey === undefined;
  return {
    servers: nats,
    runtime,
    credentialsFile: natsCreds,
    nkeyFile: natsNkey,
    name: busNameOf(environment),
    tls: withoutTls ? undefined : { caFile: natsCa, certFile: natsCert, keyFile: natsKey },
    replicas: natsReplicas,
    monitorUrl: natsMonitor,
  };
}

/** What the server does not let this process do, for people. */
export const deniedText = ({ operation, subject }: Denied): string =>
  `the NATS server does not permit ${operation === 'publish' ? 'to publish' : 'to subscribe'}: ${subject}`;

/** `waiting` hears, again and again, why there is no connection yet. */
export async function openNats(
  environment: Environment,
  runtime: Runtime,
  waiting: Waiting,
  options: Pick<NatsOptions, 'listenOnly' | 'waitsWhenRefused' | 'role' | 'allGroups'> = {},
): Promise<NatsBus> {
  try {
    return await NatsBus.connect({ ...natsOptionsOf(environment, runtime), ...options }, waiting);
  } catch (error) {
    throw new UnavailableError(`NATS: ${(error as Error).message}`);
  }
}

/** For whoever asks a process over HTTP. */
export function addAskingOptions(command: Command): Command {
  return command
    .option('--token <file>', 'file with the bearer token that HTTP asks for (or MM2SS_HTTP_TOKEN)')
    .option('--http-ca <file>', 'PEM file of the authority of its certificate: HTTP over TLS (or MM2SS_HTTP_CA)')
    .option('--http-cert <file>', 'PEM file of the certificate that HTTP asks for (or MM2SS_HTTP_CERT)')
    .option('--http-key <file>', 'PEM file of its key (or MM2SS_HTTP_KEY)');
}

/** What is the same of all long-running commands: how they are looked at from outside. */
export function monitoring(environment: Environment): Pick<CompositionOptions, MonitoringOption> {
  const { http = DEFAULT_HTTP, httpHosts, httpToken, httpClients, logLevel, tlsDir } = environment;
  const { nats, natsMonitor, syslog: target, syslogCa: ca, syslogCert: cert, syslogKey: key } = environment;
  if (httpClients.length > 0 && tlsDir === undefined) {
    throw new UsageError(
      '--http-client (or MM2SS_HTTP_CLIENT) needs --tls-dir (or MM2SS_TLS_DIR): HTTP has no certificate',
    );
  }
  return {
    http: parseHttpAddress(http),
    ...{ httpHosts, httpToken, httpClients, logLevel },
    natsMonitors: nats.length === 0 ? [] : monitorUrls(nats, natsMonitor),
    syslog: target === undefined ? undefined : { target, files: { ca, cert, key } },
  };
}

/** Serves liveness and readiness where they have a port of their own. */
export async function openHealth({ health }: Environment): Promise<HealthServer | undefined> {
  const address = health === undefined ? undefined : parseHttpAddress(health);
  return address === undefined ? undefined : await listenHealth(address);
}

/** Reads the file, and says on standard error what of it is not in force; throws when nothing of it is. */
export async function loadConfiguration(path: string): Promise<ConfigurationFile> {
  const file = await readConfigurationFile(path);
  const { configuration } = file;
  for (const problem of configuration.problems) {
    if (problem.severity !== 'note') process.stderr.write(`${path}: ${formatFinding(problem)}\n`);
  }
  if (configuration.groups.length === 0) {
    throw new UsageError(`${path}: no group could be loaded (mm2ss check ${path} says why)`);
  }
  return file;
}

/** A pipe is read once; a file may change. */
export async function isWatched({ path }: ConfigurationFile): Promise<boolean> {
  return (await stat(path)).isFile();
}
