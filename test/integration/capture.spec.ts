/** `mm2ss capture` of one process: what tshark makes of it, and what can be done with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CertificateAuthority, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { dissect } from '../interop/dissection.js';
import { tlsFront, tlsTunnel } from '../tls-ends.js';
import { Command, execute, folder, MM2SS, run } from './command.js';
import { freePort, GATEWAY_HOST, hostOf, newMaster, RTU_HOST, startRtu, until } from './harness.js';

const tshark = requireTool('tshark') ?? '';
const openssl = requireTool('openssl') ?? '';
/** Of what is recognised by these tests: interrogation, single point with time tag, single command. */
const [C_IC, M_SP_TB, C_SC] = [100, 30, 45];

/** Capturing: it says so on standard error. */
async function capturing(command: Command): Promise<void> {
  await until('it captures', () => command.stderr.includes(' captures group 1') || command.outcome !== undefined);
  expect(command.stderr).toContain(' captures group 1');
}

async function ended(command: Command): Promise<void> {
  command.process.kill('SIGINT');
  expect(await command.exited, command.stderr).toBe(0);
}

/** An RTU, and a program that shares it. */
async function shared() {
  const rtu = await startRtu();
  const [port, http] = [await freePort(), `127.0.0.1:${await freePort()}`];
  const program = await run([{ hosts: hostOf(rtu), 'port no': port }], http, ['--console', 'off']);
  await program.said('listening for masters');
  return { rtu, port, http, program };
}

async function converse(master: ReturnType<typeof newMaster>): Promise<void> {
  expect((await master.interrogate()).result).toBe('positive');
  expect((await master.command('single 5000 on')).result).toBe('positive');
}

describe.skipIf(tshark === '')('a capture of one process', () => {
  it('has all that the RTU and its masters say, with nothing malformed, and can be replayed', async () => {
    const { rtu, port, http, program } = await shared();
    const early = newMaster(port, 1);
    await early.connect();
    const directory = await folder();
    const file = join(directory, 'c.pcapng');
    const capture = new Command(['capture', '-g', '1', '-o', file, '--http', http], directory);
    await capturing(capture);
    const late = newMaster(port, 2);
    await late.connect();
    await converse(early);
    await converse(late);
    await late.close();
    await until('the end of it is in the file', async () => (await readFile(file)).includes('closed by the peer'));
    await ended(capture);
    expect(capture.stderr).toContain('left out: nothing');
    expect(capture.stderr).toContain(`-d tcp.port==${rtu.address.port},iec60870_104`);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect(program.lines).toContainEqual(expect.objectContaining({ event: 'capture_started', group: '1' }));

    const { apdus, objections } = await dissect(tshark, file, [rtu.address.port, port]);
    expect(objections).toEqual([]);
    const types = (source: number | undefined, destination: number | undefined): number[] =>
      apdus
        .filter(
          ({ sourcePort, destinationPort }) =>
            (source ?? sourcePort) === sourcePort && (destination ?? destinationPort) === destinationPort,
        )
        .flatMap(({ typeId }) => typeId ?? []);
    // Both masters ask us, and are answered; we ask the RTU.
    const streams = new Set(
      apdus.filter(({ destinationPort }) => destinationPort === port).map(({ stream }) => stream),
    );
    expect(streams.size).toBe(2);
    for (const type of [C_IC, C_SC]) {
      expect(types(undefined, port).filter((each) => each === type)).toHaveLength(2);
      expect(types(undefined, rtu.address.port)).toContain(type);
    }
    for (const from of [port, rtu.address.port])
      expect(types(from, undefined)).toEqual(expect.arrayContaining([C_IC, M_SP_TB, C_SC]));
    // Checksums and sequence numbers hold, and nothing is missing.
    const strict = ['-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE'];
    const wrong = 'tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0';
    const check = spawn(tshark, ['-n', '-r', file, ...strict, '-Y', wrong], { stdio: ['ignore', 'pipe', 'ignore'] });
    let found = '';
    check.stdout.setEncoding('utf8').on('data', (text: string) => (found += text));
    expect([(await once(check, 'close'))[0], found]).toEqual([0, '']);

    // The RTU's side of it, played to a master.
    const replayPort = await freePort();
    const replay = new Command(
      [
        'simulate',
        'replay',
        file,
        '--port',
        String(rtu.address.port),
        '--listen',
        `${RTU_HOST}:${replayPort}`,
        '--speed',
        '100',
      ],
      directory,
    );
    await replay.said('listen');
    const master = newMaster(replayPort, 3, { host: RTU_HOST });
    await master.connect();
    await until('it is played', () => master.events.length > 10);
    await ended(replay);
  });

  it('goes to standard output, for other programs, and ends with them', async () => {
    const { rtu, port, http } = await shared();
    const directory = await folder();
    const decode = `tcp.port==${rtu.address.port},iec60870_104`;
    const line = `'${MM2SS}' capture -g 1 -o - --http ${http} | '${tshark}' -n -l -c 8 -d ${decode} -r -`;
    // Its exit code is that of either.
    const shell = spawn('bash', ['-o', 'pipefail', '-c', line], { cwd: directory, detached: true });
    onTestFinished(() => {
      if (shell.exitCode === null) process.kill(-(shell.pid as number), 'SIGKILL');
    });
    let [said, shown] = ['', ''];
    shell.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    shell.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
    await until('it captures', () => said.includes(' captures group 1'));
    const end = once(shell, 'close');
    const master = newMaster(port, 1);
    await master.connect();
    for (let i = 0; i < 20; i++) await master.command(`single 5000 ${i % 2 === 0 ? 'on' : 'off'}`);
    const beat = setInterval(() => rtu.burst(5), 100);
    const [code] = await end;
    clearInterval(beat);
    expect(code, said).toBe(0);
    expect(shown).toContain('STARTDT');
  });

  it.skipIf(openssl === '')('of a group with TLS is in the clear', async () => {
    const ca = CertificateAuthority.root(openssl);
    const tls = new TlsFolder(tlsFiles(ca.issue({ cn: 'mm2ss' }), [ca.certificate], [ca.crl()]));
    const rtu = await startRtu();
    const front = await tlsFront(RTU_HOST, rtu.address, ca.issue({ cn: 'rtu' }), ca.certificate);
    onTestFinished(() => {
      front.close();
      tls.remove();
      ca.remove();
    });
    const [tlsPort, http] = [await freePort(), `127.0.0.1:${await freePort()}`];
    const columns = {
      ...{ hosts: `tls://${RTU_HOST}:${front.port}`, 'rtu names': 'cn:rtu', 'port no': await freePort() },
      ...{ 'tls port': tlsPort, masters: 'a=cn:a' },
    };
    const program = await run([columns], http, ['--console', 'off', '--tls-dir', tls.path]);
    await program.said('listening for masters');
    const directory = await folder();
    const file = join(directory, 'tls.pcapng');
    const capture = new Command(['capture', '-g', '1', '-o', file, '--http', http], directory);
    await capturing(capture);
    const tunnel = await tlsTunnel({ host: GATEWAY_HOST, port: tlsPort }, '127.0.0.11', ca.issue({ cn: 'a' }));
    onTestFinished(() => tunnel.close());
    const master = newMaster(tunnel.port, 1, { host: '127.0.0.1' });
    await master.connect();
    await converse(master);
    await until(
      'both sides of the command',
      async () => (await readFile(file)).toString('latin1').split('\x2d\x01\x07').length > 2,
    );
    await ended(capture);
    const { apdus, objections } = await dissect(tshark, file, [front.port, tlsPort]);
    expect(objections).toEqual([]);
    for (const port of [front.port, tlsPort]) {
      const types = apdus.filter(({ destinationPort }) => destinationPort === port).map(({ typeId }) => typeId);
      expect(types).toEqual(expect.arrayContaining([C_IC, C_SC]));
    }
  });
});

