/** The console over TLS of its own. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { get } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { FakeClock } from '@iec104mm2ss/testing';
import { expect, it, onTestFinished } from 'vitest';
/* eslint-disable-next-line @nx/enforce-module-boundaries -- the app exports nothing */
import { tlsBefore } from '../../apps/mm2ss/src/console/server/console-tls.js';
import { Authority, type Certificate } from '../certificates.ts';
import { Multiplexer } from './harness.js';

/** A folder with `tls.crt` and `tls.key`, and a way to put others into it. */
function folderOf(authority: Authority): (certificate: Certificate) => string {
  return ({ cert, key }) => {
    copyFileSync(cert, join(authority.folder, 'tls.crt'));
    copyFileSync(key, join(authority.folder, 'tls.key'));
    return authority.folder;
  };
}

function ask(url: string, ca: string): Promise<{ status: number; body: string; name: string }> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, (response) => {
      const name = String((response.socket as TLSSocket).getPeerCertificate().subject.CN);
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body, name }), reject);
    }).on('error', reject);
  });
}

it('serves page, API and streams, and nothing without TLS', async () => {
  const authority = new Authority();
  const tlsDir = folderOf(authority)(authority.issue('console', 'IP:127.0.0.1'));
  const mux = await Multiplexer.start([{ hosts: '127.0.0.2:1' }], { console: { access: { mode: 'none' }, tlsDir } });
  expect(mux.consoleUrl).toMatch(/^https:/);
  const ca = authority.read();
  expect(await ask(`${mux.consoleUrl}api/v1/session`, ca)).toMatchObject({ status: 200, name: 'console' });
  // More at a time than connections without a request may be open: streams are not among those.
  const streams = await Promise.all(
    Array.from(
      { length: 70 },
      () =>
        new Promise<{ ended: boolean }>((resolve, reject) => {
          const state = { ended: false };
          const request = get(`${mux.consoleUrl}api/v1/stream`, { ca, agent: false }, (response) => {
            response.on('close', () => (state.ended = true)).on('error', () => undefined);
            response.once('data', () => resolve(state));
          }).on('error', reject);
          onTestFinished(() => void request.destroy());
        }),
    ),
  );
  expect(await ask(`${mux.consoleUrl}api/v1/system`, ca)).toMatchObject({ status: 200 });
  expect(streams.filter(({ ended }) => ended)).toEqual([]);

  const plain = connect(Number(new URL(mux.consoleUrl).port), '127.0.0.1');
  plain.end('GET /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  expect(await text(plain).catch(() => '')).not.toContain('HTTP/1.1 200');
});

it('takes a certificate that was renewed, and keeps to the last good one', async () => {
  const authority = new Authority();
  const put = folderOf(authority);
  const folder = put(authority.issue('first', 'IP:127.0.0.1'));
  const clock = new FakeClock();
  const troubles: string[] = [];
  const http = createServer((_, response) => response.end('here'));
  const { server, stop } = tlsBefore(http, folder, clock, (reason) => troubles.push(reason));
  onTestFinished(() => {
    stop();
    server.close();
    http.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const name = async () =>
    (await ask(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`, authority.read())).name;
  expect(await name()).toBe('first');
  put(authority.issue('second', 'IP:127.0.0.1'));
  clock.advance(60_000);
  expect(await name()).toBe('second');
  writeFileSync(join(folder, 'tls.key'), 'rubbish');
  clock.advance(60_000);
  expect(await name()).toBe('second');
  expect(troubles).toHaveLength(1);
  expect(troubles[0]).toContain('--console-tls-dir');
});

it('is not served at all where it is to be over TLS, and cannot be', async () => {
  const authority = new Authority();
  const start = () =>
    Multiplexer.start([{ hosts: '127.0.0.2:1' }], {
      console: { access: { mode: 'none' }, tlsDir: authority.folder },
    });
  await expect(start()).rejects.toThrow(/--console-tls-dir .*tls\.crt/);
  folderOf(authority)({ ...authority.issue('a', 'IP:127.0.0.1'), key: authority.issue('b', 'IP:127.0.0.1').key });
  await expect(start()).rejects.toThrow(/--console-tls-dir/);
});
