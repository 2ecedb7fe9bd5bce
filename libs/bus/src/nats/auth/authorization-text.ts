import type { BusUser } from './bus-user.js';
import { ownInboxes, type PermissionOptions, type Permissions } from './permissions.js';
import { heardFrom, hearings } from '../heard-from.js';
import { askInboxes } from '../inboxes.js';
import { storeSubject } from '../store-prefix.js';
import { overlapOf, type Tokens, tokensOf } from './subject-overlap.js';
import { type KnownUser, permissionsIn, type UserList, userList } from './user-list.js';

/** How long a client may take to say who it is: on a machine that is busy the server's own two seconds are short. */
const AUTH_TIMEOUT_S = 5;
/** Account of JetStream; that of a user is called after both. */
const STORE = 'iec104';
/** What the accounts of users may ask of it; each imports what is its own. */
const STORE_EXPORTS = ['$JS.API.>', '$KV.>', 'iec104.v1.*.log', 'iec104.v1.*.audit'];

/** A user's account as it is written. */
interface Account extends Permissions {
  readonly user: KnownUser;
  readonly said: readonly Tokens[];
  readonly wanted: readonly Tokens[];
}

/**
 * The accounts of a nats-server: one for JetStream, in which nobody is, and one for each user with what it may say to JetStream
 * (services: the server chooses where the answer goes, and leads it back) and what it hears of others (streams). Who is in
 * none of them is let do nothing. The permissions say the same once more: they refuse aloud what would else reach nobody.
 */
export function authorizationOf(all: UserList): string {
  const accounts = all.users.map((user): Account => {
    const permissions = permissionsIn(all, user);
    return {
      ...permissions,
      user,
      said: permissions.publish.map(tokensOf),
      wanted: permissions.subscribe.map(tokensOf),
    };
  });
  return [
    `authorization { timeout: ${AUTH_TIMEOUT_S} }`,
    'accounts {',
    `  ${quoted(STORE)} {`,
    '    jetstream: enabled',
    `    exports: ${list(STORE_EXPORTS.map((subject) => `{ service: ${quoted(subject)} }`))}`,
    '  }',
    ...accounts.map((account) => accountBlock(account, accounts)),
    '}',
    '',
  ].join('\n');
}

/** The same for users of whom there is no list yet. */
export const authorizationText = (users: readonly KnownUser[], options: PermissionOptions): string =>
  authorizationOf(userList(users, options));

const nameOf = ({ name }: BusUser): string => `${STORE}-${name}`;

function accountBlock(account: Account, all: readonly Account[]): string {
  const { user, publish, store, subscribe } = account;
  const { identity } = user;
  const who = 'nkey' in identity ? `nkey: ${identity.nkey}` : `user: ${quoted(identity.certificate)}`;
  const subjects = {
    publish: [...new Set([...publish, ...store])],
    subscribe: [ownInboxes(user.name), ...subscribe.flatMap(hearings)],
  };
  return [
    `  # ${user.name}: ${describe(user)}`,
    `  ${quoted(nameOf(user))} {`,
    '    users: [ {',
    `      ${who}`,
    '      permissions: {',
    `        publish: { allow: ${list(subjects.publish.map(quoted), 8)} }`,
    `        subscribe: { allow: ${list(subjects.subscribe.map(quoted), 8)} }`,
    '      }',
    '    } ]',
    `    exports: ${list(publish.map((subject) => `{ stream: ${quoted(subject)} }`))}`,
    `    imports: ${list([...store.map(serviceImport), ...all.flatMap((other) => streamImports(account, other))])}`,
    '  }',
  ].join('\n');
}

function serviceImport(local: string): string {
  const subject = storeSubject(local);
  const as = subject === local ? '' : `, to: ${quoted(local)}`;
  return `{ service: { account: ${quoted(STORE)}, subject: ${quoted(subject)} }${as} }`;
}

/** What one hears of another. */
function streamImports({ user, wanted }: Account, other: Account): string[] {
  if (user === other.user || areStrangers(user, other.user)) return [];
  const heard = new Set<string>();
  for (const said of other.said) {
    for (const pattern of wanted) {
      const subject = overlapOf(said, pattern);
      if (subject !== undefined) heard.add(subject);
    }
  }
  const prefix = `, prefix: ${quoted(heardFrom(other.user.name))}`;
  return [...heard].map((subject) => {
    const isAnswer = subject === askInboxes(user.name);
    const stream = `stream: { account: ${quoted(nameOf(other.user))}, subject: ${quoted(subject)} }`;
    return `{ ${stream}${isAnswer ? '' : prefix} }`;
  });
}

/** Connectors of different groups have nothing to say to each other, and there are many of them. */
function areStrangers(one: BusUser, other: BusUser): boolean {
  if (one.role !== 'connector' || other.role !== 'connector') return false;
  return one.groups !== undefined && other.groups !== undefined && !one.groups.some((id) => other.groups?.includes(id));
}

function describe({ role, groups }: BusUser): string {
  return groups === undefined ? role : `${role} of group${groups.length === 1 ? '' : 's'} ${groups.join(', ')}`;
}

const quoted = (text: string): string => JSON.stringify(text);

function list(items: readonly string[], indent = 4): string {
  const space = ' '.repeat(indent);
  return items.length === 0 ? '[]' : `[\n${items.map((item) => `${space}  ${item}`).join(',\n')}\n${space}]`;
}
