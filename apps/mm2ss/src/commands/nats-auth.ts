import { type Configuration, readConfiguration } from '@iec104mm2ss/config';
import { type Command, InvalidArgumentError } from 'commander';
import { busUsers, type UserFlags } from '../nats-auth/bus-users.js';
import { writeAuthorization, type WrittenAuthorization } from '../nats-auth/write-authorization.js';
import { collect } from './collect.js';
import { UnavailableError, UsageError } from './errors.js';

interface NatsAuthFlags extends UserFlags {
  readonly output: string;
  readonly certificates?: string | true;
  readonly httpControl?: boolean;
  readonly renew?: readonly string[];
}

const DEFAULT_SUBJECT = 'CN={name}';

const HELP = `
Writes authorization.conf, one user per group's connector and one each for routers, gateways, watcher (mm2ss watch, audit),
console (mm2ss status, restart, next-host, disconnect, observe) and setup (mm2ss nats-setup), each with the fewest permissions with which
it works; a key for each in NAME.nk, readable by its owner only; users.json, the same users for mm2ss chart and mm2ss nats-users; and
nats-server.conf to begin with, if there is none.

Run it again when the file has another group: keys that are there stay, new ones are added. Then let the server read its
configuration (nats-server --signal reload), and mm2ss nats-setup create what is stored for the group.

Examples:
  mm2ss nats-auth iec104mm2ss.csv -o nats
  mm2ss nats-auth iec104mm2ss.csv -o nats --gateway east=1-20 --gateway west=21-40 --connector all-rtus=all
  mm2ss nats-auth iec104mm2ss.csv -o nats --certificates "CN={name},O=Grid"
  mm2ss nats-auth iec104mm2ss.csv -o nats --renew connector-7
  mm2ss nats-auth iec104mm2ss.csv -o nats --groups-per-pod 50

  nats-server -c nats/nats-server.conf
  mm2ss nats-setup -i iec104mm2ss.csv --nats nats://127.0.0.1:4222 --nats-nkey nats/setup.nk
  mm2ss connector --group 7 --nats nats://127.0.0.1:4222 --nats-nkey nats/connector-7.nk`;

function groupsPerPod(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Must be a whole number above 0.');
}

export function registerNatsAuth(program: Command): void {
  program
    .command('nats-auth')
    .description('write the users of a NATS server, each with what its part needs and no more, and their keys')
    .argument('<file>', 'configuration file (.csv)')
    .requiredOption('-o, --output <folder>', 'where it is written')
    .option(
      '--gateway <name[=groups]>',
      'a gateway with a key of its own, for these groups or all; may be repeated (default: one, "gateway", for all)',
      collect,
    )
    .option(
      '--connector <name=groups>',
      'a connector process for several groups; may be repeated (default: one for each group, "connector-ID")',
      collect,
    )
    .option(
      '--groups-per-pod <number>',
      'connectors for ranges of ids, as the chart has them with connectors.groupsPerPod: "connector-100-149" (default: 1)',
      groupsPerPod,
    )
    .option('--router <name>', 'a router with a key of its own; may be repeated (default: one, "router")', collect)
    .option('--all-in-one', 'also a user "run" for mm2ss run --nats, which may do what all parts may')
    .option(
      '--certificates [subject]',
      `client certificates (verify_and_map) instead of nkeys; their subject, {name} standing for the user's name ` +
        `(default: ${DEFAULT_SUBJECT})`,
    )
    .option(
      '--http-control',
      'let every part hand on what is ordered at its HTTP port (default: only the console orders)',
    )
    .option('--renew <name>', 'another key for a user that has one; may be repeated', collect)
    .addHelpText('after', HELP)
    .action(async (file: string, flags: NatsAuthFlags) => {
      process.stdout.write(report(await natsAuth(await readConfiguration(file), flags)));
    });
}

/** Writes it for the groups of a configuration. */
export async function natsAuth({ groups }: Configuration, flags: NatsAuthFlags): Promise<WrittenAuthorization> {
  const ids = groups.map(({ id }) => id);
  if (ids.length === 0) throw new UsageError('nats-auth: no group could be loaded (mm2ss check says why)');
  const { output, certificates, httpControl = false, renew = [] } = flags;
  const users = busUsers(ids, flags);
  const stranger = renew.find((name) => !users.some((user) => user.name === name));
  if (stranger !== undefined) {
    throw new UsageError(`nats-auth: --renew ${stranger}: there are ${users.map(({ name }) => name).join(', ')}`);
  }
  const subject = certificates === true ? DEFAULT_SUBJECT : certificates;
  if (subject !== undefined && !subject.includes('{name}')) {
    throw new UsageError('nats-auth: --certificates: the subject must have {name}, such as CN={name},O=Grid');
  }
  if (output === '') throw new UsageError('nats-auth: -o names nothing');
  try {
    return await writeAuthorization({
      directory: output,
      users,
      groups: ids,
      httpControl,
      certificates: subject,
      renew,
    });
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new UnavailableError(`nats-auth: ${output} cannot be written (${code === 'EEXIST' ? 'it is a file' : code})`);
  }
}

/** For people. */
function report({ file, serverFile, identities, newKeys }: WrittenAuthorization): string {
  const lines = [`${file}: ${identities.size} users`];
  if (serverFile !== undefined) lines.push(`${serverFile}: a configuration to begin with`);
  lines.push(newKeys.length === 0 ? 'no new keys' : `new keys: ${newKeys.join(', ')}`);
  for (const [name, identity] of identities) {
    if ('certificate' in identity) lines.push(`${name}: ${identity.certificate}; start it with --nats-name ${name}`);
  }
  return `${lines.join('\n')}\n`;
}
