/**
 * c104 (lib60870 with mbedTLS) as the RTU over TLS. As a master it cannot be used so: c104 2.2.1 does not tell its mbedTLS a
 * host name, without which that validates no server. Masters of other makers are in tls-masters.spec.ts.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { iFormat, singleCommand, UFunction, uFormat } from '@iec104mm2ss/iec104';
import { CertificateAuthority, type IssuedCertificate, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { eventually, freePort, gatewayHost, listenerIs, Multiplexer, rtuHost } from './harness.ts';
import { ioa, python, rtuNumber as ca, startRtu } from './stations.ts';

/** See peers/c104_tls.py. */
interface PeerTls {
  readonly folder: string;
  readonly version?: 'TLS_1_2' | 'TLS_1_3';
}

const openssl = requireTool('openssl');

describe.skipIf(python === undefined || !openssl)('c104 over TLS', () => {
  let authority: CertificateAuthority;
  let folder: TlsFolder;
  const folders: string[] = [];
  beforeAll(() => {
    authority = CertificateAuthority.root(openssl ?? '');
    folder = new TlsFolder(
      tlsFiles(authority.issue({ cn: 'mm2ss', san: 'DNS:mm2ss' }), [authority.certificate], [authority.crl()]),
    );
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
    const port = await freePort();
    const columns = { 'tls port': port, 'tls names': 'cn:scada', 'rtu names': 'cn:rtu' };
    const mux = await Multiplexer.start(
      [
        {
          id: 1,
          port: await freePort(),
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

  it.each(['TLS_1_2', 'TLS_1_3'] as const)('brings events and takes commands with %s', async (version) => {
    const rtuPort = await freePort();
    const rtu = await startRtu(rtuPort, { tls: tlsOf(authority.issue({ cn: 'rtu', key: 'RSA-2048' }), { version }) });
    onTestFinished(() => rtu.stop());
    const { mux, port } = await multiplexer(rtuPort);
    await mux.explaining(async () => {
      await listenerIs('open', port);
      const { chain: cert, key } = authority.issue({ cn: 'scada' });
      const master = connect({ host: gatewayHost, port, cert, key, ca: authority.certificate, servername: 'mm2ss' });
      onTestFinished(() => void master.destroy());
      let received = '';
      master.setEncoding('hex').on('data', (octets: string) => (received += octets));
      await once(master, 'secureConnect');
      master.write(uFormat(UFunction.STARTDT_ACT));
      await eventually('the RTU to be started', async () => {
        return ((await rtu.call('connections')) as { active: number }).active > 0;
      });
      await rtu.call('send', { events: [{ ioa: ioa.marker, value: 0x1234 }] });
      // Scaled value, spontaneous, of this object.
      const event = Buffer.from([11, 1, 3, 0, ca, 0, ioa.marker, 0, 0, 0x34, 0x12, 0]).toString('hex');
      await eventually('the event', () => received.includes(event));
      master.write(iFormat(0, 2, singleCommand(ca, 1000, true)));
      await rtu.until('to have the command', () => rtu.eventsOf('command').some((told) => told['ioa'] === 1000));
      const confirmation = Buffer.from([45, 1, 7, 0, ca, 0, 0xe8, 3, 0, 1]).toString('hex');
      await eventually('ACT_CON', () => received.includes(confirmation));
    });
    expect(mux.log).toContain(version === 'TLS_1_2' ? '"version":"TLSv1.2"' : '"version":"TLSv1.3"');
  });

  it.each([
    ['another name', { cn: 'other' }, 'wrong_name'],
    ['a weak key', { cn: 'rtu', key: 'RSA-1024' }, 'weak_key'],
  ] as const)('as an RTU with %s is not connected to', async (_, wish, reason) => {
    const rtuPort = await freePort();
    const rtu = await startRtu(rtuPort, { tls: tlsOf(authority.issue(wish)) });
    onTestFinished(() => rtu.stop());
    const { mux, port } = await multiplexer(rtuPort);
    await mux.explaining(() => eventually('the refusal', () => mux.log.includes(`"reason":"${reason}"`)));
    await listenerIs('refused', port);
  });
});
