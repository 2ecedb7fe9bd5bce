import { parseUserList, type UserList } from '@iec104mm2ss/bus';
import { readFile } from 'node:fs/promises';

/**
 * The users that `mm2ss nats-auth` has listed in a file.
 *
 * @throws {Error} when there is no such file, or no such list in it; the message names the file and says why
 */
export async function readUserList(file: string): Promise<UserList> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${file} cannot be read (${error.code})`, { cause: error });
  });
  try {
    return parseUserList(text);
  } catch (error) {
    throw new Error(`${file} is no list of users: ${(error as Error).message}`, { cause: error });
  }
}
