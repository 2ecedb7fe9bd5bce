import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '@iec104mm2ss/runtime';
import { UsageError } from '../commands/errors.js';

/** Injection token of BearerTokens; null: HTTP asks for none. */
export const BEARER_TOKENS = Symbol('BEARER_TOKENS');

/** RFC 6750, clause 2.1: b64token; shorter ones can be guessed. */
const TOKEN = /^[A-Za-z0-9\-._~+/]{16,512}=*$/;
/** The file is read again when a request comes and it was read so long ago. */
const READ_AGAIN_MS = 1_000;

/**
 * The tokens of a file, one a line; blank lines and those that begin with # count for nothing.
 *
 * @throws UsageError when the file cannot be read, has no token, or one that is none; tokens are not repeated in it
 */
export function readTokens(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`token file: ${(error as Error).message}`);
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const tokens = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (tokens.length === 0) throw new UsageError(`token file ${path}: there is no token in it`);
  if (!tokens.every((token) => TOKEN.test(token))) {
    const form = 'one a line, 16 to 512 letters, digits and -._~+/ (for example from: openssl rand -hex 32)';
    throw new UsageError(`token file ${path}: tokens are ${form}`);
  }
  return tokens;
}

/**
 * Who may ask over HTTP: whoever has one of the tokens of a file. The file is read again while it is used, so that a token is
 * replaced without a restart: add the new one, change the clients, take the old one out. While it cannot be read, or has a
 * fault, what was read last counts.
 */
export class BearerTokens {
  /** SHA-256 of each: all have the same length, and comparing them tells nothing of the tokens. */
  private digests: readonly Buffer[];
  private readAt: number;
  private failed = false;

  /** @throws UsageError, see readTokens */
  constructor(
    private readonly path: string,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly onTrouble: (reason: string) => void,
  ) {
    this.digests = readTokens(path).map(digest);
    this.readAt = clock.now();
  }

  /** Why a request with this `Authorization` is refused; undefined: it is not. */
  refusal(authorization: string | undefined): 'no_token' | 'wrong_token' | undefined {
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) return 'no_token';
    this.readAgain();
    const given = digest(token);
    // All of them are compared: how long it takes says nothing.
    const matching = this.digests.filter((known) => timingSafeEqual(known, given));
    return matching.length > 0 ? undefined : 'wrong_token';
  }

  private readAgain(): void {
    const now = this.clock.now();
    if (now - this.readAt < READ_AGAIN_MS) return;
    this.readAt = now;
    try {
      this.digests = readTokens(this.path).map(digest);
      this.failed = false;
    } catch (error) {
      if (!this.failed) this.onTrouble((error as Error).message);
      this.failed = true;
    }
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
