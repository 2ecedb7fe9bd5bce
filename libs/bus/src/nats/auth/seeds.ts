import { nkeys } from '@nats-io/transport-node';
import { seedIn } from '../nkey-file.js';
import { nkeySigner } from '../nkey-signer.js';

/** A new nkey of a user: its seed, which is secret. */
export const newSeed = (): string => new TextDecoder().decode(nkeys.createUser().getSeed());

/** The public key that belongs to the seed in the text of an nkey file; undefined: there is no seed in it. */
export function publicKeyOf(text: string): string | undefined {
  const seed = seedIn(text);
  return seed === undefined ? undefined : nkeySigner(seed).publicKey;
}

/** Whether a text is the public key of a user, with the right checksum. */
export function isPublicKey(text: string): boolean {
  try {
    nkeys.fromPublic(text);
    return text.startsWith('U');
  } catch {
    return false;
  }
}
