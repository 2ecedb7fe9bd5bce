import type { ServerResponse } from 'node:http';
import type { Clock } from '@iec104mm2ss/runtime';

/** What a slow reader may leave unread before events are left out for it. */
const MAX_UNREAD_OCTETS = 1 << 20;
/** A reader that has read nothing for so long while events were left out for it is disconnected. */
const UNREAD_LIMIT_MS = 30_000;
const COMMENT_MS = 15_000;
/** When a browser comes back by itself. */
const RETRY_MS = 2_000;

/** Writes server-sent events as far as they are read. */
export class EventWriter {
  private unreadSince: number | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly clock: Pick<Clock, 'now' | 'setTimer' | 'clearTimer'>,
  ) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' });
    response.write(`retry: ${RETRY_MS}\n\n`);
    this.scheduleComment();
  }

  /** @returns false: the reader is too slow, and the event is left out */
  write(name: string, data: string, id?: string): boolean {
    if (!this.hasRoom()) return false;
    // A line end in what came from elsewhere would begin an event of its own.
    const line = /[\r\n]/.test(data) ? data.replaceAll(/[\r\n]/g, ' ') : data;
    this.response.write(`event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${line}\n\n`);
    return true;
  }

  /** Says why it ends, and ends. */
  bye(reason: string): void {
    this.write('bye', JSON.stringify({ reason }));
    this.response.end();
  }

  private hasRoom(): boolean {
    if (this.response.writableEnded || this.response.destroyed) return false;
    if (this.response.writableLength <= MAX_UNREAD_OCTETS) {
      this.unreadSince = undefined;
      return true;
    }
    const now = this.clock.now();
    this.unreadSince ??= now;
    if (now - this.unreadSince > UNREAD_LIMIT_MS) this.response.destroy();
    return false;
  }

  private scheduleComment(): void {
    const { clock, response } = this;
    let timer: unknown;
    const again = (): void => {
      timer = clock.setTimer(() => {
        if (this.hasRoom()) response.write(':\n\n');
        again();
      }, COMMENT_MS);
    };
    again();
    response.on('close', () => clock.clearTimer(timer));
  }
}
