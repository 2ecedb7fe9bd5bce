import { userListText } from '@iec104mm2ss/bus';
import { readUserList } from '../nats-auth/user-list-file.js';
import { read } from '../nats-auth/key-files.js';
import { authorizationFileText, writeAuthorizationFile } from '../nats-auth/write-authorization.js';

/** The file of users that a nats-server includes, kept as a list of users says. */
export class WrittenUsers {
  private written: string | undefined;

  /**
   * @param list as `mm2ss nats-auth` writes it
   * @param file what the server's configuration includes
   */
  constructor(
    private readonly list: string,
    private readonly file: string,
  ) {}

  /** Writes the file when the list has changed. Returns why it could not: the file is then as it was before. */
  async update(): Promise<string | undefined> {
    try {
      const users = await readUserList(this.list);
      const text = userListText(users);
      if (text === this.written) return undefined;
      // What is there already is left as it is: when it was written says whether the server has read it.
      if ((await read(this.file)) !== authorizationFileText(users)) await writeAuthorizationFile(this.file, users);
      this.written = text;
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }
}
