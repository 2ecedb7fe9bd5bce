import { once } from 'node:events';
import { type ClientRequest, get as httpGet, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Bus, Message, MessageHandler } from '@iec104mm2ss/bus';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MAX_FEED_READERS } from './feed-readers.js';
import { ANSWER_MS } from '../status/ask-all.js';
import type { HttpLimits } from './http-server.js';
import { type Pages, servePages } from './pages-bench.js';

/** Real sockets, on one server. */
class Bench {
  readonly handlers = new Set<MessageHandler>();
  server!: Pages;
  /** Monotonic time, which stands still. */
  now = 0;
  private readonly sockets: Socket[] = [];
  private readonly requests: ClientRequest[] = [];

  async start(limits: Partial<HttpLimits> = {}, bus: Partial<Bus> = {}): Promise<void> {
    const subscribe = (_subject: string, handler: MessageHandler) => {
      // One handler for each reader: decoded feed and audit records come the same way.
      const own: MessageHandler = (message) => handler(message);
      this.handlers.add(own);
      return { unsubscribe: () => void this.handlers.delete(own) };
    };
    this.server = await servePages(
      { host: '127.0.0.1', port: 0 },
      {
        clock: { now: () => this.now, wallMs: () => 0 },
        bus: { kind: 'memory', connected: true, server: undefined, subscribe, ...bus } as unknown as Bus,
      },
      limits,
    );
  }

  /** A connection on which `text` was sent, and nothing more. */
  async socket(text = ''): Promise<Socket> {
    const socket = connect(this.server.address.port, '127.0.0.1');
    this.sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    if (text !== '') socket.write(text);
    return socket;
  }

  /** A reader of the feed, or the refusal it got. */
  async reader(): Promise<IncomingMessage> {
    const request = httpGet(new URL('/feed', this.server.url), { agent: false });
    this.requests.push(request);
    request.on('error', () => undefined);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    return response;
  }

  readers(count: number): Promise<IncomingMessage[]> {
    return Promise.all(Array.from({ length: count }, () => this.reader()));
  }

  /** Status of every page that must always be there, each on a connection of its own. */
  async pages(paths = ['/healthz', '/readyz', '/metrics', '/status']): Promise<(number | undefined)[]> {
    return Promise.all(
      paths.map(async (path) => {
        const request = httpGet(new URL(path, this.server.url), { agent: false });
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        response.resume();
        return response.statusCode;
      }),
    );
  }

  publish(text: string): void {
    const message: Message = { subject: '', data: Buffer.from(text), respond: () => undefined };
    for (const handler of this.handlers) handler(message);
  }

  async close(): Promise<void> {
    for (const request of this.requests) request.destroy();
    for (const socket of this.sockets) socket.destroy();
    await this.server.close();
  }
}

/** Resolves when the other end has closed it, with or without an error. */
const closed = (stream: Socket | IncomingMessage): Promise<void> =>
  new Promise((resolve) => stream.resume().once('close', resolve));

const ALL_OK = [200, 200, 200, 200];

describe('the HTTP server', () => {
  const bench = new Bench();
  afterEach(() => bench.close());

  it(`answers health, metrics and status beside ${MAX_FEED_READERS} readers of the feed`, async () => {
    await bench.start();
    const readers = await bench.readers(MAX_FEED_READERS);
    expect(readers.map(({ statusCode }) => statusCode)).toEqual(readers.map(() => 200));
    for (let round = 0; round < 3; round++) expect(await bench.pages()).toEqual(ALL_OK);
    const lines = readers.map(async (reader) => String(((await once(reader, 'data')) as [Buffer])[0]));
    bench.publish('{"group":"111"}');
    for (const line of await Promise.all(lines)) expect(line).toContain('{"group":"111"}\n');
  });

  it('tells one reader more to come back later, and takes it when a place is free', async () => {
    await bench.start({ feedReaders: 2 });
    const [first] = await bench.readers(2);
    const refused = await bench.reader();
    expect(refused.statusCode).toBe(503);
    expect(refused.headers['retry-after']).toBe('10');
    expect(JSON.parse(String(((await once(refused, 'data')) as [Buffer])[0]))).toEqual({ error: '2 readers already' });
    expect(await bench.pages()).toEqual(ALL_OK);
    first!.destroy();
    // Two subscriptions each.
    await vi.waitFor(() => expect(bench.handlers.size).toBe(2));
    expect((await bench.reader()).statusCode).toBe(200);
    expect(bench.handlers.size).toBe(4);
  });

  it('asked for the head of the feed counts no reader', async () => {
    await bench.start({ feedReaders: 1 });
    const head = await fetch(new URL('/feed', bench.server.url), { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect((await bench.reader()).statusCode).toBe(200);
  });

  it('answers beside many connections that are idle or have sent half a request: the oldest give way', async () => {
    await bench.start({ connections: { idle: 8, answering: 8 } });
    const reader = await bench.reader();
    const oldest = await bench.socket('GET /status HTTP/1.1\r\nHost: x\r\n');
    const gone = closed(oldest);
    for (let i = 0; i < 30; i++) {
      await bench.socket(i % 2 === 0 ? '' : 'GET /healthz HTTP/1.1\r\n');
      if (i % 10 === 0) expect(await bench.pages()).toEqual(ALL_OK);
    }
    await gone;
    expect(await bench.pages()).toEqual(ALL_OK);
    // The reader is not one of them.
    const line = once(reader, 'data');
    bench.publish('{}');
    await line;
  });

  it('answers health and metrics at once beside more who wait for the status of other processes than it takes', async () => {
    let questions = 0;
    const askAll = () => ({ unsubscribe: () => undefined, question: questions++ });
    await bench.start({ connections: { idle: 8, answering: 16 } }, { kind: 'nats', askAll });
    for (let i = 0; i < 50; i++) await bench.socket('GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n');
    // Nor beside bodies that do not come.
    const head = 'POST /control/restart HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    for (let i = 0; i < 50; i++) await bench.socket(`${head}Content-Length: 100\r\n\r\n{`);
    const begun = performance.now();
    const pages = ['/healthz', '/readyz', '/metrics'];
    for (let round = 0; round < 3; round++) expect(await bench.pages(pages)).toEqual([200, 200, 200]);
    expect(performance.now() - begun).toBeLessThan(ANSWER_MS);
    expect(questions).toBe(1);
  });

  it('ends a connection that does not bring a whole request in time', async () => {
    await bench.start({ headersTimeoutMs: 500 });
    const silent = await bench.socket();
    const half = await bench.socket('GET /status HTTP/1.1\r\nHost: x\r\n');
    await Promise.all([closed(silent), closed(half)]);
  });

  it('leaves lines out for a reader that does not read, and ends it after a minute of that', async () => {
    await bench.start();
    const reader = await bench.reader();
    reader.pause();
    const large = JSON.stringify('x'.repeat(1 << 18));
    // More than the buffers of both ends hold.
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) {
        bench.publish(large);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await fill();
    bench.now += 59_000;
    await fill();
    expect(bench.handlers.size).toBe(2);
    // A system whose buffers have grown meanwhile has taken some: the minute begins anew then.
    await vi.waitFor(
      async () => {
        await fill();
        bench.now += 61_000;
        bench.publish('{}');
        expect(bench.handlers.size).toBe(0);
      },
      { timeout: 20_000 },
    );
  });

  it('ends readers and idle connections when it is closed', async () => {
    await bench.start();
    const readers = await bench.readers(3);
    const idle = await bench.socket();
    const ended = [...readers, idle].map(closed);
    await bench.server.close();
    await Promise.all(ended);
    expect(bench.handlers.size).toBe(0);
  });
});
