import { request as httpRequest } from 'node:http';
import { controlSubject, MemoryBus } from '@iec104mm2ss/bus';
import { createLogger } from '@iec104mm2ss/observability';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { groupConfig } from '@iec104mm2ss/testing';
import { decodeJson, encodeJson } from '@iec104mm2ss/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartService } from '../core/parts.module.js';
import { type Pages, servePages } from './pages-bench.js';

const master = (session: string, peer: string, name: string | null) => ({ session, peer, name });

/** A gateway that has three masters, as far as /status is concerned. */
const gateway: PartService = {
  name: 'gateway',
  live: () => ({ ok: true }),
  ready: () => ({ ok: true }),
  groups: () => [
    {
      id: '111',
      masters: [
        master('7', '10.1.1.5:4711', 'A'),
        master('8', '10.1.1.6:4711', 'B'),
        master('9', '10.1.1.6:4712', 'B'),
      ],
    },
  ],
};

describe('control verbs over HTTP', () => {
  let bus: MemoryBus;
  let pages: Pages;
  let asked: unknown[];
  let events: unknown[];
  beforeEach(async () => {
    bus = new MemoryBus({ clock: SYSTEM_CLOCK });
    asked = [];
    events = [];
    const write = (line: string): void => void events.push(JSON.parse(line));
    const { logger } = createLogger({ level: 'warn', peerLines: SYSTEM_CLOCK, destination: { write } });
    pages = await servePages(
      { host: '127.0.0.1', port: 0 },
      { bus, logger, services: [gateway], groups: [groupConfig({ id: '111' })] },
    );
  });
  afterEach(() => pages.close());

  /** The process that can do it. */
  function serve(verb: string, ok = true): void {
    bus.subscribe(controlSubject(verb), (message) => {
      asked.push(decodeJson('request', message.data));
      message.respond(encodeJson({ v: 2, ok, instance: 'there', message: ok ? 'done' : 'the only host' }));
    });
  }

  async function post(
    verb: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: unknown }> {
    const response = await fetch(new URL(`/control/${verb}`, pages.url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  it.each(['restart', 'next-host'])('%s is brought to the one who can do it, with who asked', async (verb) => {
    serve(verb);
    expect(await post(verb, { group: '111' })).toEqual({
      status: 200,
      body: { ok: true, result: 'done', message: 'done', instance: 'there' },
    });
    expect(asked).toEqual([{ v: 2, group: '111', by: expect.stringMatching(/^127\.0\.0\.1:\d+, HTTP of ./) }]);
  });

  it('observe is brought to the router of the group', async () => {
    serve('observe');
    for (const mode of ['on', 'off']) expect((await post('observe', { group: '111', mode })).status).toBe(200);
    expect(asked).toMatchObject([
      { group: '111', on: true },
      { group: '111', on: false },
    ]);
    for (const mode of ['', 'ON', true]) expect((await post('observe', { group: '111', mode })).status).toBe(400);
    expect(asked).toHaveLength(2);
  });

  it('say who has refused, and why', async () => {
    serve('next-host', false);
    expect(await post('next-host', { group: '111' })).toEqual({
      status: 409,
      body: { ok: false, result: 'refused', message: 'the only host', instance: 'there' },
    });
  });

  it('say that nobody serves the group', async () => {
    for (const [group, message] of [
      ['111', 'no connector serves group 111'],
      ['222', 'no process knows a group 222'],
    ]) {
      expect(await post('restart', { group })).toEqual({ status: 404, body: { ok: false, result: 'nobody', message } });
    }
  });

  it.each([
    ['session', '7', 7],
    ['address', '10.1.1.5', 7],
    ['address and port', '10.1.1.6:4712', 9],
    ['name', 'A', 7],
  ])('disconnect finds a master by its %s', async (_by, text, session) => {
    serve('disconnect');
    expect((await post('disconnect', { group: '111', master: text })).status).toBe(200);
    expect(asked).toMatchObject([{ group: '111', session }]);
  });

  it('disconnect nobody where it is not clear who is meant, or nobody is', async () => {
    serve('disconnect');
    expect(await post('disconnect', { group: '111', master: 'B' })).toEqual({
      status: 409,
      body: {
        ok: false,
        result: 'refused',
        message: 'B has several sessions, name one of them: 8 (10.1.1.6:4711), 9 (10.1.1.6:4712)',
      },
    });
    expect(await post('disconnect', { group: '111', master: '10.1.1' })).toMatchObject({ status: 404 });
    expect(await post('disconnect', { group: '1', master: 'A' })).toMatchObject({ status: 404 });
    expect(asked).toEqual([]);
  });

  it.each([['text/plain'], ['application/x-www-form-urlencoded'], ['multipart/form-data'], ['']])(
    'as %j, which a page of another site may send, do nothing',
    async (type) => {
      serve('restart');
      expect(await post('restart', { group: '111' }, { 'Content-Type': type })).toMatchObject({ status: 415 });
      expect(asked).toEqual([]);
    },
  );

  it('are nothing that a browser is permitted to send for another site, and are never read', async () => {
    serve('restart');
    const url = new URL('/control/restart', pages.url);
    const preflight = await fetch(url, { method: 'OPTIONS', headers: { Origin: 'http://evil.example' } });
    expect(preflight.status).toBe(405);
    expect([...preflight.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect((await fetch(url)).status).toBe(405);
    expect((await fetch(new URL('/status', pages.url), { method: 'POST', body: '{}' })).status).toBe(405);
    expect(asked).toEqual([]);
  });

  it.each(['', '{', '[]', 'null', '{}', '{"group":7}', '{"group":""}', `{"group":"${'1'.repeat(201)}"}`])(
    'with the body %j are refused',
    async (body) => {
      serve('restart');
      expect(await post('restart', body)).toMatchObject({ status: 400, body: { error: expect.any(String) } });
      expect(asked).toEqual([]);
    },
  );

  it('with a body that is too large are refused', async () => {
    expect(await post('restart', { group: '111', more: 'x'.repeat(5_000) })).toMatchObject({ status: 413 });
  });

  describe('under another name', () => {
    const ask = (path: string, host: string, method = 'GET'): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const { port } = pages.address;
        const headers = { Host: host, 'Content-Type': 'application/json' };
        const request = httpRequest({ host: '127.0.0.1', port, path, method, headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.on('error', reject).end(method === 'POST' ? '{"group":"111"}' : undefined);
      });

    it.each(['/', '/status', '/metrics', '/healthz', '/feed', '/nothing'])(
      'than our own %s is refused',
      async (path) => {
        expect(await ask(path, 'evil.example')).toBe(421);
        expect(await ask(path, `evil.example:${pages.address.port}`)).toBe(421);
      },
    );

    it('it is an event, once', async () => {
      for (let i = 0; i < 2; i++) await ask('/status', 'evil.example');
      expect(events).toMatchObject([
        { event: 'http_refused', reason: 'not_our_name', peer: expect.stringMatching(/^127\.0\.0\.1:/) },
      ]);
    });

    it('nothing is done', async () => {
      serve('restart');
      expect(await ask('/control/restart', 'evil.example', 'POST')).toBe(421);
      expect(asked).toEqual([]);
      expect(await ask('/control/restart', 'mm2ss.example', 'POST')).toBe(200);
    });

    it('that is one of ours all is as usual', async () => {
      for (const host of ['localhost', '10.1.2.3:9104', 'mm2ss.example']) expect(await ask('/healthz', host)).toBe(200);
    });
  });
});
