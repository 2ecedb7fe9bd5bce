/**
 * Peers on real sockets that send what nobody should: APDUs that are nearly right, octets that are not, in pieces of any size,
 * and that close in every way. Each is a session of its own, of which the seed decides all but the timing.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { iFormat, sFormat, singleCommand, type UFunction, uFormat } from '@iec104mm2ss/iec104';
import { anyAsdu, Random } from './fuzz.ts';

export interface SocketFuzz {
  sessions: number;
  octets: number;
}

const U_FUNCTIONS: readonly UFunction[] = [0x07, 0x0b, 0x13, 0x23, 0x43, 0x83];

/** What one peer says. @param starts it begins with STARTDT, act or con */
class Talker {
  private ns = 0;
  private readonly random: Random;
  private readonly ca: number;

  constructor(random: Random, ca: number) {
    this.random = random;
    this.ca = ca;
  }

  /** Some octets more. */
  next(): Uint8Array {
    const { random } = this;
    const parts: Uint8Array[] = [];
    for (let count = random.below(4); count >= 0; count--) parts.push(this.apdu());
    const octets = Buffer.concat(parts);
    if (random.chance(0.05)) octets[random.below(octets.length)] = random.below(256);
    return random.chance(0.95) ? octets : octets.subarray(0, random.below(octets.length));
  }

  private apdu(): Uint8Array {
    const { random } = this;
    switch (random.below(24)) {
      case 0:
        return random.octets(1 + random.below(300));
      case 1:
        return Buffer.from('PROXY TCP4 10.0.0.1 10.0.0.2 1 2404\r\n');
      case 2:
        return Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01);
      case 3:
        return Uint8Array.of(0x68, random.below(256), random.below(256), random.below(256));
      case 4:
      case 5:
        return uFormat(random.pick(U_FUNCTIONS));
      case 6:
      case 7:
        return sFormat(random.chance(0.9) ? 0 : random.below(0x8000));
      case 8:
        return iFormat(random.below(0x8000), 0, anyAsdu(random));
      case 9:
      case 10:
        return iFormat(this.ns++ & 0x7fff, 0, singleCommand(this.ca, 5_000 + random.below(4), random.chance(0.5)));
      default:
        return iFormat(this.ns++ & 0x7fff, 0, anyAsdu(random));
    }
  }
}

/** One session: says something now and then until it is closed, or closes. */
async function talk(socket: Socket, random: Random, ca: number, first: UFunction, report: SocketFuzz): Promise<void> {
  report.sessions++;
  socket.on('error', () => undefined);
  if (random.chance(0.8)) socket.resume();
  const talker = new Talker(random, ca);
  if (random.chance(0.8)) socket.write(uFormat(first));
  for (let i = random.below(30); i > 0 && !socket.destroyed && socket.writable; i--) {
    const octets = talker.next();
    report.octets += octets.length;
    if (random.chance(0.1)) {
      for (const octet of octets) socket.write(Uint8Array.of(octet));
    } else socket.write(octets);
    await delay(random.below(15));
  }
  if (random.chance(0.4)) socket.end();
  else if (random.chance(0.5)) socket.resetAndDestroy();
  await delay(random.below(30));
  socket.destroy();
}

/** Masters at `host:port`, `count` at a time, from the addresses `127.0.1.x`, until the signal. */
export async function fuzzMasters(
  target: { readonly host: string; readonly port: number; readonly ca: number },
  seed: number,
  count: number,
  signal: AbortSignal,
): Promise<SocketFuzz> {
  const report: SocketFuzz = { sessions: 0, octets: 0 };
  const random = new Random(seed);
  const one = async (): Promise<void> => {
    while (!signal.aborted) {
      const own = new Random(random.uint32());
      const { host, port } = target;
      const socket = connect({ host, port, localAddress: `127.0.1.${1 + own.below(250)}` });
      socket.on('error', () => undefined);
      const up = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true));
        socket.once('close', () => resolve(false));
      });
      if (up) await talk(socket, own, target.ca, 0x07, report);
      else await delay(20);
    }
  };
  await Promise.all(Array.from({ length: count }, one));
  return report;
}

/** An RTU that is nothing of the kind. */
export async function fuzzingRtu(
  host: string,
  seed: number,
  ca: number,
): Promise<{ server: Server; report: SocketFuzz; port: number }> {
  const report: SocketFuzz = { sessions: 0, octets: 0 };
  const random = new Random(seed);
  const server = createServer((socket) => void talk(socket, new Random(random.uint32()), ca, 0x0b, report));
  await new Promise<void>((resolve) => server.listen({ host, port: 0 }, resolve));
  return { server, report, port: (server.address() as AddressInfo).port };
}
