import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Command, execute, folder, SAMPLE } from './command.js';
import { csvOf, freePort, hostOf, startRtu } from './harness.js';

const DOCUMENT = join(import.meta.dirname, '../../docs/command-line.md');
const NATS = 'nats://127.0.0.1:1';

async function directoryWithFiles(): Promise<string> {
  const directory = await folder();
  const good = csvOf([{ 'port no': await freePort(), hosts: '127.0.0.2:2404' }]);
  await writeFile(join(directory, 'good.csv'), good);
  await writeFile(join(directory, 'bad.csv'), good.replace('127.0.0.2:2404', 'nowhere'));
  return directory;
}

/** One line for each way to end; the others are in the specs of what they are about. */
const ENDS: readonly (readonly [code: number, args: readonly string[]])[] = [
  [0, ['--help']],
  [0, ['--version']],
  [2, []],
  [2, ['no-such-command']],
  [2, ['run', '--no-such-option']],
  [2, ['run', '-i', 'missing.csv']],
  [2, ['run', '-i', 'bad.csv']],
  [2, ['run', '-i', 'good.csv', '--http', 'nowhere']],
  [2, ['run', '-i', 'good.csv', '--log-level', 'loud']],
  [2, ['run', '-i', 'good.csv', '--http-token', 'missing.token']],
  [2, ['run', '-i', 'good.csv', '--health', 'nowhere']],
  [2, ['run', '-i', 'good.csv', '--syslog', 'siem.example']],
  [2, ['run', '-i', 'good.csv', '--syslog', 'tls://127.0.0.1', '--syslog-ca', 'missing.pem']],
  [2, ['status', '--token', 'missing.token']],
  [2, ['run', '-i', 'good.csv', '--http-client', 'cn:ops']],
  [2, ['run', '-i', 'good.csv', '--http-client', 'ops', '--tls-dir', '.']],
  [2, ['status', '--http-ca', 'missing.pem']],
  [2, ['connector', '-i', 'good.csv', '--nats', NATS, '--group', '7']],
  [2, ['router', '-i', 'good.csv']],
  [2, ['gateway', '-i', 'good.csv', '--nats', NATS, '--listen', 'eth0']],
  [1, ['gateway', '-i', 'good.csv', '--nats', NATS, '--nats-creds', 'missing.creds']],
  [0, ['check', SAMPLE]],
  [1, ['check', 'bad.csv']],
  [2, ['check', 'missing.csv']],
  [0, ['chart', SAMPLE, '--values-only']],
  [0, ['chart', 'good.csv', '--diff', 'good.csv']],
  [1, ['chart', 'bad.csv', '--values-only']],
  [1, ['chart', 'good.csv', '-o', '.']],
  [2, ['chart', 'good.csv']],
  [2, ['chart', 'missing.csv', '--values-only']],
  [2, ['chart', 'good.csv', '--values-only', '--values', 'missing.yaml']],
  [2, ['nats-reload', '--config', 'missing.conf']],
  [2, ['nats-reload', '--config', 'missing.conf', '--pid-file', 'missing.pid', '--monitor', 'nowhere']],
  [0, ['decode', '68 04 07 00 00 00']],
  [1, ['decode', '68 04 07']],
  [1, ['watch', '--http', '127.0.0.1:1']],
  [2, ['watch', '--http', 'off']],
  [1, ['audit', '--log-dir', 'nowhere']],
  [2, ['audit', '--since', 'soon']],
  [2, ['demo', '--seconds', 'x']],
  [1, ['simulate', 'rtu', '--listen', '192.0.2.1:2404']],
  [2, ['simulate', 'rtu', '--points', 'missing.csv']],
  [2, ['simulate', 'rtus', '-i', 'missing.csv']],
  [2, ['simulate', 'check', 'missing.csv']],
  [1, ['simulate', 'send', '1', '--http', '127.0.0.1:1']],
  [2, ['simulate', 'send', 'one']],
  [2, ['simulate', 'send', '1', '--http', '127.0.0.1']],
  [2, ['simulate', 'stop', '--http', 'http://127.0.0.1:9110']],
  [2, ['simulate', 'scenario', 'missing.yaml']],
  [2, ['simulate', 'replay', 'good.csv']],
  [1, ['simulate', 'master', '--connect', '127.0.0.1:1', '--once']],
  [2, ['simulate', 'master', '--command', 'nonsense']],
];
/** Commands that run at a time. */
const AT_ONCE = 3;

it('each command ends with the exit code of the table', async () => {
  const directory = await directoryWithFiles();
  for (let at = 0; at < ENDS.length; at += AT_ONCE) {
    await Promise.all(
      ENDS.slice(at, at + AT_ONCE).map(async ([code, args]) => {
        const command = await execute(args, directory);
        expect([args, command.outcome], command.stderr).toEqual([args, code]);
        expect(command.stderr).not.toMatch(/^\s+at /m);
      }),
    );
  }
});

it('3: mm2ss simulate master, when something is refused; 0 when nothing is', async () => {
  const rtu = await startRtu();
  const master = (command: string) =>
    execute(
      ['simulate', 'master', '--connect', hostOf(rtu), '--ca', '47', '--once', '--command', command],
      process.cwd(),
    );
  expect((await master('single 5000 on')).outcome).toBe(0);
  expect((await master('single 999999 on')).outcome).toBe(3);
});

it('the document has every command in its table of exit codes', async () => {
  const text = await readFile(DOCUMENT, 'utf8');
  const { stdout } = await execute(['--help'], process.cwd());
  const commands = [...stdout.matchAll(/^ {2}([a-z][a-z-]*)\b.* {2,}/gm)].map(([, name]) => name);
  expect(commands.length).toBeGreaterThan(8);
  for (const command of commands.filter((name) => name !== 'help')) expect(text).toContain(`\`${command}\``);
});

it('a command asks at --http where the environment has a bus too, as it has in the container of a part', async () => {
  const command = new Command(['status', '--http', '127.0.0.1:1'], await folder(), { MM2SS_NATS: NATS });
  expect(await command.exited).toBe(1);
  expect(command.stderr).toContain('http://127.0.0.1:1 does not answer');
});
