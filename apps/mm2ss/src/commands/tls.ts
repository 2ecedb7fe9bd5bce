import { readConfiguration, parsePeerNames } from '@iec104mm2ss/config';
import { createSilentLogger } from '@iec104mm2ss/observability';
import { SYSTEM_CLOCK, SYSTEM_NETWORK } from '@iec104mm2ss/runtime';
import {
  openTlsStore,
  probeTls,
  reportTlsFiles,
  type PeerName,
  type TlsMaterial,
  type TlsProfile,
} from '@iec104mm2ss/tls';
import { type Command, Option } from 'commander';
import { UsageError } from './errors.js';
import { tlsCheckOf, formatTlsCheck } from './tls-check.js';
import { formatProbe } from './tls-probe.js';

const DEFAULT_TIMEOUT_S = 5;
const LONGEST_TIMEOUT_S = 300;
const PROFILES: readonly TlsProfile[] = ['iec62351', 'modern'];

interface CheckFlags {
  readonly ini?: string;
  readonly tlsDir?: string;
  readonly json?: boolean;
}

interface ProbeFlags {
  readonly tlsDir?: string;
  readonly group?: string;
  readonly names?: string;
  readonly profile: TlsProfile;
  readonly crlExpired: 'warn' | 'refuse';
  readonly timeout: string;
  readonly json?: boolean;
}

const tlsDir = (): Option =>
  new Option('--tls-dir <dir>', 'folder with tls.crt, tls.key, ca.crt, *.crl, and <group>/ (or MM2SS_TLS_DIR)');

/** `mm2ss tls check` and `mm2ss tls probe`. */
export function registerTls(program: Command): void {
  const tls = program.command('tls').description('look at certificates, and at the TLS of a peer');
  tls
    .command('check')
    .description('say what the files for TLS are worth, as a set and for each group')
    .addOption(tlsDir())
    .option('-i, --ini <file>', 'configuration file: what its groups need is checked too')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExit code: 0 when all sets can be used, 1 when something is at fault, 2 when it cannot be read.',
    )
    .action(check);
  tls
    .command('probe')
    .description('connect to a peer with TLS, show what it says, and explain what goes wrong; nothing of 104 is sent')
    .argument('<host:port>', 'where it listens, for instance 10.1.1.7:19998')
    .addOption(tlsDir())
    .option('--group <id>', 'use the files of this group')
    .option('--names <names>', 'what its certificate must say, as in "rtu names": dns:rtu-7.example;cn:rtu-7')
    .addOption(new Option('--profile <profile>', 'what is offered').choices(PROFILES).default('iec62351'))
    .addOption(
      new Option('--crl-expired <what>', 'what becomes of it when a CRL is missing or has expired')
        .choices(['warn', 'refuse'])
        .default('warn'),
    )
    .option('--timeout <seconds>', 'for the connection, and for the handshake', String(DEFAULT_TIMEOUT_S))
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExit code: 0 when it works and the peer is accepted, 1 when not, 2 wrong usage.')
    .action(probe);
}

async function check({ ini, json, ...flags }: CheckFlags): Promise<void> {
  const dir = folderOf(flags.tlsDir);
  if (dir === undefined) throw new UsageError('--tls-dir DIR is needed (or MM2SS_TLS_DIR)');
  const groups = ini === undefined ? undefined : (await readConfiguration(ini)).groups;
  const sets = await reportTlsFiles(dir, SYSTEM_CLOCK.wallMs()).catch((error: unknown) => {
    throw new UsageError(`${dir} cannot be read: ${(error as Error).message}`);
  });
  const result = tlsCheckOf(sets, groups);
  process.stdout.write(json === true ? `${JSON.stringify(result, null, 2)}\n` : formatTlsCheck(result));
  process.exitCode = result.ok ? 0 : 1;
}

async function probe(
  target: string,
  { json, names, profile, crlExpired, timeout, group, ...flags }: ProbeFlags,
): Promise<void> {
  const { host, port } = targetOf(target);
  const seconds = Number(timeout);
  if (!(seconds > 0 && seconds <= LONGEST_TIMEOUT_S)) {
    throw new UsageError(`--timeout: 1 to ${LONGEST_TIMEOUT_S} seconds`);
  }
  const wanted = namesOf(names);
  const dir = folderOf(flags.tlsDir);
  if (dir === undefined && (names ?? group) !== undefined) throw new UsageError('--names and --group need --tls-dir');
  const result = await probeTls({
    host,
    port,
    network: SYSTEM_NETWORK,
    clock: SYSTEM_CLOCK,
    material: dir === undefined ? undefined : await materialOf(dir, crlExpired, group ?? '', profile),
    names: wanted,
    timeoutMs: seconds * 1000,
  });
  process.stdout.write(json === true ? `${JSON.stringify(result, null, 2)}\n` : formatProbe(target, result, wanted));
  process.exitCode = result.outcome === 'ok' ? 0 : 1;
}

/** As the processes have it, with the same checks. */
async function materialOf(
  dir: string,
  crlExpired: 'warn' | 'refuse',
  group: string,
  profile: TlsProfile,
): Promise<TlsMaterial> {
  const store = await openTlsStore({ dir, crlExpired, clock: SYSTEM_CLOCK, logger: createSilentLogger() });
  try {
    return store.material(group, profile);
  } catch (error) {
    throw new UsageError(`${(error as Error).message} (mm2ss tls check --tls-dir ${dir} says more)`);
  } finally {
    store.stop();
  }
}

function targetOf(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535) throw new UsageError(`'${text}' is not HOST:PORT`);
  return { host, port };
}

function namesOf(text: string | undefined): readonly PeerName[] | undefined {
  if (text === undefined) return undefined;
  const parsed = parsePeerNames(text);
  if (!parsed.ok) throw new UsageError(`--names: ${parsed.reason}`);
  if (parsed.value.length === 0) throw new UsageError('--names: no name is given');
  return parsed.value;
}

function folderOf(given: string | undefined): string | undefined {
  return given ?? process.env['MM2SS_TLS_DIR'];
}
