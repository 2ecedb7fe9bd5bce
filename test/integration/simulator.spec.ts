/** `mm2ss simulate` as a process: files, indexes, logs, scenarios. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { MasterSimulator } from '@iec104mm2ss/simulator';
import { freePort } from '../free-port.js';
import { Command, folder, START_MS } from './command.js';
import { until } from './harness.js';

const EXAMPLES = resolve(import.meta.dirname, '../../examples/simulator');

it('simulate check tells what loads, and row and field of what does not', async () => {
  const directory = await folder();
  const good = new Command(['simulate', 'check', join(EXAMPLES, 'iec104rs.csv')], directory);
  expect(await good.exited).toBe(0);
  expect(good.stdout).toContain('4 RTUs load');
  await writeFile(join(directory, 'iec104rs.csv'), '1,A,32,2404,,12,60,io.csv\n');
  await writeFile(join(directory, 'io.csv'), '1,Y,30,5,1,0\n1,Y,31,6,x,0\n');
  const bad = new Command(['simulate', 'check', '--json'], directory);
  expect(await bad.exited).toBe(1);
  const { files } = JSON.parse(bad.stdout) as { files: { problems: object[] }[] };
  expect(files[1]?.problems).toMatchObject([{ row: 2, field: 'value', severity: 'skipped' }]);
});

it('simulate rtus serves masters, sends what it is told over HTTP, and logs it', async () => {
  const directory = await folder();
  const ports = [await freePort(), await freePort()];
  const http = `127.0.0.1:${await freePort()}`;
  const rows = ports.map((port, at) => `${at + 1},Port ${at + 1},32,${port},,12,60,north.csv`);
  await writeFile(join(directory, 'iec104rs.csv'), `${rows.join('\n')}\n9,Bad,32,0,,,,north.csv\n`);
  const args = ['simulate', 'rtus', '--data', join(EXAMPLES, 'data'), '--listen', '127.0.0.1', '--http', http];
  const rtus = new Command(args, directory);
  await until('the RTUs listen', () => rtus.stdout.includes('2 RTUs listen'), START_MS);
  expect(rtus.stderr).toContain('row 3, port no');
  const types: number[][] = [[], []];
  const masters = ports.map((port, at) => {
    const master = new MasterSimulator({ host: '127.0.0.1', port, ca: 32 });
    master.on('asdu', ({ view }) => types[at]?.push(view.typeId));
    return master;
  });
  await Promise.all(masters.map((master) => master.connect()));
  const sent = new Command(['simulate', 'send', '200', '--rtu', '32', '--http', http], directory);
  expect(await sent.exited).toBe(0);
  expect(sent.stdout).toBe(
    '1 Port 1: sent, 3 sent, 0 left out, 1 passes\n2 Port 2: sent, 3 sent, 0 left out, 1 passes\n',
  );
  await until('the rows are there', () => types.every((got) => got.join() === '70,31,30,1'));
  const missing = new Command(['simulate', 'send', '12345', '--http', http], directory);
  expect(await missing.exited).toBe(3);
  const nobody = new Command(['simulate', 'send', '200', '--rtu', '77', '--http', http], directory);
  expect(await nobody.exited).toBe(1);
  expect(nobody.stderr).toMatch(/^error: no RTU has the number 77\n/);
  const endless = new Command(['simulate', 'send', '300', '--duration', '600', '--http', http], directory);
  await until('more rows are there', () => types.every((got) => got.length > 5), START_MS);
  const stop = new Command(['simulate', 'stop', '--http', http], directory);
  expect(await stop.exited).toBe(0);
  expect(stop.stdout).toBe('stopped at 2 RTUs\n');
  expect(await endless.exited).toBe(0);
  expect(await masters[0]?.interrogate()).toMatchObject({ result: 'positive', terminated: true });
  await Promise.all(masters.map((master) => master.close()));
  rtus.process.kill('SIGTERM');
  expect(await rtus.exited).toBe(0);
  const logs = (await readdir(join(directory, 'log'))).filter((name) => name.includes(`-${ports[0]}`)).sort();
  expect(logs).toHaveLength(2);
  const texts = await Promise.all(logs.map((name) => readFile(join(directory, 'log', name), 'utf8')));
  const [interrogations = '', signals = ''] = logs[0]?.endsWith('-gi.csv') === true ? texts : texts.toReversed();
  expect(signals).toContain(',sent,M_SP_TB_1,102,1,IV,SPONT,');
  expect(signals).toContain('data transfer started');
  expect(interrogations.match(/,sent,/g)).toHaveLength(8);
});

it('simulate scenario runs the examples against the multiplexer, and reports as JUnit does', async () => {
  const directory = await folder();
  const names = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.yaml'));
  expect(names).toHaveLength(8);
  const files = names.sort().map((name) => join(EXAMPLES, name));
  const all = new Command(['simulate', 'scenario', ...files, '--junit', 'results.xml'], directory);
  expect(await all.exited, all.stdout).toBe(0);
  const report = await readFile(join(directory, 'results.xml'), 'utf8');
  expect(report.match(/<testsuite /g)).toHaveLength(8);
  expect(report).not.toContain('<failure');
}, 240_000);

it('simulate scenario ends with 1 when a step fails', async () => {
  const directory = await folder();
  const port = await freePort();
  await writeFile(join(directory, 'iec104rs.csv'), `1,A,32,${port},,12,60,io.csv\n`);
  await writeFile(join(directory, 'io.csv'), '1,Y,30,5,1,0\n');
  const text = `name: Fails\nrtus: iec104rs.csv\nmasters:\n  a: { connect: "127.0.0.1:${port}", rtu: 32 }\nsteps:\n`;
  await writeFile(join(directory, 'fails.yaml'), `${text}  - expect: { ioa: 5, within: 0.1 }\n`);
  const command = new Command(['simulate', 'scenario', 'fails.yaml'], directory);
  expect(await command.exited).toBe(1);
  expect(command.stdout).toContain('FAILED');
});

it('simulate scenario runs the others when a file is no scenario, which is a failed case', async () => {
  const directory = await folder();
  await writeFile(join(directory, 'iec104rs.csv'), `1,A,32,${await freePort()},,12,60,io.csv\n`);
  await writeFile(join(directory, 'io.csv'), '1,Y,30,5,1,0\n');
  await writeFile(
    join(directory, 'good.yaml'),
    'name: Good\nrtus: iec104rs.csv\nsteps:\n  - set: { rtu: 1, ioa: 5, value: 1 }\n',
  );
  await writeFile(join(directory, 'bad.yaml'), 'name: Bad\nrtus: iec104rs.csv\nsteps:\n  - sing: 1\n  - wait: -1\n');
  const files = ['bad.yaml', 'good.yaml', 'missing.yaml'];
  const command = new Command(['simulate', 'scenario', ...files, '--junit', 'results.xml'], directory);
  expect(await command.exited).toBe(2);
  expect(command.stderr).toMatch(/bad\.yaml:\n {2}line 4.*\n {2}line 5/s);
  expect(command.stdout).toContain('passed after');
  const report = await readFile(join(directory, 'results.xml'), 'utf8');
  expect(report.match(/<testsuite name="[^"]*"/g)).toEqual(
    ['bad.yaml', 'Good', 'missing.yaml'].map((name) => `<testsuite name="${name}"`),
  );
  expect(report.match(/<failure message="(line 4.*line 5|ENOENT)/g)).toHaveLength(2);
  const check = new Command(['simulate', 'scenario', ...files, '--check'], directory);
  expect(await check.exited).toBe(2);
  expect(check.stdout).toBe('1 scenarios can be run\n');
});

it('simulate conformance finds nothing wrong with the multiplexer, nor with the simulated RTU behind it', async () => {
  const directory = await folder();
  const [rtuPort, port, http] = [await freePort(), await freePort(), await freePort()];
  const columns = 'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter';
  const row = `1,North,${port},32,5,60,15,10,20,8,12,1000,N,all,127.0.0.2:${rtuPort},127.0.0.0/8`;
  await writeFile(join(directory, 'mux.csv'), `${columns}\n${row}\n`);
  const rtu = new Command(['simulate', 'rtu', '--listen', `127.0.0.2:${rtuPort}`, '--ca', '32'], directory);
  await until('the RTU listens', () => rtu.stdout.includes('listens on'), START_MS);
  const multiplexer = new Command(['run', '-i', 'mux.csv', '-n', '--http', `127.0.0.1:${http}`], directory);
  const flags = ['--ca', '32', '--command', 'single 5000 on', '--local-address', '127.0.0.11', '--timeout', '8'];
  for (const at of [`127.0.0.2:${rtuPort}`, `127.0.0.1:${port}`]) {
    const check = new Command(['simulate', 'conformance', at, ...flags], directory);
    expect(await check.exited, `${check.stdout}${check.stderr}`).toBe(0);
    expect(check.stdout).toContain(' passed, 0 failed');
  }
  expect(multiplexer.outcome).toBeUndefined();
}, 240_000);

it('simulate conformance --as-rtu finds nothing wrong with the multiplexer as the master of an RTU', async () => {
  const directory = await folder();
  const [rtuPort, port, http] = [await freePort(), await freePort(), await freePort()];
  const columns = 'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter';
  const row = `1,North,${port},32,5,60,15,2,20,8,12,1000,N,all,127.0.0.2:${rtuPort},127.0.0.0/8`;
  await writeFile(join(directory, 'mux.csv'), `${columns}\n${row}\n`);
  const args = ['--as-rtu', `127.0.0.2:${rtuPort}`, '--ca', '32', '--t2', '2', '--junit', 'results.xml'];
  const check = new Command(['simulate', 'conformance', ...args], directory);
  await until('it listens', () => check.stderr.includes('waiting for the master'), START_MS);
  new Command(['run', '-i', 'mux.csv', '-n', '--http', `127.0.0.1:${http}`], directory);
  // Its interrogation is what the RTU is asked for.
  const master = new MasterSimulator({
    ...{ host: '127.0.0.1', port, ca: 32, link: { t2Ms: 200 }, requestTimeoutMs: 2_000 },
    ...{ interrogateOnStart: true, reconnect: { minMs: 100, maxMs: 500 } },
  });
  onTestFinished(() => master.close());
  master.connect().catch(() => undefined);
  expect(await check.exited, `${check.stdout}${check.stderr}`).toBe(0);
  expect(check.stdout).toContain('12 passed, 0 failed');
  expect(await readFile(join(directory, 'results.xml'), 'utf8')).toContain('tests="15" failures="0"');
}, 240_000);
