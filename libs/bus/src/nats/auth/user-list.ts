import { isBusName } from '../../subjects.js';
import type { BusUser } from './bus-user.js';
import { type PermissionOptions, type Permissions, permissionsOf } from './permissions.js';
import { isPublicKey } from './seeds.js';

/** How the server recognises a user: by a public key, or by what its client certificate says. */
export type Identity = { readonly nkey: string } | { readonly certificate: string };

export type KnownUser = BusUser & { readonly identity: Identity };

/**
 * Everybody whom a server is to know, and what each may do: all that the server's configuration is made of, in a form that grows by
 * a line for each user. What a role may do stands in it, so whoever makes the configuration of it may be of another release.
 */
export interface UserList {
  /** Ids of all groups of the file. */
  readonly groups: readonly string[];
  /** By kind of user (see kindOf), with {@link GROUP} and {@link NAME} in subjects. */
  readonly permissions: Readonly<Record<string, Permissions>>;
  readonly users: readonly KnownUser[];
}

/** In a subject: once for each group of the user, or of the file where he has all. */
const GROUP = '{group}';
/** In a subject: the name of the user. */
const NAME = '{name}';
/** Subject tokens in their places while subjects are built. */
const [GROUP_TOKEN, NAME_TOKEN] = ['GROUP-ID', 'USER-NAME'];
const VERBS = ['publish', 'store', 'subscribe'] as const;

export function userList(users: readonly KnownUser[], { groups, httpControl }: PermissionOptions): UserList {
  const permissions: Record<string, Permissions> = {};
  for (const user of users) {
    const { role } = user;
    const of = groupsOf(user) === undefined ? {} : { groups: [GROUP_TOKEN] };
    const options = { groups: [GROUP_TOKEN], httpControl };
    permissions[kindOf(user)] ??= mapped(permissionsOf({ name: NAME_TOKEN, role, ...of }, options), (subject) => [
      subject.replaceAll(GROUP_TOKEN, GROUP).replaceAll(NAME_TOKEN, NAME),
    ]);
  }
  return { groups, permissions, users };
}

/** What a user of the list may do. */
export function permissionsIn({ groups, permissions }: UserList, user: KnownUser): Permissions {
  const served = groupsOf(user) ?? groups;
  return mapped(permissions[kindOf(user)] as Permissions, (pattern) => {
    const subject = pattern.replaceAll(NAME, user.name);
    return subject.includes(GROUP) ? served.map((group) => subject.replaceAll(GROUP, group)) : [subject];
  });
}

/** Only of connectors and gateways: all others serve all groups. */
const groupsOf = ({ role, groups }: BusUser): readonly string[] | undefined =>
  role === 'connector' || role === 'gateway' ? groups : undefined;

const kindOf = (user: BusUser): string => (groupsOf(user) === undefined ? user.role : `${user.role} of groups`);

function mapped(permissions: Permissions, change: (subject: string) => readonly string[]): Permissions {
  const all = (subjects: readonly string[]): string[] => [...new Set(subjects.flatMap(change))];
  const { publish, store, subscribe } = permissions;
  return { publish: all(publish), store: all(store), subscribe: all(subscribe) };
}

/** Another one: what this program reads it cannot read. */
const FORMAT = 1;

/** The list as JSON, each user and each role in a line of its own. It holds nothing secret. */
export function userListText({ groups, permissions, users }: UserList): string {
  const lines = (items: readonly string[]): string => (items.length === 0 ? '' : `\n${items.join(',\n')}\n`);
  const kinds = Object.entries(permissions).map(([kind, each]) => `${JSON.stringify(kind)}: ${JSON.stringify(each)}`);
  const known = users.map(({ name, role, groups: served, identity }) =>
    JSON.stringify({ name, role, groups: served, ...identity }),
  );
  return [
    '{',
    `"format": ${FORMAT},`,
    `"groups": ${JSON.stringify(groups)},`,
    `"permissions": {${lines(kinds)}},`,
    `"users": [${lines(known)}]`,
    '}',
    '',
  ].join('\n');
}

/**
 * The list that `userListText` has written.
 *
 * @throws {Error} when it is none; the message says why. What is in it goes into the configuration of a server as it is
 */
export function parseUserList(text: string): UserList {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw new Error('it is no JSON', { cause: error });
  }
  const { format, groups, permissions, users } = objectOf(list, 'it');
  if (format !== FORMAT) {
    throw new Error(`it is of format ${JSON.stringify(format)}, and this program knows ${FORMAT} only`);
  }
  const kinds = Object.entries(objectOf(permissions, 'permissions'));
  const result: UserList = {
    groups: strings(groups, 'groups', isBusName),
    permissions: Object.fromEntries(kinds.map(([kind, each]) => [kind, permissionsFrom(each, kind)])),
    users: arrayOf(users, 'users').map(userFrom),
  };
  const names = new Set<string>();
  for (const user of result.users) {
    if (names.has(user.name)) throw new Error(`two users are called ${user.name}`);
    names.add(user.name);
    if (!Object.hasOwn(result.permissions, kindOf(user)))
      throw new Error(`it does not say what a ${kindOf(user)} may do`);
  }
  return result;
}

function permissionsFrom(value: unknown, kind: string): Permissions {
  const entry = objectOf(value, kind);
  const [publish, store, subscribe] = VERBS.map((verb) => strings(entry[verb], `${kind}: ${verb}`, isSubject));
  return { publish, store, subscribe } as Permissions;
}

function userFrom(value: unknown): KnownUser {
  const { name, role, groups, nkey, certificate } = objectOf(value, 'a user');
  if (typeof name !== 'string' || !isBusName(name)) throw new Error(`${JSON.stringify(name)} is no name of a user`);
  if (typeof role !== 'string' || !isBusName(role)) throw new Error(`${name}: ${JSON.stringify(role)} is no role`);
  return {
    name,
    // A release to come may have others: what they may do stands in the list.
    role: role as BusUser['role'],
    ...(groups === undefined ? {} : { groups: strings(groups, `${name}: groups`, isBusName) }),
    identity: identityFrom(name, nkey, certificate),
  };
}

function identityFrom(name: string, nkey: unknown, certificate: unknown): Identity {
  if (typeof nkey === 'string' && isPublicKey(nkey)) return { nkey };
  if (nkey === undefined && typeof certificate === 'string' && certificate !== '') return { certificate };
  throw new Error(`${name}: neither the public key of a user nor the subject of a certificate`);
}

const isSubject = (text: string): boolean => /^[\w$>*.{}-]+$/.test(text);

function strings(value: unknown, what: string, isOne: (text: string) => boolean): string[] {
  const all = arrayOf(value, what);
  const other = all.find((each) => typeof each !== 'string' || !isOne(each));
  if (other !== undefined) throw new Error(`${what}: ${JSON.stringify(other)} is none`);
  return all as string[];
}

function arrayOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} must be a list`);
  return value as readonly unknown[];
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} must be an object`);
  return value as Readonly<Record<string, unknown>>;
}
