/** What `openssl` can agree on with our contexts, and what reaches the decision. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TLSSocket } from 'node:tls';
import { createSilentLogger } from '@iec104mm2ss/observability';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { CertificateAuthority, type IssuedCertificate, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { openTlsStore, type OpenTlsStore, type TlsProfile, type Verdict } from '@iec104mm2ss/tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../../tools/require.mjs';

const openssl = requireTool('openssl');
const HANDSHAKE_MS = 10_000;

describe.skipIf(!openssl)('our side of a handshake', () => {
  const tool = openssl ?? '';
  const folder = mkdtempSync(path.join(tmpdir(), 'mm2ss-client-'));
  let root: CertificateAuthority;
  let good: IssuedCertificate;
  let tls: TlsFolder;
  let store: OpenTlsStore;
  beforeAll(async () => {
    root = CertificateAuthority.root(tool);
    good = root.issue({ cn: 'scada-a' });
    tls = new TlsFolder(tlsFiles(root.issue({ cn: 'mm2ss', key: 'RSA-2048' }), [root.certificate], [root.crl()]));
    store = await openTlsStore({
      dir: tls.path,
      crlExpired: 'warn',
      clock: SYSTEM_CLOCK,
      logger: createSilentLogger(),
    });
  });
  afterAll(() => {
    store.stop();
    tls.remove();
    root.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A server that tells what it agreed on, and decides like the product. */
  async function served(profile: TlsProfile): Promise<{ port: number; verdicts: Verdict[] }> {
    const verdicts: Verdict[] = [];
    const { context, judge } = store.material('1', profile);
    const server: Server = createServer((raw) => {
      const socket = new TLSSocket(raw, {
        isServer: true,
        secureContext: context,
        requestCert: true,
        rejectUnauthorized: false,
      });
      raw.on('error', () => undefined);
      socket.on('error', () => undefined);
      socket.on('secure', () => {
        const chain = socket.getPeerX509Certificate();
        verdicts.push(judge(chain ? [chain.raw] : [], 'client', [{ kind: 'cn', value: 'scada-a', text: '' }]));
        socket.end('hello\n');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return { port: (server.address() as AddressInfo).port, verdicts };
  }

  /** What `openssl s_client` says. */
  async function client(port: number, own: IssuedCertificate | undefined, ...options: string[]): Promise<string> {
    if (own) writeFileSync(path.join(folder, 'tls.crt'), own.chain);
    if (own) writeFileSync(path.join(folder, 'tls.key'), own.key);
    const certificate = own ? ['-cert', path.join(folder, 'tls.crt'), '-key', path.join(folder, 'tls.key')] : [];
    const child = spawn(tool, ['s_client', '-connect', `127.0.0.1:${port}`, ...certificate, ...options]);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stdin.on('error', () => undefined);
    const timer = setTimeout(() => child.kill(), HANDSHAKE_MS);
    await once(child, 'close');
    clearTimeout(timer);
    return output;
  }

  const weakest = ['-cipher', 'ALL:@SECLEVEL=0'];

  it('agrees on every suite that IEC 62351-3 makes mandatory, and on TLS 1.3', async () => {
    const { port, verdicts } = await served('iec62351');
    for (const cipher of ['ECDHE-RSA-AES128-GCM-SHA256', 'DHE-RSA-AES128-GCM-SHA256', 'AES128-SHA256']) {
      expect(await client(port, good, '-tls1_2', '-cipher', cipher)).toContain(`Cipher is ${cipher}`);
    }
    expect(await client(port, good, '-tls1_3')).toContain('New, TLSv1.3');
    expect(verdicts.map(({ ok }) => ok)).toEqual([true, true, true, true]);
  });

  it('agrees only on ECDHE with GCM and TLS 1.3 in the modern profile', async () => {
    const { port } = await served('modern');
    for (const cipher of ['DHE-RSA-AES128-GCM-SHA256', 'AES128-SHA256', 'ECDHE-RSA-AES128-SHA256']) {
      expect(await client(port, good, '-tls1_2', '-cipher', cipher)).not.toContain(`Cipher is ${cipher}`);
    }
    const cipher = 'ECDHE-RSA-AES128-GCM-SHA256';
    expect(await client(port, good, '-tls1_2', '-cipher', cipher)).toContain(`Cipher is ${cipher}`);
    expect(await client(port, good, '-tls1_3')).toContain('New, TLSv1.3');
  });

  it('refuses TLS 1.0 and 1.1, and suites without encryption or authentication', async () => {
    const { port, verdicts } = await served('iec62351');
    for (const version of ['-tls1', '-tls1_1']) {
      expect(await client(port, good, version, ...weakest)).toMatch(/alert protocol version|unsupported protocol/);
    }
    for (const cipher of ['eNULL:@SECLEVEL=0', 'aNULL:@SECLEVEL=0', '3DES:@SECLEVEL=0']) {
      expect(await client(port, good, '-tls1_2', '-cipher', cipher)).toMatch(
        /handshake failure|no ciphers|no cipher match/,
      );
    }
    expect(verdicts).toEqual([]);
  });

  it('resumes no session', async () => {
    const { port } = await served('iec62351');
    for (const version of ['-tls1_2', '-tls1_3']) {
      const session = path.join(folder, `session${version}`);
      await client(port, good, version, '-sess_out', session, '-ign_eof');
      const again = await client(port, good, version, '-sess_in', session).catch(String);
      expect(again).not.toContain('Reused');
    }
  });

  it('lets certificates that OpenSSL itself would not like come as far as the decision, which has a reason', async () => {
    const { port, verdicts } = await served('iec62351');
    for (const version of ['-tls1_2', '-tls1_3']) {
      await client(port, undefined, version);
      for (const own of [
        root.issue({ cn: 'scada-a', key: 'RSA-1024' }),
        root.issue({ cn: 'scada-a', hash: 'sha1' }),
        root.issue({ cn: 'scada-a', use: 'server' }),
        root.issue({ cn: 'scada-a', fromDays: -3, untilDays: -1 }),
      ]) {
        await client(port, own, version, '-cipher', 'DEFAULT:@SECLEVEL=0');
      }
    }
    const codes = ['no_certificate', 'weak_key', 'weak_signature', 'wrong_use', 'expired'];
    expect(verdicts.map((verdict) => (verdict.ok ? 'ok' : verdict.code))).toEqual([...codes, ...codes]);
  });
});
