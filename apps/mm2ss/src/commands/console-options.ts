import type { Environment } from '@iec104mm2ss/config';
import { parseSourceRanges, type SourceRange } from '@iec104mm2ss/config';
import type { Role } from '@iec104mm2ss/console-api';
import type { Command } from 'commander';
import { type AccessSettings, type ConsoleSettings, isRole } from '../console/console-settings.js';
import { parseHttpAddress, readTokens } from '../http/index.js';
import { collect } from './collect.js';
import { UsageError } from './errors.js';

/** Where the console is served when nothing else is said. */
export const DEFAULT_CONSOLE = '127.0.0.1:9105';

export interface ConsoleFlags {
  readonly console?: string;
  readonly consoleHost?: readonly string[];
  readonly consoleAuth?: string;
  readonly consoleTlsDir?: string;
  readonly consoleUsers?: string;
  readonly consoleProxy?: string;
  readonly consoleRoles?: string;
  readonly simulator?: string;
  readonly simulatorToken?: string;
}

export function addConsoleOptions(command: Command): Command {
  return command
    .option('--console <host:port>', `the web console; off for none (default: ${DEFAULT_CONSOLE}, or MM2SS_CONSOLE)`)
    .option(
      '--console-host <name>',
      'another name under which the console is asked; may be repeated (or MM2SS_CONSOLE_HOST)',
      collect,
    )
    .option(
      '--console-auth <none|basic|proxy>',
      'who may use it: none: this machine as operator, others look on; basic: users of a file; proxy: as the headers of a proxy ' +
        'say (default: none, or MM2SS_CONSOLE_AUTH)',
    )
    .option(
      '--console-tls-dir <folder>',
      'serve the console over TLS, with tls.crt and tls.key of this folder (or MM2SS_CONSOLE_TLS_DIR)',
    )
    .option(
      '--console-users <file>',
      'the users, with basic: mm2ss console-password writes them (or MM2SS_CONSOLE_USERS)',
    )
    .option(
      '--console-proxy <networks>',
      'where the proxy is, with proxy, and with basic, where it says who tries passwords: 10.1.0.0/24;10.2.0.5 (or ' +
        'MM2SS_CONSOLE_PROXY)',
    )
    .option(
      '--console-roles <roles>',
      'users and groups that are more than viewers, with proxy: operator=shift;engineer=alice,scada-admins (or ' +
        'MM2SS_CONSOLE_ROLES)',
    )
    .option(
      '--simulator <url>',
      'the RTU simulator that the console shows, such as http://127.0.0.1:9110 (or MM2SS_SIMULATOR)',
    )
    .option(
      '--simulator-token <file>',
      'file with the bearer token that the simulator asks for (or MM2SS_SIMULATOR_TOKEN)',
    );
}

/** The same by the names the environment knows. */
export function consoleFlags(flags: ConsoleFlags): Record<string, string | undefined> {
  const { console, consoleHost, ...same } = flags;
  const { consoleAuth, consoleTlsDir, consoleUsers, consoleProxy, consoleRoles, simulator, simulatorToken } = same;
  const others = { consoleAuth, consoleTlsDir, consoleUsers, consoleProxy, consoleRoles, simulator, simulatorToken };
  return { console, consoleHosts: consoleHost?.join(','), ...others };
}

/**
 * The console that is asked for; undefined: none.
 *
 * @param without it is left out unless somebody asks for it by name, as the manual's `-n`, `-c` and `nogui` want it
 */
export function consoleSettings(environment: Environment, without: boolean): ConsoleSettings | undefined {
  const { console: given, consoleHosts: hosts, consoleTlsDir: tlsDir } = environment;
  if (given === undefined && without) return undefined;
  const address = parseHttpAddress(given ?? DEFAULT_CONSOLE, '--console');
  if (address === undefined) return undefined;
  return {
    ...{ address, hosts, tlsDir },
    access: accessSettings(environment),
    simulator: simulatorSettings(environment),
    isOptional: given === undefined,
  };
}

function simulatorSettings({ simulator, simulatorToken }: Environment): ConsoleSettings['simulator'] {
  if (simulator === undefined) {
    if (simulatorToken !== undefined) throw new UsageError('--simulator-token needs --simulator (or MM2SS_SIMULATOR)');
    return undefined;
  }
  const [token] = simulatorToken === undefined ? [] : readTokens(simulatorToken);
  return { url: new URL(simulator), token };
}

type Restricted = readonly [keyof Environment, string, readonly string[]];
/** What is for some modes only. */
const MODES_OF = [
  ['consoleUsers', '--console-users', ['basic']],
  ['consoleProxy', '--console-proxy', ['basic', 'proxy']],
  ['consoleRoles', '--console-roles', ['proxy']],
] as const satisfies readonly Restricted[];

function accessSettings(environment: Environment): AccessSettings {
  const { consoleAuth, consoleUsers, consoleProxy, consoleRoles } = environment;
  // Whoever names users or a proxy wants them to be asked.
  const other = MODES_OF.find(
    ([name, , modes]: Restricted) => environment[name] !== undefined && !modes.includes(consoleAuth),
  );
  if (other !== undefined)
    throw new UsageError(
      `${other[1]} says nothing with --console-auth ${consoleAuth}: it is for ${other[2].join(', ')}`,
    );
  if (consoleAuth === 'basic') {
    if (consoleUsers === undefined)
      throw new UsageError('--console-auth basic needs --console-users (or MM2SS_CONSOLE_USERS)');
    const proxies = consoleProxy === undefined ? [] : parseProxies(consoleProxy);
    return { mode: 'basic', file: consoleUsers, proxies };
  }
  if (consoleAuth === 'proxy') {
    if (consoleProxy === undefined)
      throw new UsageError('--console-auth proxy needs --console-proxy (or MM2SS_CONSOLE_PROXY)');
    return { mode: 'proxy', from: parseProxies(consoleProxy), roles: parseRoles(consoleRoles ?? '') };
  }
  return { mode: 'none' };
}

function parseProxies(text: string): readonly SourceRange[] {
  const from = parseSourceRanges(text);
  if (from.ok && from.value.length > 0) return from.value;
  throw new UsageError(`--console-proxy ${text}: ${from.ok ? 'there is none' : from.reason}`);
}

/** `operator=shift;engineer=alice,scada-admins` */
function parseRoles(text: string): Map<Role, string[]> {
  const roles = new Map<Role, string[]>();
  for (const part of text.split(';').filter((each) => each.trim() !== '')) {
    const [role = '', names = ''] = part.split('=').map((each) => each.trim());
    const all = names.split(',').map((name) => name.trim());
    if (!isRole(role) || all.includes('')) {
      throw new UsageError(
        `--console-roles ${part}: expected ROLE=NAME,NAME, the role one of viewer, operator, engineer`,
      );
    }
    roles.set(role, [...(roles.get(role) ?? []), ...all]);
  }
  return roles;
}
