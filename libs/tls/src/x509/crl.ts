import { constants, type KeyObject, verify } from 'node:crypto';
import { AlgorithmIdentifier, Name } from '@peculiar/asn1-x509';
import { parseAsn1 } from './asn1.js';
import { distinguishedName, type DistinguishedName } from './distinguished-name.js';
import type { ReadCrl } from './read-crls.js';
import { signatureScheme, type SignatureScheme } from './strength.js';

/** One revocation list, compact: 20,000 entries take 400 kB. */
export class Crl {
  readonly issuer: DistinguishedName;
  /** Why it cannot be used, whoever has signed it. */
  readonly fault: string | undefined;
  private readonly scheme: SignatureScheme | string;
  /** Fingerprints of the certificates whose key has signed it, and of those whose key has not. */
  private readonly signers = new Map<string, boolean>();

  constructor(
    private readonly read: ReadCrl,
    /** Name of the file it is from. */
    readonly file: string,
  ) {
    this.issuer = distinguishedName(parseAsn1(read.issuer, Name, 'issuer'));
    this.scheme = signatureScheme(parseAsn1(read.algorithm, AlgorithmIdentifier, 'signature algorithm'));
    this.fault =
      read.fault ??
      (typeof this.scheme === 'string' ? `it is signed with ${this.scheme}` : undefined) ??
      (Number.isNaN(read.thisUpdate) ? 'its time cannot be read' : undefined);
  }

  /** ms since 1970-01-01 UTC. */
  get thisUpdate(): number {
    return this.read.thisUpdate;
  }

  /** When the next one was promised; undefined: never. */
  get nextUpdate(): number | undefined {
    return this.read.nextUpdate;
  }

  /** How many certificates it revokes. */
  get size(): number {
    return this.read.serials.length / this.read.width;
  }

  /** Whether it was made later than the other one of the same authority. */
  isNewerThan(other: Crl): boolean {
    const [mine, its] = [this.read.number, other.read.number];
    if (mine !== undefined && its !== undefined && mine !== its) {
      return mine.length === its.length ? mine > its : mine.length > its.length;
    }
    return this.thisUpdate > other.thisUpdate;
  }

  /**
   * Whether the key has signed it; verified once.
   *
   * @param signer fingerprint of the certificate that the key is from
   */
  isSignedBy(signer: string, key: KeyObject): boolean {
    const known = this.signers.get(signer);
    if (known !== undefined) return known;
    const answer = this.verify(key);
    // Only certificates that lead to an authority of ours are asked about: there are few.
    this.signers.set(signer, answer);
    return answer;
  }

  /** @param serial hexadecimal digits without leading zeros */
  revokes(serial: string): boolean {
    const { serials, width } = this.read;
    const wanted = Buffer.from(serial.padStart(width * 2, '0'), 'hex');
    if (wanted.length !== width) return false;
    let [low, high] = [0, serials.length / width];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = Buffer.compare(serials.subarray(middle * width, (middle + 1) * width), wanted);
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return false;
  }

  private verify(key: KeyObject): boolean {
    if (typeof this.scheme === 'string') return false;
    const { signed, signature } = this.read;
    const { hash, pss } = this.scheme;
    const padding = pss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO } : {};
    try {
      return verify(hash, signed, { key, ...padding }, signature);
    } catch {
      return false;
    }
  }
}
