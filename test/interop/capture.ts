/**
 * What crossed the wire, as a file tshark can read.
 *
 * Where this process may capture on the loopback, dumpcap does. Where it may not, recording relays (taps) stand in the
 * two paths, and the octets they pass are written down as the TCP segments they might have been.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { eventually, freePort, gatewayHost } from './harness.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Capture {
  /** Where the multiplexer must look for the RTU. */
  readonly rtu: Endpoint;
  /** Where the masters must connect to. */
  readonly gatewayPort: number;
  /** The TCP ports that tell the two sides apart in the file. */
  readonly rtuSidePort: number;
  readonly masterSidePort: number;
  /** The file, complete up to this moment. */
  finish(): Promise<string>;
  remove(): Promise<void>;
}

/** Whether dumpcap may open the loopback; asked by having it name the link types, for which it must open it. */
export function mayCapture(tshark: string): boolean {
  return spawnSync(dumpcapOf(tshark), ['-i', 'lo', '-L'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

function dumpcapOf(tshark: string): string {
  const beside = join(dirname(tshark), 'dumpcap');
  return existsSync(beside) ? beside : 'dumpcap';
}

export async function captureLive(tshark: string, rtu: Endpoint, gatewayPort: number): Promise<Capture> {
  const directory = await mkdtemp(join(tmpdir(), 'mm2ss-capture-'));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  const file = join(directory, 'capture.pcapng');
  const markerPort = await freePort();
  const filter = `tcp port ${rtu.port} or tcp port ${gatewayPort} or udp port ${markerPort}`;
  const dumpcap = spawn(dumpcapOf(tshark), ['-q', '-i', 'lo', '-f', filter, '-w', file], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    dumpcap.once('error', () => resolve());
    dumpcap.once('close', () => resolve());
  });
  const running = (): boolean => dumpcap.exitCode === null && dumpcap.signalCode === null && dumpcap.pid !== undefined;

  // The kernel hands packets over in order, so a datagram in the file says that everything before it is there too.
  const marked = async (text: string): Promise<void> => {
    const socket = createSocket('udp4');
    try {
      await eventually(`${text} in the capture`, async () => {
        if (!running()) {
          throw new Error('dumpcap ended');
        }
        socket.send(text, markerPort, '127.0.0.1');
        return existsSync(file) && (await readFile(file)).includes(text);
      });
    } finally {
      socket.close();
    }
  };
  try {
    await marked('capture-begins');
  } catch (error) {
    await end(dumpcap, ended);
    await remove();
    throw error;
  }
  return {
    rtu,
    gatewayPort,
    rtuSidePort: rtu.port,
    masterSidePort: gatewayPort,
    finish: async () => {
      await marked('capture-ends');
      await end(dumpcap, ended);
      return file;
    },
    remove: async () => {
      await end(dumpcap, ended);
      await remove();
    },
  };
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  await ended;
}

/** Not an address of the RTU or of a master. */
const tapHost = '127.0.0.3';

export async function captureWithTaps(rtu: Endpoint, gatewayPort: number): Promise<Capture> {
  const directory = await mkdtemp(join(tmpdir(), 'mm2ss-capture-'));
  const file = join(directory, 'capture.pcap');
  const segments: Segment[] = [];
  const rtuSide = await startTap({ host: tapHost, port: await freePort() }, rtu, segments);
  const masterSide = await startTap(
    { host: gatewayHost, port: await freePort() },
    { host: gatewayHost, port: gatewayPort },
    segments,
  );
  const close = (): void => {
    rtuSide.close();
    masterSide.close();
  };
  return {
    rtu: rtuSide.at,
    gatewayPort: masterSide.at.port,
    rtuSidePort: rtuSide.at.port,
    masterSidePort: masterSide.at.port,
    finish: async () => {
      await writeFile(file, pcapOf(segments));
      close();
      return file;
    },
    remove: async () => {
      close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Octets one side of a TCP connection sent. */
export interface Segment {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly timeMs: number;
  readonly octets: Buffer;
}

/** Passes octets on between `at` and `target`, and notes each of them in `segments`. */
export async function startTap(
  at: Endpoint,
  target: Endpoint,
  segments: Segment[],
): Promise<{ at: Endpoint; close(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (near) => {
    const client: Endpoint = { host: near.remoteAddress ?? '127.0.0.1', port: near.remotePort ?? 0 };
    const far = connect({ ...target, noDelay: true });
    const pass = (source: Socket, sink: Socket, from: Endpoint, to: Endpoint): void => {
      sockets.add(source);
      source.on('data', (octets) => {
        segments.push({ from, to, timeMs: Date.now(), octets: Buffer.from(octets) });
        sink.write(octets);
      });
      source.on('error', () => sink.destroy());
      source.on('close', () => {
        sockets.delete(source);
        sink.destroy();
      });
    };
    pass(near, far, client, at);
    pass(far, near, at, client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  return {
    at,
    close: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

const linkTypeRawIp = 101;
const longestSegment = 16_384;

/** A pcap file of raw IPv4 packets, one TCP segment each, with running sequence numbers. */
export function pcapOf(segments: readonly Segment[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(0xffff, 16);
  header.writeUInt32LE(linkTypeRawIp, 20);
  const records: Buffer[] = [header];
  const sent = new Map<string, number>();
  for (const { from, to, timeMs, octets } of segments) {
    const [there, back] = [`${from.host}:${from.port}>${to.port}`, `${to.host}:${to.port}>${from.port}`];
    for (let at = 0; at < octets.length; at += longestSegment) {
      const payload = octets.subarray(at, at + longestSegment);
      const sequence = sent.get(there) ?? 1;
      sent.set(there, sequence + payload.length);
      const packet = tcpPacket(from, to, sequence, sent.get(back) ?? 1, payload);
      const record = Buffer.alloc(16);
      record.writeUInt32LE(Math.floor(timeMs / 1000), 0);
      record.writeUInt32LE((timeMs % 1000) * 1000, 4);
      record.writeUInt32LE(packet.length, 8);
      record.writeUInt32LE(packet.length, 12);
      records.push(record, packet);
    }
  }
  return Buffer.concat(records);
}

/** Checksums stay zero: tshark does not verify them unless told to. */
function tcpPacket(from: Endpoint, to: Endpoint, sequence: number, acknowledged: number, payload: Buffer): Buffer {
  const ip = Buffer.alloc(20);
  ip.writeUInt8(0x45, 0);
  ip.writeUInt16BE(40 + payload.length, 2);
  ip.writeUInt8(64, 8);
  ip.writeUInt8(6, 9);
  Buffer.from(from.host.split('.').map(Number)).copy(ip, 12);
  Buffer.from(to.host.split('.').map(Number)).copy(ip, 16);
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(from.port, 0);
  tcp.writeUInt16BE(to.port, 2);
  tcp.writeUInt32BE(sequence, 4);
  tcp.writeUInt32BE(acknowledged, 8);
  tcp.writeUInt8(0x50, 12);
  tcp.writeUInt8(0x18, 13); // PSH, ACK
  tcp.writeUInt16BE(0xffff, 14);
  return Buffer.concat([ip, tcp, payload]);
}
