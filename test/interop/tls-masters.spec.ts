/** Masters over TLS that are not ours: j60870 (the TLS of Java), and `openssl s_client` with APDUs written by hand. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CertificateAuthority, type IssuedCertificate, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { eventually, freePort, gatewayHost, listenerIs, Multiplexer, rtuHost } from './harness.ts';
import { Peer } from './peer.ts';
import { ioa, python, rtuNumber as ca, startRtu } from './stations.ts';

const openssl = requireTool('openssl');
const java = requireTool('java');
const library = requireTool('j60870');

const STARTDT_ACT = '680407000000';
const STARTDT_CON = '68040b000000';
const TESTFR_ACT = '680443000000';
const TESTFR_CON = '680483000000';
const CA = ca.toString(16).padStart(2, '0') + '00';
/** N(S) = 0, N(R) = 1, C_SC_NA_1, activation, OA 0, IOA 1000, SCO on. */
const SINGLE_COMMAND = `680e000002002d010600${CA}e8030001`;
const SINGLE_CONFIRMED = `2d010700${CA}e8030001`;

/** `openssl s_client`: what it gets is hexadecimal in `received`, what it says of the handshake is in `said`. */
class Client {
  received = '';
  said = '';
  ended = false;
  readonly #process: ChildProcessWithoutNullStreams;

  constructor(port: number, options: readonly string[]) {
    // -quiet: no session lines on stdout, and no octet is a command to it.
    this.#process = spawn(openssl ?? '', ['s_client', '-connect', `${gatewayHost}:${port}`, '-quiet', ...options]);
    this.#process.stdin.on('error', () => undefined);
    this.#process.stdout.on('data', (octets: Buffer) => (this.received += octets.toString('hex')));
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.said += text));
    this.#process.once('close', () => (this.ended = true));
    onTestFinished(() => void this.#process.kill());
  }

  send(hex: string): void {
    this.#process.stdin.write(Buffer.from(hex, 'hex'));
  }
}

