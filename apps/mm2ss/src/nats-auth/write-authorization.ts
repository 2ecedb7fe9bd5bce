import { join } from 'node:path';
import { authorizationOf, type BusUser, type Identity, type UserList, userList, userListText } from '@iec104mm2ss/bus';
import { makeFolder } from '@iec104mm2ss/runtime';
import { KeyFiles, read, writeWhole } from './key-files.js';

/** File that the server's configuration includes; written anew each time. */
export const AUTHORIZATION_FILE = 'authorization.conf';
/** What it is made of; `mm2ss chart` puts it into the chart. */
export const USER_LIST_FILE = 'users.json';
/** A whole configuration to begin with; never written over. */
export const SERVER_FILE = 'nats-server.conf';
const READABLE = 0o644;

export interface AuthorizationOptions {
  readonly directory: string;
  readonly users: readonly BusUser[];
  /** Ids of all groups of the file. */
  readonly groups: readonly string[];
  readonly httpControl: boolean;
  /** Subject of the certificates, `{name}` standing for the user's name; undefined: nkeys. */
  readonly certificates: string | undefined;
  /** Users that get another key, though they have one. */
  readonly renew: readonly string[];
}

export interface WrittenAuthorization {
  readonly file: string;
  /** Written because there was none. */
  readonly serverFile: string | undefined;
  /** How the server will know each user. */
  readonly identities: ReadonlyMap<string, Identity>;
  /** Files with new keys. */
  readonly newKeys: readonly string[];
}

/** Writes what the server has to know, and the keys of those that have none yet. */
export async function writeAuthorization(options: AuthorizationOptions): Promise<WrittenAuthorization> {
  const { directory, users, certificates, renew } = options;
  await makeFolder(directory, 0o700);
  const identities = new Map<string, Identity>();
  const newKeys: string[] = [];
  const keys = new KeyFiles(directory);
  for (const { name } of users) {
    if (certificates !== undefined) {
      identities.set(name, { certificate: certificates.replaceAll('{name}', name) });
      continue;
    }
    const { file, publicKey, isNew } = await keys.keyOf(name, renew.includes(name));
    identities.set(name, { nkey: publicKey });
    if (isNew) newKeys.push(file);
  }
  const known = users.map((user) => ({ ...user, identity: identities.get(user.name) as Identity }));
  const file = join(directory, AUTHORIZATION_FILE);
  const list = userList(known, options);
  await writeWhole(join(directory, USER_LIST_FILE), userListText(list), READABLE);
  await writeAuthorizationFile(file, list);
  const serverFile = join(directory, SERVER_FILE);
  const isThere = (await read(serverFile)) !== undefined;
  if (!isThere) await writeWhole(serverFile, serverText(certificates !== undefined), READABLE);
  return { file, serverFile: isThere ? undefined : serverFile, identities, newKeys };
}

/** What the server's configuration includes. */
export const authorizationFileText = (list: UserList): string => `${HEAD}${authorizationOf(list)}`;

/** Writes it. */
export const writeAuthorizationFile = (file: string, list: UserList): Promise<void> =>
  writeWhole(file, authorizationFileText(list), READABLE);

const HEAD = '# Written by mm2ss nats-auth: changes made here are lost. Permissions are in docs/nats.md.\n';

function serverText(byCertificate: boolean): string {
  const tls = [
    '# Certificates of this server, and the authority that signed those of its clients.',
    `${byCertificate ? '' : '# '}tls {`,
    ...['cert_file: "server.crt"', 'key_file: "server.key"', 'ca_file: "ca.crt"'].map(
      (line) => `${byCertificate ? '' : '# '}  ${line}`,
    ),
    ...(byCertificate ? ['  verify_and_map: true'] : []),
    `${byCertificate ? '' : '# '}}`,
  ];
  return [
    '# A configuration of nats-server to begin with: mm2ss nats-auth does not write it again.',
    'port: 4222',
    'http: 127.0.0.1:8222',
    '# sync_interval needs nats-server 2.10; without it stored events do not survive a power failure.',
    'jetstream { store_dir: "jetstream", sync_interval: always }',
    ...tls,
    `include "${AUTHORIZATION_FILE}"`,
    '',
  ].join('\n');
}
