/** `mm2ss capture` over NATS: of connector and gateways, each a process of its own, with TLS. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { hasNats } from './nats-server.ts';
import { until } from './ports.ts';
import { Master, startRtu } from './stations.ts';
import { GATEWAY_HOSTS, System } from './system.ts';

const tshark = requireTool('tshark') ?? '';
const EXECUTABLE = process.env['MM2SS_TEST_COMMAND'] ?? resolve(import.meta.dirname, '../../bin/mm2ss');

describe.skipIf(!hasNats || tshark === '')('a capture over NATS', () => {
  it('has what the RTU says to the connector, and masters to all gateways; nothing travels behind its end', async () => {
    const { rtu, ledger } = await startRtu();
    const { host, port } = rtu.address;
    const system = await System.start([{ hosts: `${host}:${port}` }], { routers: 1, gateways: 2 });
    const file = join(system.directory, 'c.pcapng');
    const key = system.users?.file('console') ?? '';
    const args = ['capture', '-g', '1', '-o', file, '--nats', system.nats.url, '--nats-nkey', key];
    const capture = spawn(EXECUTABLE, args, { stdio: ['ignore', 'inherit', 'pipe'] });
    onTestFinished(() => void capture.kill('SIGKILL'));
    let said = '';
    capture.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const sources = (): number => said.split(' captures group 1').length - 1;
    await until('all three capture', () => sources() === 3);

    const masters = GATEWAY_HOSTS.slice(0, 2).map(
      (gateway, index) => new Master(`${index}`, `127.0.0.${11 + index}`, ledger, gateway, system.port),
    );
    for (const master of masters) await master.connect();
    for (const master of masters) expect((await master.simulator.command('single 5000 on')).result).toBe('positive');
    rtu.burst(500);
    for (const master of masters) await master.hasAll();
    const written = async (): Promise<number> => {
      const { stdout } = await promisify(execFile)(tshark, [
        ...['-n', '-r', file, '-d', `tcp.port==${port},iec60870_104`, '-d', `tcp.port==${system.port},iec60870_104`],
        ...['-T', 'fields', '-e', 'iec60870_asdu.typeid', '-E', 'occurrence=a', '-E', 'aggregator= '],
        ...['-Y', `tcp.srcport == ${port} || tcp.srcport == ${system.port}`],
      ]);
      return stdout.split(/\s+/).filter((text) => text !== '' && Number(text) <= 40).length;
    };
    // From the RTU, and to each of the masters.
    await until('all events are in the file', async () => (await written()) >= 3 * ledger.total);

    const [gateway] = system.gateways;
    expect(gateway?.find({ event: 'capture_started', group: '1' })).toBeDefined();
    expect(await readFile(file)).not.toHaveLength(0);
    capture.kill('SIGTERM');
    expect((await once(capture, 'close'))[0], said).toBe(0);
    expect(said).toContain('left out: nothing');
    // Nobody asks any more: they end by themselves.
    for (const part of [...system.gateways, ...system.connectors])
      await part.logged({ msg: 'capture ended', leftOut: 0 });
  });
});
