/** The link to the RTU over TLS: Node's own TLS server in front of a simulated RTU. */
import { createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { RtuSimulator } from '@iec104mm2ss/simulator';
import { type CertificateAuthority, type IssuedCertificate, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { tlsFront } from '../../tls-ends.js';
import { hostOf, Multiplexer, RTU_HOST, startMaster, startRtu, until } from '../harness.js';
import { newAuthority, openssl, tls } from './scene.js';

interface TlsRtu {
  readonly rtu: RtuSimulator;
  /** As the file has it. */
  readonly host: string;
  readonly sockets: TLSSocket[];
}

async function tlsRtu(ca: CertificateAuthority, own: IssuedCertificate): Promise<TlsRtu> {
  const rtu = await startRtu();
  const front = await tlsFront(RTU_HOST, rtu.address, own, ca.certificate);
  onTestFinished(() => front.close());
  return { rtu, host: `tls://${RTU_HOST}:${front.port}`, sockets: front.sockets };
}

describe.skipIf(!openssl)('an RTU over TLS', () => {
  let ca: CertificateAuthority;
  let own: IssuedCertificate;
  beforeAll(() => {
    ca = newAuthority();
    own = ca.issue({ cn: 'mm2ss' });
  });
  afterAll(() => ca.remove());
  const newFolder = (): TlsFolder => {
    const folder = new TlsFolder(tlsFiles(own, [ca.certificate], [ca.crl()]));
    onTestFinished(() => folder.remove());
    return folder;
  };

  it('gets our certificate, is named in the status, and its events reach masters', async () => {
    const { rtu, host, sockets } = await tlsRtu(ca, ca.issue({ cn: 'rtu-7' }));
    const mux = await Multiplexer.start([{ hosts: host, 'rtu names': 'cn:rtu-7' }], { tls: tls(newFolder()) });
    await mux.listening();
    const master = await startMaster(mux.port, 1);
    rtu.burst(3);
    await until('three events', () => master.events.length === 3);
    expect(sockets[0]?.getPeerCertificate().subject.CN).toBe('mm2ss');
    expect((await mux.group()).rtu).toMatchObject({ tls: { identity: 'cn:rtu-7', version: 'TLSv1.3' } });
    await mux.logged({ event: 'tls_established', identity: 'cn:rtu-7' });
  });

  it.each(['another authority', 'another name', 'an expired certificate'])(
    'with %s is not connected to, whatever the environment says',
    async (what) => {
      const other = newAuthority();
      onTestFinished(() => other.remove());
      const certificates: Record<string, [IssuedCertificate, string]> = {
        'another authority': [other.issue({ cn: 'rtu-7' }), 'chain'],
        'another name': [ca.issue({ cn: 'rtu-8' }), 'wrong_name'],
        'an expired certificate': [ca.issue({ cn: 'rtu-7', untilDays: -0.5 }), 'expired'],
      };
      const [certificate, reason] = certificates[what] as [IssuedCertificate, string];
      process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
      onTestFinished(() => void delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
      const { host } = await tlsRtu(ca, certificate);
      const mux = await Multiplexer.start([{ hosts: host, 'rtu names': 'cn:rtu-7' }], { tls: tls(newFolder()) });
      await mux.logged({ event: 'tls_refused', reason });
      expect((await mux.group()).rtu.state).not.toBe('connected');
      expect(mux.findLine({ msg: 'listening for masters' })).toBeUndefined();
    },
  );

  it('that does not shake hands is left within t0, for the next host', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, RTU_HOST, resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as { port: number };
    const { host } = await tlsRtu(ca, ca.issue({ cn: 'rtu-7' }));
    const hosts = `tls://${RTU_HOST}:${port};${host}`;
    const mux = await Multiplexer.start([{ hosts, t0: 1, 'rtu names': 'cn:rtu-7' }], { tls: tls(newFolder()) });
    await mux.logged({ event: 'tls_refused', reason: 'handshake_timeout', msg: 'no TLS session within t0 (1 s)' });
    await mux.listening();
  });

  it('that speaks plain 104 is told to do so', async () => {
    const rtu = await startRtu();
    const hosts = `tls://${hostOf(rtu)}`;
    const mux = await Multiplexer.start([{ hosts, t0: 1, 'rtu names': 'cn:rtu-7' }], { tls: tls(newFolder()) });
    await mux.logged({ event: 'tls_refused' });
    expect((await mux.group()).rtu.lastError).toMatch(/TLS/);
  });

  it('whose certificate is revoked while it is connected is left at once', async () => {
    const certificate = ca.issue({ cn: 'rtu-7' });
    const folder = newFolder();
    const { host } = await tlsRtu(ca, certificate);
    const mux = await Multiplexer.start([{ hosts: host, 'rtu names': 'cn:rtu-7' }], { tls: tls(folder) });
    await mux.listening();
    folder.swap(tlsFiles(own, [ca.certificate], [ca.crl({ revoked: [certificate] })]));
    await mux.logged({ event: 'tls_revoked', identity: 'cn:rtu-7' }, 9_000);
    await mux.logged({ msg: 'stopped listening for masters' });
    await mux.logged({ event: 'tls_refused', reason: 'revoked' });
  }, 20_000);

  it('is not connected to without certificates of ours', async () => {
    const mux = await Multiplexer.start([{ hosts: `tls://${RTU_HOST}:9`, 'rtu names': 'cn:rtu-7' }]);
    await mux.logged({ event: 'tls_unusable', group: '1' });
  });
});
