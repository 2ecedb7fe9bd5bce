import { X509Certificate } from 'node:crypto';
import { UnreadableCertificateError } from '../x509/asn1.js';
import { readCertificate } from '../x509/certificate.js';
import { Link } from '../judge/trust.js';

/** Authorities of a large company, old and new. */
const MOST_CERTIFICATES = 200;

/** The certificates of a PEM file, in their order. Throws UnreadableCertificateError with the place of what is wrong. */
export function certificatesOf(octets: Uint8Array): Link[] {
  const text = Buffer.from(octets).toString('latin1');
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new UnreadableCertificateError('there is no certificate in it (PEM is needed)');
  if (blocks.length !== text.split('-----BEGIN CERTIFICATE').length - 1) {
    throw new UnreadableCertificateError('a certificate in it is cut off');
  }
  if (blocks.length > MOST_CERTIFICATES) {
    throw new UnreadableCertificateError(`it has ${blocks.length} certificates, at most ${MOST_CERTIFICATES} are read`);
  }
  return blocks.map((block, i) => {
    try {
      const der = derOf(block);
      return new Link(readCertificate(der), der);
    } catch (error) {
      if (!(error instanceof UnreadableCertificateError)) throw error;
      throw new UnreadableCertificateError(`certificate ${i + 1} of it: ${error.message}`, { cause: error });
    }
  });
}

/** PEM as OpenSSL takes it, without what else is in the file. */
export function pemOf(links: readonly Link[]): string {
  return links.map(({ der }) => new X509Certificate(der).toString()).join('');
}

function derOf(block: string): Uint8Array {
  try {
    return new X509Certificate(block).raw;
  } catch (error) {
    throw new UnreadableCertificateError('OpenSSL cannot read it', { cause: error });
  }
}
