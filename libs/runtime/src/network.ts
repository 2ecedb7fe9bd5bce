import { connect, createServer, Socket } from 'node:net';
import { type SecureOptions, type SecureSocket, secureSocket } from './secure-socket.js';

/**
 * What the product needs of a TCP (or TLS) socket: a part of Node's `net.Socket`, whose documentation holds. The simulated
 * world implements it too.
 */
export interface TcpSocket {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly destroyed: boolean;
  readonly writable: boolean;
  /** Octets accepted by `write` that the system has not taken yet. */
  readonly writableLength: number;
  write(octets: Uint8Array): boolean;
  end(): unknown;
  destroy(error?: Error): unknown;
  /** Closes with RST: octets that have not left are thrown away, here and in the system. */
  resetAndDestroy(): unknown;
  /** Puts back what was read: it comes once more, before anything else. */
  unshift(octets: Uint8Array): unknown;
  pause(): unknown;
  resume(): unknown;
  setNoDelay(on: boolean): unknown;
  setKeepAlive(on: boolean, delayMs: number): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'connect' | 'drain' | 'end' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  once(event: 'connect' | 'drain' | 'end' | 'close', listener: () => void): unknown;
  removeListener(event: string, listener: (...parameters: never[]) => void): unknown;
}

/** A listening port, closed once and for all by `close`. */
export interface TcpListener {
  /** Where it listens; undefined before it does and after it was closed. */
  readonly address: { readonly address: string; readonly port: number } | undefined;
  /** Accepts no more connections; those accepted stay. */
  close(): void;
}

export interface ListenOptions {
  readonly port: number;
  /** Address to listen at; undefined = all. */
  readonly host: string | undefined;
  readonly backlog: number;
  /** A connection came in. It is paused: nothing is read before `resume()`. */
  readonly onConnection: (socket: TcpSocket) => void;
  readonly onListening: () => void;
  /** It does not listen (any more): the port is in use, for instance. */
  readonly onError: (error: NodeJS.ErrnoException) => void;
}

/** The network of one process. */
export interface Network {
  connect(host: string, port: number): TcpSocket;
  listen(options: ListenOptions): TcpListener;
  /** TLS on a connection of this network. Absent where there is none: nothing that asks for it may then be served. */
  secure?(socket: TcpSocket, options: SecureOptions): SecureSocket;
}

/** What one read of a connection that this process opened brings at most; all of them read into the same memory. */
const READ_OCTETS = 65_536;
let readMemory: Buffer | undefined;

/**
 * Without memory to read into, Node takes 64 kB for each read and gives most of it back: for a few octets that is a fifth of
 * what the read costs. Connections that were accepted cannot have it.
 */
function connectReading(host: string, port: number): Socket {
  readMemory ??= Buffer.allocUnsafeSlow(READ_OCTETS);
  const socket: Socket = connect({
    host,
    port,
    onread: {
      buffer: readMemory,
      callback: (count, memory) => {
        const octets = Buffer.from((memory as Buffer).subarray(0, count));
        // Nobody listens yet, or it is paused: it keeps this, and reads no more once it has much.
        if (socket.readableFlowing !== true || socket.readableLength > 0) return socket.push(octets);
        socket.emit('data', octets);
        return true;
      },
    },
  });
  return socket;
}

export const SYSTEM_NETWORK: Network = {
  connect: connectReading,
  listen({ port, host, backlog, onConnection, onListening, onError }) {
    const server = createServer({ pauseOnConnect: true, noDelay: true }, onConnection);
    server.on('error', onError);
    server.on('listening', onListening);
    server.listen(host === undefined ? { port, backlog } : { port, backlog, host });
    return {
      get address() {
        const address = server.listening ? server.address() : null;
        return address === null || typeof address === 'string' ? undefined : address;
      },
      close: () => void server.close(),
    };
  },
  secure(socket, options) {
    if (!(socket instanceof Socket)) throw new TypeError('TLS needs a socket of this network');
    return secureSocket(socket, options);
  },
};
