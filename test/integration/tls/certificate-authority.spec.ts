import { X509Certificate } from 'node:crypto';
import { CertificateAuthority } from '@iec104mm2ss/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireTool } from '../../../tools/require.mjs';

const openssl = requireTool('openssl');

describe.skipIf(!openssl)('the certificate authority of the tests', () => {
  let root: CertificateAuthority;
  beforeAll(() => {
    root = CertificateAuthority.root(openssl ?? '');
  });
  afterAll(() => root.remove());

  it('issues what is asked for', () => {
    const intermediate = root.intermediate();
    const leaf = intermediate.issue({ cn: 'scada-a', san: 'DNS:scada-a.example,URI:urn:scada:a', untilDays: -0.5 });
    const certificate = new X509Certificate(leaf.certificate);
    expect(certificate.subject).toBe('CN=scada-a');
    expect(certificate.subjectAltName).toBe('DNS:scada-a.example, URI:urn:scada:a');
    expect(Date.parse(certificate.validTo)).toBeLessThan(Date.now());
    expect(leaf.chainDer).toHaveLength(2);
    expect(certificate.verify(new X509Certificate(intermediate.certificate).publicKey)).toBe(true);
    expect(new X509Certificate(intermediate.certificate).verify(new X509Certificate(root.certificate).publicKey)).toBe(
      true,
    );
  });

  it('makes CRLs, good and forged', () => {
    const other = CertificateAuthority.root(openssl ?? '');
    expect(root.crl({ revoked: [root.issue()] })).toContain('BEGIN X509 CRL');
    expect(root.crl({ forgedBy: other, further: 20 })).toContain('BEGIN X509 CRL');
    other.remove();
  });
});
