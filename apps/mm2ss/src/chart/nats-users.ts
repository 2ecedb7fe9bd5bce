import { type UserList, userListText } from '@iec104mm2ss/bus';
import type { Packing } from '@iec104mm2ss/chart';
import { join } from 'node:path';
import { UsageError } from '../commands/errors.js';
import { readUserList } from '../nats-auth/user-list-file.js';
import { USER_LIST_FILE } from '../nats-auth/write-authorization.js';
import { neededUsers } from './packing.js';

/**
 * The users that `mm2ss nats-auth` has listed in a folder: public keys and permissions, nothing secret.
 *
 * @param ids of the groups, whose pods need a user each
 */
export async function natsUsers(folder: string, ids: readonly string[], packing: Packing): Promise<string> {
  const file = join(folder, USER_LIST_FILE);
  const how = packing.groupsPerPod > 1 ? ` and --groups-per-pod ${packing.groupsPerPod}` : '';
  const refuse = (reason: string): UsageError =>
    new UsageError(`chart: --nats-auth: ${reason}: run mm2ss nats-auth with this configuration file${how} first`);
  const list = await readUserList(file).catch((error: Error) => {
    throw refuse(error.message);
  });
  const certified = list.users.find(({ identity }) => 'certificate' in identity);
  if (certified !== undefined) {
    throw new UsageError(
      `chart: --nats-auth: ${file}: ${certified.name} has a certificate; the NATS of the chart knows its users by keys`,
    );
  }
  const missing = without(list, neededUsers(ids, packing));
  if (missing.length === 0) return userListText(list);
  const some = missing.length > 5 ? [...missing.slice(0, 5), '...'] : missing;
  throw refuse(`${file} has no user ${some.join(', ')}`);
}

function without({ users }: UserList, needed: readonly string[]): string[] {
  const known = new Set(users.map(({ name }) => name));
  return needed.filter((name) => !known.has(name));
}
