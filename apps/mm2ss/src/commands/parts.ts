import { readEnvironment } from '@iec104mm2ss/config';
import { systemRuntime } from '@iec104mm2ss/runtime';
import { type Command, Option } from 'commander';
import { compose, type Part } from '../composition.js';
import { parseHttpAddress } from '../http/index.js';
import { runUntilSignal } from '../process/signals.js';
import { UsageError } from './errors.js';
import {
  addNatsOptions,
  addProcessOptions,
  addStorageOptions,
  asEnvironmentFlags,
  DEFAULT_HTTP,
  loadConfiguration,
  openBus,
  type ProcessFlags,
} from './process-options.js';

/** The parts as processes of their own, joined by NATS. Each is also the entry point of its container. */
export function registerParts(program: Command): void {
  const connector = program
    .command('connector')
    .description("hold the connection to one group's RTU; a second process of the same group stands by")
    .addOption(new Option('--group <id>', 'id of the group (or MM2SS_GROUP)'));
  const router = program
    .command('router')
    .description('apply the rules; several processes share the groups evenly and take over from each other');
  const gateway = program
    .command('gateway')
    .description("accept the masters of every group on the groups' ports; any number of processes")
    .option('--listen <address>', 'address to accept masters at (default: all, or MM2SS_LISTEN)');
  for (const [part, command] of [
    ['connector', connector],
    ['router', router],
    ['gateway', gateway],
  ] as const) {
    addStorageOptions(addNatsOptions(addProcessOptions(command))).action((flags: ProcessFlags) => runPart(part, flags));
  }
}

async function runPart(part: Part, flags: ProcessFlags): Promise<void> {
  const environment = readEnvironment(process.env, asEnvironmentFlags(flags));
  if (environment.nats.length === 0) throw new UsageError(`${part}: --nats URL is needed (or MM2SS_NATS)`);
  const file = await loadConfiguration(environment.ini);
  const { configuration } = file;
  const connectorGroups = configuration.groups.filter(({ id }) => id === environment.group);
  if (part === 'connector' && connectorGroups.length === 0) {
    const ids = configuration.groups.map(({ id }) => id).join(', ');
    const given =
      environment.group === undefined ? '--group ID is needed (or MM2SS_GROUP)' : `no group ${environment.group}`;
    throw new UsageError(`connector: ${given}; ${environment.ini} has ${ids}`);
  }
  const runtime = systemRuntime();
  await runUntilSignal(
    () => openBus(environment, runtime),
    (bus) =>
      compose({
        configuration: part === 'connector' ? { ...configuration, groups: connectorGroups } : configuration,
        file,
        parts: [part],
        bus,
        runtime,
        http: parseHttpAddress(environment.http ?? DEFAULT_HTTP),
        httpHosts: environment.httpHosts,
        logLevel: environment.logLevel,
        logDirectory: undefined,
        listen: environment.listen,
        holdMs: environment.holdMs,
      }),
  );
}
