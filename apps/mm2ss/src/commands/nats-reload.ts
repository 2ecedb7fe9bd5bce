import { createLogger } from '@iec104mm2ss/observability';
import type { Command } from 'commander';
import { LocalNats } from '../nats-reload/nats-process.js';
import { ReloadWatch } from '../nats-reload/reload-watch.js';
import { readServerFiles } from '../nats-reload/server-files.js';
import { collect } from './collect.js';
import { UsageError } from './errors.js';

const HELP = `
Runs beside a nats-server, in its pod or on its machine: reads its configuration, and the files that this includes, every two
seconds, sends it SIGHUP when they have changed, and asks it whether it took them. What it does not take leaves the old configuration
in force, and is told in the log. A configuration that cannot be read, or that asks nobody any more who he is, is not handed on.

Example:
  mm2ss nats-reload --config nats/nats-server.conf --pid-file nats-server.pid`;

interface NatsReloadFlags {
  readonly config: string;
  readonly pidFile: string;
  readonly monitor: string;
  readonly watch: readonly string[];
}

export function registerNatsReload(program: Command): void {
  program
    .command('nats-reload')
    .description('let a nats-server read its configuration when that has changed')
    .requiredOption('--config <file>', 'its configuration')
    .requiredOption('--pid-file <file>', 'where it writes its process id (pid_file)')
    .option('--monitor <url>', 'its monitoring endpoint', 'http://127.0.0.1:8222')
    .option('--watch <file>', 'another file that it reads, such as a certificate; may be repeated', collect, [])
    .addHelpText('after', HELP)
    .action((flags: NatsReloadFlags) => natsReload(flags));
}

async function natsReload({ config, pidFile, monitor, watch }: NatsReloadFlags): Promise<void> {
  if (!URL.canParse(monitor) || new URL(monitor).protocol !== 'http:') {
    throw new UsageError(`nats-reload: --monitor ${monitor}: must be http://HOST:PORT`);
  }
  const { logger } = createLogger();
  const end = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end.abort());
  const server = new LocalNats(pidFile, new URL(monitor));
  await new ReloadWatch(() => readServerFiles(config, watch), server, logger).run(end.signal);
}
