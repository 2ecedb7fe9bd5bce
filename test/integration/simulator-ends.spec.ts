/** What `mm2ss simulate` reports when it is ended before its time, and what its master does when its connection was lost. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePort } from '../free-port.js';
import { Command, folder, START_MS } from './command.js';
import { hostOf, startRtu, until } from './harness.js';

it.each(['SIGINT', 'SIGTERM'] as const)(
  'a scenario that %s ends has failed, and so have those behind it',
  async (signal) => {
    const directory = await folder();
    await writeFile(join(directory, 'rtus.csv'), `1,A,32,${await freePort()},,12,60,io.csv\n`);
    await writeFile(join(directory, 'io.csv'), '1,Y,30,101,1,0\n');
    const long =
      'name: long\nrtus: rtus.csv\nlisten: 127.0.0.1\nsteps: [{ send: { index: 1, wait: false } }, { wait: 3600 }]\n';
    await writeFile(join(directory, 'long.yaml'), long);
    await writeFile(join(directory, 'next.yaml'), long.replace('long', 'next'));
    const tests = new Command(['simulate', 'scenario', 'long.yaml', 'next.yaml', '--junit', 'results.xml'], directory);
    await tests.said('send index 1');
    tests.process.kill(signal);
    expect(await tests.exited).toBe(1);
    const report = await readFile(join(directory, 'results.xml'), 'utf8');
    expect(report).toContain(`<failure message="ended by ${signal}"/>`);
    expect(report).toContain('<testsuite name="next" tests="2" failures="0" errors="0" skipped="2"');
  },
);

it('a conformance test that a signal ends has failed', async () => {
  const directory = await folder();
  const rtu = await startRtu();
  const args = [
    'simulate',
    'conformance',
    hostOf(rtu),
    '--ca',
    '47',
    '--timers',
    '--t1',
    '250',
    '--junit',
    'results.xml',
  ];
  const checks = new Command(args, directory);
  await checks.said('N(R) acknowledges what was not sent');
  checks.process.kill('SIGTERM');
  expect(await checks.exited).toBe(1);
  expect(checks.stderr).toContain('ended by SIGTERM');
  const report = await readFile(join(directory, 'results.xml'), 'utf8');
  expect(report).toContain('name="5.3: confirms STARTDT"');
  expect(report).toContain('ended by SIGTERM');
});

it('a conformance test of a station that is not there has failed, in the report, too', async () => {
  const directory = await folder();
  const args = ['simulate', 'conformance', `127.0.0.1:${await freePort()}`, '--junit', 'results.xml'];
  expect(await new Command(args, directory).exited).toBe(1);
  expect(await readFile(join(directory, 'results.xml'), 'utf8')).toContain('ECONNREFUSED');
});

it('simulate master --reconnect asks at each start of data transfer, and commands once', async () => {
  const rtu = await startRtu();
  const asks = ['--clock-sync', '--gi', '--counters', '--command', 'single 5000 on'];
  const args = ['simulate', 'master', '--connect', hostOf(rtu), '--ca', '47', '--reconnect', '--quiet', ...asks];
  const master = new Command(args, await folder());
  const count = (text: string): number => master.stdout.split(text).length - 1;
  await master.said('single 5000 on: positive');
  for (const starts of [2, 3]) {
    rtu.dropConnections();
    await until(
      'it asks again',
      () =>
        ['clock synchronization', 'general interrogation', 'counter interrogation'].every(
          (what) => count(`${what}: positive`) === starts,
        ),
      START_MS,
    );
  }
  master.process.kill('SIGTERM');
  expect(await master.exited).toBe(0);
  expect(count('single 5000 on')).toBe(1);
});
