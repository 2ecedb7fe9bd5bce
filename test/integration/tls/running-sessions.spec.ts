/** What becomes of sessions that run when certificates, CRLs, names or time go on. */
import { spawn } from 'node:child_process';
import { UFunction } from '@iec104mm2ss/iec104';
import type { RtuSimulator } from '@iec104mm2ss/simulator';
import { CertificateAuthority, type IssuedCertificate, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Columns, eventsOf, freePort, type Multiplexer, masterAddress, oneGroup, until } from '../harness.js';
import type { RawPeer } from '../raw-peer.js';
import { dial, newAuthority, openssl, tls, turnedAway } from './scene.js';

/** The files are read every two seconds, and once more half a second later. */
const RELOAD_MS = 9_000;

describe.skipIf(!openssl)('running TLS sessions', () => {
  let root: CertificateAuthority;
  let sub: CertificateAuthority;
  let own: IssuedCertificate;
  beforeAll(() => {
    root = newAuthority();
    sub = root.intermediate();
    own = root.issue({ cn: 'mm2ss' });
  });
  afterAll(() => root.remove());

  const newFolder = (): TlsFolder => {
    const folder = new TlsFolder(tlsFiles(own, [root.certificate], [root.crl(), sub.crl()]));
    onTestFinished(() => folder.remove());
    return folder;
  };
  const scene = async (
    folder: TlsFolder,
    columns: Columns,
    changes: Parameters<typeof tls>[1] = {},
  ): Promise<{ rtu: RtuSimulator; mux: Multiplexer }> =>
    oneGroup({ 'tls port': await freePort(), ...columns }, {}, { tls: tls(folder, changes) });
  const started = async (mux: Multiplexer, n: number, certificate: IssuedCertificate): Promise<RawPeer> => {
    const master = await dial(mux.port, n, certificate);
    master.sendU(UFunction.STARTDT_ACT);
    await until('STARTDT con', () => master.functions.includes('STARTDT con'));
    return master;
  };
  const monitored = ({ asdus }: RawPeer): string[] => asdus.filter((asdu) => Number(`0x${asdu.slice(0, 2)}`) <= 40);

  it('of revoked certificates end, those of others lose nothing, while certificates rotate', async () => {
    const folder = newFolder();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const { rtu, mux } = await scene(folder, { masters: names.map((name) => `${name}=cn:${name}`).join(';') });
    const events = eventsOf(rtu);
    const certificates = names.map((cn) => (cn === 'b' || cn === 'e' ? sub : root).issue({ cn }));
    const masters = await Promise.all(certificates.map((certificate, index) => started(mux, index + 1, certificate)));
    await until('five in transfer', async () => {
      return (await mux.group()).masters.filter(({ state }) => state === 'started').length === 5;
    });
    const timer = setInterval(() => rtu.burst(5), 10);
    onTestFinished(() => clearInterval(timer));
    const [a, b, c, d, e] = masters as [RawPeer, RawPeer, RawPeer, RawPeer, RawPeer];
    await until('events', () => masters.every((master) => monitored(master).length > 20));

    // Our own certificate is another one, and a leaf is revoked.
    const next = root.issue({ cn: 'mm2ss' });
    const revoked = certificates[0] as IssuedCertificate;
    folder.swap(tlsFiles(next, [root.certificate], [root.crl({ revoked: [revoked] }), sub.crl()]));
    await until('a is closed', () => a.closed, RELOAD_MS);
    expect([b, c, d, e].map(({ closed }) => closed)).toEqual([false, false, false, false]);
    await mux.logged({ event: 'tls_revoked', identity: 'cn:a', severity: 'alert' });

    // The intermediate is revoked: all that it has issued.
    folder.swap(tlsFiles(next, [root.certificate], [root.crl({ revoked: [revoked, sub.issued] }), sub.crl()]));
    await until('b and e are closed', () => b.closed && e.closed, RELOAD_MS);
    await turnedAway(mux.port, 2, certificates[1]);
    await mux.logged({ event: 'tls_refused', reason: 'revoked' });

    clearInterval(timer);
    const all = (): boolean => [c, d].every((master) => monitored(master).length >= events.length);
    await until('everything has arrived', all);
    expect(monitored(c)).toEqual(events);
    expect(monitored(d)).toEqual(events);
    const status = await mux.group();
    expect(status.masters.map(({ name }) => name).sort()).toEqual(['c', 'd']);
  }, 40_000);

  it('end when the file no longer names them', async () => {
    const directory = newFolder();
    const file = `${directory.root}/groups.csv`;
    const port = await freePort();
    const { mux, rtu } = await oneGroup(
      { 'tls port': port, 'tls names': 'cn:a;cn:b' },
      {},
      { tls: tls(directory), file },
    );
    const [a, b] = [await started(mux, 1, root.issue({ cn: 'a' })), await started(mux, 2, root.issue({ cn: 'b' }))];
    const { readFileSync, writeFileSync } = await import('node:fs');
    writeFileSync(file, readFileSync(file, 'utf8').replace('cn:a;cn:b', 'cn:b'));
    await mux.reload();
    await until('a is closed', () => a.closed);
    rtu.burst(1);
    await until('b gets more', () => monitored(b).length > 0);
    await mux.logged({ event: 'tls_ended', reason: 'wrong_name' });
  });

  it('whose certificate ends go on, with an alarm', async () => {
    const { mux, rtu } = await scene(newFolder(), { 'tls names': 'cn:a' });
    const seconds = 5;
    const master = await started(mux, 1, root.issue({ cn: 'a', untilDays: seconds / 86_400 }));
    await mux.logged({ event: 'tls_expired', reason: 'expired' }, 14_000);
    rtu.burst(1);
    await until('an event', () => monitored(master).length > 0);
    expect(master.closed).toBe(false);
    expect(mux.lines.filter(({ event }) => event === 'tls_expired')).toHaveLength(1);
    await turnedAway(mux.port, 2, root.issue({ cn: 'a', untilDays: -1 }));
  }, 25_000);

  it('end at their largest age, one connection of a master after the other', async () => {
    const { mux } = await scene(newFolder(), { masters: 'A=cn:a;B=cn:b' }, { maxAgeMs: 500 });
    const [first, second, other] = [
      await started(mux, 1, root.issue({ cn: 'a' })),
      await started(mux, 2, root.issue({ cn: 'a' })),
      await started(mux, 3, root.issue({ cn: 'b' })),
    ];
    await until('one of each', () => other.closed && (first.closed || second.closed), 12_000);
    await mux.logged({ event: 'tls_max_age', identity: 'cn:a' });
    expect([first, second].filter(({ closed }) => closed)).toHaveLength(1);
  }, 20_000);

  it('may renegotiate three times with TLS 1.2, and no more', async () => {
    const { mux } = await scene(newFolder(), { 'tls names': 'cn:a' });
    const folder = new TlsFolder(tlsFiles(root.issue({ cn: 'a' }), [root.certificate]));
    onTestFinished(() => folder.remove());
    const client = spawn(openssl ?? '', [
      ...['s_client', '-connect', `127.0.0.1:${mux.port}`, '-bind', `${masterAddress(1)}:0`, '-tls1_2'],
      ...['-cert', `${folder.path}/tls.crt`, '-key', `${folder.path}/tls.key`],
    ]);
    let ended = false;
    client.once('close', () => (ended = true));
    onTestFinished(() => void client.kill());
    const count = (): number => mux.lines.filter(({ event }) => event === 'tls_renegotiated').length;
    await until('a session', async () => (await mux.group()).masters.length === 1);
    for (let wanted = 1; wanted <= 3; wanted++) {
      client.stdin.write('R\n');
      await until(`renegotiation ${wanted}`, () => count() === wanted);
    }
    client.stdin.write('R\n');
    await mux.logged({ event: 'tls_ended', reason: 'renegotiation' });
    await until('the end', () => ended);
    await until('no session', async () => (await mux.group()).masters.length === 0);
  });
});
