import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askDurability, durabilityOf, monitorUrls } from './nats-durability.js';

describe('where servers say what they are', () => {
  it('is port 8222 of each, if nothing else is said', () => {
    expect(monitorUrls(['nats://user:secret@a:4222', 'tls://a:4223', 'b', 'nats://[::1]:1'], undefined)).toEqual([
      'http://a:8222',
      'http://b:8222',
      'http://[::1]:8222',
    ]);
    expect(monitorUrls(['a'], 'http://m:1, https://n:2')).toEqual(['http://m:1', 'https://n:2']);
  });
});

describe('what a server says of syncing', () => {
  it.each([
    // nats-server 2.15 with and without sync_interval: always, and 2.9.
    [{ version: '2.15.1', jetstream: { config: { sync_interval: 120_000_000_000, sync_always: true } } }, true],
    [{ version: '2.15.1', jetstream: { config: { sync_interval: 120_000_000_000 } } }, false],
    [{ version: '2.9.10', jetstream: { config: { max_memory: 1 } } }, false],
    // Without JetStream, and what is no nats-server.
    [{ version: '2.15.1', jetstream: {} }, 'unknown'],
    [{}, 'unknown'],
    [null, 'unknown'],
    ['text', 'unknown'],
  ])('%j is %s', (varz, syncsAlways) => {
    expect(durabilityOf('http://a:8222', varz)).toMatchObject({
      syncsAlways,
      reason: expect.stringContaining('http://a:8222'),
    });
  });
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('asking a server', () => {
  const varz = { version: '2.15.1', jetstream: { config: { sync_always: true } } };

  it('reads /varz', async () => {
    const url = await serve(
      ({ url: path }, response) => void response.end(path === '/varz' ? JSON.stringify(varz) : '{}'),
    );
    expect(await askDurability([url])).toMatchObject({ syncsAlways: true });
  });

  it.each<[string, RequestListener, string]>([
    ['refuses', (_request, response) => void response.writeHead(404).end(), 'it answers 404'],
    ['says no JSON', (_request, response) => void response.end('<html>'), 'JSON'],
    ['breaks off', (_request, response) => void response.write('{', () => response.destroy()), 'aborted'],
    ['never ends', (_request, response) => void response.end(' '.repeat(2_000_000)), 'without end'],
    ['says nothing', () => undefined, 'no answer within 2 s'],
  ])('knows nothing of one that %s', async (_what, answer, reason) => {
    const url = await serve(answer);
    expect(await askDurability([url])).toMatchObject({
      syncsAlways: 'unknown',
      reason: expect.stringContaining(reason),
    });
  });

  it('knows nothing of one that is not there', async () => {
    const reason = expect.stringContaining('ECONNREFUSED') as string;
    expect(await askDurability(['http://127.0.0.1:1'])).toMatchObject({ syncsAlways: 'unknown', reason });
  });
});
