import type { IncomingMessage } from 'node:http';
import { plainAddress } from '@iec104mm2ss/config';
import type { Role } from '@iec104mm2ss/console-api';
import type { AccessSettings } from '../console-settings.js';
import type { Access, Caller, Refusal } from './access.js';

/** As oauth2-proxy, Traefik, nginx and the like have them; the first that is there counts. */
const USER = ['x-auth-request-user', 'x-forwarded-user', 'remote-user'];
const GROUPS = ['x-auth-request-groups', 'x-forwarded-groups', 'remote-groups'];
const MAX_NAME = 200;

/** Somebody before us knows who asks, and says so in headers. From any other address they are worth nothing. */
export class ProxyAccess implements Access {
  readonly mode = 'proxy';

  constructor(private readonly settings: Extract<AccessSettings, { mode: 'proxy' }>) {}

  callerOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): Caller | Refusal {
    const address = plainAddress(socket.remoteAddress ?? '');
    const { from, roles } = this.settings;
    if (!from.some((range) => range.contains(address))) {
      return { status: 403, reason: 'not_the_proxy', message: 'the console is reached through its proxy only' };
    }
    const header = (names: readonly string[]): string =>
      names.map((name) => headers[name]).find((value) => typeof value === 'string' && value !== '') as string;
    const user = (header(USER) ?? '').trim().slice(0, MAX_NAME);
    if (user === '') return { status: 403, reason: 'no_user', message: 'the proxy did not say who asks' };
    const names = [user, ...(header(GROUPS) ?? '').split(/[,|]/).map((name) => name.trim())];
    const has = (role: Role): boolean => roles.get(role)?.some((name) => names.includes(name)) ?? false;
    return { user, role: has('engineer') ? 'engineer' : has('operator') ? 'operator' : 'viewer' };
  }

  isStill(): boolean {
    return true;
  }
}
