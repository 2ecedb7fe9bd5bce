/** What is decided about certificates, with authorities made by openssl. */
import { CertificateAuthority, tlsFiles } from '@iec104mm2ss/testing';
import type { PeerName } from '@iec104mm2ss/tls';
import { describe, expect, it } from 'vitest';
import { requireTool } from '../../../tools/require.mjs';
import { Cast, opened, SCADA } from './cast.js';

const openssl = requireTool('openssl');

describe.skipIf(!openssl)('the decision about a certificate', () => {
  const tool = openssl ?? '';
  const cast = new Cast(tool);
  const judged: Cast['judged'] = (...parameters) => cast.judged(...parameters);
  const code: Cast['code'] = (...parameters) => cast.code(...parameters);

  it('accepts a cast.good one, by each of its names', async () => {
    const verdict = await judged(cast.good);
    expect(verdict).toMatchObject({ ok: true, identity: 'cn:scada-a', warnings: [] });
    expect(verdict.ok && verdict.identities).toEqual([
      'cn:scada-a',
      'dns:scada-a.example',
      'uri:urn:scada:a',
      `sha256:${cast.good.fingerprint}`,
    ]);
    for (const [kind, value] of [
      ['dns', 'scada-a.example'],
      ['uri', 'urn:scada:a'],
      ['sha256', cast.good.fingerprint],
    ] as const) {
      expect(await judged(cast.good, { names: [{ kind, value, text: '' }] })).toMatchObject({
        ok: true,
        identity: `${kind}:${value}`,
      });
    }
  });

  it('finds an intermediate that is in our ca.crt, and one that is believed by itself', async () => {
    const leaf = cast.good.chainDer.slice(0, 1);
    expect(await code(leaf)).toBe('chain');
    expect(
      await code(leaf, { files: tlsFiles(cast.own, [cast.root.certificate, cast.sub.certificate], cast.crls) }),
    ).toBe('ok');
    expect(await code(leaf, { files: tlsFiles(cast.own, [cast.sub.certificate], cast.crls) })).toBe('ok');
  });

  it('accepts RSA, P-384 and Ed25519, and chains signed with RSASSA-PSS', async () => {
    for (const key of ['RSA-2048', 'P-384', 'ED25519'] as const) {
      expect(await code(cast.sub.issue({ cn: 'scada-a', key }))).toBe('ok');
    }
    const pss = CertificateAuthority.root(tool, { key: 'RSA-2048', pss: true });
    const files = tlsFiles(cast.own, [cast.root.certificate, pss.certificate], [pss.crl()]);
    expect(await judged(pss.issue({ cn: 'scada-a' }), { files })).toMatchObject({ ok: true, warnings: [] });
    pss.remove();
  });

  it('refuses what is over, and what has not begun', async () => {
    expect(await code(cast.sub.issue({ cn: 'scada-a', fromDays: -9, untilDays: -0.01 }))).toBe('expired');
    expect(await code(cast.sub.issue({ cn: 'scada-a', fromDays: 0.01 }))).toBe('not_yet_valid');
    const old = cast.root.intermediate({ fromDays: -9, untilDays: -1 });
    expect(
      await code(old.issue({ cn: 'scada-a' }), { files: tlsFiles(cast.own, [cast.root.certificate], [old.crl()]) }),
    ).toBe('expired');
  });

  it('takes a renewed intermediate though the old one, which has the same name and has expired, is sent', async () => {
    const [old, renewed] = [cast.root.intermediate({ fromDays: -9, untilDays: -1 }), cast.root.intermediate()];
    const leaf = renewed.issue({ cn: 'scada-a' });
    expect(await code([...leaf.chainDer, ...old.issued.chainDer])).toBe('ok');
    expect(await code([...leaf.chainDer.slice(0, 1), ...old.issued.chainDer, ...renewed.issued.chainDer])).toBe('ok');
  });

  it('refuses the wrong name, and no name at all', async () => {
    expect(await judged(cast.sub.issue({ cn: 'scada-b' }))).toMatchObject({
      code: 'wrong_name',
      reason: expect.stringContaining('cn:scada-b') as string,
    });
    expect(await code(cast.good, { names: [] })).toBe('wrong_name');
    expect(await code(cast.sub.issue({ cn: 'SCADA-A' }))).toBe('wrong_name');
  });

  it('refuses the wrong authority, also one of the same name', async () => {
    const twin = CertificateAuthority.root(tool);
    expect(await code(twin.intermediate().issue({ cn: 'scada-a' }))).toBe('chain');
    expect(await code(twin.issue({ cn: 'scada-a' }))).toBe('chain');
    expect(await code([twin.issued.chainDer[0] ?? Buffer.of()])).toBe('chain');
    expect(await code([...cast.good.chainDer.slice(0, 1), ...twin.issued.chainDer])).toBe('chain');
    twin.remove();
  });

  it('refuses what a leaf has issued, too many intermediates, and authorities that may not sign', async () => {
    const leaf = cast.sub.intermediate({ extensions: { basicConstraints: 'CA:false', keyUsage: 'digitalSignature' } });
    expect(await judged(leaf.issue({ cn: 'scada-a' }))).toMatchObject({
      code: 'chain',
      reason: expect.stringContaining('no authority') as string,
    });
    const short = cast.root.intermediate({
      cn: 'Short',
      extensions: { basicConstraints: 'critical,CA:true,pathlen:0' },
    });
    expect(await code(short.issue({ cn: 'scada-a' }))).toBe('ok');
    expect(await code(short.intermediate({ cn: 'Below' }).issue({ cn: 'scada-a' }))).toBe('chain');
    const unable = cast.root.intermediate({ cn: 'Unable', extensions: { keyUsage: 'critical,digitalSignature' } });
    expect(await code(unable.issue({ cn: 'scada-a' }))).toBe('chain');
  });

  it('refuses weak keys and signatures', async () => {
    expect(await code(cast.sub.issue({ cn: 'scada-a', key: 'RSA-1024' }))).toBe('weak_key');
    expect(await code(cast.sub.issue({ cn: 'scada-a', key: 'P-224' }))).toBe('weak_key');
    expect(await judged(cast.sub.issue({ cn: 'scada-a', hash: 'sha1' }))).toMatchObject({
      code: 'weak_signature',
      reason: expect.stringContaining('SHA-1') as string,
    });
    expect(await code(cast.root.intermediate({ hash: 'sha1' }).issue({ cn: 'scada-a' }))).toBe('weak_signature');
    const old = CertificateAuthority.root(tool, { hash: 'sha1', cn: 'Old root' });
    expect(
      await code(old.issue({ cn: 'scada-a' }), { files: tlsFiles(cast.own, [cast.root.certificate, old.certificate]) }),
    ).toBe('ok');
    old.remove();
  });

  it('refuses the wrong use', async () => {
    expect(await code(cast.sub.issue({ cn: 'scada-a', use: 'server' }))).toBe('wrong_use');
    expect(await code(cast.good, { role: 'server' })).toBe('wrong_use');
    expect(await code(cast.sub.issue({ cn: 'scada-a', use: 'codeSigning' }))).toBe('wrong_use');
    expect(await code(cast.sub.issue({ cn: 'scada-a', use: 'none' }))).toBe('ok');
    expect(await code(cast.sub.issue({ cn: 'scada-a', extensions: { keyUsage: 'critical,keyAgreement' } }))).toBe(
      'wrong_use',
    );
    const limited = cast.root.intermediate({ cn: 'Servers', use: 'server' });
    expect(await code(limited.issue({ cn: 'scada-a', use: 'both' }))).toBe('wrong_use');
  });

  it('refuses extensions that it does not understand, and name constraints', async () => {
    expect(
      await judged(cast.sub.issue({ cn: 'scada-a', extensions: { '1.2.3.4': 'critical,ASN1:NULL' } })),
    ).toMatchObject({
      code: 'chain',
      reason: expect.stringContaining('1.2.3.4') as string,
    });
    expect(await code(cast.sub.issue({ cn: 'scada-a', extensions: { '1.2.3.4': 'ASN1:NULL' } }))).toBe('ok');
    const constrained = cast.root.intermediate({
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
    expect(
      await code(alone.issued, { files: tlsFiles(cast.own, [cast.root.certificate, alone.certificate], cast.crls) }),
    ).toBe('ok');
    alone.remove();
  });

  it('works with certificates of 8 kB', async () => {
    const san = Array.from({ length: 60 }, (_, i) => `URI:urn:${String(i).padStart(3, '0')}${'x'.repeat(110)}`).join(
      ',',
    );
    const large = cast.sub.issue({ cn: 'scada-a', san, key: 'RSA-2048' });
    expect(large.chainDer[0]?.length).toBeGreaterThan(7_500);
    expect(await code(large)).toBe('ok');
  });

  it('is not deceived by names with controls, NUL, wildcards or separators', async () => {
    const hidden = Buffer.from('scada-a.example\0.evil.example', 'latin1');
    const der = Buffer.concat([Buffer.of(0x30, hidden.length + 2, 0x82, hidden.length), hidden]).toString('hex');
    const names: readonly PeerName[] = [...SCADA, { kind: 'dns', value: 'scada-a.example', text: '' }];
    const verdicts = await Promise.all([
      judged(cast.sub.issue({ cn: 'x', extensions: { subjectAltName: `DER:${der.match(/../g)?.join(':') ?? ''}` } }), {
        names,
      }),
      judged(cast.sub.issue({ cn: 'scada-a\n{"event":"forged"}' }), { names }),
      judged(cast.sub.issue({ cn: 'scada-a\u202e' }), { names }),
      judged(cast.sub.issue({ cn: 'x', san: 'DNS:*.example' }), { names }),
      judged(cast.sub.issue({ cn: 'x', san: 'URI:urn:a, DNS:scada-a.example'.replace(', ', '%2C ') }), { names }),
      judged(cast.sub.issue({ subject: '/O=x, CN=scada-a/CN=y' }), { names }),
    ]);
    for (const verdict of verdicts) {
      expect(verdict).toMatchObject({ ok: false, code: 'wrong_name' });
      expect(verdict.ok ? '' : verdict.reason).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  it('says what it cannot read, and reads no more than it has to', async () => {
    expect(await code([])).toBe('no_certificate');
    expect(await code([Buffer.from('no certificate')])).toBe('unreadable');
    const [der = Buffer.of()] = cast.good.chainDer;
    expect(await code([der.subarray(0, 200)])).toBe('unreadable');
    expect(await code([Buffer.concat([der, Buffer.of(0)])])).toBe('unreadable');
    expect(await code([Buffer.alloc(20_000, 0x30)])).toBe('unreadable');
    expect(await code(Array.from({ length: 11 }, () => der))).toBe('chain');
  });

  it('refuses a certificate of which any octet was changed, and throws for none', async () => {
    const { judge } = (await opened(tlsFiles(cast.own, [cast.root.certificate], cast.crls))).material('1', 'modern');
    const [der = Buffer.of(), ...above] = cast.good.chainDer;
    for (let i = 0; i < der.length; i++) {
      const changed = Buffer.from(der);
      changed[i] = (changed[i] ?? 0) ^ (1 << (i & 7));
      expect(judge([changed, ...above], 'client', SCADA).ok, `octet ${i}`).toBe(false);
    }
    expect(judge([der, ...above], 'client', SCADA).ok).toBe(true);
  });

  it('needs no reading for a certificate that it knows', async () => {
    const { judge } = (await opened(tlsFiles(cast.own, [cast.root.certificate], cast.crls))).material('1', 'modern');
    judge(cast.good.chainDer, 'client', SCADA);
    const begin = performance.now();
    for (let i = 0; i < 1000; i++) judge(cast.good.chainDer, 'client', SCADA);
    expect((performance.now() - begin) / 1000).toBeLessThan(1);
  });
});
