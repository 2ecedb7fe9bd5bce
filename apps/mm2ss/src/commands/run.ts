import { MemoryBus } from '@iec104mm2ss/bus';
import { type Configuration, LOG_LEVELS, readConfiguration, readEnvironment } from '@iec104mm2ss/config';
import type { Command } from 'commander';
import { compose } from '../composition.js';
import { parseHttpAddress } from '../http/index.js';
import { runUntilSignal } from '../process/signals.js';
import { formatProblem } from './check.js';
import { UsageError } from './errors.js';

export const DEFAULT_HTTP = '127.0.0.1:9104';

interface RunFlags {
  readonly ini?: string;
  readonly ntp_server?: readonly string[];
  readonly ntp_update_every_sec?: string;
  readonly http?: string;
  readonly listen?: string;
  readonly logLevel?: string;
  readonly holdSeconds?: string;
  readonly logDir: string;
  readonly setClock?: boolean;
}

const collect = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];

export function registerRun(program: Command): void {
  program
    .command('run')
    .description('run the multiplexer: every group of the file, all parts in this one process')
    .option('-i, --ini <file>', 'configuration file (default: iec104mm2ss.csv, or MM2SS_INI)')
    .option('-n, --nogui', 'accepted for the manual; there is no window to leave out')
    .option('-c, --service', 'accepted for the manual; every run can be a service')
    .option('-s, --ntp_server <host>', 'NTP server; may be repeated. Adds to those of the file', collect)
    .option('-t, --ntp_update_every_sec <seconds>', 'NTP update interval (default: the file, else 900)')
    .option('--set-clock', 'set the clock of this machine from NTP (needs the privilege)')
    .option('--http <host:port>', `metrics, health and status; off for none (default: ${DEFAULT_HTTP}, or MM2SS_HTTP)`)
    .option('--listen <address>', 'address to accept masters at (default: all, or MM2SS_LISTEN)')
    .option('--hold-seconds <seconds>', 'how long the loss of a part disturbs no master (default: 10)')
    .option('--log-dir <folder>', 'folder of the per-group log files', 'log')
    .option('--log-level <level>', `one of ${LOG_LEVELS.join(', ')} (default: info, or MM2SS_LOG_LEVEL)`)
    .action((flags: RunFlags) => run(flags));
}

async function run(flags: RunFlags): Promise<void> {
  const environment = readEnvironment(process.env, {
    ini: flags.ini,
    logLevel: flags.logLevel,
    listen: flags.listen,
    holdMs: flags.holdSeconds,
  });
  const configuration = await readConfiguration(environment.ini);
  reportProblems(configuration, environment.ini);
  const http = parseHttpAddress(flags.http ?? (process.env['MM2SS_HTTP'] || DEFAULT_HTTP));
  const composition = await compose({
    configuration,
    parts: ['connector', 'router', 'gateway'],
    bus: new MemoryBus(),
    http,
    logLevel: environment.logLevel,
    logDirectory: flags.logDir,
    listen: environment.listen,
    holdMs: environment.holdMs,
    ntp: {
      servers: [...(flags.ntp_server ?? []), ...configuration.settings.ntpServers],
      updateEverySec: seconds(flags.ntp_update_every_sec) ?? configuration.settings.ntpUpdateEverySec,
      setClock: flags.setClock ?? false,
    },
  });
  await runUntilSignal(composition);
}

/** Says on standard error what of the file is not in force; throws when nothing of it is. */
export function reportProblems(configuration: Configuration, file: string): void {
  for (const problem of configuration.problems) {
    if (problem.severity !== 'note') process.stderr.write(`${file}: ${formatProblem(problem)}\n`);
  }
  if (configuration.groups.length === 0) {
    throw new UsageError(`${file}: no group could be loaded (mm2ss check ${file} says why)`);
  }
}

function seconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,7}$/.test(text) || Number(text) < 1) throw new UsageError(`--ntp_update_every_sec ${text}: not a number of seconds`);
  return Number(text);
}
