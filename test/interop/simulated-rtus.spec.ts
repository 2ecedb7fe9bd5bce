/** `mm2ss simulate rtus` as foreign masters and dissectors see it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { requireTool } from '../../tools/require.mjs';
import { type IFormat, parseApdu } from './apdu.ts';
import { pcapOf, type Segment, startTap } from './capture.ts';
import { dissect, sequenceFaults } from './dissection.ts';
import { eventually, freePort } from './harness.ts';
import { Peer } from './peer.ts';
import { commandKinds, python } from './stations.ts';

const repository = resolve(import.meta.dirname, '../..');
const mm2ss = join(repository, 'bin/mm2ss');
const examples = join(repository, 'examples/simulator');
const tshark = requireTool('tshark') ?? '';
const host = '127.0.0.2';
const centreRtus = 50;
const manyMs = 60_000;

/** A simulator of its own process, with the IO file of the examples for each RTU. */
class Simulator {
  private output = '';

  private constructor(
    readonly ports: readonly number[],
    private readonly folder: string,
    private readonly http: string,
    private readonly child: ChildProcess,
  ) {
    const note = (text: string): void => void (this.output += text);
    child.stdout?.setEncoding('utf8').on('data', note);
    child.stderr?.setEncoding('utf8').on('data', note);
  }