describe('mm2ss capture', () => {
  it('ends by itself: after a time, and when the file is large enough', async () => {
    const { rtu, port, http } = await shared();
    const directory = await folder();
    const once = await execute(
      ['capture', '-g', '1', '-o', 'a.pcapng', '--http', http, '--duration', '0.3'],
      directory,
    );
    expect([once.outcome, once.stderr]).toEqual([0, expect.stringContaining('0 frames')]);
    const small = new Command(
      ['capture', '-g', '1', '-o', 'b.pcapng', '--http', http, '--max-size', '0.01'],
      directory,
    );
    await capturing(small);
    await newMaster(port, 1).connect();
    const beat = setInterval(() => rtu.burst(50), 50);
    expect(await small.exited).toBe(0);
    clearInterval(beat);
    expect(small.stderr).toContain('0.01 MB are written, which is enough');
    expect((await stat(join(directory, 'b.pcapng'))).size).toBeLessThan(20_000);
  });

  it('says what is wrong', async () => {
    const { http } = await shared();
    const directory = await folder();
    await writeFile(join(directory, 'there.pcapng'), 'keep me');
    const failing = async (...args: string[]): Promise<[unknown, string]> => {
      const { outcome, stderr } = await execute(['capture', ...args], directory);
      return [outcome, stderr];
    };
    const to = ['--http', http];
    expect(await failing('-g', '7', '-o', 'x.pcapng', ...to)).toEqual([
      1,
      expect.stringContaining('group 7 is not served'),
    ]);
    expect(await failing('-g', 'a b', '-o', 'z.pcapng', ...to)).toEqual([2, expect.stringContaining('a b')]);
    expect(await failing('-g', '1', '-o', 'there.pcapng', ...to)).toEqual([1, expect.stringContaining('--force')]);
    expect(await readFile(join(directory, 'there.pcapng'), 'utf8')).toBe('keep me');
    expect(await failing('-g', '1', '-o', 'no/x.pcapng', ...to)).toEqual([1, expect.stringContaining('ENOENT')]);
    const nobody = `127.0.0.1:${await freePort()}`;
    expect(await failing('-g', '1', '-o', 'y.pcapng', '--http', nobody)).toEqual([
      1,
      expect.stringContaining('does not answer'),
    ]);
    expect(await readdir(directory)).toEqual(['there.pcapng']);
    expect(await failing('-g', '1')).toEqual([2, expect.stringContaining('--output')]);
  });
});
