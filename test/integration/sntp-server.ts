/** An NTP server on the loopback that answers with the time of this machine (RFC 5905). */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** Seconds from 1900 to 1970. */
const ERA = 2_208_988_800;
const PACKET_OCTETS = 48;

/** Its `host:port`. */
export async function startSntpServer(): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (request, { port, address }) => {
    const answer = Buffer.alloc(PACKET_OCTETS);
    // LI 0, version 4, mode 4 (server); stratum 2.
    answer[0] = 0x24;
    answer[1] = 2;
    request.copy(answer, 24, 40, 48);
    const now = Date.now() / 1_000 + ERA;
    for (const at of [16, 32, 40]) {
      answer.writeUInt32BE(Math.floor(now), at);
      answer.writeUInt32BE(Math.floor((now % 1) * 2 ** 32), at + 4);
    }
    socket.send(answer, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return `127.0.0.1:${socket.address().port}`;
}
