import { nkeys } from '@nats-io/transport-node';
import { expect, it } from 'vitest';
import { seedIn } from './nkey-file.js';
import { nkeySigner } from './nkey-signer.js';

it('has the public keys, and signs so, as the library of the NATS project does', () => {
  for (let i = 0; i < 20; i++) {
    const pair = nkeys.createUser();
    const seed = new TextDecoder().decode(pair.getSeed());
    expect(seedIn(`# mm2ss name: router\n${seed}\n`)).toBe(seed);
    const signer = nkeySigner(seed);
    expect(signer.publicKey).toBe(pair.getPublicKey());
    const nonce = Buffer.from(`nonce ${i}`);
    expect(Buffer.from(pair.sign(nonce)).equals(signer.sign(nonce))).toBe(true);
  }
});

it.each([
  ['one character is another', (seed: string) => seed.replace(/.(?=.{20}$)/, (one) => (one === 'A' ? 'B' : 'A'))],
  ['it is cut', (seed: string) => seed.slice(0, -1)],
  ['it is of an account', (seed: string) => seed.replace('SU', 'SA')],
])('takes no seed when %s', (_what, spoil) => {
  const seed = new TextDecoder().decode(nkeys.createUser().getSeed());
  expect(seedIn(spoil(seed))).toBeUndefined();
});
