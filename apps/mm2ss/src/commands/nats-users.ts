import type { Command } from 'commander';
import { readUserList } from '../nats-auth/user-list-file.js';
import { writeAuthorizationFile } from '../nats-auth/write-authorization.js';
import { UnavailableError, UsageError } from './errors.js';

const HELP = `
Writes what mm2ss nats-auth writes into authorization.conf, from the users.json beside it: public keys and permissions, nothing secret. The
chart does so before nats-server starts, as authorization.conf of many groups is too large for a release of Helm.

Example:
  mm2ss nats-users nats/users.json -o authorization.conf`;

export function registerNatsUsers(program: Command): void {
  program
    .command('nats-users')
    .description('write the users of a NATS server from a list of mm2ss nats-auth')
    .argument('<file>', 'the list (users.json)')
    .requiredOption('-o, --output <file>', 'where it is written, for the configuration of the server to include')
    .addHelpText('after', HELP)
    .action((file: string, { output }: { readonly output: string }) => natsUsers(file, output));
}

async function natsUsers(file: string, output: string): Promise<void> {
  const list = await readUserList(file).catch((error: Error) => {
    throw new UsageError(`nats-users: ${error.message}`);
  });
  try {
    await writeAuthorizationFile(output, list);
  } catch (error) {
    throw new UnavailableError(`nats-users: ${output} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
  process.stdout.write(`${output}: ${list.users.length} users\n`);
}
