import { readFileSync } from 'node:fs';
import type { Authenticator } from '@nats-io/transport-node';
import { isSeed, nkeySigner, type NkeySigner } from './nkey-signer.js';

/** The seed of a user: SU and 56 characters of base 32. */
const SEED = /^\s*(SU[A-Z2-7]{56})\s*$/m;
/** The line of an nkey file that says what the server calls who has it. */
const NAME = /^# mm2ss name: ([A-Za-z0-9_-]+)$/m;

/** The seed in the text of an nkey file, which may hold comments; undefined: there is none. */
export function seedIn(text: string): string | undefined {
  const [, seed] = SEED.exec(text) ?? [];
  return seed !== undefined && isSeed(seed) ? seed : undefined;
}

/**
 * Reads the file anew for each connection, so that a new key is taken; the last good one stays in use.
 *
 * @throws when the file cannot be read or holds no seed of a user
 */
export function nkeyOf(file: string): Authenticator {
  let signer = read(file);
  return (nonce) => {
    try {
      signer = read(file);
    } catch {
      // It is just being replaced.
    }
    const sig = nonce === undefined ? '' : signer.sign(Buffer.from(nonce)).toString('base64url');
    return { nkey: signer.publicKey, sig };
  };
}

function read(file: string): NkeySigner {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`nkey file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
  const seed = seedIn(text);
  if (seed === undefined) throw new Error(`nkey file ${file} holds no seed of a user (SU...)`);
  return nkeySigner(seed);
}

/** Text of an nkey file. */
export const nkeyFileText = (name: string, seed: string): string => `# mm2ss name: ${name}\n${seed}\n`;

/** What the server calls who has this file; undefined: it does not say, or cannot be read. */
export function nameInNkeyFile(file: string): string | undefined {
  try {
    return NAME.exec(readFileSync(file, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
