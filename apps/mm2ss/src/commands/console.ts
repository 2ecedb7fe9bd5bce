import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline/promises';
import { readEnvironment } from '@iec104mm2ss/config';
import type { Command } from 'commander';
import { compose } from '../composition.js';
import { userLine } from '../console/access/password-file.js';
import { isRole } from '../console/console-settings.js';
import type { HealthServer } from '../http/index.js';
import { runUntilSignal } from '../process/signals.js';
import { tlsOptions } from '../tls/tls-options.js';
import { addConsoleOptions, type ConsoleFlags, consoleFlags, consoleSettings } from './console-options.js';
import { UsageError } from './errors.js';
import {
  addCertificateOptions,
  addNatsOptions,
  addProcessOptions,
  addStorageOptions,
  asEnvironmentFlags,
  isWatched,
  loadConfiguration,
  monitoring,
  openBus,
  openHealth,
  type ProcessFlags,
  runtimeOf,
} from './process-options.js';

/** Shorter ones are guessed. */
const SHORTEST_PASSWORD = 8;

export function registerConsole(program: Command): void {
  const command = program
    .command('console')
    .description('the web console of a system on NATS: a process of its own that keeps nothing');
  addConsoleOptions(addCertificateOptions(addStorageOptions(addNatsOptions(addProcessOptions(command))))).action(
    (flags: ProcessFlags & ConsoleFlags) => runConsole(flags),
  );
  program
    .command('console-password <user> <role>')
    .description('write the line of a user for --console-users; the password is read from standard input')
    .addHelpText('after', '\nRoles: viewer, operator, engineer.\n  mm2ss console-password alice engineer >> users')
    .action((user: string, role: string) => writePassword(user, role));
}

async function runConsole(flags: ProcessFlags & ConsoleFlags): Promise<void> {
  const environment = readEnvironment(process.env, { ...asEnvironmentFlags(flags), ...consoleFlags(flags) });
  if (environment.nats.length === 0) {
    throw new UsageError('console: --nats URL is needed (or MM2SS_NATS); mm2ss run has a console of its own');
  }
  const settings = consoleSettings(environment, false);
  if (settings === undefined) throw new UsageError('console: --console off leaves nothing to serve');
  const file = await loadConfiguration(environment.ini);
  const watched = await isWatched(file);
  const looked = monitoring(environment);
  const runtime = runtimeOf(environment);
  let health: HealthServer | undefined;
  await runUntilSignal(
    async () => {
      health = await openHealth(environment);
      return openBus(environment, runtime, health, { listenOnly: true });
    },
    (bus) =>
      compose({
        ...{ file, watched, bus, runtime, health },
        ...looked,
        parts: [],
        console: { ...settings, isOptional: false },
        logDirectory: undefined,
        listen: undefined,
        holdMs: environment.holdMs,
        tls: tlsOptions(environment),
      }),
  );
}

async function writePassword(user: string, role: string): Promise<void> {
  if (!/^[^\s:]{1,64}$/.test(user))
    throw new UsageError('console-password: a user has up to 64 characters, no blank and no ":"');
  if (!isRole(role)) throw new UsageError(`console-password: "${role}" is no role: viewer, operator or engineer`);
  const password = await readPassword();
  if (password.length < SHORTEST_PASSWORD) {
    throw new UsageError(`console-password: a password has ${SHORTEST_PASSWORD} characters at least`);
  }
  stdout.write(`${await userLine(user, role, password)}\n`);
}

/** One line; on a terminal it is not shown. */
async function readPassword(): Promise<string> {
  const isTerminal = stdin.isTTY;
  if (isTerminal) process.stderr.write('Password: ');
  const lines = createInterface({ input: stdin, terminal: isTerminal });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
    if (isTerminal) process.stderr.write('\n');
  }
}
