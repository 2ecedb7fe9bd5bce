/**
 * Measures the packages of a folder: octets, packed and unpacked, and how long the program in each takes until it has said its version,
 * and until it serves its HTTP port with a file of one group. Median of several runs, the first of each left out.
 *
 *   node packaging/measure.mjs [FOLDER] [RUNS]     default: dist, 7
 *
 * iec104mm2ss.exe runs under Wine, where there is one. Packages for another architecture are weighed only.
 */
import { execFileSync, spawn } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../tools/bundle/options.mjs';

const folder = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
const runs = Number(process.argv[3] ?? 7);
const START_LIMIT_MS = 60_000;
const work = mkdtempSync(path.join(tmpdir(), 'measure-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
delete process.env.NODE_COMPILE_CACHE;
process.env.WINEDEBUG = '-all';
process.env.WINEPREFIX = path.join(work, 'prefix');

const quiet = (command, args) => execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const machine = { x64: 'amd64', arm64: 'arm64' }[process.arch];

/** How each kind of package is unpacked, and what starts the program in it; no command: not on this machine. */
const KINDS = [
  {
    files: 'iec104mm2ss_*.deb',
    unpack: (file, to) => quiet('dpkg-deb', ['-x', file, to]),
    command: (to, file) => (file.includes(`_${machine}.`) ? [path.join(to, 'usr/bin/mm2ss')] : undefined),
  },
  {
    files: 'iec104mm2ss-*-linux-*.tar.gz',
    unpack: (file, to) => quiet('tar', ['-xzf', file, '-C', to, '--strip-components=1']),
    command: (to, file) => (file.includes(`-${process.arch}.`) ? [path.join(to, 'bin/mm2ss')] : undefined),
  },
  {
    files: 'iec104mm2ss-[0-9]*.tgz',
    unpack: (file, to) => quiet('tar', ['-xzf', file, '-C', to, '--strip-components=1']),
    command: (to) => [process.execPath, path.join(to, 'bundle/mm2ss.js')],
  },
  {
    files: 'iec104mm2ss-*-windows-x64.zip',
    unpack: (file, to) => quiet('python3', ['-m', 'zipfile', '-e', file, to]),
    command: (to) => {
      const wine = wineProgram();
      return wine && [wine, globSync(path.join(to, '*/iec104mm2ss.exe'))[0]];
    },
  },
];

function wineProgram() {
  try {
    const wine = quiet(path.join(root, 'tools/get'), ['wine']).trim();
    quiet(wine, ['wineboot', '-i']);
    // Node.js refuses older ones.
    quiet(wine, ['winecfg', '-v', 'win10']);
    return wine;
  } catch {
    return undefined;
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Median of what a run takes, in ms, as text. */
async function timed(run) {
  const times = [];
  for (let i = 0; i <= runs; i++) times.push(await run());
  return `${Math.round(median(times.slice(1)))} ms`;
}

/** Both outputs into a file: Node.js cannot write to a pipe of Wine. */
const start = ([program, ...before], args) =>
  spawn(program, [...before, ...args], {
    cwd: work,
    stdio: ['ignore', ...Array(2).fill(openSync(path.join(work, 'out'), 'w'))],
  });
const ended = (child) => new Promise((resolve) => child.once('exit', resolve));

async function saysVersion(command) {
  const from = performance.now();
  const code = await ended(start(command, ['--version']));
  if (code !== 0) throw new Error(`${command.join(' ')} --version: exit code ${code}`);
  return performance.now() - from;
}

async function serves(command) {
  const [port, http] = [await freePort(), await freePort()];
  writeFileSync(path.join(work, 'groups.csv'), `id,sys name,port no,rtu no,hosts\n1,RTU-1,${port},1,127.0.0.2:9\n`);
  const from = performance.now();
  const child = start(command, ['run', '-n', '-i', 'groups.csv', '--http', `127.0.0.1:${http}`]);
  while (!(await answers(http))) {
    if (performance.now() - from > START_LIMIT_MS || child.exitCode !== null) {
      child.kill('SIGKILL');
      throw new Error(`${command.join(' ')} run: does not serve\n${readFileSync(path.join(work, 'out'), 'utf8')}`);
    }
    await delay(5);
  }
  const took = performance.now() - from;
  const end = ended(child);
  // Wine makes Ctrl-C of it.
  child.kill('SIGINT');
  await end;
  return took;
}

const answers = (port) =>
  new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/healthz', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('error', () => resolve(false));
  });

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const megabytes = (octets) => `${(octets / 1e6).toFixed(1)} MB`;
const WIDTHS = [38, 9, 9, 9];
const tell = (cells) => console.log(cells.map((cell, column) => cell.padEnd(WIDTHS[column] ?? 0)).join('  '));

const packages = KINDS.flatMap((kind) => globSync(path.join(folder, kind.files)).map((file) => ({ ...kind, file })));
if (packages.length === 0) throw new Error(`no packages in ${folder}`);
tell(['package', 'packed', 'unpacked', '--version', 'serves after']);
for (const { file, unpack, command } of packages) {
  const to = path.join(work, path.basename(file));
  mkdirSync(to);
  unpack(file, to);
  const unpacked = Number(quiet('du', ['-sb', '--apparent-size', to]).split('\t')[0]);
  const program = command(to, path.basename(file));
  const times = program ? [await timed(() => saysVersion(program)), await timed(() => serves(program))] : ['-', '-'];
  tell([path.basename(file), megabytes(statSync(file).size), megabytes(unpacked), ...times]);
}
