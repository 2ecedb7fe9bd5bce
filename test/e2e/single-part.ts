/** Processes of the command by themselves, with nothing around them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { Part } from './part.ts';
import { freePort, until } from './ports.ts';

const FILE = 'id,sys name,port no,rtu no,hosts\n1,RTU-1,24040,47,127.0.0.2:9\n';

/** It has a configuration file of one group, whose RTU is never there. */
export async function startSingle(command: string, ...args: string[]): Promise<Part> {
  const directory = await mkdtemp(join(tmpdir(), 'mm2ss-e2e-'));
  await writeFile(join(directory, 'iec104mm2ss.csv'), FILE);
  const part = new Part(command, [command, ...args], `127.0.0.1:${await freePort()}`, directory);
  onTestFinished(async () => {
    if (!part.ended) part.kill('SIGKILL');
    await part.exited;
    await rm(directory, { recursive: true, force: true });
  });
  return part;
}

/** A router that NATS refuses, and that waits until it is let in; what it said. */
export async function waitsRefused(...args: string[]): Promise<string> {
  const part = await startSingle('router', ...args);
  await part.logged({ level: 'error', msg: 'NATS refuses this process: waiting until it is let in' });
  part.kill('SIGTERM');
  expect(await part.exited, part.log).toBe(0);
  return part.log;
}

/** A router that ends at once with an error; what it said. */
export async function refusal(...args: string[]): Promise<string> {
  const part = await startSingle('router', ...args);
  await until(`an end of mm2ss router ${args.join(' ')}`, () => part.ended);
  expect(await part.exited, part.log).toBe(1);
  // No stack trace: the message is for the user.
  expect(part.log).not.toMatch(/^\s+at /m);
  return part.log;
}
