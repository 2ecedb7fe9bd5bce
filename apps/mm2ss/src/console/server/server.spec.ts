import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isSameOrigin } from './same-origin.js';
import { filesBelow } from '../../program-files.js';
import { StaticFiles } from './static-files.js';

describe('what is changed', () => {
  it.each<[Record<string, string>, boolean]>([
    [{ host: 'a:1' }, true],
    [{ host: 'a:1', origin: 'http://a:1' }, true],
    [{ host: 'A:1', origin: 'http://a:1', 'sec-fetch-site': 'same-origin' }, true],
    [{ host: 'a', origin: 'https://a' }, true],
    [{ host: 'a:1', 'sec-fetch-site': 'none' }, true],
    [{ host: 'a:1', origin: 'http://a:2' }, false],
    [{ host: 'a:1', origin: 'http://b:1' }, false],
    [{ host: 'a:1', origin: 'null' }, false],
    [{ host: 'a:1', origin: 'http://a:1', 'sec-fetch-site': 'cross-site' }, false],
    [{ host: 'a:1', 'sec-fetch-site': 'same-site' }, false],
    [{ origin: 'http://a:1' }, false],
  ])('with %j is of the same origin: %s', (headers, expected) => {
    expect(isSameOrigin(headers)).toBe(expected);
  });
});

describe('the files of the page', () => {
  async function bench() {
    const folder = mkdtempSync(join(tmpdir(), 'mm2ss-page-'));
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), `<!doctype html>${'x'.repeat(2_000)}`);
    writeFileSync(join(folder, 'assets/app-a1.js'), 'export {};');
    writeFileSync(join(folder, 'secret.key'), 'secret');
    const files = new StaticFiles(filesBelow(folder));
    const server = createServer((request, response) => {
      if (!files.serve(new URL(request.url ?? '/', 'http://x').pathname, request, response))
        response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const { port } = server.address() as AddressInfo;
    return (path: string, headers: Record<string, string> = {}, method = 'GET') =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers, method });
  }

  it('are compressed, known again, and kept for ever where their name has a hash', async () => {
    const get = await bench();
    const page = await get('/', { 'Accept-Encoding': 'gzip, br' });
    expect(page.headers.get('content-encoding')).toBe('br');
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(await page.text()).toMatch(/^<!doctype html>x+$/);
    const again = await get('/', { 'If-None-Match': page.headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
    expect((await get('/', { 'Accept-Encoding': 'gzip' })).headers.get('content-encoding')).toBe('gzip');
    const script = await get('/assets/app-a1.js', { 'Accept-Encoding': 'br' });
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect(script.headers.get('content-encoding')).toBeNull();
    expect((await get('/index.html', { 'Accept-Encoding': 'identity' }, 'HEAD')).headers.get('content-length')).toBe(
      '2015',
    );
  });

  it.each([
    '/assets',
    '/assets/none.js',
    '/secret.key',
    '/..%2fsecret.key',
    '/assets/../../etc/passwd',
    '//etc/passwd',
  ])('are nothing else: %s', async (path) => {
    expect((await (await bench())(path)).status).toBe(404);
  });

  it('are none where the page is not built', () => {
    expect(new StaticFiles(filesBelow('/nowhere')).isEmpty).toBe(true);
  });
});
