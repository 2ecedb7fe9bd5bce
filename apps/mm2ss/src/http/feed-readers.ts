import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Injection token of FeedReaders. */
export const FEED_READERS = Symbol('FEED_READERS');

/** Readers of what passes at a time; each costs a copy of every message. */
export const MAX_FEED_READERS = 100;
/** A reader whose host is gone is found out by probes of TCP. */
const KEEP_ALIVE_MS = 30_000;
/** When to try again where all places are taken. */
const RETRY_AFTER_S = 10;

/** Those who read what passes (`/feed`, `/capture`) until they go, so that they have a bound of their own. */
export class FeedReaders {
  private readers = 0;

  constructor(
    readonly max: number,
    /** Called with each connection that becomes a reader's. */
    readonly onReader: (socket: Socket) => void,
  ) {}

  get count(): number {
    return this.readers;
  }

  /** @param begin writes to the response from now on; what it returns ends that. Not called where there is no place. */
  serve(request: IncomingMessage, response: ServerResponse, contentType: string, begin: () => () => void): void {
    response.setHeader('Content-Type', contentType);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    if (this.readers >= this.max) {
      response.writeHead(503, { 'Content-Type': 'application/json; charset=utf-8', 'Retry-After': RETRY_AFTER_S });
      response.end(JSON.stringify({ error: `${this.max} readers already` }));
      return;
    }
    const { socket } = request;
    this.readers++;
    this.onReader(socket);
    // It is silent as long as nothing passes.
    socket.setTimeout(0);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    response.flushHeaders();
    const end = begin();
    response.on('close', () => {
      this.readers--;
      end();
    });
  }
}
