import type { BusUser } from './bus-user.js';
import { type PermissionOptions, permissionsOf } from './permissions.js';

/** How the server recognises a user: by a public key, or by what its client certificate says. */
export type Identity = { readonly nkey: string } | { readonly certificate: string };

/** How long a client may take to say who it is: on a machine that is busy the server's own two seconds are short. */
const AUTH_TIMEOUT_S = 5;

/** The `authorization` block of nats-server: every user with its permissions. Who is not in it is let do nothing. */
export function authorizationText(
  users: readonly (BusUser & { readonly identity: Identity })[],
  options: PermissionOptions,
): string {
  const blocks = users.map(({ identity, ...user }) => userBlock(user, identity, options));
  return ['authorization {', `  timeout: ${AUTH_TIMEOUT_S}`, '  users: [', blocks.join(',\n'), '  ]', '}', ''].join(
    '\n',
  );
}

function userBlock(user: BusUser, identity: Identity, options: PermissionOptions): string {
  const { publish, subscribe } = permissionsOf(user, options);
  const who = 'nkey' in identity ? `nkey: ${identity.nkey}` : `user: ${JSON.stringify(identity.certificate)}`;
  return [
    `    { # ${user.name}: ${describe(user)}`,
    `      ${who}`,
    '      permissions: {',
    `        publish: { allow: ${list(publish)} }`,
    `        subscribe: { allow: ${list(subscribe)} }`,
    '      }',
    '    }',
  ].join('\n');
}

function describe({ role, groups }: BusUser): string {
  return groups === undefined ? role : `${role} of group${groups.length === 1 ? '' : 's'} ${groups.join(', ')}`;
}

function list(subjects: readonly string[]): string {
  return `[\n${subjects.map((subject) => `          ${JSON.stringify(subject)}`).join(',\n')}\n        ]`;
}
