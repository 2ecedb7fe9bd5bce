import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Command, folder, MM2SS, run, SAMPLE } from './command.js';
import { csvOf, freePort, hostOf, startRtu, until } from './harness.js';

async function running(): Promise<{ command: Command; http: string }> {
  const rtu = await startRtu();
  const http = `127.0.0.1:${await freePort()}`;
  const command = await run([{ 'port no': await freePort(), hosts: hostOf(rtu) }], http, ['--listen', '127.0.0.1']);
  await command.said('listening for masters');
  return { command, http };
}

/** Before, Node.js itself is being started, and a signal ends it as it ends every program. */
async function catchesHangup(pid: number): Promise<boolean> {
  const [, caught = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${caught}`) & 1n) === 1n;
}

describe('SIGHUP', () => {
  it('does not end mm2ss run, which reads its file again', async () => {
    const { command, http } = await running();
    for (let count = 1; count <= 3; count++) {
      command.process.kill('SIGHUP');
      await until('a line about it', () => command.stdout.split('is the one in force').length - 1 === count);
    }
    expect((await fetch(`http://${http}/healthz`)).status).toBe(200);
    command.process.kill('SIGTERM');
    expect(await command.exited).toBe(0);
  });

  it.each([0, 100, 400])('does not end it %i ms after it can be heard either', async (afterMs) => {
    const rtu = await startRtu();
    const command = await run([{ 'port no': await freePort(), hosts: hostOf(rtu) }], 'off', ['--listen', '127.0.0.1']);
    await until('SIGHUP is caught', () => catchesHangup(command.process.pid ?? 0));
    await delay(afterMs);
    command.process.kill('SIGHUP');
    await command.said('listening for masters');
    await until('a line about it', () => /SIGHUP ignored|is the one in force/.test(command.stderr + command.stdout));
    command.process.kill('SIGTERM');
    expect(await command.exited).toBe(0);
  });

  it.each(['connector', 'router', 'gateway'])('does not end mm2ss %s that waits for its server', async (part) => {
    const group = part === 'connector' ? ['--group', 'all'] : [];
    const args = [part, ...group, '-i', SAMPLE, '--nats', 'nats://127.0.0.1:1', '--http', 'off'];
    const command = new Command(args, await folder());
    await command.said('waiting for NATS');
    command.process.kill('SIGHUP');
    await until('a line about it', () => command.stderr.includes('SIGHUP ignored: nothing has started yet'));
    command.process.kill('SIGTERM');
    expect(await command.exited).toBe(0);
  });

  it.each(['connector', 'router', 'gateway'])('and an mm2ss %s that waits is live, and not ready', async (part) => {
    const health = `127.0.0.1:${await freePort()}`;
    const group = part === 'connector' ? ['--group', 'all'] : [];
    const args = [part, ...group, '-i', SAMPLE, '--nats', 'nats://127.0.0.1:1', '--http', 'off', '--health', health];
    const command = new Command(args, await folder());
    await command.said('waiting for NATS');
    expect((await fetch(`http://${health}/healthz`)).status).toBe(200);
    const ready = await fetch(`http://${health}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('waits for the bus')]);
    command.process.kill('SIGTERM');
    expect(await command.exited).toBe(0);
  });

  it('ends watch, simulate and demo as Ctrl-C does, and audit at once', async () => {
    const directory = await folder();
    const { http } = await running();
    const watch = new Command(['watch', '--http', http], directory);
    const watchNats = new Command(['watch', '--nats', 'nats://127.0.0.1:1'], directory);
    const rtu = new Command(['simulate', 'rtu', '--listen', `127.0.0.2:${await freePort()}`], directory);
    const demo = new Command(['demo'], directory);
    const audit = new Command(['audit', '--nats', 'nats://127.0.0.1:1'], directory);
    await until('NATS to be waited for', () => watchNats.stderr.includes('waiting for NATS'), 20_000);
    await rtu.said('listens on');
    // By then watch has its feed.
    await demo.said('Events: 200 a second', 60_000);
    for (const { process } of [watch, watchNats, rtu, demo, audit]) process.kill('SIGHUP');
    expect(await Promise.all([watch, watchNats, rtu, demo].map(({ exited }) => exited))).toEqual([0, 0, 0, 0]);
    // It runs for five seconds at most: it may have ended before.
    expect(['SIGHUP', 1]).toContain(await audit.exited);
  });
});

const hasPython = spawnSync('python3', ['--version']).status === 0;

/** Runs the command on a terminal of its own; `hup`: sends it SIGHUP, `close`: closes the terminal. Prints how it ended. */
const ON_TERMINAL = `
import os, pty, signal, sys
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b''
def until(text):
    global seen
    while text not in seen:
        seen += os.read(master, 65536)
until(b'listening for masters')
os.kill(pid, signal.SIGHUP)
until(b'is the one in force')
os.close(master)
_, status = os.waitpid(pid, 0)
print('exit', os.waitstatus_to_exitcode(status))
`;

describe('a terminal', () => {
  it.skipIf(!hasPython && process.env['CI'] !== 'true')(
    'that is there makes SIGHUP nothing special; one that is closed ends mm2ss run cleanly',
    async () => {
      const rtu = await startRtu();
      const directory = await folder();
      await writeFile(join(directory, 'groups.csv'), csvOf([{ 'port no': await freePort(), hosts: hostOf(rtu) }]));
      await writeFile(join(directory, 'terminal.py'), ON_TERMINAL);
      const args = ['terminal.py', MM2SS, 'run', '-i', 'groups.csv', '--http', 'off', '--listen', '127.0.0.1'];
      const python = spawn('python3', args, { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => void python.kill('SIGKILL'));
      let printed = '';
      python.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
      await once(python, 'close');
      expect(printed).toBe('exit 0\n');
      await until('the RTU left', () => rtu.connections.length === 0);
    },
  );
});

describe('nobody reads what it says', () => {
  it('mm2ss run goes on', async () => {
    const { command, http } = await running();
    command.process.stdout?.destroy();
    command.process.stderr?.destroy();
    for (let i = 0; i < 5; i++) {
      command.process.kill('SIGHUP');
      expect((await fetch(`http://${http}/healthz`)).status).toBe(200);
    }
    command.process.kill('SIGTERM');
    expect(await command.exited).toBe(0);
  });
});
