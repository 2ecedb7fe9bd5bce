import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Bounds the connections of an HTTP server without ever refusing a new one: where there are too many, the oldest gives way,
 * first of those that are not being answered (idle, or with half a request). So a probe gets its answer whatever others
 * leave open. Long answers that have a bound of their own are taken out of the count with `exempt`.
 */
export class ConnectionLimit {
  /** Answers under way on each counted connection; the oldest connection first. */
  private readonly answering = new Map<Socket, number>();

  constructor(
    server: Server,
    private readonly max: number,
  ) {
    server.on('connection', (socket: Socket) => this.add(socket));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request;
      this.count(socket, 1);
      response.once('close', () => this.count(socket, -1));
    });
  }

  get size(): number {
    return this.answering.size;
  }

  /** The connection is not counted any longer, and stays until its ends close it. */
  exempt(socket: Socket): void {
    this.answering.delete(socket);
  }

  private add(socket: Socket): void {
    if (this.answering.size >= this.max) this.evict();
    this.answering.set(socket, 0);
    socket.once('close', () => this.answering.delete(socket));
  }

  private evict(): void {
    let oldest: Socket | undefined;
    for (const [socket, answers] of this.answering) {
      oldest ??= socket;
      if (answers > 0) continue;
      oldest = socket;
      break;
    }
    if (oldest === undefined) return;
    this.answering.delete(oldest);
    oldest.destroy();
  }

  private count(socket: Socket, change: number): void {
    const answers = this.answering.get(socket);
    if (answers !== undefined) this.answering.set(socket, answers + change);
  }
}
