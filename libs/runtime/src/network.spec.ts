import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SYSTEM_NETWORK, type TcpSocket } from './network.js';

/* What a connection that we opened reads: every octet once, in order, unchanged for as long as it is kept. */

let server: Server;
let peer: Socket;
let socket: TcpSocket;

beforeEach(async () => {
  server = createServer({ noDelay: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  socket = SYSTEM_NETWORK.connect('127.0.0.1', (server.address() as AddressInfo).port);
  [peer] = (await once(server, 'connection')) as [Socket];
});

afterEach(() => {
  socket.destroy();
  peer.destroy();
  server.close();
});

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Pieces of different octets: a few, and far more than what is read at once. */
const PIECES = [...Array.from({ length: 50 }, (_, i) => Buffer.alloc(1 + i, i)), Buffer.alloc(300_000, 0xaa)];
const ALL = Buffer.concat(PIECES);

async function writeAll(): Promise<void> {
  for (const piece of PIECES) {
    peer.write(piece);
    await delay(0);
  }
  peer.end();
}

describe('a connection that was opened', () => {
  it.each([0, 50])('hands on what comes, also what came %i ms before anybody listened', async (ms) => {
    const chunks: Buffer[] = [];
    const written = writeAll();
    await delay(ms);
    socket.on('data', (chunk) => chunks.push(chunk));
    await new Promise<void>((resolve) => void socket.on('end', resolve));
    await written;
    expect(Buffer.concat(chunks).equals(ALL)).toBe(true);
  });

  it('hands on nothing while it is paused, and everything in order afterwards', async () => {
    const chunks: Buffer[] = [];
    let paused = false;
    socket.on('data', (chunk) => {
      expect(paused).toBe(false);
      chunks.push(chunk);
      if (chunks.length % 5 !== 0) return;
      paused = true;
      socket.pause();
      setTimeout(() => {
        paused = false;
        socket.resume();
      }, 3);
    });
    const written = writeAll();
    await new Promise<void>((resolve) => void socket.on('end', resolve));
    await written;
    expect(Buffer.concat(chunks).equals(ALL)).toBe(true);
  });

  it('that is paused lets TCP hold the peer back', async () => {
    socket.on('data', () => undefined);
    socket.pause();
    while (peer.write(Buffer.alloc(1_000_000)));
    await delay(50);
    while (peer.write(Buffer.alloc(1_000_000)));
    await delay(50);
    expect((socket as unknown as Socket).readableLength).toBeLessThan(200_000);
    expect(peer.writableLength).toBeGreaterThan(0);
  });
});
