/** c104 (lib60870 with mbedTLS) at both ends of the multiplexer, over TLS. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority, type IssuedCertificate, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { eventually, freePort, gatewayHost, listenerIs, Multiplexer, rtuHost } from './harness.ts';
import { passMarker, type PeerTls, python, rtuNumber as ca, startMaster, startRtu } from './stations.ts';

const openssl = requireTool('openssl');

describe.skipIf(python === undefined || !openssl)('c104 over TLS', () => {
  let authority: CertificateAuthority;
  let folder: TlsFolder;
  const folders: string[] = [];
  beforeAll(() => {
    authority = CertificateAuthority.root(openssl ?? '');
    folder = new TlsFolder(tlsFiles(authority.issue({ cn: 'mm2ss' }), [authority.certificate], [authority.crl()]));
  });
  afterAll(() => {
    authority.remove();
    folder.remove();
    for (const path of folders) rmSync(path, { recursive: true, force: true });
  });

  const tlsOf = (own: IssuedCertificate, more: Partial<PeerTls> = {}): PeerTls => {
    const path = mkdtempSync(join(tmpdir(), 'mm2ss-c104-'));
    folders.push(path);
    writeFileSync(join(path, 'own.crt'), own.certificate);
    writeFileSync(join(path, 'own.key'), own.key);
    writeFileSync(join(path, 'ca.crt'), authority.certificate);
    return { folder: path, ...more };
  };

  const multiplexer = async (rtuPort: number): Promise<{ mux: Multiplexer; port: number }> => {
    const port = await freePort(gatewayHost);
    const columns = { 'tls port': port, 'tls names': 'cn:scada', 'rtu names': 'cn:rtu' };
    const mux = await Multiplexer.start(
      [
        {
          id: 1,
          port: await freePort(gatewayHost),
          rtuNumber: ca,
          hosts: `tls://${rtuHost}:${rtuPort}`,
          columns: { 'same ip': 'all', ...columns },
        },
      ],
      ['--tls-dir', folder.path],
    );
    onTestFinished(async () => void (await mux.stop()));
    return { mux, port };
  };

  it.each(['TLS_1_2', 'TLS_1_3'] as const)('is the RTU and a master with %s', async (version) => {
    const rtuPort = await freePort(rtuHost);
    const rtu = await startRtu(rtuPort, { tls: tlsOf(authority.issue({ cn: 'rtu', key: 'RSA-2048' }), { version }) });
    onTestFinished(() => rtu.stop());
    const { mux, port } = await multiplexer(rtuPort);
    await mux.explaining(async () => {
      await listenerIs('open', port);
      const master = await startMaster('master', port, 0, tlsOf(authority.issue({ cn: 'scada' }), { version }));
      onTestFinished(() => master.stop());
      await passMarker(rtu, [master]);
      expect(await master.call('command', { ca, ioa: 1000, type: 'C_SC_NA_1', value: true })).toBe(true);
    });
    expect(mux.log).toContain(version === 'TLS_1_2' ? '"version":"TLSv1.2"' : '"version":"TLSv1.3"');
  });

  it('that renegotiates is judged again, and stays', async () => {
    const rtuPort = await freePort(rtuHost);
    const rtu = await startRtu(rtuPort, { tls: tlsOf(authority.issue({ cn: 'rtu' })) });
    onTestFinished(() => rtu.stop());
    const { mux, port } = await multiplexer(rtuPort);
    await mux.explaining(async () => {
      await listenerIs('open', port);
      const tls = tlsOf(authority.issue({ cn: 'scada' }), { renegotiateMs: 1_500 });
      const master = await startMaster('master', port, 0, tls);
      onTestFinished(() => master.stop());
      await eventually('a renegotiation', () => Promise.resolve(mux.log.includes('"event":"tls_renegotiated"')));
      await passMarker(rtu, [master]);
    });
  });

  it.each([
    ['another name', { cn: 'other' }, 'wrong_name'],
    ['a weak key', { cn: 'rtu', key: 'RSA-1024' }, 'weak_key'],
    ['a certificate of masters', { cn: 'rtu', use: 'client' }, 'wrong_use'],
  ] as const)('as an RTU with %s is not connected to', async (_, wish, reason) => {
    const rtuPort = await freePort(rtuHost);
    const rtu = await startRtu(rtuPort, { tls: tlsOf(authority.issue(wish)) });
    onTestFinished(() => rtu.stop());
    const { mux, port } = await multiplexer(rtuPort);
    await eventually('the refusal', () => Promise.resolve(mux.log.includes(`"reason":"${reason}"`)));
    await listenerIs('refused', port);
  });
});
