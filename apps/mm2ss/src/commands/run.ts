import { readEnvironment } from '@iec104mm2ss/config';
import type { Command } from 'commander';
import { compose } from '../composition.js';
import type { HealthServer } from '../http/index.js';
import { openPage } from '../process/open-page.js';
import { runUntilSignal } from '../process/signals.js';
import { tlsOptions } from '../tls/tls-options.js';
import { serviceProcess } from '../windows/service-process.js';
import { collect } from './collect.js';
import { addConsoleOptions, type ConsoleFlags, consoleFlags, consoleSettings } from './console-options.js';
import { UsageError } from './errors.js';
import {
  addNatsOptions,
  addTlsOptions,
  checkTls,
  addProcessOptions,
  addStorageOptions,
  asEnvironmentFlags,
  isWatched,
  loadConfiguration,
  monitoring,
  openBus,
  openHealth,
  runtimeOf,
  type ProcessFlags,
} from './process-options.js';

const PARTS = ['connector', 'router', 'gateway'] as const;

interface RunFlags extends ProcessFlags, ConsoleFlags {
  readonly nogui?: boolean;
  readonly service?: boolean;
  readonly open?: boolean;
  readonly ntp_server?: readonly string[];
  readonly ntp_update_every_sec?: string;
  readonly logDir: string;
  readonly setClock?: boolean;
}

export function registerRun(program: Command): void {
  const command = program
    .command('run')
    .description('run the multiplexer: every group of the file, all parts in this one process')
    .option('-n, --nogui', 'without the web console')
    .option('-c, --service', 'as a service: without the web console')
    .option('--open', 'show the web console in the browser once it is served')
    .option('-s, --ntp_server <host>', 'NTP server; may be repeated. Asked before those of the file', collect)
    .option('-t, --ntp_update_every_sec <seconds>', 'NTP update interval (default: the file, else 900)')
    .option('--set-clock', 'set the clock of this machine from NTP (needs the privilege)')
    .option('--listen <address>', 'address to accept masters at (default: all, or MM2SS_LISTEN)')
    .option(
      '--log-dir <folder>',
      'folder of the per-group log files, of the audit records (mm2ss audit), and of what outlives the process',
      'log',
    );
  addConsoleOptions(addTlsOptions(addStorageOptions(addNatsOptions(addProcessOptions(command))))).action(
    (flags: RunFlags) => run(flags),
  );
}

async function run(flags: RunFlags): Promise<void> {
  const environment = readEnvironment(process.env, { ...asEnvironmentFlags(flags), ...consoleFlags(flags) });
  const file = await loadConfiguration(environment.ini);
  checkTls(environment, file.configuration.groups, PARTS);
  const { settings } = file.configuration;
  const console = consoleSettings(environment, flags.nogui === true || flags.service === true || settings.nogui);
  const watched = await isWatched(file);
  const looked = monitoring(environment);
  const updateEverySec = seconds(flags.ntp_update_every_sec) ?? settings.ntpUpdateEverySec;
  const runtime = runtimeOf(environment);
  let health: HealthServer | undefined;
  await runUntilSignal(
    async () => {
      health = await openHealth(environment);
      return openBus(environment, runtime, health, { role: 'run', allGroups: true }, flags.logDir);
    },
    async (bus) => {
      const composition = await compose({
        file,
        watched,
        parts: PARTS,
        bus,
        runtime,
        ...looked,
        // The manual installs several services without a word about HTTP: each of them has to run.
        isHttpOptional: environment.http === undefined && serviceProcess() !== undefined,
        console,
        health,
        logDirectory: flags.logDir,
        logFile: serviceProcess()?.logFile,
        listen: environment.listen,
        holdMs: environment.holdMs,
        limits: environment.limits,
        tls: tlsOptions(environment),
        ntp: {
          servers: [...(flags.ntp_server ?? []), ...settings.ntpServers],
          updateEverySec,
          setClock: flags.setClock ?? false,
        },
      });
      if (flags.open === true && composition.console !== undefined)
        openPage(composition.console.url, composition.logger);
      serviceProcess()?.running();
      return composition;
    },
  );
}

function seconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,7}$/.test(text) || Number(text) < 1) {
    throw new UsageError(`--ntp_update_every_sec ${text}: not a number of seconds`);
  }
  return Number(text);
}