describe.skipIf(python === undefined || !openssl)('masters of other makers over TLS', () => {
  let authority: CertificateAuthority;
  let folder: TlsFolder;
  let files: string;
  let rtu: Peer;
  let mux: Multiplexer;
  let port: number;

  beforeAll(async () => {
    authority = CertificateAuthority.root(openssl ?? '');
    const own = authority.issue({ cn: 'mm2ss', key: 'RSA-2048' });
    folder = new TlsFolder(tlsFiles(own, [authority.certificate], [authority.crl()]));
    files = mkdtempSync(join(tmpdir(), 'mm2ss-masters-'));
    const rtuPort = await freePort();
    rtu = await startRtu(rtuPort);
    port = await freePort();
    const columns = { 'tls port': port, masters: 'A=cn:scada-a;J=cn:scada-j', rights: 'A=control;J=control' };
    const hosts = `${rtuHost}:${rtuPort}`;
    const group = { id: 1, port: await freePort(), rtuNumber: ca, hosts, columns };
    mux = await Multiplexer.start([group], ['--tls-dir', folder.path]);
    await mux.explaining(() => listenerIs('open', port));
  });
  afterAll(async () => {
    await mux?.stop();
    await rtu?.stop();
    authority.remove();
    folder.remove();
    rmSync(files, { recursive: true, force: true });
  });

  /** Whether the log has a line that begins with these values; the same of one source is told once. */
  const logged = (values: Readonly<Record<string, string>>): boolean =>
    mux.log
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .some((line) => Object.entries(values).every(([name, value]) => String(line[name]).startsWith(value)));

  /** A folder with PEM files, and with own.p12 for Java. */
  const folderOf = (own: IssuedCertificate): string => {
    const path = mkdtempSync(join(files, 'm-'));
    writeFileSync(join(path, 'own.crt'), own.chain);
    writeFileSync(join(path, 'own.key'), own.key);
    writeFileSync(join(path, 'ca.crt'), authority.certificate);
    const [key, cert, out] = ['own.key', 'own.crt', 'own.p12'].map((name) => join(path, name)) as [
      string,
      string,
      string,
    ];
    execFileSync(openssl ?? '', ['pkcs12', '-export', '-inkey', key, '-in', cert, '-out', out, '-passout', 'pass:']);
    return path;
  };
  const client = (own: IssuedCertificate, ...options: string[]): Client => {
    const path = folderOf(own);
    const identity = ['-cert', join(path, 'own.crt'), '-key', join(path, 'own.key')];
    return new Client(port, [...identity, '-CAfile', join(path, 'ca.crt'), '-verify_return_error', ...options]);
  };
  const marker = async (value: number): Promise<string> => {
    await eventually('the RTU to be started', async () => {
      return ((await rtu.call('connections')) as { active: number }).active > 0;
    });
    await rtu.call('send', { events: [{ ioa: ioa.marker, value }] });
    // M_ME_NB_1, one object, spontaneous.
    const octets = Buffer.from([11, 1, 3, 0, ca, 0, ioa.marker, 0, 0, value, 0, 0]);
    return octets.toString('hex');
  };

  it.each([
    ['TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256', ['-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256']],
    ['TLSv1.2', 'DHE-RSA-AES128-GCM-SHA256', ['-tls1_2', '-cipher', 'DHE-RSA-AES128-GCM-SHA256']],
    ['TLSv1.2', 'AES128-SHA256', ['-tls1_2', '-cipher', 'AES128-SHA256']],
    ['TLSv1.3', 'TLS_AES_128_GCM_SHA256', ['-tls1_3', '-ciphersuites', 'TLS_AES_128_GCM_SHA256']],
  ])('openssl s_client with %s and %s gets events, and commands', async (version, cipher, options) => {
    const since = rtu.mark();
    const master = client(authority.issue({ cn: 'scada-a', key: 'RSA-2048' }), ...options);
    await mux.explaining(async () => {
      master.send(STARTDT_ACT);
      await eventually('STARTDT con', () => master.received.startsWith(STARTDT_CON));
      master.send(TESTFR_ACT);
      await eventually('TESTFR con', () => master.received.includes(TESTFR_CON));
      const event = await marker(77);
      await eventually('an event', () => master.received.includes(event));
      master.send(SINGLE_COMMAND);
      await rtu.until('to have the command', () => rtu.eventsOf('command', since).some((told) => told['ioa'] === 1000));
      await eventually('ACT_CON', () => master.received.includes(SINGLE_CONFIRMED));
    });
    expect(logged({ event: 'tls_established', identity: 'cn:scada-a', version, cipher })).toBe(true);
  });

  it.each([
    ['TLS 1.1', '127.0.1.1', ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'], 'version'],
    ['TLS 1.0', '127.0.1.2', ['-tls1', '-cipher', 'ALL:@SECLEVEL=0'], 'version'],
    ['a suite with SHA-1 only', '127.0.1.3', ['-tls1_2', '-cipher', 'AES128-SHA:@SECLEVEL=0'], 'cipher'],
  ])('openssl s_client with %s is refused, and the log says why', async (_, from, options, reason) => {
    const master = client(authority.issue({ cn: 'scada-a', key: 'RSA-2048' }), '-bind', `${from}:0`, ...options);
    master.send(STARTDT_ACT);
    await mux.explaining(async () => {
      await eventually('the end', () => master.ended);
      await eventually('the reason', () => logged({ event: 'tls_refused', reason, peer: `${from}:` }));
    });
    expect(master.received).toBe('');
    expect(master.said).toMatch(/alert protocol version|handshake failure/);
  });

  describe.skipIf(!java || !library)('j60870', () => {
    let master: Peer;
    beforeAll(async () => {
      const source = join(import.meta.dirname, 'peers', 'J60870Master.java');
      master = await Peer.start('j60870', String(java), ['-cp', join(dirname(String(library)), '*'), source]);
    });
    afterAll(() => master?.stop());

    it.each(['TLSv1.2', 'TLSv1.3'])('with %s interrogates, gets events, and commands', async (version) => {
      const tls = folderOf(authority.issue({ cn: 'scada-j', key: 'RSA-2048' }));
      const [since, from] = [rtu.mark(), master.mark()];
      await mux.explaining(async () => {
        await master.call('connect', { host: gatewayHost, port, tls, version, oa: 77 });
        await master.call('startdt');
        const received = (): readonly Record<string, unknown>[] => master.eventsOf('asdu', from);
        await marker(88);
        await master.until('to have the event', () =>
          JSON.stringify(received()).includes(`"ioa":${ioa.marker},"values":[88`),
        );
        await master.call('gi', { ca });
        const has = (type: string, cot: number): boolean =>
          received().some((asdu) => asdu['type'] === type && asdu['cot'] === cot);
        await master.until('to have ACT_TERM', () => has('C_IC_NA_1', 10));
        await master.call('single', { ca, ioa: 1000, value: true });
        await master.until('to have ACT_CON', () => has('C_SC_NA_1', 7));
        expect(rtu.eventsOf('command', since)).toMatchObject([{ ioa: 1000 }]);
        await master.call('close');
      });
      expect(logged({ event: 'tls_established', identity: 'cn:scada-j', version })).toBe(true);
    });

    it.each(['TLSv1.2', 'TLSv1.3'])('is connected to as the RTU with %s, with our certificate', async (version) => {
      const source = join(import.meta.dirname, 'peers', 'J60870Master.java');
      const station = await Peer.start('RTU', String(java), ['-cp', join(dirname(String(library)), '*'), source]);
      onTestFinished(() => station.stop());
      const [rtuPort, tlsPort] = [await freePort(), await freePort()];
      const tls = folderOf(authority.issue({ cn: 'rtu', key: 'RSA-2048' }));
      await station.call('listen', { host: rtuHost, port: rtuPort, tls, version });
      const columns = { 'tls port': tlsPort, 'tls names': 'cn:scada-a', 'rtu names': 'cn:rtu' };
      const hosts = `tls://${rtuHost}:${rtuPort}`;
      const row = { id: 1, port: await freePort(), rtuNumber: ca, hosts, columns };
      const other = await Multiplexer.start([row], ['--tls-dir', folder.path]);
      onTestFinished(async () => void (await other.stop()));
      await other.explaining(async () => {
        await listenerIs('open', tlsPort);
        const scada = client(authority.issue({ cn: 'scada-a' }), '-connect', `${gatewayHost}:${tlsPort}`);
        scada.send(STARTDT_ACT);
        await station.until('to be started', () =>
          station.eventsOf('transfer').some(({ stopped }) => stopped === false),
        );
        await station.call('event', { ca, ioa: ioa.marker, value: 99 });
        const event = Buffer.from([11, 1, 3, 0, ca, 0, ioa.marker, 0, 0, 99, 0, 0]).toString('hex');
        await eventually('the event', () => scada.received.includes(event));
        scada.send(SINGLE_COMMAND);
        await eventually('ACT_CON', () => scada.received.includes(SINGLE_CONFIRMED));
        expect(other.log).toContain(`"identity":"cn:rtu","version":"${version}"`);
      });
    });

    it('with a certificate of nobody here is not let in', async () => {
      const tls = folderOf(authority.issue({ cn: 'scada-x' }));
      // With TLS 1.3 a client is done before its certificate was looked at; j60870 then waits for STARTDT con until t1.
      await master.call('connect', { host: gatewayHost, port, tls, version: 'TLSv1.3' }).catch(() => undefined);
      await mux.explaining(() =>
        eventually('the reason', () => logged({ event: 'tls_refused', reason: 'wrong_name' })),
      );
    });
  });
});
