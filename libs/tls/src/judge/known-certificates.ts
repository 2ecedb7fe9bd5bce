import { createHash } from 'node:crypto';
import { readCertificate } from '../x509/certificate.js';
import { Link } from './trust.js';

/** Masters and RTUs of a large system, and their intermediates. One that was accepted takes about 12 kB. */
const MOST_KNOWN = 1_000;

/**
 * Certificates that were accepted, with what was read and verified of them: the next handshake with the same certificate reads
 * nothing. What was refused is not remembered, so strangers cannot fill it. It outlives a change of the files: what a
 * certificate says and whose key has signed it does not depend on them.
 */
export class KnownCertificates {
  /** By SHA-256 of the DER; the one used last is the last. */
  private readonly links = new Map<string, Link>();

  constructor(private readonly most = MOST_KNOWN) {}

  /** @throws UnreadableCertificateError */
  link(der: Uint8Array): Link {
    return (
      this.links.get(createHash('sha256').update(der).digest('hex')) ??
      new Link(readCertificate(der), Uint8Array.from(der))
    );
  }

  remember(path: readonly Link[]): void {
    for (const link of path) {
      const { fingerprint } = link.certificate;
      this.links.delete(fingerprint);
      this.links.set(fingerprint, link);
    }
    for (const oldest of this.links.keys()) {
      if (this.links.size <= this.most) break;
      this.links.delete(oldest);
    }
  }
}
