import { type ConfigurationFile, type Environment, type GroupConfig, readEnvironment } from '@iec104mm2ss/config';
import type { Command } from 'commander';
import { compose, type CompositionOptions, type Part } from '../composition.js';
import type { HealthServer } from '../http/index.js';
import { runUntilSignal } from '../process/signals.js';
import { tlsOptions } from '../tls/tls-options.js';
import { UsageError } from './errors.js';
import {
  addCertificateOptions,
  addNatsOptions,
  addTlsOptions,
  checkTls,
  addProcessOptions,
  addStorageOptions,
  asEnvironmentFlags,
  groupOption,
  isWatched,
  loadConfiguration,
  monitoring,
  openBus,
  openHealth,
  runtimeOf,
  type ProcessFlags,
} from './process-options.js';

/** The parts as processes of their own, joined by NATS. Each is also the entry point of its container. */
export function registerParts(program: Command): void {
  const connector = program
    .command('connector')
    .description(
      'hold the connections to the RTUs of one group or several; a second process of the same group stands by',
    )
    .addOption(groupOption('--group <ids>', 'the groups to serve (or MM2SS_GROUP)'));
  const router = program
    .command('router')
    .description('apply the rules; several processes share the groups evenly and take over from each other');
  const gateway = program
    .command('gateway')
    .description('accept the masters of the groups on their ports; any number of processes')
    .option('--listen <address>', 'address to accept masters at (default: all, or MM2SS_LISTEN)')
    .addOption(groupOption('--group <ids>', 'only these groups (default: all, or MM2SS_GROUP)'))
    .option(
      '--drain <seconds>',
      'over how long the masters are disconnected when it is told to end, each 0.1 s after the one before at most ' +
        '(default: 0, all at once, or MM2SS_DRAIN_SECONDS)',
    );
  for (const [part, command] of [
    ['connector', connector],
    ['router', router],
    ['gateway', gateway],
  ] as const) {
    const complete = addStorageOptions(addNatsOptions(addProcessOptions(command)));
    // A router meets neither masters nor RTUs, but whoever asks it over HTTP.
    if (part === 'router') addCertificateOptions(complete);
    else addTlsOptions(complete);
    complete.action((flags: ProcessFlags) => runPart(part, flags));
  }
}

async function runPart(part: Part, flags: ProcessFlags): Promise<void> {
  const environment = readEnvironment(process.env, asEnvironmentFlags(flags));
  if (environment.nats.length === 0) throw new UsageError(`${part}: --nats URL is needed (or MM2SS_NATS)`);
  const file = await loadConfiguration(environment.ini);
  const watched = await isWatched(file);
  const someGroups = part === 'connector' || (part === 'gateway' && environment.group !== undefined);
  if (someGroups) checkGroups(part, environment, file);
  const serves = ({ id }: GroupConfig): boolean => part === 'router' || environment.group?.matches(id) !== false;
  checkTls(environment, file.configuration.groups.filter(serves), [part]);
  const looked = monitoring(environment);
  const runtime = runtimeOf(environment);
  let health: HealthServer | undefined;
  await runUntilSignal(
    async () => {
      health = await openHealth(environment);
      return openBus(environment, runtime, health, { role: part, allGroups: !someGroups });
    },
    (bus) =>
      compose({
        file,
        watched,
        serves,
        parts: [part],
        bus,
        runtime,
        ...looked,
        health,
        logDirectory: undefined,
        listen: environment.listen,
        holdMs: environment.holdMs,
        ...(part === 'gateway' ? { drainMs: environment.drainMs } : {}),
        limits: environment.limits,
        ...(part === 'router' ? { ntp: ntpOf(file) } : {}),
        tls: tlsOptions(environment),
      }),
    part === 'gateway' ? environment.drainMs : 0,
  );
}

/** A router judges the time that masters give, so it asks for the time itself. It never sets the clock. */
function ntpOf({ configuration: { settings } }: ConfigurationFile): NonNullable<CompositionOptions['ntp']> {
  return { servers: settings.ntpServers, updateEverySec: settings.ntpUpdateEverySec, setClock: false };
}

/** The groups that it serves. What of its selection matches none of the file may be added to it later. */
function checkGroups(
  part: Part,
  { group: selection, ini }: Environment,
  { configuration: { groups } }: ConfigurationFile,
): void {
  const ids = groups.map(({ id }) => id);
  if (selection === undefined) {
    throw new UsageError(`connector: --group IDS is needed (or MM2SS_GROUP); ${ini} has ${ids.join(', ')}`);
  }
  if (!ids.some((id) => selection.matches(id)))
    throw new UsageError(`${part}: no group ${String(selection)}; ${ini} has ${ids.join(', ')}`);
  const missing = selection.unmatched(ids);
  if (missing.length > 0) {
    process.stderr.write(`mm2ss: ${part}: ${ini} has no group ${missing.join(', ')} now; it has ${ids.join(', ')}\n`);
  }
}
