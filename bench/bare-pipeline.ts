/**
 * The yardstick of the NATS shape: the same hops without the multiplexer and without IEC 104. One process appends records of
 * twelve ASDUs to a stream, the next when the last is confirmed (as a window of k = 12 makes it), one copies each to a
 * second subject, one receives it there. What this machine makes of that, no multiplexer of this shape can exceed.
 *
 *     node bench/bare-pipeline.ts [NATS-SERVER] [SECONDS]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, createInbox, headers } from '@nats-io/transport-node';
import { show } from './figures.ts';
import { awaitListener, freePorts, Program } from './programs.ts';

const ASDUS_PER_RECORD = 12;
/** Preamble and twelve APDUs of one short float with time tag. */
const RECORD_OCTETS = 24 + ASDUS_PER_RECORD * 27;
const LOG = 'bare.log';
const OUT = 'bare.out';

async function append(port: number, seconds: number): Promise<number> {
  const connection = await connect({ port });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'BARE', subjects: [LOG] });
  const record = Buffer.alloc(RECORD_OCTETS);
  const inbox = createInbox();
  let stored = 0;
  const next = (): void => {
    const expected = headers();
    expected.set('Nats-Expected-Last-Sequence', String(stored));
    connection.publish(LOG, record, { reply: inbox, headers: expected });
  };
  const until = performance.now() + seconds * 1000;
  await new Promise<void>((resolve) => {
    connection.subscribe(inbox, {
      callback: () => {
        stored++;
        if (performance.now() < until) next();
        else resolve();
      },
    });
    next();
  });
  await connection.close();
  return stored;
}

async function copy(port: number): Promise<void> {
  const connection = await connect({ port });
  connection.subscribe(LOG, { callback: (_error, { data }) => connection.publish(OUT, Buffer.from(data)) });
  await connection.flush();
}

async function receive(port: number): Promise<() => number> {
  const connection = await connect({ port });
  let received = 0;
  connection.subscribe(OUT, { callback: () => void received++ });
  await connection.flush();
  return () => received;
}

async function role(name: string, port: number, seconds: number): Promise<void> {
  const tell = (figure: unknown): unknown => process.send?.(figure);
  if (name === 'append') {
    tell(await append(port, seconds));
    process.disconnect();
    return;
  }
  const received = name === 'copy' ? await copy(port) : await receive(port);
  tell('ready');
  process.once('message', () => tell(received?.()));
}

async function main(command: string, seconds: number): Promise<void> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'mm2ss-bare-'));
  const [port] = (await freePorts(1)) as [number];
  const server = new Program('nats-server', directory, [
    command,
    '-js',
    '-a',
    '127.0.0.1',
    '-p',
    `${port}`,
    '-sd',
    directory,
  ]);
  const children: ChildProcess[] = [];
  const start = (name: string): ChildProcess => {
    const child = fork(fileURLToPath(import.meta.url), ['--role', name, `${port}`, `${seconds}`]);
    children.push(child);
    return child;
  };
  try {
    await awaitListener('127.0.0.1', port, server, 10_000);
    const [copying, receiving] = [start('copy'), start('receive')];
    await Promise.all([copying, receiving].map((child) => once(child, 'message')));
    const [stored] = (await once(start('append'), 'message')) as [number];
    receiving.send('report');
    const [received] = (await once(receiving, 'message')) as [number];
    const asdusPerSecond = (Math.min(stored, received) * ASDUS_PER_RECORD) / seconds;
    const recordUs = (seconds * 1e6) / stored;
    process.stdout.write(
      `bare pipeline: ${show(asdusPerSecond)} ASDU/s, ${show(recordUs)} us from append to confirmation\n`,
    );
  } finally {
    for (const child of children) child.kill();
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--role') await role(rest[0] as string, Number(rest[1]), Number(rest[2]));
else await main(first ?? 'nats-server', Number(rest[0] ?? 5));
