/** An NTP server that is ten minutes ahead: `node wrong-ntp.mjs PORT`. For tests. */
import { createSocket } from 'node:dgram';

const SECONDS_FROM_1900_TO_1970 = 2_208_988_800;
const AHEAD_SECONDS = 600;

const server = createSocket('udp4');
server.on('message', (request, { port, address }) => {
  const answer = Buffer.alloc(48);
  // No leap second, version 4, server; stratum 1.
  answer[0] = 0x24;
  answer[1] = 1;
  // What the client calls its time comes back (RFC 5905, clause 7.3).
  request.copy(answer, 24, 40, 48);
  for (const at of [16, 32, 40]) {
    const seconds = Date.now() / 1000 + SECONDS_FROM_1900_TO_1970 + AHEAD_SECONDS;
    answer.writeUInt32BE(Math.floor(seconds), at);
    answer.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), at + 4);
  }
  server.send(answer, port, address);
});
server.bind(Number(process.argv[2]), '127.0.0.1');
