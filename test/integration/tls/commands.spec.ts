/** `mm2ss tls check` and `mm2ss tls probe`, as they are built. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CertificateAuthority, type IssuedCertificate, type TlsFiles, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../../tools/require.mjs';
import { csvOf, freePort } from '../harness.js';

const openssl = requireTool('openssl');
const MM2SS = path.resolve(import.meta.dirname, '../../../bin/mm2ss');

interface Outcome {
  readonly code: number;
  readonly output: string;
}

function mm2ss(parameters: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, timeout: 30_000 };
    const child = execFile(MM2SS, parameters, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

describe.skipIf(!openssl)('mm2ss tls', () => {
  const tool = openssl ?? '';
  const folder = mkdtempSync(path.join(tmpdir(), 'mm2ss-peer-'));
  let root: CertificateAuthority;
  let other: CertificateAuthority;
  let own: IssuedCertificate;
  let good: TlsFolder;
  let large: TlsFolder;
  beforeAll(() => {
    root = CertificateAuthority.root(tool);
    other = CertificateAuthority.root(tool, { cn: 'Other root' });
    own = root.issue({ cn: 'mm2ss', san: 'DNS:mux.example' });
    good = opened(tlsFiles(own, [root.certificate], [root.crl()]));
    large = opened(tlsFiles(own, [root.certificate], [root.crl({ further: 20_000 })]));
  });
  afterAll(() => {
    root.remove();
    other.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const folders: TlsFolder[] = [];
  afterAll(() => folders.forEach((each) => each.remove()));
  function opened(files: TlsFiles, groups: Readonly<Record<string, TlsFiles>> = {}): TlsFolder {
    const made = new TlsFolder(files, groups);
    folders.push(made);
    return made;
  }

  describe('check', () => {
    it('shows chain, key, names, uses, CRL (a large one, from its thread) and days, and is content', async () => {
      const { code, output } = await mm2ss(['tls', 'check', '--tls-dir', large.path]);
      expect(output).toContain('tls.crt: CN=mm2ss, by CN=Test root, EC P-256, until ');
      expect(output).toContain('for a TLS server and a TLS client; names: cn:mm2ss, dns:mux.example');
      expect(output).toContain(`sha256:${own.fingerprint}`);
      expect(output).toContain('tls.key: is the key of tls.crt');
      expect(output).toContain('CRL of CN=Test root: 1.crl, 20000 revoked, until ');
      expect(output).toMatch(/\(29 days left\)/);
      expect(code).toBe(0);
    });

    it('says what is at fault, and in which folder, with exit code 1', async () => {
      const { path: dir } = opened(tlsFiles(own, [root.certificate]), {
        5: { 'tls.crt': own.chain, 'tls.key': root.issue().key },
      });
      const { code, output } = await mm2ss(['tls', 'check'], { MM2SS_TLS_DIR: dir });
      expect(output).toMatch(/The files of group 5: .*\n[^]*FAULT: tls.key is not the key of the first certificate/);
      expect(output).toContain('but: there is no CRL of CN=Test root');
      expect(code).toBe(1);
    });

    it('checks what the groups of a configuration need', async () => {
      const csv = path.join(folder, 'groups.csv');
      const tls = {
        'tls port': 19_998,
        'tls names': 'cn:scada-a',
        hosts: 'tls://127.0.0.1:19998',
        'rtu names': 'dns:rtu.example',
      };
      writeFileSync(csv, csvOf([{ id: 7, 'port no': 2404, ...tls }]));
      const clientOnly = root.issue({ cn: 'mm2ss', use: 'client' });
      const { path: dir } = opened(tlsFiles(own, [root.certificate]), {
        7: { 'tls.crt': clientOnly.chain, 'tls.key': clientOnly.key },
      });
      const bad = await mm2ss(['tls', 'check', '--tls-dir', dir, '-i', csv]);
      expect(bad.output).toContain('FAULT: tls.crt is not for a TLS server');
      expect(bad.code).toBe(1);
      const { code, output } = await mm2ss(['tls', 'check', '--tls-dir', good.path, '-i', csv, '--json']);
      const { groups } = JSON.parse(output) as { groups: unknown };
      expect(groups).toMatchObject([
        { id: '7', files: 'shared', tlsPort: 19_998, clientNames: ['cn:scada-a'], faults: [] },
      ]);
      expect(code).toBe(0);
    });

    it('says what it needs', async () => {
      expect(await mm2ss(['tls', 'check'])).toMatchObject({
        code: 2,
        output: expect.stringContaining('--tls-dir') as string,
      });
      expect(await mm2ss(['tls', 'check', '--tls-dir', '/nowhere'])).toMatchObject({ code: 2 });
    });
  });

  describe('probe', () => {
    /** `openssl s_server` as an RTU. */
    async function server(certificate: IssuedCertificate, ...options: string[]): Promise<string> {
      const port = await freePort();
      const file = (name: string, text: string): string => {
        const at = path.join(folder, `${port}-${name}`);
        writeFileSync(at, text);
        return at;
      };
      const child = spawn(tool, [
        ...['s_server', '-accept', `127.0.0.1:${port}`, '-cert', file('crt', certificate.certificate)],
        ...['-key', file('key', certificate.key), '-cert_chain', file('chain', certificate.chain)],
        ...['-CAfile', file('ca', root.certificate), ...options],
      ]);
      onTestFinished(() => void child.kill());
      child.stderr.resume();
      for await (const chunk of child.stdout) if (String(chunk).includes('ACCEPT')) break;
      return `127.0.0.1:${port}`;
    }
    const probe = (target: string, ...parameters: string[]): Promise<Outcome> =>
      mm2ss(['tls', 'probe', target, '--timeout', '3', '--tls-dir', good.path, ...parameters]);
    const mutual = ['-Verify', '3', '-verify_return_error'];

    it('shows version, cipher, chain and verdict of one that is well', async () => {
      const target = await server(root.issue({ cn: 'rtu-7', san: 'DNS:rtu-7.example' }), ...mutual);
      const { code, output } = await probe(target, '--names', 'dns:rtu-7.example');
      expect(output).toContain('It works: all is well');
      expect(output).toContain('TLSv1.3');
      expect(output).toContain('their certificate: CN=rtu-7, by CN=Test root');
      expect(output).toContain('our verdict: accepted as dns:rtu-7.example');
      expect(code).toBe(0);
      const older = await probe(await server(root.issue({ cn: 'rtu-7' }), ...mutual, '-tls1_2'), '--json');
      expect(JSON.parse(older.output)).toMatchObject({ outcome: 'ok', version: 'TLSv1.2', verdict: { ok: true } });
    });

    it('says that we refuse: name, authority, time', async () => {
      const named = await probe(await server(root.issue({ cn: 'rtu-8' })), '--names', 'cn:rtu-7');
      expect(named).toMatchObject({
        code: 1,
        output: expect.stringContaining('We refuse them: CN=rtu-8 is none of') as string,
      });
      const foreign = await probe(await server(other.issue({ cn: 'rtu-7' })));
      expect(foreign.output).toContain(
        'We refuse them: the issuer of CN=rtu-7, CN=Other root, is neither in our ca.crt',
      );
      const late = await probe(await server(root.issue({ cn: 'rtu-7', fromDays: -2, untilDays: -1 })));
      expect(late.output).toContain('has expired on');
    });

    it('says that they refuse us, in either version', async () => {
      const stranger = other.issue({ cn: 'mm2ss' });
      const { path: dir } = opened(tlsFiles(stranger, [root.certificate]));
      for (const version of ['-tls1_2', '-tls1_3']) {
        const target = await server(root.issue({ cn: 'rtu-7' }), ...mutual, version);
        const { code, output } = await mm2ss(['tls', 'probe', target, '--timeout', '3', '--tls-dir', dir]);
        expect(output).toContain('They refuse us');
        expect(output).toContain('does the peer have the authority of our tls.crt');
        expect(code).toBe(1);
        const without = await mm2ss(['tls', 'probe', target, '--timeout', '3']);
        expect(without.output).toContain('we showed no certificate');
      }
    });

    it('says which version one speaks that is too old', async () => {
      const target = await server(root.issue({ key: 'RSA-2048' }), '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0');
      const { code, output } = await probe(target);
      expect(output).toContain('The wrong version of TLS');
      expect(output).toContain('it agrees on TLSv1.1');
      expect(code).toBe(1);
    });

    it('says which suite one wants that we do not offer', async () => {
      const target = await server(root.issue({ key: 'RSA-2048' }), '-tls1_2', '-cipher', 'AES256-SHA256');
      const { output } = await probe(target);
      expect(output).toContain('No cipher suite that both have');
      expect(output).toContain('it agrees on TLSv1.2 with AES256-SHA256');
    });

    it('says that there is no TLS: a plain port that answers, that closes, that is silent', async () => {
      const answers = await plain((socket) => socket.write(Buffer.from('680483000000', 'hex')));
      expect((await probe(answers)).output).toContain('No TLS there');
      const closes = await plain((socket) => socket.once('data', () => socket.destroy()));
      expect((await probe(closes)).output).toContain('No TLS there');
      const silent = await plain(() => undefined);
      const { code, output } = await probe(silent, '--timeout', '1');
      expect(output).toContain('19998 is the custom for TLS');
      expect(code).toBe(1);
    });

    it('says that nothing listens', async () => {
      expect((await probe(`127.0.0.1:${await freePort()}`)).output).toContain('No connection: the machine is there');
      expect(await probe('127.0.0.1')).toMatchObject({ code: 2 });
      expect(await probe('127.0.0.1:1', '--names', 'x')).toMatchObject({ code: 2 });
    });

    it('decides the same whatever the environment says of verification and authorities', async () => {
      const target = await server(other.issue({ cn: 'rtu-7' }));
      const extra = path.join(folder, 'extra.crt');
      writeFileSync(extra, other.certificate);
      const environment = {
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
        NODE_EXTRA_CA_CERTS: extra,
        SSL_CERT_FILE: extra,
        NODE_OPTIONS: '--use-openssl-ca',
      };
      const { code, output } = await mm2ss(['tls', 'probe', target, '--tls-dir', good.path], environment);
      expect(output).toContain('We refuse them');
      expect(code).toBe(1);
    });
  });
});

type Behaviour = (socket: Socket) => unknown;

async function plain(behave: Behaviour): Promise<string> {
  const port = await freePort();
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    behave(socket);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `127.0.0.1:${port}`;
}
