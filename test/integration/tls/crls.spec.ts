/** What CRLs do to the decision about certificates, with authorities made by openssl. */
import { CertificateAuthority, tlsFiles } from '@iec104mm2ss/testing';
import { describe, expect, it } from 'vitest';
import { requireTool } from '../../../tools/require.mjs';
import { Cast } from './cast.js';

const openssl = requireTool('openssl');

describe.skipIf(!openssl)('a CRL', () => {
  const tool = openssl ?? '';
  const cast = new Cast(tool);
  const judged: Cast['judged'] = (...parameters) => cast.judged(...parameters);
  const code: Cast['code'] = (...parameters) => cast.code(...parameters);

  it('refuses what is revoked, a leaf and an intermediate, and calls it that though it has expired too', async () => {
    const expired = cast.sub.issue({ cn: 'scada-a', untilDays: -0.01, fromDays: -9 });
    const revoked = cast.sub.crl({ revoked: [cast.good, expired], further: 10 });
    const files = tlsFiles(cast.own, [cast.root.certificate], [cast.root.crl(), revoked]);
    expect(await judged(cast.good, { files })).toMatchObject({
      code: 'revoked',
      reason: expect.stringContaining('CN=scada-a') as string,
    });
    expect(await code(expired, { files })).toBe('revoked');
    expect(await code(cast.sub.issue({ cn: 'scada-a' }), { files })).toBe('ok');
    const withSub = [cast.root.crl({ revoked: [cast.sub.issued] }), cast.sub.crl()];
    // Also when the intermediate is in our ca.crt: it is no cast.root for that.
    expect(
      await code(cast.good, { files: tlsFiles(cast.own, [cast.root.certificate, cast.sub.certificate], withSub) }),
    ).toBe('revoked');
    const above = tlsFiles(cast.own, [cast.root.certificate], withSub);
    expect(await judged(cast.good, { files: above })).toMatchObject({
      code: 'revoked',
      reason: expect.stringContaining('intermediate') as string,
    });
  });

  it('reads several CRLs in one file, and DER', async () => {
    const both = {
      ...tlsFiles(cast.own, [cast.root.certificate]),
      'all.crl': cast.root.crl() + cast.sub.crl({ revoked: [cast.good] }),
    };
    expect(await code(cast.good, { files: both })).toBe('revoked');
    const pem = cast.sub.crl({ revoked: [cast.good] });
    const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    expect(await code(cast.good, { files: { ...tlsFiles(cast.own, [cast.root.certificate]), 'a.crl': der } })).toBe(
      'revoked',
    );
  });

  it('uses the newest CRL of an authority', async () => {
    const [older, newer] = [cast.sub.crl({ revoked: [cast.good] }), cast.sub.crl()];
    expect(
      await code(cast.good, { files: tlsFiles(cast.own, [cast.root.certificate], [cast.root.crl(), newer, older]) }),
    ).toBe('ok');
  });

  it('finds each of 20,000 revoked certificates', async () => {
    const files = tlsFiles(
      cast.own,
      [cast.root.certificate],
      [cast.root.crl(), cast.sub.crl({ revoked: [cast.good], further: 20_000 })],
    );
    expect(await code(cast.good, { files })).toBe('revoked');
    expect(await code(cast.sub.issue({ cn: 'scada-a' }), { files })).toBe('ok');
  });

  it('warns of a CRL that is missing or has expired, or refuses, as it is told', async () => {
    const none = tlsFiles(cast.own, [cast.root.certificate], [cast.root.crl()]);
    const old = tlsFiles(
      cast.own,
      [cast.root.certificate],
      [cast.root.crl(), cast.sub.crl({ fromDays: -9, untilDays: -1 })],
    );
    expect(await judged(cast.good, { files: none })).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining('no CRL')],
    });
    expect(await judged(cast.good, { files: old })).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining('has expired')],
    });
    expect(await code(cast.good, { files: none, crlExpired: 'refuse' })).toBe('crl_missing');
    expect(await code(cast.good, { files: old, crlExpired: 'refuse' })).toBe('crl_expired');
    expect(await code(cast.good, { crlExpired: 'refuse' })).toBe('ok');
    const oldRevokes = tlsFiles(
      cast.own,
      [cast.root.certificate],
      [cast.root.crl(), cast.sub.crl({ revoked: [cast.good], fromDays: -9, untilDays: -1 })],
    );
    expect(await code(cast.good, { files: oldRevokes })).toBe('revoked');
  });

  it('takes no CRL of an intermediate that another key has signed', async () => {
    const other = CertificateAuthority.root(tool);
    const files = tlsFiles(
      cast.own,
      [cast.root.certificate],
      [cast.root.crl(), cast.sub.crl({ forgedBy: other, revoked: [cast.good] })],
    );
    expect(await judged(cast.good, { files })).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining('no CRL')],
    });
    expect(await code(cast.good, { files, crlExpired: 'refuse' })).toBe('crl_missing');
    other.remove();
  });

  it('takes no CRL of an authority that may not sign any', async () => {
    const unable = cast.root.intermediate({ cn: 'Unable', extensions: { keyUsage: 'critical,keyCertSign' } });
    const leaf = unable.issue({ cn: 'scada-a' });
    const files = tlsFiles(cast.own, [cast.root.certificate], [cast.root.crl(), unable.crl({ revoked: [leaf] })]);
    expect(await judged(leaf, { files })).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining('may not sign CRLs')],
    });
    expect(await code(leaf, { files, crlExpired: 'refuse' })).toBe('crl_missing');
  });

  it('takes the CRL that an authority has signed with its new key for what it issued with the old one', async () => {
    const renewed = CertificateAuthority.root(tool);
    const leaf = cast.root.issue({ cn: 'scada-a' });
    const files = tlsFiles(cast.own, [cast.root.certificate, renewed.certificate], [renewed.crl({ revoked: [leaf] })]);
    expect(await code(leaf, { files })).toBe('revoked');
    expect(await code(cast.root.issue({ cn: 'scada-a' }), { files, crlExpired: 'refuse' })).toBe('ok');
    expect(await code(renewed.issue({ cn: 'scada-a' }), { files, crlExpired: 'refuse' })).toBe('ok');
    renewed.remove();
  });
});
