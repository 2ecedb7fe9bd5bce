import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { UFunction } from '@iec104mm2ss/iec104';
import { type CertificateAuthority, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort, GATEWAY_HOST, masterAddress, oneGroup, startRtu, hostOf, Multiplexer, until } from '../harness.js';
import { RawPeer } from '../raw-peer.js';
import { dial, newAuthority, openssl, tls, turnedAway } from './scene.js';

describe.skipIf(!openssl)('masters over TLS', () => {
  let ca: CertificateAuthority;
  let folder: TlsFolder;
  beforeAll(() => {
    ca = newAuthority();
    folder = new TlsFolder(tlsFiles(ca.issue({ cn: 'gateway' }), [ca.certificate], [ca.crl()]));
  });
  afterAll(() => {
    ca.remove();
    folder.remove();
  });

  const columns = async (more: Readonly<Record<string, string>> = {}) => {
    return { 'tls port': await freePort(), masters: 'A=127.0.0.11,cn:scada-a;B=cn:scada-b', ...more };
  };

  it('are named by their certificate, get events, and the plain port is closed', async () => {
    const row = await columns();
    const { rtu, mux } = await oneGroup({ ...row, 'port no': await freePort() }, {}, { tls: tls(folder) });
    expect(mux.port).toBe(row['tls port']);
    const master = await dial(mux.port, 2, ca.issue({ cn: 'scada-a' }));
    master.sendU(UFunction.STARTDT_ACT);
    await until('STARTDT con', () => master.functions.includes('STARTDT con'));
    rtu.burst(1);
    await until('an event', () => master.asdus.length > 1);
    const { masters, listener } = await mux.group();
    expect(listener.addresses).toEqual([`${GATEWAY_HOST}:${mux.port}`]);
    expect(masters).toMatchObject([
      { name: 'A', certificateName: 'cn:scada-a', tls: { version: 'TLSv1.3', identity: 'cn:scada-a' } },
    ]);
    await mux.logged({ event: 'tls_established', identity: 'cn:scada-a', version: 'TLSv1.3' });
  });

  it('get what comes together in one record', async () => {
    const { rtu, mux } = await oneGroup(await columns(), {}, { tls: tls(folder) });
    const master = await dial(mux.port, 1, ca.issue({ cn: 'scada-a' }));
    master.sendU(UFunction.STARTDT_ACT);
    await until('a started session', async () => (await mux.group()).masters.some(({ state }) => state === 'started'));
    await until('M_EI_NA_1', () => master.asdus.length === 1);
    let records = 0;
    master.socket.on('data', () => records++);
    rtu.burst(8);
    await until('eight events', () => master.asdus.length === 9);
    expect(records).toBeLessThan(8);
  });

  it('from the address of a master without its certificate are nobody', async () => {
    const { mux } = await oneGroup(await columns({ 'tls names': 'cn:scada-a;cn:stranger' }), {}, { tls: tls(folder) });
    await dial(mux.port, 1, ca.issue({ cn: 'stranger' }));
    await until('a session', async () => (await mux.group()).masters.length > 0);
    expect((await mux.group()).masters).toMatchObject([
      { name: null, peer: expect.stringContaining(masterAddress(1)) as string },
    ]);
  });

  it('still have to come from where the filter lets them', async () => {
    const { mux } = await oneGroup({ ...(await columns()), filter: '127.0.0.99' }, {}, { tls: tls(folder) });
    await turnedAway(mux.port, 1, ca.issue({ cn: 'scada-a' }));
    await mux.logged({ reason: 'filter' });
  });

  it('are refused, each for its reason', async () => {
    const { mux } = await oneGroup(await columns(), {}, { tls: tls(folder) });
    const other = newAuthority();
    onTestFinished(() => other.remove());
    const refused = async (reason: string, n: number, ...rest: readonly unknown[]): Promise<void> => {
      const [own, options] = rest as [Parameters<typeof dial>[2], Parameters<typeof dial>[3]];
      await turnedAway(mux.port, n, own, options);
      await mux.logged({ event: 'tls_refused', reason });
    };
    await refused('no_certificate', 1, undefined);
    await refused('wrong_name', 2, ca.issue({ cn: 'scada-c' }));
    await refused('chain', 3, other.issue({ cn: 'scada-a' }));
    await refused('expired', 4, ca.issue({ cn: 'scada-a', fromDays: -2, untilDays: -1 }));
    await refused('version', 5, ca.issue({ cn: 'scada-a' }), {
      ...{ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
    });
    const old = { ciphers: 'DEFAULT:@SECLEVEL=0', maxVersion: 'TLSv1.2' };
    await refused('weak_key', 7, ca.issue({ cn: 'scada-a', key: 'RSA-1024' }), old);
    await refused('weak_signature', 8, ca.issue({ cn: 'scada-a', hash: 'sha1' }), old);
    await refused('wrong_use', 9, ca.issue({ cn: 'scada-a', use: 'server' }));
    await refused('cipher', 6, ca.issue({ cn: 'scada-a' }), { maxVersion: 'TLSv1.2', ciphers: 'AES256-SHA' });
    expect((await mux.group()).masters).toEqual([]);
    expect(await mux.metric('mm2ss_master_connections_refused_total', { reason: 'tls_wrong_name' })).toBe(1);
  });

  it('with a certificate of 8 kB behind intermediates are let in', async () => {
    const names = Array.from({ length: 240 }, (_, index) => `DNS:feeder-${index}.substation.example`);
    const certificate = ca
      .intermediate({ cn: 'Region' })
      .intermediate({ cn: 'Site' })
      .issue({ cn: 'scada-b', san: names.join(',') });
    expect(certificate.chainDer[0]?.length).toBeGreaterThan(7_500);
    const { mux } = await oneGroup(await columns(), {}, { tls: tls(folder) });
    await dial(mux.port, 1, certificate);
    await until('B', async () => (await mux.group()).masters.some(({ name }) => name === 'B'));
  });

  it('that speak plain 104 on the TLS port, or TLS on the plain one, are told apart in the log', async () => {
    const row = await columns({ plain: 'Y' });
    const { mux } = await oneGroup(row, {}, { tls: tls(folder) });
    await until('both ports', async () => (await mux.group()).listener.addresses.length === 2);
    const socket = connect({ host: GATEWAY_HOST, port: Number(row['tls port']), localAddress: masterAddress(3) });
    onTestFinished(() => void socket.destroy());
    const plain = new RawPeer(socket);
    plain.sendU(UFunction.STARTDT_ACT);
    await until('closed', () => plain.closed);
    await mux.logged({ event: 'tls_refused', reason: 'not_tls', msg: 'plain 104 where TLS is expected' });
    await expect(dial(mux.port, 4, ca.issue({ cn: 'scada-a' }))).rejects.toThrow();
    await mux.logged({ msg: 'it speaks TLS, and this port is the one without' });
  });

  it('that never finish their handshake are closed', async () => {
    const row = await columns();
    const { mux } = await oneGroup(row, {}, { tls: tls(folder, { handshakeMs: 300 }) });
    const sockets = Array.from({ length: 3 }, () =>
      connect({ host: GATEWAY_HOST, port: mux.port, localAddress: masterAddress(1) }),
    );
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    const peers = sockets.map((socket) => new RawPeer(socket));
    // Others come in meanwhile.
    await dial(mux.port, 2, ca.issue({ cn: 'scada-a' }));
    await until('closed', () => peers.every(({ closed }) => closed));
    expect(await mux.metric('mm2ss_master_connections_refused_total', { reason: 'tls_handshake_timeout' })).toBe(3);
  });

  it('speak with Python as well', async () => {
    const { rtu, mux } = await oneGroup(await columns(), {}, { tls: tls(folder) });
    const own = ca.issue({ cn: 'scada-b' });
    const script = [
      'import ssl,socket,sys,tempfile,os',
      'chain,key,root,port=sys.argv[1:5]',
      'd=tempfile.mkdtemp()',
      'def put(n,t):\n p=os.path.join(d,n); open(p,"w").write(t); return p',
      'c=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); c.check_hostname=False; c.load_verify_locations(cadata=root)',
      'c.load_cert_chain(put("c",chain),put("k",key))',
      's=c.wrap_socket(socket.create_connection(("127.0.0.1",int(port)),source_address=("127.0.0.12",0)))',
      's.sendall(bytes.fromhex("680407000000"))',
      'got=b""',
      'while got.count(b"\\x68")<3: got+=s.recv(1000)',
      'print(s.version(), got.hex(), flush=True)',
    ].join('\n');
    const python = spawn('python3', ['-c', script, own.chain, own.key, ca.certificate, String(mux.port)]);
    onTestFinished(() => void python.kill());
    let said = '';
    python.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    python.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    await until('a started session', async () => (await mux.group()).masters.some(({ state }) => state === 'started'));
    rtu.burst(1);
    await until('what python got', () => said !== '');
    expect(said).toMatch(/^TLSv1\.[23] 68040b000000/);
  });

  it('are not let in, and others are, when there are no certificates', async () => {
    const rtu = await startRtu();
    const rows = [
      { hosts: hostOf(rtu), ...(await columns()) },
      { hosts: hostOf(await startRtu()), 'rtu no': 47 },
    ];
    const mux = await Multiplexer.start(rows);
    await mux.listening('2');
    await mux.logged({
      event: 'tls_unusable',
      group: '1',
      reason: 'there are no certificates: --tls-dir is not given',
    });
    expect((await mux.group('1')).listener.open).toBe(false);
  });
});
