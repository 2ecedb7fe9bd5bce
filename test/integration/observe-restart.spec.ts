import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Command, execute, run } from './command.js';
import { freePort, hostOf, startMaster, startRtu, until } from './harness.js';

it('observe mode of one process outlives it, however it ended, until somebody ends it', async () => {
  const rtu = await startRtu();
  const executed: number[] = [];
  rtu.on('executed', (ioa) => executed.push(ioa));
  const port = await freePort();
  const http = `127.0.0.1:${await freePort()}`;
  let command = await run([{ 'port no': port, hosts: hostOf(rtu) }], http, ['--listen', '127.0.0.1']);
  const { directory } = command;
  const [, ...args] = command.process.spawnargs;
  const give = async (ioa: number): Promise<string> => {
    await command.said('listening for masters');
    const master = await startMaster(port, 1);
    const { result } = await master.command(`single ${ioa} on`);
    await master.close();
    return result;
  };
  const observe = (mode: string) => execute(['observe', '1', mode, '--http', http], directory);

  expect(await give(5000)).toBe('positive');
  expect((await observe('on')).outcome).toBe(0);
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    command.process.kill(signal);
    await command.exited;
    command = new Command(args, directory);
    expect(await give(5001)).toBe('negative');
    const status = (await (await fetch(`http://${http}/status`)).json()) as {
      groups: { observe: { reason: string } }[];
    };
    expect(status.groups[0]?.observe.reason).toContain('asked for by');
  }
  expect((await observe('off')).outcome).toBe(0);
  expect(await give(5000)).toBe('positive');
  command.process.kill('SIGKILL');
  await command.exited;
  command = new Command(args, directory);
  expect(await give(5000)).toBe('positive');
  expect(executed).toEqual([5000, 5000, 5000]);
  await until(
    'nothing is kept of it',
    async () => (await readFile(join(directory, 'log/kept/router.1')).catch(() => '')) === '',
  );
});
