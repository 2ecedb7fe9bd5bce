import type { IncomingMessage } from 'node:http';
import { Timers } from '@iec104mm2ss/runtime';
import { ApiError } from '../../api/api-error.js';
import type { Access } from '../access/index.js';
import { ANSWERED, type ConsoleRoute } from '../server/console-request.js';
import { looksOf, STREAM_QUERY } from './looks.js';
import { Stream, type StreamParts } from './stream.js';

/** Tabs at a time; each costs a copy of what it looks at. */
export const MAX_STREAMS = 100;
/** Who has lost his role since must not look on: how often that is looked at, where we know the users. */
const STILL_MS = 2_000;
/** Where a proxy knows them: the tab comes back, and it is asked anew who it is. */
const MAX_AGE_MS = 3_600_000;

/** The streams that are open. */
export class Streams {
  private readonly open = new Set<Stream>();
  /** Called with each connection that becomes a stream. */
  exempt: (request: IncomingMessage) => void = () => undefined;

  constructor(
    private readonly parts: StreamParts,
    private readonly access: Pick<Access, 'isStill'>,
  ) {}

  get size(): number {
    return this.open.size;
  }

  route(): ConsoleRoute {
    return {
      method: 'GET',
      path: '/api/v1/stream',
      summary: 'Server-sent events: the overview, what changes in it, and what else is asked for',
      role: 'viewer',
      query: STREAM_QUERY,
      takesAnyQuery: true,
      type: 'text/event-stream',
      handle: async ({ query, caller, request, response }) => {
        if (request.method === 'HEAD') throw new ApiError(405, 'only GET');
        const again = request.headers['last-event-id'];
        // What the browser itself sends when it comes back is newer than what stood in the address.
        const looks = looksOf(typeof again === 'string' ? { ...query, last: again } : query);
        if (this.open.size >= MAX_STREAMS) {
          response.setHeader('Retry-After', 10);
          throw new ApiError(503, `${MAX_STREAMS} tabs look already`);
        }
        await this.parts.feed.current();
        if (response.destroyed) return ANSWERED;
        this.exempt(request);
        const stream = new Stream(this.parts, looks, response);
        this.open.add(stream);
        const timers = new Timers(this.parts.clock);
        timers.after(MAX_AGE_MS, () => stream.bye('It is an hour old.'));
        const look = (): void => {
          if (this.access.isStill(caller)) timers.after(STILL_MS, look);
          else stream.bye('Who may use the console was changed.');
        };
        timers.after(STILL_MS, look);
        response.on('close', () => {
          timers.stop();
          this.open.delete(stream);
        });
        stream.begin();
        return ANSWERED;
      },
    };
  }

  close(): void {
    for (const stream of this.open) stream.bye('The console stops.');
  }
}
