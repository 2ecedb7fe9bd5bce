import { BusError, setUpNats } from '@iec104mm2ss/bus';
import { readEnvironment } from '@iec104mm2ss/config';
import { AUDIT_LIMITS } from '@iec104mm2ss/router';
import type { Command } from 'commander';
import { UnavailableError, UsageError } from './errors.js';
import {
  addNatsOptions,
  addStorageOptions,
  asEnvironmentFlags,
  loadConfiguration,
  natsOptionsOf,
  type ProcessFlags,
  runtimeOf,
} from './process-options.js';

export function registerNatsSetup(program: Command): void {
  const command = program
    .command('nats-setup')
    .description('create on a NATS server what the parts store there, and bring its limits up to date')
    .option('-i, --ini <file>', 'configuration file (default: iec104mm2ss.csv, or MM2SS_INI)')
    .addHelpText(
      'after',
      '\nNeeded where the server has the users of mm2ss nats-auth: there no part may create or change a stream. Run it before the ' +
        'first\nstart, and when a group is added, buffsize changes or the server has lost its store. It waits for the server.',
    );
  addStorageOptions(addNatsOptions(command)).action((flags: ProcessFlags) => natsSetup(flags));
}

async function natsSetup(flags: ProcessFlags): Promise<void> {
  const environment = readEnvironment(process.env, asEnvironmentFlags(flags));
  if (environment.nats.length === 0) throw new UsageError('nats-setup: --nats URL is needed (or MM2SS_NATS)');
  const { configuration } = await loadConfiguration(environment.ini);
  const groups = configuration.groups.map(({ id, buffsize }) => ({ id, capacity: buffsize }));
  const options = { ...natsOptionsOf(environment, runtimeOf(environment)), setsUp: true };
  try {
    await setUpNats(options, { groups, audit: AUDIT_LIMITS }, (reason) => {
      process.stderr.write(`mm2ss: nats-setup: waiting for NATS: ${reason}\n`);
    });
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    throw new UnavailableError(`NATS: ${error.message}`);
  }
  process.stdout.write(`set up for ${groups.length} groups\n`);
}