  static async start(count: number, flags: readonly string[] = []): Promise<Simulator> {
    const folder = await mkdtemp(join(tmpdir(), 'mm2ss-rtus-'));
    const ports = new Set<number>();
    while (ports.size < count) ports.add(await freePort());
    const rows = [...ports].map((port, at) => `${at + 1},RTU ${at + 1},${at + 1},${port},127.0.0.0/8,12,60,north.csv`);
    await writeFile(join(folder, 'iec104rs.csv'), `${rows.join('\n')}\n`);
    await cp(join(examples, 'data'), join(folder, 'data'), { recursive: true });
    const http = `127.0.0.1:${await freePort()}`;
    const args = ['simulate', 'rtus', '--listen', host, '--http', http, ...flags];
    const child = spawn(mm2ss, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const simulator = new Simulator([...ports], folder, http, child);
    await eventually('the RTUs listen', () => simulator.output.includes(`${count} RTUs listen`), manyMs);
    return simulator;
  }

  async send(index: number): Promise<string> {
    const args = ['simulate', 'send', String(index), '--http', this.http];
    return (await promisify(execFile)(mm2ss, args)).stdout;
  }

  async stop(): Promise<void> {
    const ended = new Promise((settle) => this.child.once('close', settle));
    this.child.kill('SIGTERM');
    await ended;
    await rm(this.folder, { recursive: true });
  }
}

describe.skipIf(python === undefined)(`c104 as the control centre of ${centreRtus} simulated RTUs`, () => {
  let simulator: Simulator;
  let centre: Peer;
  const numbers = Array.from({ length: centreRtus }, (_, at) => String(at + 1));

  beforeAll(async () => {
    simulator = await Simulator.start(centreRtus);
    centre = await Peer.start('centre', String(python), [join(import.meta.dirname, 'peers/c104_masters.py')]);
    await centre.call('connect', { host, rtus: simulator.ports.map((port, at) => ({ port, ca: at + 1 })) });
    await statesAre('OPEN_MUTED');
    await centre.call('startdt', {}, manyMs);
    await statesAre('OPEN');
  });

  afterAll(async () => {
    await centre?.stop();
    await simulator?.stop();
  });

  const statesAre = (wanted: string): Promise<void> =>
    eventually(
      `all connections are ${wanted}`,
      async () => Object.values((await centre.call('states')) as Record<string, string>).every((one) => one === wanted),
      manyMs,
    );

  /** Type and address of what each RTU brought since the last time, once it is so many ASDUs of a cause. */
  async function brought(cause: number, count: number): Promise<string[][]> {
    const got = new Map<string, IFormat[]>(numbers.map((number) => [number, []]));
    const those = (number: string): IFormat[] => (got.get(number) ?? []).filter(({ cot }) => cot === cause);
    await eventually(
      `${count} ASDUs of COT ${cause} from each`,
      async () => {
        const more = (await centre.call('received')) as Record<string, string[]>;
        for (const [number, apdus] of Object.entries(more)) {
          for (const apdu of apdus.map(parseApdu)) if (apdu.format === 'I') got.get(number)?.push(apdu);
        }
        return numbers.every((number) => those(number).length >= count);
      },
      manyMs,
    );
    return numbers.map((number) => those(number).map(({ type, ioa, asdu }) => `${type} ${ioa} ${asdu.slice(18, 20)}`));
  }

  const same = (row: unknown): unknown[] => numbers.map(() => row);

  it('interrogates all of them at once', async () => {
    const results = (await centre.call('gi', {}, manyMs)) as Record<string, boolean>;
    expect(Object.values(results)).toEqual(same(true));
    // Type, first address, and the octet behind it.
    expect(await brought(20, 5)).toEqual(same(['1 101 00', '3 301 01', '9 1002 3d', '11 1501 07', '13 301 00']));
  });

  it('gets the rows of an index from all of them, in order', async () => {
    expect((await simulator.send(200)).match(/: sent, 3 sent/g)).toHaveLength(centreRtus);
    expect(await brought(3, 3)).toEqual(same(['31 301 02', '30 102 81', '1 103 01']));
  });

  it('commands all of them, and sees what came of it', async () => {
    const results = await centre.call('command', { ioa: 21001, type: 'C_DC_NA_1', value: 'OFF' }, manyMs);
    expect(Object.values(results as object)).toEqual(same(true));
    expect(await brought(11, 1)).toEqual(same(['31 301 01']));
  });

  it('sets all their clocks', async () => {
    expect(Object.values((await centre.call('clock', {}, manyMs)) as object)).toEqual(same(true));
  });
});

describe.skipIf(tshark === '' || python === undefined).each([
  ['as real RTUs', []],
  ['as the old program', ['--compat']],
])('simulated RTUs %s, as tshark sees them', (_how, flags) => {
  it('say nothing malformed, and number it as the standard says', async () => {
    const simulator = await Simulator.start(1, flags);
    const segments: Segment[] = [];
    const tap = await startTap(
      { host: '127.0.0.3', port: await freePort() },
      { host, port: simulator.ports[0] as number },
      segments,
    );
    const master = await Peer.start('master', String(python), [join(import.meta.dirname, 'peers/c104_master.py')]);
    try {
      await master.call('connect', { ...tap.at });
      await eventually('the master is connected', async () => (await master.call('state')) === 'OPEN_MUTED');
      await master.call('startdt');
      await master.until('to be started', () => master.uFrames('rx').includes('STARTDT con'));
      await master.call('gi', { ca: 1 });
      await master.call('clock', { ca: 1 });
      await master.call('command', { ca: 1, ioa: 21001, type: 'C_DC_NA_1', value: 'ON', select: true });
      await master.call('command', { ca: 1, ioa: 21003, type: 'C_DC_TA_1', value: 'ON', time: Date.now() });
      for (const { type, value } of commandKinds) await master.call('command', { ca: 1, ioa: 4711, type, value });
      for (const index of [100, 200, 300]) await simulator.send(index);
      const file = join(await mkdtemp(join(tmpdir(), 'mm2ss-pcap-')), 'rtus.pcap');
      await writeFile(file, pcapOf(segments));
      const { apdus, objections } = await dissect(tshark, file, [tap.at.port]);
      await rm(resolve(file, '..'), { recursive: true });
      expect(objections).toEqual([]);
      expect(sequenceFaults(apdus, 12)).toEqual([]);
      const types = new Set(apdus.map(({ typeId }) => typeId));
      for (const type of [1, 9, 11, 13, 30, 31, 36, 46, 59, 70, 100, 103])
        expect(types, `type ${type}`).toContain(type);
    } finally {
      await master.stop();
      tap.close();
      await simulator.stop();
    }
  });
});

describe.skipIf(python === undefined)('c104 as the master of simulate conformance --as-rtu', () => {
  it('keeps what the standard asks of a controlling station', async () => {
    const port = await freePort();
    const args = ['simulate', 'conformance', '--as-rtu', `${host}:${port}`, '--ca', '1', '--timeout', '8'];
    const check = spawn(mm2ss, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<number | null>((settle) => check.once('close', settle));
    let said = '';
    for (const stream of [check.stdout, check.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    }
    const master = await Peer.start('master', String(python), [join(import.meta.dirname, 'peers/c104_master.py')]);
    let isOver = false;
    try {
      await eventually('it listens', () => said.includes('waiting for the master'), manyMs);
      await master.call('connect', { host, port });
      // It connects again by itself; the rest is what an operator's program does.
      const starting = (async () => {
        while (!isOver) {
          if ((await master.call('state')) === 'OPEN_MUTED') await master.call('startdt').catch(() => undefined);
          await delay(50);
        }
      })();
      const code = await ended;
      isOver = true;
      await starting;
      expect(said).not.toMatch(/^failed/m);
      expect(code, said).toBe(0);
    } finally {
      isOver = true;
      check.kill('SIGKILL');
      await master.stop();
    }
  });
});
