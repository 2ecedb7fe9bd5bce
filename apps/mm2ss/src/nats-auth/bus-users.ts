import { type BusRole, type BusUser, isBusName } from '@iec104mm2ss/bus';
import { connectorPods } from '@iec104mm2ss/chart';
import { GroupSelection, GroupSelectionError } from '@iec104mm2ss/config';
import { UsageError } from '../commands/errors.js';

/** What the command line says of users: `NAME`, or `NAME=GROUPS`. */
export interface UserFlags {
  readonly gateway?: readonly string[];
  readonly connector?: readonly string[];
  readonly router?: readonly string[];
  readonly allInOne?: boolean;
  /** As `connectors.groupsPerPod` of the chart. */
  readonly groupsPerPod?: number;
}

/**
 * Everybody whom the server is to know. Every group has a connector of its own unless one is named that serves it, or ranges of
 * ids share one; routers do not differ in what they may do, so one user will do for all of them.
 *
 * @param ids the groups of the file
 */
export function busUsers(ids: readonly string[], flags: UserFlags): BusUser[] {
  const { gateway = ['gateway'], connector = [], router = ['router'], allInOne = false, groupsPerPod = 1 } = flags;
  const named = connector.map((text) => parse('connector', text, ids));
  const without = ids.filter((id) => !named.some(({ groups }) => groups?.includes(id)));
  const one = (role: BusRole): BusUser => ({ name: role, role });
  const users = [
    ...[...connectorPods(without, groupsPerPod)].map(([name, groups]): BusUser => ({
      name,
      role: 'connector',
      groups,
    })),
    ...named.map((user) => ({ ...user, groups: user.groups ?? ids })),
    ...router.map((text) => parse('router', text, ids)),
    ...gateway.map((text) => parse('gateway', text, ids)),
    ...(allInOne ? [one('run')] : []),
    ...[one('watcher'), one('console'), one('setup')],
  ];
  const twice = users.find(({ name }, index) => users.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new UsageError(`nats-auth: two users are called ${twice.name}`);
  return users;
}

function parse(role: BusRole, text: string, ids: readonly string[]): BusUser {
  const [name = '', selection, ...more] = text.split('=').map((part) => part.trim());
  if (!isBusName(name) || more.length > 0 || selection === '' || (role === 'router' && selection !== undefined)) {
    const form = role === 'router' ? 'NAME' : 'NAME or NAME=GROUPS';
    throw new UsageError(`nats-auth: --${role} ${text}: must be ${form}, the name of letters, digits, _ and - only`);
  }
  if (selection === undefined) return { name, role };
  const groups = ids.filter((id) => selected(role, text, selection).matches(id));
  if (groups.length === 0) throw new UsageError(`nats-auth: --${role} ${text}: the file has ${ids.join(', ')}`);
  return { name, role, groups };
}

function selected(role: BusRole, text: string, selection: string): GroupSelection {
  try {
    return GroupSelection.parse([selection]);
  } catch (error) {
    if (!(error instanceof GroupSelectionError)) throw error;
    throw new UsageError(`nats-auth: --${role} ${text}: ${error.message}`);
  }
}
