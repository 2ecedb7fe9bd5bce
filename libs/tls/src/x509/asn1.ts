import { AsnConvert } from '@peculiar/asn1-schema';

/** What somebody sends is read up to here: a certificate of 8 kB with 200 names has about 1,500 nodes. */
const LIMITS = { berOptions: { maxDepth: 32, maxNodes: 10_000, maxContentLength: 0x10000 } };

/** What is no certificate, or says something twice. The message is ours, and safe to be shown. */
export class UnreadableCertificateError extends Error {
  override readonly name = 'UnreadableCertificateError';
}

/** Reads one structure. Throws UnreadableCertificateError for everything else. */
export function parseAsn1<T>(octets: ArrayBuffer | Uint8Array, type: new () => T, what: string): T {
  try {
    return AsnConvert.parse(octets, type, LIMITS);
  } catch (error) {
    throw new UnreadableCertificateError(`its ${what} cannot be read`, { cause: error });
  }
}

export function hexOf(octets: ArrayBuffer | Uint8Array): string {
  return (octets instanceof Uint8Array ? Buffer.from(octets) : Buffer.from(octets)).toString('hex');
}
