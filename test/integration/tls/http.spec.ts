/** HTTP that asks for a certificate: real requests over TLS, and `mm2ss` as the one that asks. */
import { writeFile } from 'node:fs/promises';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { PeerName } from '@iec104mm2ss/config';
import { type CertificateAuthority, type IssuedCertificate, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { execute, folder as temporaryFolder } from '../command.js';
import { hostOf, Multiplexer, type MultiplexerOptions, startRtu, until } from '../harness.js';
import { newAuthority, openssl, tls } from './scene.js';

const TOKEN = 'f00dfeed-f00dfeed-f00dfeed';
/** The files are read every two seconds, and once more half a second later. */
const RELOAD_MS = 9_000;
const CLIENTS: readonly PeerName[] = ['ops', 'prometheus'].map((value) => ({ kind: 'cn', value, text: `cn:${value}` }));

describe.skipIf(!openssl)('HTTP with certificates', () => {
  let ca: CertificateAuthority;
  let own: IssuedCertificate;
  beforeAll(() => {
    ca = newAuthority();
    own = ca.issue({ cn: 'mm2ss', san: 'IP:127.0.0.1' });
  });
  afterAll(() => ca.remove());

  const start = async (options: MultiplexerOptions = {}) => {
    const folder = new TlsFolder(tlsFiles(own, [ca.certificate], [ca.crl()]));
    onTestFinished(() => folder.remove());
    const rtu = await startRtu();
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu) }], {
      httpClients: CLIENTS,
      tls: tls(folder),
      ...options,
    });
    await mux.listening();
    expect(mux.url).toMatch(/^https:/);
    const ask = (path: string, certificate?: IssuedCertificate, more: RequestOptions = {}): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const shown = certificate === undefined ? {} : { cert: certificate.chain, key: certificate.key };
        const options = { ca: ca.certificate, agent: false, ...shown, ...more };
        request(new URL(path, mux.url), options, resolve).on('error', reject).end();
      });
    return { folder, mux, ask };
  };
  const textOf = async (answer: IncomingMessage): Promise<string> => {
    let text = '';
    for await (const part of answer.setEncoding('utf8')) text += part as string;
    return text;
  };

  it('answers those whose names are given, and nobody else a word', async () => {
    const { mux, ask } = await start();
    for (const path of ['/', '/metrics', '/status', '/healthz', '/readyz']) {
      const answer = await ask(path, ca.issue({ cn: 'prometheus' }));
      expect([path, answer.statusCode]).toEqual([path, 200]);
      expect((answer.socket as TLSSocket).getProtocol()).toBe('TLSv1.3');
      await textOf(answer);
    }
    const other = newAuthority();
    onTestFinished(() => other.remove());
    const refused: readonly (readonly [string, IssuedCertificate | undefined, RequestOptions?])[] = [
      ['no_certificate', undefined],
      ['wrong_name', ca.issue({ cn: 'mm2ss' })],
      ['chain', other.issue({ cn: 'ops' })],
      ['expired', ca.issue({ cn: 'ops', fromDays: -2, untilDays: -1 })],
      ['wrong_use', ca.issue({ cn: 'ops', use: 'server' })],
      [
        'version',
        ca.issue({ cn: 'ops' }),
        { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
      ],
      ['cipher', ca.issue({ cn: 'ops' }), { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA256' }],
    ];
    for (const [reason, certificate, more] of refused) {
      await expect(ask('/healthz', certificate, more), reason).rejects.toThrow();
      await mux.logged({ event: 'tls_refused', port: 'http', reason });
    }
    const plain = new Promise<unknown>((resolve, reject) => {
      getPlain(mux.url.replace('https', 'http'), resolve).on('error', reject);
    });
    await expect(plain).rejects.toThrow();
    await mux.logged({ event: 'tls_refused', reason: 'not_tls', msg: 'plain HTTP where TLS is expected' });
  });

  it('lets nobody in, and says why, without certificates of its own', async () => {
    const empty = new TlsFolder({});
    onTestFinished(() => empty.remove());
    const { mux, ask } = await start({ tls: tls(empty) });
    await mux.logged({ event: 'tls_unusable', port: 'http' });
    await expect(ask('/healthz', ca.issue({ cn: 'ops' }))).rejects.toThrow();
    await mux.logged({ event: 'tls_refused', port: 'http', reason: 'unusable' });
  });

  it('lets those in whom others want to keep out with connections that never shake hands', async () => {
    const { mux, ask } = await start();
    const silent = Array.from({ length: 150 }, () => connect(Number(new URL(mux.url).port), '127.0.0.1'));
    let closed = 0;
    for (const socket of silent) socket.on('error', () => undefined).on('close', () => closed++);
    onTestFinished(() => silent.forEach((socket) => socket.destroy()));
    await until('the oldest are closed', () => closed >= 150 - 64);
    const before = performance.now();
    expect((await ask('/healthz', ca.issue({ cn: 'ops' }))).statusCode).toBe(200);
    expect(performance.now() - before).toBeLessThan(3_000);
  });

  it('asks for the token, too, where both are configured; liveness and readiness are open on a port of their own', async () => {
    const token = join(await temporaryFolder(), 'token');
    await writeFile(token, `${TOKEN}\n`);
    const { mux, ask } = await start({ httpToken: token, health: true });
    const ops = ca.issue({ cn: 'ops' });
    const headers = { Authorization: `Bearer ${TOKEN}` };
    expect((await ask('/status', ops)).statusCode).toBe(401);
    expect((await ask('/status', ops, { headers })).statusCode).toBe(200);
    await expect(ask('/status', undefined, { headers })).rejects.toThrow();
    for (const path of ['/healthz', '/readyz']) expect((await fetch(new URL(path, mux.healthUrl))).status).toBe(200);
  });

  it('shows another certificate, and ends the feed of who is revoked, when the files change', async () => {
    const { folder, mux, ask } = await start();
    const [ops, prometheus] = [ca.issue({ cn: 'ops' }), ca.issue({ cn: 'prometheus' })];
    const feeds = await Promise.all([ops, prometheus].map((certificate) => ask('/feed', certificate)));
    const ended = [false, false];
    feeds.forEach((feed, index) =>
      feed
        .resume()
        .on('error', () => undefined)
        .on('close', () => (ended[index] = true)),
    );
    const next = ca.issue({ cn: 'mm2ss', san: 'IP:127.0.0.1' });
    folder.swap(tlsFiles(next, [ca.certificate], [ca.crl({ revoked: [ops] })]));
    await until('the feed of ops ends', () => ended[0] === true, RELOAD_MS);
    await mux.logged({ event: 'tls_revoked', identity: 'cn:ops' });
    await expect(ask('/status', ops)).rejects.toThrow();
    const answer = await ask('/status', prometheus);
    expect((answer.socket as TLSSocket).getPeerCertificate().serialNumber).toBe(next.serial);
    expect(ended[1]).toBe(false);
  }, 20_000);

  it('is asked by mm2ss with a certificate', async () => {
    const { mux } = await start();
    const directory = await temporaryFolder();
    const files: string[] = [];
    const ops = ca.issue({ cn: 'ops' });
    const stranger = ca.issue({ cn: 'stranger' });
    const put = async (name: string, text: string): Promise<string> => {
      await writeFile(join(directory, name), text);
      files.push(name);
      return join(directory, name);
    };
    const root = ['--http-ca', await put('ca.crt', ca.certificate)];
    const with_ = async (name: string, { chain, key }: IssuedCertificate): Promise<string[]> => [
      ...root,
      ...['--http-cert', await put(`${name}.crt`, chain), '--http-key', await put(`${name}.key`, key)],
    ];
    const http = ['--http', new URL(mux.url).host];
    const asked = async (...args: string[]): Promise<[number | string | undefined, string]> => {
      const command = await execute([...args, ...http], directory);
      return [command.outcome, command.stdout + command.stderr];
    };
    const good = await with_('ops', ops);
    expect(await asked('status', ...good)).toEqual([0, expect.stringContaining('RTU-1')]);
    expect((await asked('restart', '1', ...good))[0]).toBe(0);
    const verb = await mux.logged({ event: 'operator_verb', verb: 'restart' });
    expect(verb['by']).toMatch(/^cn:ops at 127\.0\.0\.1:\d+, HTTP of /);
    await until('the restart', () => mux.findLine({ msg: 'RTU link lost' }) !== undefined);
    expect(await asked('status')).toEqual([1, expect.stringMatching(/over TLS: --http-ca, --http-cert/)]);
    expect(await asked('status', ...(await with_('stranger', stranger)))).toEqual([
      1,
      expect.stringMatching(/^mm2ss: https:.*may not accept this certificate/),
    ]);
    expect(await asked('watch', ...root)).toEqual([1, expect.stringMatching(/may not accept this certificate/)]);
    const other = newAuthority();
    onTestFinished(() => other.remove());
    expect(await asked('status', '--http-ca', await put('other.crt', other.certificate))).toEqual([
      1,
      expect.stringMatching(/not signed by --http-ca/),
    ]);
    expect(await asked('status', ...root, '--http-cert', join(directory, 'ops.crt'))).toEqual([
      2,
      expect.stringContaining('--http-cert and --http-key go together'),
    ]);
  }, 60_000);
});
