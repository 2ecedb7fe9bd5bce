import { describe, expect, it } from 'vitest';
import { authorizationOf } from './authorization-text.js';
import type { BusUser } from './bus-user.js';
import { permissionsOf } from './permissions.js';
import { newSeed, publicKeyOf } from './seeds.js';
import { type KnownUser, parseUserList, permissionsIn, userList, userListText } from './user-list.js';

const groups = ['7', '8', '120'];
const known = (user: BusUser): KnownUser => ({ ...user, identity: { nkey: publicKeyOf(newSeed()) as string } });
const USERS: readonly KnownUser[] = [
  known({ name: 'connector-7', role: 'connector', groups: ['7'] }),
  known({ name: 'two', role: 'connector', groups: ['8', '120'] }),
  known({ name: 'all', role: 'connector' }),
  known({ name: 'east', role: 'gateway', groups: ['7', '8'] }),
  ...(['router', 'gateway', 'run', 'watcher', 'console', 'setup'] as const).map((role) => known({ name: role, role })),
  { name: 'by-certificate', role: 'gateway', identity: { certificate: 'CN="x\\y", O=Grid' } },
];
const sorted = (subjects: readonly string[]): string[] => [...subjects].sort();

describe.each([false, true])('a list of users, orders over HTTP: %s', (httpControl) => {
  const list = userList(USERS, { groups, httpControl });

  it.each(USERS.map((user) => [user.name, user] as const))(
    'says of %s what the table of permissions says',
    (_, user) => {
      const inList = permissionsIn(list, user);
      const inTable = permissionsOf(user, { groups, httpControl });
      for (const verb of ['publish', 'store', 'subscribe'] as const) {
        expect(sorted(inList[verb])).toEqual(sorted(inTable[verb]));
      }
    },
  );

  it('is read as it was written, and gives the same configuration of a server', () => {
    const read = parseUserList(userListText(list));
    expect(read).toEqual(list);
    expect(authorizationOf(read)).toBe(authorizationOf(list));
    expect(userListText(read)).toBe(userListText(list));
  });

  it('has a line for each user, and nothing secret', () => {
    const text = userListText(list);
    for (const { name } of USERS) expect(text.match(new RegExp(`^.*"name":"${name}".*$`, 'gm'))).toHaveLength(1);
    expect(text).not.toMatch(/\bSU[A-Z2-7]{56}\b/);
  });
});

describe('a list of users that somebody has changed', () => {
  const list = userList([known({ name: 'router', role: 'router' })], { groups, httpControl: false });
  const changed = (change: (json: Record<string, never>) => unknown): string => {
    const json = JSON.parse(userListText(list)) as Record<string, never>;
    change(json);
    return JSON.stringify(json);
  };
  const first = (json: Record<string, never>): Record<string, unknown> =>
    (json['users'] as unknown as Record<string, unknown>[])[0] as Record<string, unknown>;

  it.each<[string, string, RegExp]>([
    ['is not whole', userListText(list).slice(0, -20), /no JSON/],
    ['is the configuration of a server', 'authorization { timeout: 5 }', /no JSON/],
    ['is of a release to come', changed((json) => Object.assign(json, { format: 2 })), /format 2.*knows 1 only/],
    ['has no users', changed((json) => Object.assign(json, { users: undefined })), /users must be a list/],
    [
      'has a key with a wrong letter',
      changed((json) => (first(json)['nkey'] = `UA${'A'.repeat(54)}`)),
      /router: neither/,
    ],
    ['has a name that is no token', changed((json) => (first(json)['name'] = 'a" }')), /no name of a user/],
    ['has a role of which nothing is said', changed((json) => (first(json)['role'] = 'lord')), /what a lord may do/],
    [
      'has a subject that would end a text',
      changed((json) =>
        Object.assign(json, { permissions: { router: { publish: ['a" ]'], store: [], subscribe: [] } } }),
      ),
      /router: publish: .* is none/,
    ],
    [
      'has a user twice',
      changed((json) => (json['users'] as unknown as unknown[]).push(first(json))),
      /two users are called router/,
    ],
  ])('is refused when it %s', (_what, text, reason) => {
    expect(() => parseUserList(text)).toThrow(reason);
  });

  it('may have a role that this release does not know, as the list says what it may do', () => {
    const text = changed((json) => {
      Object.assign(json, {
        permissions: { archive: { publish: [], store: [], subscribe: ['iec104.v1.{group}.out'] } },
      });
      first(json)['role'] = 'archive';
    });
    expect(authorizationOf(parseUserList(text))).toContain('"iec104.v1.120.out"');
  });
});
