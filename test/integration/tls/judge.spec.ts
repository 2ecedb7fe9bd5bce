/** What is decided about certificates, with authorities made by openssl. */
import { openTlsStore, type OpenTlsStore, type PeerName, type PeerRole, type Verdict } from '@iec104mm2ss/tls';
import { CertificateAuthority, type IssuedCertificate, type TlsFiles, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { createSilentLogger } from '@iec104mm2ss/observability';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../../tools/require.mjs';

const openssl = requireTool('openssl');
const SCADA: readonly PeerName[] = [{ kind: 'cn', value: 'scada-a', text: 'cn:scada-a' }];

interface Circumstances {
  readonly files?: TlsFiles;
  readonly names?: readonly PeerName[];
  readonly role?: PeerRole;
  readonly crlExpired?: 'warn' | 'refuse';
}

describe.skipIf(!openssl)('the decision about a certificate', () => {
  const tool = openssl ?? '';
  let root: CertificateAuthority;
  let sub: CertificateAuthority;
  let own: IssuedCertificate;
  let good: IssuedCertificate;
  let crls: readonly string[];
  beforeAll(() => {
    root = CertificateAuthority.root(tool);
    sub = root.intermediate();
    own = sub.issue({ cn: 'mm2ss' });
    good = sub.issue({ cn: 'scada-a', san: 'DNS:Scada-A.example,URI:urn:scada:a,IP:127.0.0.1', use: 'client' });
    crls = [root.crl(), sub.crl()];
  });
  afterAll(() => root.remove());

  const judged = async (
    chain: IssuedCertificate | readonly Uint8Array[],
    {
      files = tlsFiles(own, [root.certificate], crls),
      names = SCADA,
      role = 'client',
      crlExpired = 'warn',
    }: Circumstances = {},
  ): Promise<Verdict> => {
    const store = await opened(files, crlExpired);
    const der = 'chainDer' in chain ? chain.chainDer : chain;
    return store.material('1', 'iec62351').judge(der, role, names);
  };
  const code = async (...parameters: Parameters<typeof judged>): Promise<string> => {
    const verdict = await judged(...parameters);
    return verdict.ok ? 'ok' : verdict.code;
  };

  it('accepts a good one, by each of its names', async () => {
    const verdict = await judged(good);
    expect(verdict).toMatchObject({ ok: true, identity: 'cn:scada-a', warnings: [] });
    expect(verdict.ok && verdict.identities).toEqual([
      'cn:scada-a',
      'dns:scada-a.example',
      'uri:urn:scada:a',
      `sha256:${good.fingerprint}`,
    ]);
    for (const [kind, value] of [
      ['dns', 'scada-a.example'],
      ['uri', 'urn:scada:a'],
      ['sha256', good.fingerprint],
    ] as const) {
      expect(await judged(good, { names: [{ kind, value, text: '' }] })).toMatchObject({
        ok: true,
        identity: `${kind}:${value}`,
      });
    }
  });

  it('finds an intermediate that is in our ca.crt, and one that is believed by itself', async () => {
    const leaf = good.chainDer.slice(0, 1);
    expect(await code(leaf)).toBe('chain');
    expect(await code(leaf, { files: tlsFiles(own, [root.certificate, sub.certificate], crls) })).toBe('ok');
    expect(await code(leaf, { files: tlsFiles(own, [sub.certificate], crls) })).toBe('ok');
  });

  it('accepts RSA, P-384 and Ed25519, and chains signed with RSASSA-PSS', async () => {
    for (const key of ['RSA-2048', 'P-384', 'ED25519'] as const) {
      expect(await code(sub.issue({ cn: 'scada-a', key }))).toBe('ok');
    }
    const pss = CertificateAuthority.root(tool, { key: 'RSA-2048', pss: true });
    const files = tlsFiles(own, [root.certificate, pss.certificate], [pss.crl()]);
    expect(await judged(pss.issue({ cn: 'scada-a' }), { files })).toMatchObject({ ok: true, warnings: [] });
    pss.remove();
  });

  it('refuses what is over, and what has not begun', async () => {
    expect(await code(sub.issue({ cn: 'scada-a', fromDays: -9, untilDays: -0.01 }))).toBe('expired');
    expect(await code(sub.issue({ cn: 'scada-a', fromDays: 0.01 }))).toBe('not_yet_valid');
    const old = root.intermediate({ fromDays: -9, untilDays: -1 });
    expect(await code(old.issue({ cn: 'scada-a' }), { files: tlsFiles(own, [root.certificate], [old.crl()]) })).toBe(
      'expired',
    );
  });

  it('refuses what is revoked, a leaf and an intermediate, and calls it that though it has expired too', async () => {
    const expired = sub.issue({ cn: 'scada-a', untilDays: -0.01, fromDays: -9 });
    const revoked = sub.crl({ revoked: [good, expired], further: 10 });
    const files = tlsFiles(own, [root.certificate], [root.crl(), revoked]);
    expect(await judged(good, { files })).toMatchObject({
      code: 'revoked',
      reason: expect.stringContaining('CN=scada-a') as string,
    });
    expect(await code(expired, { files })).toBe('revoked');
    expect(await code(sub.issue({ cn: 'scada-a' }), { files })).toBe('ok');
    const withSub = [root.crl({ revoked: [sub.issued] }), sub.crl()];
    // Also when the intermediate is in our ca.crt: it is no root for that.
    expect(await code(good, { files: tlsFiles(own, [root.certificate, sub.certificate], withSub) })).toBe('revoked');
    const above = tlsFiles(own, [root.certificate], withSub);
    expect(await judged(good, { files: above })).toMatchObject({
      code: 'revoked',
      reason: expect.stringContaining('intermediate') as string,
    });
  });

  it('reads several CRLs in one file, and DER', async () => {
    const both = { ...tlsFiles(own, [root.certificate]), 'all.crl': root.crl() + sub.crl({ revoked: [good] }) };
    expect(await code(good, { files: both })).toBe('revoked');
    const pem = sub.crl({ revoked: [good] });
    const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    expect(await code(good, { files: { ...tlsFiles(own, [root.certificate]), 'a.crl': der } })).toBe('revoked');
  });

  it('uses the newest CRL of an authority', async () => {
    const [older, newer] = [sub.crl({ revoked: [good] }), sub.crl()];
    expect(await code(good, { files: tlsFiles(own, [root.certificate], [root.crl(), newer, older]) })).toBe('ok');
  });

  it('finds each of 20,000 revoked certificates', async () => {
    const files = tlsFiles(own, [root.certificate], [root.crl(), sub.crl({ revoked: [good], further: 20_000 })]);
    expect(await code(good, { files })).toBe('revoked');
    expect(await code(sub.issue({ cn: 'scada-a' }), { files })).toBe('ok');
  });

  it('warns of a CRL that is missing or has expired, or refuses, as it is told', async () => {
    const none = tlsFiles(own, [root.certificate], [root.crl()]);
    const old = tlsFiles(own, [root.certificate], [root.crl(), sub.crl({ fromDays: -9, untilDays: -1 })]);
    expect(await judged(good, { files: none })).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining('no CRL')],
    });
    expect(await judged(good, { files: old })).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining('has expired')],
    });
    expect(await code(good, { files: none, crlExpired: 'refuse' })).toBe('crl_missing');
    expect(await code(good, { files: old, crlExpired: 'refuse' })).toBe('crl_expired');
    expect(await code(good, { crlExpired: 'refuse' })).toBe('ok');
    const oldRevokes = tlsFiles(
      own,
      [root.certificate],
      [root.crl(), sub.crl({ revoked: [good], fromDays: -9, untilDays: -1 })],
    );
    expect(await code(good, { files: oldRevokes })).toBe('revoked');
  });

  it('takes no CRL of an intermediate that another key has signed', async () => {
    const other = CertificateAuthority.root(tool);
    const files = tlsFiles(own, [root.certificate], [root.crl(), sub.crl({ forgedBy: other, revoked: [good] })]);
    expect(await judged(good, { files })).toMatchObject({ ok: true, warnings: [expect.stringContaining('no CRL')] });
    expect(await code(good, { files, crlExpired: 'refuse' })).toBe('crl_missing');
    other.remove();
  });

  it('takes no CRL of an authority that may not sign any', async () => {
    const unable = root.intermediate({ cn: 'Unable', extensions: { keyUsage: 'critical,keyCertSign' } });
    const leaf = unable.issue({ cn: 'scada-a' });
    const files = tlsFiles(own, [root.certificate], [root.crl(), unable.crl({ revoked: [leaf] })]);
    expect(await judged(leaf, { files })).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining('may not sign CRLs')],
    });
    expect(await code(leaf, { files, crlExpired: 'refuse' })).toBe('crl_missing');
  });

  it('takes the CRL that an authority has signed with its new key for what it issued with the old one', async () => {
    const renewed = CertificateAuthority.root(tool);
    const leaf = root.issue({ cn: 'scada-a' });
    const files = tlsFiles(own, [root.certificate, renewed.certificate], [renewed.crl({ revoked: [leaf] })]);
    expect(await code(leaf, { files })).toBe('revoked');
    expect(await code(root.issue({ cn: 'scada-a' }), { files, crlExpired: 'refuse' })).toBe('ok');
    expect(await code(renewed.issue({ cn: 'scada-a' }), { files, crlExpired: 'refuse' })).toBe('ok');
    renewed.remove();
  });

  it('takes a renewed intermediate though the old one, which has the same name and has expired, is sent', async () => {
    const [old, renewed] = [root.intermediate({ fromDays: -9, untilDays: -1 }), root.intermediate()];
    const leaf = renewed.issue({ cn: 'scada-a' });
    expect(await code([...leaf.chainDer, ...old.issued.chainDer])).toBe('ok');
    expect(await code([...leaf.chainDer.slice(0, 1), ...old.issued.chainDer, ...renewed.issued.chainDer])).toBe('ok');
  });

  it('refuses the wrong name, and no name at all', async () => {
    expect(await judged(sub.issue({ cn: 'scada-b' }))).toMatchObject({
      code: 'wrong_name',
      reason: expect.stringContaining('cn:scada-b') as string,
    });
    expect(await code(good, { names: [] })).toBe('wrong_name');
    expect(await code(sub.issue({ cn: 'SCADA-A' }))).toBe('wrong_name');
  });

  it('refuses the wrong authority, also one of the same name', async () => {
    const twin = CertificateAuthority.root(tool);
    expect(await code(twin.intermediate().issue({ cn: 'scada-a' }))).toBe('chain');
    expect(await code(twin.issue({ cn: 'scada-a' }))).toBe('chain');
    expect(await code([twin.issued.chainDer[0] ?? Buffer.of()])).toBe('chain');
    expect(await code([...good.chainDer.slice(0, 1), ...twin.issued.chainDer])).toBe('chain');
    twin.remove();
  });

  it('refuses what a leaf has issued, too many intermediates, and authorities that may not sign', async () => {
    const leaf = sub.intermediate({ extensions: { basicConstraints: 'CA:false', keyUsage: 'digitalSignature' } });
    expect(await judged(leaf.issue({ cn: 'scada-a' }))).toMatchObject({
      code: 'chain',
      reason: expect.stringContaining('no authority') as string,
    });
    const short = root.intermediate({ cn: 'Short', extensions: { basicConstraints: 'critical,CA:true,pathlen:0' } });
    expect(await code(short.issue({ cn: 'scada-a' }))).toBe('ok');
    expect(await code(short.intermediate({ cn: 'Below' }).issue({ cn: 'scada-a' }))).toBe('chain');
    const unable = root.intermediate({ cn: 'Unable', extensions: { keyUsage: 'critical,digitalSignature' } });
    expect(await code(unable.issue({ cn: 'scada-a' }))).toBe('chain');
  });

  it('refuses weak keys and signatures', async () => {
    expect(await code(sub.issue({ cn: 'scada-a', key: 'RSA-1024' }))).toBe('weak_key');
    expect(await code(sub.issue({ cn: 'scada-a', key: 'P-224' }))).toBe('weak_key');
    expect(await judged(sub.issue({ cn: 'scada-a', hash: 'sha1' }))).toMatchObject({
      code: 'weak_signature',
      reason: expect.stringContaining('SHA-1') as string,
    });
    expect(await code(root.intermediate({ hash: 'sha1' }).issue({ cn: 'scada-a' }))).toBe('weak_signature');
    const old = CertificateAuthority.root(tool, { hash: 'sha1', cn: 'Old root' });
    expect(
      await code(old.issue({ cn: 'scada-a' }), { files: tlsFiles(own, [root.certificate, old.certificate]) }),
    ).toBe('ok');
    old.remove();
  });

  it('refuses the wrong use', async () => {
    expect(await code(sub.issue({ cn: 'scada-a', use: 'server' }))).toBe('wrong_use');
    expect(await code(good, { role: 'server' })).toBe('wrong_use');
    expect(await code(sub.issue({ cn: 'scada-a', use: 'codeSigning' }))).toBe('wrong_use');
    expect(await code(sub.issue({ cn: 'scada-a', use: 'none' }))).toBe('ok');
    expect(await code(sub.issue({ cn: 'scada-a', extensions: { keyUsage: 'critical,keyAgreement' } }))).toBe(
      'wrong_use',
    );
    const limited = root.intermediate({ cn: 'Servers', use: 'server' });
    expect(await code(limited.issue({ cn: 'scada-a', use: 'both' }))).toBe('wrong_use');
  });

  it('refuses extensions that it does not understand, and name constraints', async () => {
    expect(await judged(sub.issue({ cn: 'scada-a', extensions: { '1.2.3.4': 'critical,ASN1:NULL' } }))).toMatchObject({
      code: 'chain',
      reason: expect.stringContaining('1.2.3.4') as string,
    });
    expect(await code(sub.issue({ cn: 'scada-a', extensions: { '1.2.3.4': 'ASN1:NULL' } }))).toBe('ok');
    const constrained = root.intermediate({
      cn: 'Constrained',
      extensions: { nameConstraints: 'permitted;DNS:a.example' },
    });
    expect(await code(constrained.issue({ cn: 'scada-a' }))).toBe('chain');
  });

  it('accepts a certificate signed by itself only when that very one is in ca.crt', async () => {
    const alone = CertificateAuthority.root(tool, {
      cn: 'scada-a',
      extensions: { basicConstraints: 'CA:false', keyUsage: 'digitalSignature' },
    });
    expect(await code(alone.issued)).toBe('chain');
    expect(await code(alone.issued, { files: tlsFiles(own, [root.certificate, alone.certificate], crls) })).toBe('ok');
    alone.remove();
  });

  it('works with certificates of 8 kB', async () => {
    const san = Array.from({ length: 60 }, (_, i) => `URI:urn:${String(i).padStart(3, '0')}${'x'.repeat(110)}`).join(
      ',',
    );
    const large = sub.issue({ cn: 'scada-a', san, key: 'RSA-2048' });
    expect(large.chainDer[0]?.length).toBeGreaterThan(7_500);
    expect(await code(large)).toBe('ok');
  });

  it('is not deceived by names with controls, NUL, wildcards or separators', async () => {
    const hidden = Buffer.from('scada-a.example\0.evil.example', 'latin1');
    const der = Buffer.concat([Buffer.of(0x30, hidden.length + 2, 0x82, hidden.length), hidden]).toString('hex');
    const names: readonly PeerName[] = [...SCADA, { kind: 'dns', value: 'scada-a.example', text: '' }];
    const verdicts = await Promise.all([
      judged(sub.issue({ cn: 'x', extensions: { subjectAltName: `DER:${der.match(/../g)?.join(':') ?? ''}` } }), {
        names,
      }),
      judged(sub.issue({ cn: 'scada-a\n{"event":"forged"}' }), { names }),
      judged(sub.issue({ cn: 'scada-a\u202e' }), { names }),
      judged(sub.issue({ cn: 'x', san: 'DNS:*.example' }), { names }),
      judged(sub.issue({ cn: 'x', san: 'URI:urn:a, DNS:scada-a.example'.replace(', ', '%2C ') }), { names }),
      judged(sub.issue({ subject: '/O=x, CN=scada-a/CN=y' }), { names }),
    ]);
    for (const verdict of verdicts) {
      expect(verdict).toMatchObject({ ok: false, code: 'wrong_name' });
      expect(verdict.ok ? '' : verdict.reason).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  it('says what it cannot read, and reads no more than it has to', async () => {
    expect(await code([])).toBe('no_certificate');
    expect(await code([Buffer.from('no certificate')])).toBe('unreadable');
    const [der = Buffer.of()] = good.chainDer;
    expect(await code([der.subarray(0, 200)])).toBe('unreadable');
    expect(await code([Buffer.concat([der, Buffer.of(0)])])).toBe('unreadable');
    expect(await code([Buffer.alloc(20_000, 0x30)])).toBe('unreadable');
    expect(await code(Array.from({ length: 11 }, () => der))).toBe('chain');
  });

  it('refuses a certificate of which any octet was changed, and throws for none', async () => {
    const { judge } = (await opened(tlsFiles(own, [root.certificate], crls))).material('1', 'modern');
    const [der = Buffer.of(), ...above] = good.chainDer;
    for (let i = 0; i < der.length; i++) {
      const changed = Buffer.from(der);
      changed[i] = (changed[i] ?? 0) ^ (1 << (i & 7));
      expect(judge([changed, ...above], 'client', SCADA).ok, `octet ${i}`).toBe(false);
    }
    expect(judge([der, ...above], 'client', SCADA).ok).toBe(true);
  });

  it('needs no reading for a certificate that it knows', async () => {
    const { judge } = (await opened(tlsFiles(own, [root.certificate], crls))).material('1', 'modern');
    judge(good.chainDer, 'client', SCADA);
    const begin = performance.now();
    for (let i = 0; i < 1000; i++) judge(good.chainDer, 'client', SCADA);
    expect((performance.now() - begin) / 1000).toBeLessThan(1);
  });
});

async function opened(files: TlsFiles, crlExpired: 'warn' | 'refuse' = 'warn'): Promise<OpenTlsStore> {
  const folder = new TlsFolder(files);
  const store = await openTlsStore({
    dir: folder.path,
    crlExpired,
    clock: SYSTEM_CLOCK,
    logger: createSilentLogger(),
  });
  onTestFinished(() => {
    store.stop();
    folder.remove();
  });
  return store;
}
