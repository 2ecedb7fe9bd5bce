/** Makes the connections that standard input names, `FROM PORT through|dropped` a line, to listeners of its own. Exit code 1: one went otherwise. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, isIPv6 } from 'node:net';

const TO = { v4: '10.0.0.10', v6: '2001:db8:0:1::10' };
/** On the loopback a connection takes no time; what is dropped is never answered. */
const DROPPED_AFTER_MS = 1_500;

const lines = readFileSync(0, 'utf8').trim().split('\n');
const wanted = lines.map((line) => line.split(/\s+/));
const ports = [...new Set(wanted.map(([, port]) => Number(port)))];
const servers = await Promise.all(
  ports.map(async (port) => {
    const server = createServer((socket) => socket.end()).listen(port, '::');
    await once(server, 'listening');
    return server;
  }),
);

async function outcome(from, port) {
  const host = isIPv6(from) ? TO.v6 : TO.v4;
  const socket = connect({ host, port: Number(port), localAddress: from });
  const limit = setTimeout(() => socket.destroy(), DROPPED_AFTER_MS);
  return new Promise((resolve) => {
    socket.once('connect', () => resolve('through'));
    socket.once('error', ({ message }) => resolve(message));
    socket.once('close', () => resolve('dropped'));
  }).finally(() => {
    clearTimeout(limit);
    socket.destroy();
  });
}

const results = await Promise.all(wanted.map(([from, port]) => outcome(from, port)));
for (const server of servers) server.close();
results.forEach((result, i) => {
  if (result === wanted[i][2]) return;
  console.error(`from ${wanted[i][0]} to port ${wanted[i][1]}: ${result}, not ${wanted[i][2]}`);
  process.exitCode = 1;
});
