import type { Role } from '@iec104mm2ss/console-api';
import type { SourceRange } from '@iec104mm2ss/config';
import type { HttpAddress } from '../http/http-address.js';

/** How the console knows who asks. */
export type AccessSettings =
  | { readonly mode: 'none' }
  /** A file that `mm2ss console-password` writes. */
  | {
      readonly mode: 'basic';
      readonly file: string;
      /** Where X-Forwarded-For is believed: tries of passwords are counted by address. */
      readonly proxies: readonly SourceRange[];
    }
  | {
      readonly mode: 'proxy';
      /** Only from there the headers are believed. */
      readonly from: readonly SourceRange[];
      /** Names of users and groups by role; who is in none is a viewer. */
      readonly roles: ReadonlyMap<Role, readonly string[]>;
    };

export interface ConsoleSettings {
  readonly address: HttpAddress;
  /** Names under which it is reached besides its own. */
  readonly hosts: readonly string[];
  readonly access: AccessSettings;
  /** Folder with tls.crt and tls.key; undefined: plain HTTP. */
  readonly tlsDir?: string | undefined;
  /** The RTU simulator that it shows; undefined: none. */
  readonly simulator?: { readonly url: URL; readonly token: string | undefined } | undefined;
  /** Nobody asked for it: where its port is taken the process goes on without it. */
  readonly isOptional?: boolean;
}

const ROLES: readonly Role[] = ['viewer', 'operator', 'engineer'];

/** True when `role` may do what needs `needed`. */
export const isAtLeast = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** `viewer`, `operator` or `engineer`. */
export const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);
