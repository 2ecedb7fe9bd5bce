/**
 * What `make build` makes runs by itself: in an image there is the bundle, `bin/mm2ss` and a Node, and nothing else of this
 * checkout.
 */
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { csvOf, freePort, hostOf, startMaster, startRtu, until } from './harness.js';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const BUNDLE = join(REPOSITORY, 'apps/mm2ss/bundle');
/** Node, and what the shell script calls; no package manager, no workspace. */
const PATH = [dirname(process.execPath), '/usr/bin', '/bin'].join(':');

let elsewhere: string;
let mm2ss: string;

beforeAll(() => {
  elsewhere = mkdtempSync(join(tmpdir(), 'mm2ss-bundle-'));
  mm2ss = join(elsewhere, 'bin/mm2ss');
  cpSync(join(REPOSITORY, 'bin'), join(elsewhere, 'bin'), { recursive: true });
  mkdirSync(join(elsewhere, 'apps/mm2ss'), { recursive: true });
  cpSync(BUNDLE, join(elsewhere, 'apps/mm2ss/bundle'), { recursive: true });
});
afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

const execute = (...args: string[]): SpawnSyncReturns<string> =>
  spawnSync(mm2ss, args, { cwd: elsewhere, env: { PATH }, encoding: 'utf8' });

const texts = (pattern: string): string[] =>
  globSync(pattern, { cwd: BUNDLE }).map((file) => readFileSync(join(BUNDLE, file), 'utf8'));

describe('the bundle, in a folder without node_modules', () => {
  it('has every command', () => {
    for (const command of [[], ...COMMANDS.map((name) => [name])]) {
      const { status, stdout, stderr } = execute(...command, '--help');
      expect([command, status, stderr]).toEqual([command, 0, '']);
      expect(stdout).toContain(`Usage: mm2ss ${command.join('')}`);
    }
  });

  it('reads a file, decodes, and says what release it is', () => {
    writeFileSync(join(elsewhere, 'groups.csv'), csvOf([{ 'port no': 2404, hosts: '127.0.0.2:2404' }]));
    expect(execute('check', 'groups.csv').stdout).toContain('1 group load');
    expect(execute('decode', '68 04 07 00 00 00').stdout).toContain('STARTDT act');
    const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'apps/mm2ss/package.json'), 'utf8')) as Release;
    expect(execute('--version').stdout).toBe(`${version}\n`);
  });

  it('runs: ready, metrics, an event and a command', async () => {
    const rtu = await startRtu();
    const [port, http] = [await freePort(), `127.0.0.1:${await freePort()}`];
    writeFileSync(join(elsewhere, 'groups.csv'), csvOf([{ 'port no': port, hosts: hostOf(rtu) }]));
    const child = spawn(mm2ss, ['run', '-i', 'groups.csv', '--http', http], { cwd: elsewhere, env: { PATH } });
    let output = '';
    const exited = once(child, 'exit');
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    await until('a listener for masters', () => output.includes('listening for masters'), 20_000);
    expect((await fetch(`http://${http}/readyz`)).status).toBe(200);
    expect(await (await fetch(`http://${http}/metrics`)).text()).toContain('mm2ss_build_info');
    const master = await startMaster(port, 1);
    rtu.burst(3);
    await until('events', () => master.events.length === 3);
    expect((await master.command('single 5000 on')).result).toBe('positive');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  it('tells its story with RTUs and masters of its own', () => {
    const { status, stdout } = spawnSync(mm2ss, ['demo', '--seconds', '1'], {
      cwd: elsewhere,
      env: { PATH },
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining('nothing lost, nothing out of order, nothing leaked'),
    ]);
  });
});

const COMMANDS = [
  'run',
  'connector',
  'router',
  'gateway',
  'check',
  'diff',
  'status',
  'restart',
  'next-host',
  'disconnect',
  'decode',
  'simulate',
  'watch',
  'audit',
  'tls',
  'demo',
];

interface Release {
  readonly version: string;
}

describe('what is in the bundle', () => {
  it('asks for nothing that is not there', () => {
    const asked = texts('*.js').flatMap((text) =>
      // Not quoted: what ajv would write into a validator that stands alone.
      [...text.matchAll(/(?:(?<!`)\brequire\(|\bimport\(|^import |^(?:import|export) .* from )"([^"]+)"/gm)].map(
        ([, name]) => name,
      ),
    );
    const files = readdirSync(BUNDLE).map((name) => `./${name}`);
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.filter((name) => name !== undefined && !isBuiltin(name) && !files.includes(name))).toEqual([]);
  });

  it('imports no module of Node in the way that reads all of its exports, and so loads undici and HTTP/2', () => {
    const imported = texts('*.js').flatMap((text) =>
      [...text.matchAll(/^import .* from "((?:node:)?\w[\w/]*)"/gm)].map(([, name]) => name?.replace('node:', '')),
    );
    expect([...new Set(imported)]).toEqual(['module']);
  });

  it('has no transport of other brokers, no parser of bodies', () => {
    const all = texts('*.js').join('\n');
    for (const name of ['kafkajs', 'mqtt.connect', 'ioredis', 'amqp', 'grpc-js', 'multer', 'iconv-lite', 'undici']) {
      expect(all.includes(name), name).toBe(false);
    }
  });

  it('is ASCII, or V8 keeps it in two octets for each character', () => {
    for (const text of texts('*.js')) expect(/[^\x00-\x7f]/.exec(text)).toBeNull(); // eslint-disable-line no-control-regex
  });

  it('names the licence of every package of which it has code', () => {
    const maps = texts('*.js.map').flatMap((text) => (JSON.parse(text) as { sources: string[] }).sources);
    const packages = new Set(maps.map((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1]));
    packages.delete(undefined);
    expect(packages.size).toBeGreaterThan(30);
    const licences = readFileSync(join(BUNDLE, 'LICENSES.txt'), 'utf8');
    for (const name of packages) expect(licences).toContain(`\n${name ?? ''} `);
  });
});
