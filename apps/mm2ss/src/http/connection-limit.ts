import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Connections at a time. */
export interface ConnectionBounds {
  /** On which nothing is asked, or half a request. */
  readonly idle: number;
  /** On which an answer is under way. */
  readonly answering: number;
}

/**
 * Bounds the connections of an HTTP server without ever refusing a new one: where there are too many, the oldest gives way.
 * Those that are being answered are counted apart, as an answer may wait for other processes: however many do, and however
 * many connections others leave open, a probe gets its answer. Long answers that have a bound of their own are taken out of
 * the count with `exempt`.
 */
export class ConnectionLimit {
  /** Both in the order in which they came to be so. */
  private readonly idle = new Set<Socket>();
  private readonly answering = new Map<Socket, number>();

  constructor(
    server: Server,
    private readonly bounds: ConnectionBounds,
  ) {
    server.on('connection', (socket: Socket) => {
      this.setIdle(socket);
      socket.once('close', () => this.exempt(socket));
    });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request;
      this.begin(socket);
      response.once('close', () => this.end(socket));
    });
  }

  /** The connection is not counted any longer, and stays until its ends close it. */
  exempt(socket: Socket): void {
    this.idle.delete(socket);
    this.answering.delete(socket);
  }

  private begin(socket: Socket): void {
    const answers = this.answering.get(socket);
    if (answers === undefined && !this.idle.delete(socket)) return;
    if (answers === undefined) this.makeRoom(this.answering, this.bounds.answering);
    this.answering.set(socket, (answers ?? 0) + 1);
  }

  private end(socket: Socket): void {
    const answers = this.answering.get(socket);
    if (answers === undefined) return;
    if (answers > 1) this.answering.set(socket, answers - 1);
    else {
      this.answering.delete(socket);
      if (!socket.destroyed) this.setIdle(socket);
    }
  }

  private setIdle(socket: Socket): void {
    this.makeRoom(this.idle, this.bounds.idle);
    this.idle.add(socket);
  }

  private makeRoom(among: Set<Socket> | Map<Socket, number>, max: number): void {
    if (among.size < max) return;
    const [oldest] = among.keys();
    if (oldest === undefined) return;
    among.delete(oldest);
    oldest.destroy();
  }
}
