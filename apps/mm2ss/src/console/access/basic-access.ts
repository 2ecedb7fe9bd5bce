import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { plainAddress, type SourceRange } from '@iec104mm2ss/config';
import type { Clock } from '@iec104mm2ss/runtime';
import { UsageError } from '../../commands/errors.js';
import type { Access, Caller, Refusal } from './access.js';
import { clientAddress } from './client-address.js';
import { isLoopback } from './loopback.js';
import { type ConsoleUser, isPassword, parseUsers } from './password-file.js';
import { PasswordTries } from './password-tries.js';

/** The file is read again when a request comes and it was read so long ago. */
const READ_AGAIN_MS = 1_000;
/** Wrong ones that are known to be wrong. */
const MAX_WRONG = 1_000;
/** Tried at a time; what comes on top is told to come again. */
const MAX_TRYING = 4;

const PLAIN: Refusal = {
  status: 403,
  reason: 'plain_http',
  message:
    'a password is taken over TLS only: serve the console with --console-tls-dir, or behind a proxy that says X-Forwarded-Proto: https',
};
const ASK: Refusal = { status: 401, reason: undefined, message: 'a user and a password are asked for' };
const WRONG: Refusal = { status: 401, reason: 'wrong_password', message: 'no such user, or a wrong password' };

/** What was sent, and how it was judged. It counts as long as the line of its user is the same. */
interface Judged {
  readonly digest: string;
  readonly line: string;
}

/**
 * HTTP Basic (RFC 7617) with the users of a file, which is read again while it is used.
 *
 * A try costs 32 MB and a core for a moment, and counts as a guess. What was judged before is neither: who has logged in is let in
 * however many others guess at his name, and a tab with a password of yesterday, which asks again and again, is not one who guesses.
 */
export class BasicAccess implements Access {
  readonly mode = 'basic';
  private users: ReadonlyMap<string, ConsoleUser>;
  private readAt: number;
  private failed = false;
  private trying = 0;
  /** Passwords that are being tried, by what was sent: a page asks for several things at once. */
  private readonly pending = new Map<string, Promise<Caller | Refusal>>();
  /** The password of each user, once it was sent. Of what was sent digests are kept that are of no use to who finds them. */
  private readonly right = new Map<string, Judged>();
  private readonly wrong = new Map<string, Judged>();
  private readonly lines = new WeakMap<Caller, string>();
  private readonly key = randomBytes(32);
  private readonly tries = new PasswordTries();

  /**
   * @param proxies where X-Forwarded-For is believed
   * @throws UsageError, see parseUsers
   */
  constructor(
    private readonly path: string,
    private readonly proxies: readonly SourceRange[],
    private readonly clock: Pick<Clock, 'now'>,
    private readonly onTrouble: (reason: string) => void,
  ) {
    this.users = this.read();
    this.readAt = clock.now();
  }

  async callerOf(request: Pick<IncomingMessage, 'socket' | 'headers'>): Promise<Caller | Refusal> {
    // It is not even asked for one, so that browsers send none.
    if (!isPrivate(request)) return PLAIN;
    const [, encoded] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (encoded === undefined) return ASK;
    this.readAgain();
    const text = Buffer.from(encoded, 'base64').toString('utf8');
    const name = text.slice(0, Math.max(text.indexOf(':'), 0));
    const digest = createHmac('sha256', this.key).update(text).digest('hex');
    const user = this.users.get(name);
    const line = lineOf(user);
    const right = this.right.get(name);
    if (user !== undefined && right?.digest === digest && right.line === line) return this.callerFor(user);
    if (this.wrong.get(digest)?.line === line) return WRONG;
    const pending = this.pending.get(digest) ?? this.judge(text, name, digest, clientAddress(request, this.proxies));
    this.pending.set(digest, pending);
    return pending.finally(() => this.pending.delete(digest));
  }

  /** Whoever was taken out of the file, or has another role or password by now, is no such caller any more. */
  isStill(caller: Caller): boolean {
    this.readAgain();
    return this.lines.get(caller) === lineOf(this.users.get(caller.user ?? ''));
  }

  private callerFor(user: ConsoleUser): Caller {
    const caller = { user: user.name, role: user.role };
    this.lines.set(caller, lineOf(user));
    return caller;
  }

  private async judge(text: string, name: string, digest: string, address: string): Promise<Caller | Refusal> {
    if (this.trying >= MAX_TRYING)
      return { status: 503, reason: undefined, message: 'busy: come again', retryAfterS: 1 };
    const waitMs = this.tries.take(address, name, this.clock.now());
    if (waitMs > 0) {
      const message = 'too many wrong passwords: wait a while';
      return { status: 429, reason: 'too_many_passwords', message, retryAfterS: Math.ceil(waitMs / 1_000) };
    }
    const user = this.users.get(name);
    const judged = { digest, line: lineOf(user) };
    const isRight = await this.tryPassword(text.slice(name.length + 1), user);
    if (!isRight || user === undefined) {
      if (this.wrong.size >= MAX_WRONG) this.wrong.delete([...this.wrong.keys()][0] as string);
      this.wrong.set(digest, judged);
      return WRONG;
    }
    this.tries.succeeded(address, name);
    this.right.set(name, judged);
    return this.callerFor(user);
  }

  private async tryPassword(password: string, user: ConsoleUser | undefined): Promise<boolean> {
    this.trying++;
    try {
      const [like] = this.users.values();
      return await isPassword(password, user, like as ConsoleUser);
    } finally {
      this.trying--;
    }
  }

  private readAgain(): void {
    const now = this.clock.now();
    if (now - this.readAt < READ_AGAIN_MS) return;
    this.readAt = now;
    try {
      this.users = this.read();
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

const lineOf = (user: ConsoleUser | undefined): string => (user === undefined ? '' : JSON.stringify(user));

/** Nobody on the way can read it: it came over TLS, to us or to the proxy before us, or from this machine. */
function isPrivate({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
  if ((socket as Partial<TLSSocket>).encrypted === true) return true;
  const forwarded = headers['x-forwarded-proto'];
  if (forwarded !== undefined) return forwarded === 'https';
  return isLoopback(plainAddress(socket.remoteAddress ?? ''));
}
