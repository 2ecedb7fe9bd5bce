import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { plainAddress } from '@iec104mm2ss/config';
import { type Clock, TokenBucket } from '@iec104mm2ss/runtime';
import { UsageError } from '../../commands/errors.js';
import type { Access, Caller, Refusal } from './access.js';
import { isLoopback } from './loopback.js';
import { type ConsoleUser, isPassword, parseUsers } from './password-file.js';

/** The file is read again when a request comes and it was read so long ago. */
const READ_AGAIN_MS = 1_000;
/** A password that was right is not tried again for so long: each try costs 32 MB and a core for a moment. */
const REMEMBERED_MS = 300_000;
const MAX_REMEMBERED = 1_000;
/** Wrong passwords from one address: so many at once, then one in ten seconds. */
const TRIES = 10;
const TRIES_PER_SECOND = 0.1;
const MAX_ADDRESSES = 1_000;
/** Tried at a time; what comes on top is told to come again. */
const MAX_TRYING = 4;

const PLAIN: Refusal = {
  status: 403,
  reason: 'plain_http',
  message:
    'a password is taken over TLS only: serve the console with --console-tls-dir, or behind a proxy that says X-Forwarded-Proto: https',
};
const ASK: Refusal = { status: 401, reason: undefined, message: 'a user and a password are asked for' };

/** HTTP Basic (RFC 7617) with the users of a file, which is read again while it is used. */
export class BasicAccess implements Access {
  readonly mode = 'basic';
  private users: ReadonlyMap<string, ConsoleUser>;
  private readAt: number;
  private failed = false;
  private trying = 0;
  /** Passwords that are being tried, by what was sent: a page asks for several things at once. */
  private readonly pending = new Map<string, Promise<Caller | Refusal>>();
  /** By a digest of what was sent that is of no use to who finds it. */
  private readonly remembered = new Map<string, { readonly caller: Caller; readonly until: number }>();
  private readonly key = randomBytes(32);
  private readonly tries = new Map<string, TokenBucket>();

  /** @throws UsageError, see parseUsers */
  constructor(
    private readonly path: string,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly onTrouble: (reason: string) => void,
  ) {
    this.users = this.read();
    this.readAt = clock.now();
  }

  async callerOf(request: Pick<IncomingMessage, 'socket' | 'headers'>): Promise<Caller | Refusal> {
    // It is not even asked for one, so that browsers send none.
    if (!isPrivate(request)) return PLAIN;
    const { socket, headers } = request;
    const [, encoded] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '') ?? [];
    if (encoded === undefined) return ASK;
    this.readAgain();
    const digest = createHmac('sha256', this.key).update(encoded).digest('hex');
    const now = this.clock.now();
    const known = this.remembered.get(digest);
    if (known !== undefined && known.until > now) return known.caller;
    const address = plainAddress(socket.remoteAddress ?? '');
    const pending = this.pending.get(digest) ?? this.judge(encoded, digest, address, now);
    this.pending.set(digest, pending);
    return pending.finally(() => this.pending.delete(digest));
  }

  private async judge(encoded: string, digest: string, address: string, now: number): Promise<Caller | Refusal> {
    const bucket = this.bucketOf(address, now);
    const waitMs = bucket.waitMs(now);
    if (waitMs > 0) {
      const message = 'too many wrong passwords: wait a while';
      return { status: 429, reason: 'too_many_passwords', message, retryAfterS: Math.ceil(waitMs / 1_000) };
    }
    if (this.trying >= MAX_TRYING)
      return { status: 503, reason: undefined, message: 'busy: come again', retryAfterS: 1 };
    bucket.take(1, now);
    const caller = await this.tryPassword(Buffer.from(encoded, 'base64').toString('utf8'));
    if (caller === undefined) return { ...ASK, reason: 'wrong_password', message: 'no such user, or a wrong password' };
    this.tries.delete(address);
    if (this.remembered.size >= MAX_REMEMBERED) this.remembered.clear();
    this.remembered.set(digest, { caller, until: now + REMEMBERED_MS });
    return caller;
  }

  private async tryPassword(text: string): Promise<Caller | undefined> {
    const at = text.indexOf(':');
    const user = this.users.get(text.slice(0, Math.max(at, 0)));
    this.trying++;
    try {
      const [like] = this.users.values();
      const isRight = await isPassword(text.slice(at + 1), user, like as ConsoleUser);
      return isRight && user !== undefined ? { user: user.name, role: user.role } : undefined;
    } finally {
      this.trying--;
    }
  }

  private bucketOf(address: string, now: number): TokenBucket {
    let bucket = this.tries.get(address);
    if (bucket === undefined) {
      if (this.tries.size >= MAX_ADDRESSES) this.tries.delete([...this.tries.keys()][0] as string);
      bucket = new TokenBucket(TRIES_PER_SECOND, TRIES, now);
      this.tries.set(address, bucket);
    }
    return bucket;
  }

  private readAgain(): void {
    const now = this.clock.now();
    if (now - this.readAt < READ_AGAIN_MS) return;
    this.readAt = now;
    try {
      const users = this.read();
      const text = (all: ReadonlyMap<string, ConsoleUser>): string => JSON.stringify([...all]);
      // Whoever lost his role has lost it now.
      if (text(users) !== text(this.users)) this.remembered.clear();
      this.users = users;
      this.failed = false;
    } catch (error) {
      if (!this.failed) this.onTrouble((error as Error).message);
      this.failed = true;
    }
  }

  private read(): ReadonlyMap<string, ConsoleUser> {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      throw new UsageError(`console users: ${(error as Error).message}`);
    }
    return parseUsers(text, this.path);
  }
}

/** Nobody on the way can read it: it came over TLS, to us or to the proxy before us, or from this machine. */
function isPrivate({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
  if ((socket as Partial<TLSSocket>).encrypted === true) return true;
  const forwarded = headers['x-forwarded-proto'];
  if (forwarded !== undefined) return forwarded === 'https';
  return isLoopback(plainAddress(socket.remoteAddress ?? ''));
}
