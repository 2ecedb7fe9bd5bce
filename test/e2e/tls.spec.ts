/** TLS on both sides, each part a process of its own: certificates rotate and are revoked while masters stream. */
import { CertificateAuthority, type IssuedCertificate, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { tlsFront, tlsTunnel } from '../tls-ends.ts';
import { hasNats } from './nats-server.ts';
import { freePort, until } from './ports.ts';
import { Master, startRtu } from './stations.ts';
import { GATEWAY_HOSTS, groupOf, System } from './system.ts';

const openssl = requireTool('openssl');
const RTU_HOST = '127.0.0.2';
const NAMES = ['a', 'b', 'c', 'd', 'e'] as const;
/** The files are read every two seconds, and once more half a second later. */
const RELOAD_MS = 10_000;

describe.skipIf(!hasNats || !openssl)('TLS over NATS', () => {
  it('revoked masters are closed within 10 s, the others lose and repeat nothing, and the RTU stays', async () => {
    const ca = CertificateAuthority.root(openssl ?? '');
    const own = ca.issue({ cn: 'mm2ss' });
    const folder = new TlsFolder(tlsFiles(own, [ca.certificate], [ca.crl()]));
    onTestFinished(() => {
      ca.remove();
      folder.remove();
    });
    const { rtu, ledger } = await startRtu();
    const front = await tlsFront(RTU_HOST, rtu.address, ca.issue({ cn: 'rtu' }), ca.certificate);
    onTestFinished(() => front.close());
    const tlsPort = await freePort();
    const system = await System.start(
      [
        {
          hosts: `tls://${RTU_HOST}:${front.port}`,
          'rtu names': 'cn:rtu',
          'tls port': tlsPort,
          masters: NAMES.map((name) => `${name}=cn:${name}`).join(';'),
        },
      ],
      { environment: { MM2SS_TLS_DIR: folder.path } },
    );
    const [gateway] = system.gateways;
    if (gateway === undefined) throw new Error('no gateway');
    const certificates = NAMES.map((cn) => ca.issue({ cn }));
    const masters: Master[] = [];
    for (const [index, name] of NAMES.entries()) {
      const target = { host: GATEWAY_HOSTS[0], port: tlsPort };
      const address = `127.0.0.${11 + index}`;
      const tunnel = await tlsTunnel(target, address, certificates[index] as IssuedCertificate);
      onTestFinished(() => tunnel.close());
      masters.push(new Master(name, address, ledger, '127.0.0.1', tunnel.port, { reconnect: false }));
    }
    for (const master of masters) await master.connect();
    await system.started(NAMES.length);
    const links = front.sockets.length;
    rtu.startEvents(300);
    await until('events everywhere', () => masters.every(({ distinct }) => distinct > 100));

    const next = ca.issue({ cn: 'mm2ss' });
    const revoked = certificates[0] as IssuedCertificate;
    folder.swap(tlsFiles(next, [ca.certificate], [ca.crl({ revoked: [revoked] })]));
    await gateway.logged({ event: 'tls_revoked', identity: 'cn:a' }, RELOAD_MS);
    const leftAt = ledger.total;
    await until('more events', () => ledger.total > leftAt + 300);
    rtu.stopEvents();

    const others = masters.slice(1);
    for (const master of others) await master.hasAll();
    for (const master of others) {
      expect(master.account(), master.name).toMatchObject({ missing: 0, repeats: 0, gaps: [], unknown: 0 });
    }
    const { masters: sessions, rtu: link } = await groupOf(gateway);
    expect(sessions.map(({ name, tls }) => [name, tls?.identity]).sort()).toEqual(
      NAMES.slice(1).map((name) => [name, `cn:${name}`]),
    );
    expect(link.linkEpoch).toBe(1);
    expect(front.sockets).toHaveLength(links);
  });
});
