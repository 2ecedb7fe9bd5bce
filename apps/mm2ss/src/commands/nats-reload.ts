import { createLogger } from '@iec104mm2ss/observability';
import type { Command } from 'commander';
import { LocalNats } from '../nats-reload/nats-process.js';
import { ReloadWatch } from '../nats-reload/reload-watch.js';
import { readServerFiles, type ServerFiles } from '../nats-reload/server-files.js';
import { WrittenUsers } from '../nats-reload/written-users.js';
import { collect } from './collect.js';
import { UsageError } from './errors.js';

const HELP = `
Runs beside a nats-server, in its pod or on its machine: reads its configuration, and the files that this includes, every two
seconds, sends it SIGHUP when they have changed, and asks it whether it took them. What it does not take leaves the old configuration
in force, and is told in the log. A configuration that cannot be read, or that asks nobody any more who he is, is not handed on.

With --users it also writes the users that mm2ss nats-auth lists in users.json into the file that the configuration includes, whenever
they change.

Examples:
  mm2ss nats-reload --config nats/nats-server.conf --pid-file nats-server.pid
  mm2ss nats-reload --config server.conf --pid-file nats.pid --users given/users.json --authorization authorization.conf`;

interface NatsReloadFlags {
  readonly config: string;
  readonly pidFile: string;
  readonly monitor: string;
  readonly watch: readonly string[];
  readonly users?: string;
  readonly authorization?: string;
}

export function registerNatsReload(program: Command): void {
  program
    .command('nats-reload')
    .description('let a nats-server read its configuration when that has changed')
    .requiredOption('--config <file>', 'its configuration')
    .requiredOption('--pid-file <file>', 'where it writes its process id (pid_file)')
    .option('--monitor <url>', 'its monitoring endpoint', 'http://127.0.0.1:8222')
    .option('--watch <file>', 'another file that it reads, such as a certificate; may be repeated', collect, [])
    .option('--users <file>', 'the users that the server is to know, as mm2ss nats-auth lists them (users.json)')
    .option('--authorization <file>', 'where they are written for the server; needs --users')
    .addHelpText('after', HELP)
    .action((flags: NatsReloadFlags) => natsReload(flags));
}

async function natsReload({ config, pidFile, monitor, watch, ...flags }: NatsReloadFlags): Promise<void> {
  if (!URL.canParse(monitor) || new URL(monitor).protocol !== 'http:') {
    throw new UsageError(`nats-reload: --monitor ${monitor}: must be http://HOST:PORT`);
  }
  const users = usersOf(flags);
  const { logger } = createLogger();
  const end = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end.abort());
  const server = new LocalNats(pidFile, new URL(monitor));
  const files = async (): Promise<ServerFiles> => {
    const fault = await users?.update();
    const read = await readServerFiles(config, watch);
    return fault === undefined ? read : { ...read, digest: `${read.digest} ${fault}`, fault };
  };
  await new ReloadWatch(files, server, logger).run(end.signal);
}

function usersOf({ users, authorization }: Pick<NatsReloadFlags, 'users' | 'authorization'>): WrittenUsers | undefined {
  if ((users === undefined) !== (authorization === undefined)) {
    throw new UsageError('nats-reload: --users and --authorization go together');
  }
  return users === undefined || authorization === undefined ? undefined : new WrittenUsers(users, authorization);
}
