import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { Role } from '@iec104mm2ss/console-api';
import { UsageError } from '../../commands/errors.js';
import { isRole } from '../console-settings.js';

/** RFC 7914; 32 MB and some 60 ms for each try. */
const COST = 2 ** 15;
/** Weaker than that is no protection. */
const MIN_COST = 2 ** 14;
const BLOCK = 8;
const PARALLEL = 1;
const KEY_OCTETS = 32;
const SALT_OCTETS = 16;
/** What a file may ask for at most: a try must not take the memory of the process. */
const MAX_COST = 2 ** 17;
const MAX_MEMORY = 256 * 1024 * 1024;

const LINE = /^([^\s:]{1,64}):(\w+):scrypt:(\d+):(\d+):(\d+):([A-Za-z0-9_-]+):([A-Za-z0-9_-]+)$/;

export interface ConsoleUser {
  readonly name: string;
  readonly role: Role;
  readonly cost: number;
  readonly block: number;
  readonly parallel: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/**
 * The users of a password file, one a line; blank lines and those that begin with # count for nothing.
 *
 * @throws UsageError when a line is none, without its content
 */
export function parseUsers(text: string, path: string): ReadonlyMap<string, ConsoleUser> {
  const users = new Map<string, ConsoleUser>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name = '', role = '', cost, block, parallel, salt = '', key = ''] = LINE.exec(line.trim()) ?? [];
    const numbers = { cost: Number(cost), block: Number(block), parallel: Number(parallel) };
    if (name === '' || !isRole(role) || !isSane(numbers)) {
      throw new UsageError(`console users ${path}, line ${index + 1}: not written by mm2ss console-password`);
    }
    users.set(name, {
      name,
      role,
      ...numbers,
      salt: Buffer.from(salt, 'base64url'),
      key: Buffer.from(key, 'base64url'),
    });
  }
  if (users.size === 0) throw new UsageError(`console users ${path}: there is nobody in it (mm2ss console-password)`);
  return users;
}

function isSane({ cost, block, parallel }: Pick<ConsoleUser, 'cost' | 'block' | 'parallel'>): boolean {
  return (
    cost >= MIN_COST &&
    cost <= MAX_COST &&
    Number.isInteger(Math.log2(cost)) &&
    block === BLOCK &&
    parallel === PARALLEL
  );
}

/** The line of a user for the file. */
export async function userLine(name: string, role: Role, password: string, cost = COST): Promise<string> {
  const salt = randomBytes(SALT_OCTETS);
  const key = await derive(password, {
    cost,
    block: BLOCK,
    parallel: PARALLEL,
    salt,
    key: Buffer.alloc(KEY_OCTETS),
  });
  const parts = [name, role, 'scrypt', cost, BLOCK, PARALLEL, salt.toString('base64url'), key.toString('base64url')];
  return parts.join(':');
}

/** @param user undefined: whom nobody knows takes as long as somebody with a wrong password, one of the terms `like` */
export async function isPassword(password: string, user: ConsoleUser | undefined, like: ConsoleUser): Promise<boolean> {
  const { key } = user ?? like;
  const derived = await derive(password, user ?? like);
  return user !== undefined && derived.length === key.length && timingSafeEqual(derived, key);
}

type Terms = Pick<ConsoleUser, 'cost' | 'block' | 'parallel' | 'salt' | 'key'>;

function derive(password: string, { cost, block, parallel, salt, key }: Terms): Promise<Buffer> {
  const options = { N: cost, r: block, p: parallel, maxmem: MAX_MEMORY };
  return new Promise((resolve, reject) =>
    scrypt(password.normalize('NFC'), salt, key.length, options, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    }),
  );
}
