import { connect } from 'node:net';
import { once } from 'node:events';
import { MemoryBus } from '@iec104mm2ss/bus';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogger, createRegistry, numericCounter, type Check } from '@iec104mm2ss/observability';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { groupConfig } from '@iec104mm2ss/testing';
import type { PartService } from '../core/parts.module.js';
import { type HttpLimits, HttpListenError } from './http-server.js';
import { type Pages, type PagesSources, servePages } from './pages-bench.js';

const memoryBus = (): MemoryBus => new MemoryBus({ clock: SYSTEM_CLOCK });

const part = (changes: Partial<PartService>): PartService => ({
  name: 'router',
  live: () => ({ ok: true }),
  ready: () => ({ ok: true }),
  groups: () => [],
  ...changes,
});

describe('the pages', () => {
  const servers: Pages[] = [];
  let printed = '';
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    printed = '';
  });

  function sources(changes: Partial<PagesSources> = {}): PagesSources {
    const registry = createRegistry({ processMetrics: false });
    numericCounter(registry, 'mm2ss_rtu_connects_total', () => [
      { labels: { group: '111', name: 'RTU-ABB' }, value: 42 },
    ]);
    const { logger } = createLogger({ level: 'debug', destination: { write: (line) => (printed += line) } });
    return {
      logger,
      registry,
      clock: { now: () => 91_500.5, wallMs: () => Date.parse('2026-11-21T12:01:30.500Z') },
      started: { wallMs: Date.parse('2026-11-21T10:00:00Z'), now: 1_000 },
      groups: [groupConfig({ id: '111', name: 'RTU-ABB', port: 2404 })],
      services: [part({ groups: async () => [{ id: '111', rtu: { state: 'started', endpoint: '127.0.0.1:2410' } }] })],
      bus: memoryBus(),
      ...changes,
    };
  }

  async function start(
    changes?: Partial<PagesSources>,
    limits?: Partial<HttpLimits>,
  ): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
    const server = await servePages({ host: '127.0.0.1', port: 0 }, sources(changes), limits);
    servers.push(server);
    return (path, init) => fetch(new URL(path, server.url), init);
  }

  it('lists its pages at /', async () => {
    const response = await (await start())('/');
    expect(response.status).toBe(200);
    const index = (await response.json()) as { product: string; release: string; pages: object };
    expect(index).toMatchObject({ product: 'iec104mm2ss', release: '0.1.0' });
    expect(Object.keys(index.pages)).toEqual(['/metrics', '/healthz', '/readyz', '/feed', '/capture', '/status']);
  });

  it('serves the metrics as Prometheus reads them', async () => {
    const response = await (await start())('/metrics');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toContain('mm2ss_rtu_connects_total{group="111",name="RTU-ABB"} 42\n');
  });

  it('says alive and ready apart, each part with its reason', async () => {
    let ready: Check = { ok: true };
    const get = await start({ services: [part({ ready: () => ready })] });
    expect((await get('/readyz')).status).toBe(200);
    ready = { ok: false, reason: 'owns no group yet' };
    const response = await get('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'failing',
      checks: { router: { ok: false, reason: 'owns no group yet' }, bus: { ok: true } },
    });
    const live = await get('/healthz');
    expect(live.status).toBe(200);
    expect(await live.json()).toEqual({ status: 'ok', checks: { router: { ok: true }, bus: { ok: true } } });
  });

  it('serves the status, put together from all parts', async () => {
    const response = await (await start())('/status');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({
      version: 1,
      product: 'iec104mm2ss',
      release: '0.1.0',
      startedAt: '2026-11-21T10:00:00.000Z',
      // The wall clock was set two hours ahead meanwhile: that makes nothing older.
      uptimeSeconds: 90.5005,
      parts: ['connector', 'router', 'gateway'],
      bus: { kind: 'memory', connected: true },
      clock: { now: '2026-11-21T12:01:30.500Z', ntp: { state: 'off' } },
      groups: [{ id: '111', name: 'RTU-ABB', rtu: { state: 'started', endpoint: '127.0.0.1:2410' }, masters: [] }],
    });
  });

  it('answers an unknown path with 404 and every method but GET with 405, in JSON', async () => {
    const get = await start();
    const unknown = await get('/nothing/here?x=1');
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toEqual({ error: 'not found' });
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      for (const path of ['/', '/status', '/nothing']) {
        const refused = await get(path, { method });
        expect(refused.status).toBe(405);
        expect(refused.headers.get('allow')).toBe('GET, HEAD');
        expect(await refused.json()).toEqual({ error: 'only GET' });
      }
    }
    const head = await get('/healthz', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('x-powered-by')).toBeNull();
  });

  it('keeps what went wrong inside to the log', async () => {
    const get = await start({
      durability: () => {
        throw new Error('secret detail');
      },
    });
    const response = await get('/status');
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ error: 'internal error' });
    expect(printed).toMatch(/"level":"error".*secret detail/);
  });

  it("writes Nest's messages to our log, those of its start at debug", async () => {
    await start();
    expect(printed).toMatch(/"level":"debug".*"context":"RouterExplorer","msg":"Mapped \{\/metrics, GET\} route"/);
    expect(printed).not.toMatch(/"level":"info".*"context":/);
  });

  it('says which address is taken', async () => {
    await start();
    const { port } = servers[0]!.address;
    const second = servePages({ host: '127.0.0.1', port }, sources());
    await expect(second).rejects.toThrow(HttpListenError);
    await expect(second).rejects.toThrow(`HTTP on 127.0.0.1:${port}: listen EADDRINUSE`);
  });

  it('close ends also a connection that says nothing', async () => {
    await start();
    const server = servers.pop()!;
    const socket = connect(server.address.port, '127.0.0.1');
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    await server.close();
    await closed;
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('streams the decoded feed and the audit records of the group asked for, until the reader goes', async () => {
    const bus = memoryBus();
    const get = await start({ bus });
    const reading = new AbortController();
    const response = await get('/feed?group=111', { signal: reading.signal });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    bus.publish('iec104.v1.222.decoded.M_SP_NA_1', Buffer.from('{"group":"222"}'));
    bus.publish('iec104.v1.111.decoded.M_SP_NA_1', Buffer.from('{"group":"111"}'));
    bus.publish('iec104.v1.111.audit', Buffer.from('{"outcome":"terminated"}'));
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk as Uint8Array);
      if (text.includes('terminated')) break;
    }
    expect(text).toBe('{"group":"111"}\n{"outcome":"terminated"}\n');
    reading.abort();
    await vi.waitFor(() => expect(bus.hasInterest('iec104.v1.111.audit')).toBe(false));
  });

  it('refuses a feed of what is no group', async () => {
    const get = await start();
    const response = await get('/feed?group=a.b');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: expect.stringContaining('a.b') });
  });
});
