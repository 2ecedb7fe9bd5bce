/** An NTP server on the loopback that answers with the time of this machine (RFC 5905), or another one. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** Seconds from 1900 to 1970. */
const ERA = 2_208_988_800;
const PACKET_OCTETS = 48;

export class SntpServer {
  /** How far the time that it gives is ahead of this machine's. */
  aheadSeconds = 0;
  answers = true;

  private constructor(private readonly socket: Socket) {}

  static async start(afterwards: (end: () => void) => void = onTestFinished): Promise<SntpServer> {
    const socket = createSocket('udp4');
    const server = new SntpServer(socket);
    socket.on('message', (request, { port, address }) => {
      if (server.answers) socket.send(server.answerTo(request), port, address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    afterwards(() => void socket.close());
    return server;
  }

  /** `host:port` */
  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  private answerTo(request: Buffer): Buffer {
    const answer = Buffer.alloc(PACKET_OCTETS);
    // LI 0, version 4, mode 4 (server); stratum 2.
    answer[0] = 0x24;
    answer[1] = 2;
    request.copy(answer, 24, 40, 48);
    const now = Date.now() / 1_000 + ERA + this.aheadSeconds;
    for (const at of [16, 32, 40]) {
      answer.writeUInt32BE(Math.floor(now), at);
      answer.writeUInt32BE(Math.floor((now % 1) * 2 ** 32), at + 4);
    }
    return answer;
  }
}
