import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { HealthReport, Status } from '@iec104mm2ss/observability';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Command, execute, folder, run, SAMPLE } from './command.js';
import { csvOf, freePort, hostOf, startMaster, startRtu, until } from './harness.js';
import { attempt } from './raw-peer.js';

/** Ports a process listens on, from /proc. */
async function listeningPorts(pid: number): Promise<number[]> {
  const inodes = new Set<string>();
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  const ports: number[] = [];
  for (const table of ['tcp', 'tcp6']) {
    for (const line of (await readFile(`/proc/${pid}/net/${table}`, 'utf8')).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      const [, port] = (fields[1] ?? '').split(':');
      if (fields[3] === '0A' && inodes.has(fields[9] ?? '')) ports.push(parseInt(port ?? '', 16));
    }
  }
  return ports.sort((a, b) => a - b);
}

describe('mm2ss run', () => {
  it('runs, serves its pages, logs, and ends quickly at SIGTERM with its masters closed', async () => {
    const rtus = [await startRtu(), await startRtu({ ca: 48 })] as const;
    const ports = [await freePort(), await freePort()] as const;
    const http = `127.0.0.1:${await freePort()}`;
    const command = await run(
      [
        { 'port no': ports[0], hosts: hostOf(rtus[0]), logevents: 'Y', 'sys name': 'Wadi / 1' },
        { 'port no': ports[1], hosts: hostOf(rtus[1]), logevents: 'N', 'rtu no': 48 },
      ],
      http,
      ['--listen', '127.0.0.1'],
    );
    await command.said('iec104mm2ss runs');
    await until('both listeners', () => command.stdout.split('listening for masters').length === 3);
    const masters = [await startMaster(ports[0], 1), await startMaster(ports[1], 1, { ca: 48 })] as const;
    expect((await masters[0].command('single 5000 on')).result).toBe('positive');
    rtus[0].burst(30);
    await until('events', () => masters[0].events.length === 31);

    const get = async (path: string): Promise<{ status: number; type: string; text: string }> => {
      const response = await fetch(`http://${http}${path}`);
      return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() };
    };
    for (const path of ['/healthz', '/readyz']) {
      const { status, text } = await get(path);
      expect([path, status]).toEqual([path, 200]);
      expect((JSON.parse(text) as HealthReport).status).toBe('ok');
    }
    expect((await get('/nothing')).status).toBe(404);

    const status = JSON.parse((await get('/status')).text) as Status;
    expect(status).toMatchObject({
      version: 1,
      product: 'iec104mm2ss',
      parts: ['connector', 'router', 'gateway'],
      bus: { kind: 'memory', connected: true },
    });
    expect(status.groups.map(({ id, name, port }) => [id, name, port])).toEqual([
      ['1', 'Wadi / 1', ports[0]],
      ['2', 'RTU-2', ports[1]],
    ]);
    expect(status.groups[0]).toMatchObject({
      rtuNumber: 47,
      ack: 'delivered',
      interrogation: 'all',
      rtu: { state: 'started', endpoint: hostOf(rtus[0]), linkEpoch: 1, connects: 1, lastError: null },
      listener: { open: true, addresses: [`127.0.0.1:${ports[0]}`] },
      log: { capacity: 1000, full: false },
      counters: { commands: 1, commandsSent: 1, mastersAdmitted: 1, broadcast: 31 },
    });
    expect(status.groups[0]?.masters).toEqual([
      expect.objectContaining({ peer: masters[0].localEndpoint, state: 'started', commands: 1, queueLimit: 8192 }),
    ]);

    const metrics = await get('/metrics');
    expect(metrics.type).toMatch(/^text\/plain/);
    for (const line of metrics.text.split('\n').filter((text) => text !== '')) {
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{[^{}]*\})? (-?[\d.e+-]+|Na[Nn]|[+-]Inf))$/);
    }
    const value = (name: string, group: string): number =>
      Number(new RegExp(`^${name}\\{group="${group}",name="[^"]*"\\} (.+)$`, 'm').exec(metrics.text)?.[1]);
    expect(value('mm2ss_rtu_up', '1')).toBe(1);
    expect(value('mm2ss_rtu_asdus_received_total', '1')).toBe(1 + 31 + 2);
    expect(value('mm2ss_commands_total', '1')).toBe(1);
    expect(value('mm2ss_commands_total', '2')).toBe(0);
    expect(metrics.text).toMatch(/^process_resident_memory_bytes \d/m);

    const askedAt = performance.now();
    command.process.kill('SIGTERM');
    expect(await command.exited).toBe(0);
    expect(performance.now() - askedAt).toBeLessThan(4_000);
    await until('masters and RTUs closed', () => {
      return masters.every(({ connected }) => !connected) && rtus.every(({ connections }) => connections.length === 0);
    });
    expect(await attempt(ports[0], '127.0.0.11')).toBe('refused');

    expect(command.stderr).toBe('');
    for (const line of command.lines) {
      expect(line).toMatchObject({ level: expect.stringMatching(/^(info|warn|error)$/), msg: expect.any(String) });
      expect(Date.parse(String(line['time']))).toBeGreaterThan(Date.parse(status.startedAt) - 10_000);
    }
    expect(command.lines.at(-1)?.['msg']).toBe('stopped');

    // The audit records, and one file per group with logevents = Y; it has what standard output has of that group.
    expect(await readdir(join(command.directory, 'log'))).toEqual(['1-Wadi-1.log', 'audit.jsonl']);
    const file = (await readFile(join(command.directory, 'log', '1-Wadi-1.log'), 'utf8')).trim().split('\n');
    const ofGroup = command.lines.filter(({ group }) => group === '1');
    expect(file.map((line) => JSON.parse(line) as unknown)).toEqual(ofGroup);
    for (const msg of ['RTU connected', 'listening for masters', 'master connected', 'command terminated']) {
      expect(ofGroup.map((line) => line['msg'])).toContain(msg);
    }
    expect(command.lines.filter(({ group }) => group === '2').length).toBeGreaterThan(3);
  });

  it('shows operators how it is, and does what they want', async () => {
    const rtus = [await startRtu(), await startRtu()] as const;
    const port = await freePort();
    const http = `127.0.0.1:${await freePort()}`;
    const hosts = rtus.map(hostOf).join(';');
    const command = await run([{ 'port no': port, hosts, 'sys name': 'Wadi' }], http, ['--listen', '127.0.0.1']);
    await command.said('listening for masters');
    const master = await startMaster(port, 1);
    await until('data transfer', () => master.state === 'started');
    const ask = async (...args: string[]): Promise<[outcome: unknown, stdout: string, stderr: string]> => {
      const asked = await execute([...args, '--http', http], command.directory);
      return [asked.outcome, asked.stdout, asked.stderr];
    };

    const [outcome, table] = await ask('status', '1');
    expect(outcome).toBe(0);
    expect(table).toMatch(/^GROUP +NAME +RTU /);
    expect(table).toMatch(new RegExp(`^1 +Wadi +started ${hostOf(rtus[0])} .* 127.0.0.1:${port} +1/1 `, 'm'));
    expect(table).toContain(master.localEndpoint);
    const [, json] = await ask('status', '--json');
    const status = JSON.parse(json) as Status;
    expect(status).toMatchObject({
      scope: 'system',
      processes: [{ parts: ['connector', 'router', 'gateway'], configuration: { file: 'groups.csv' }, silent: false }],
      configuration: { differ: false },
      groups: [{ id: '1', servedBy: { connector: { silent: false }, router: { silent: false } } }],
    });
    const digest = status.processes[0]?.configuration?.digest ?? '';
    expect(digest).toMatch(/^[0-9a-f]{12}$/);
    expect(await (await fetch(`http://${http}/metrics`)).text()).toContain(`mm2ss_config_info{digest="${digest}"} 1`);

    expect(await ask('next-host', '1')).toEqual([0, expect.stringContaining(`${hostOf(rtus[0])} is left`), '']);
    await until('the other host', () => rtus[1].connections.length === 1 && rtus[0].connections.length === 0);
    expect(await ask('restart', '1')).toEqual([0, expect.stringContaining('opened anew'), '']);
    // At the start, for the other host, and now.
    await until(
      'masters are let in again',
      () => command.stdout.split('"msg":"listening for masters"').length - 1 === 3,
    );
    const again = await startMaster(port, 1);
    expect(await ask('disconnect', '1', '127.0.0.11')).toEqual([0, expect.stringContaining('is disconnected'), '']);
    await until('the master is away', () => !again.connected);
    await command.said('"reason":"operator"');
    for (const verb of ['restart', 'next-host', 'disconnect'])
      expect(command.stdout).toMatch(new RegExp(`"verb":"${verb}"`));

    const refusals: [args: string[], code: number, message: RegExp][] = [
      [['restart', '2'], 1, /no process knows a group 2/],
      [['disconnect', '1', '127.0.0.99'], 1, /group 1 has no master 127\.0\.0\.99/],
      [['status', '2'], 1, /no process knows a group 2; there are 1/],
      [['disconnect', '1'], 2, /missing required argument/],
      [['restart', '1', '--nats', 'http://x'], 2, /--nats/],
    ];
    for (const [args, code, message] of refusals) {
      expect([args, await ask(...args)]).toEqual([args, [code, '', expect.stringMatching(message)]]);
    }
    const nobody = await execute(['status', '--http', `127.0.0.1:${await freePort()}`], command.directory);
    expect([nobody.outcome, nobody.stderr]).toEqual([1, expect.stringContaining('does not answer (ECONNREFUSED)')]);
  });

  it('without an RTU: refuses masters, is alive, ends at SIGINT; --http off and no logevents leave nothing open', async () => {
    const port = await freePort();
    const hosts = `127.0.0.2:${await freePort()}`;
    const http = `127.0.0.1:${await freePort()}`;
    const quiet = await run([{ 'port no': await freePort(), hosts: hostOf(await startRtu()) }], 'off');
    const waiting = await run([{ 'port no': port, hosts }], http);
    await waiting.said('iec104mm2ss runs');
    expect((await fetch(`http://${http}/healthz`)).status).toBe(200);
    const status = (await (await fetch(`http://${http}/status`)).json()) as Status;
    expect(['disconnected', 'connecting']).toContain(status.groups[0]?.rtu.state);
    expect(status.groups[0]?.listener.open).toBe(false);
    expect(await attempt(port, '127.0.0.11')).toBe('refused');
    expect(await listeningPorts(waiting.process.pid ?? 0)).toEqual([Number(http.split(':')[1])]);
    waiting.process.kill('SIGINT');
    expect(await waiting.exited).toBe(0);

    await quiet.said('listening for masters');
    const [only, ...others] = await listeningPorts(quiet.process.pid ?? 0);
    expect(others).toEqual([]);
    expect(quiet.stdout).toContain(`"port":${only}`);
    expect(quiet.stdout).not.toContain('HTTP');
    quiet.process.kill('SIGTERM');
    expect(await quiet.exited).toBe(0);
    expect(await readdir(quiet.directory)).toEqual(['groups.csv']);
  });

  it('ends with a message when it cannot begin: exit code 2 for what its user has to mend, 1 for what is in its way', async () => {
    const directory = await folder();
    const good = csvOf([{ 'port no': await freePort(), hosts: '127.0.0.2:2404' }]);
    await writeFile(join(directory, 'good.csv'), good);
    await writeFile(join(directory, 'bad.csv'), good.replace('127.0.0.2:2404', 'nowhere'));
    const taken = createServer();
    await new Promise<void>((settle) => taken.listen({ port: 0, host: '127.0.0.1' }, settle));
    onTestFinished(() => void taken.close());
    const address = taken.address();
    const inUse = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    const cases: [args: string[], code: number, message: RegExp][] = [
      [['run', '-i', 'bad.csv', '-n', '--http', 'off'], 2, /bad\.csv: row 3, hosts: .*\n.*no group could be loaded/],
      [['run', '-i', 'missing.csv', '-n', '--http', 'off'], 2, /missing\.csv/],
      [['run', '-i', 'good.csv', '-n', '--http', inUse], 1, new RegExp(`HTTP on ${inUse}: .*in use`)],
      [['run', '-i', 'good.csv', '-n', '--http', 'off', '-t', 'soon'], 2, /soon/],
      [['run', '-i', 'good.csv', '--no-such-option'], 2, /unknown option/],
    ];
    const commands = cases.map(([args]) => new Command(args, directory));
    await Promise.all(commands.map(({ exited }) => exited));
    for (const [i, command] of commands.entries()) {
      const [args, code, message] = cases[i] ?? [[], 0, /./];
      expect([args, command.outcome]).toEqual([args, code]);
      expect(command.stderr).toMatch(message);
      // A message for its user, not a stack trace.
      expect(command.stderr).not.toMatch(/^\s+at /m);
    }
  });

  it('waits for a port of masters that somebody else has, and says so', async () => {
    const rtu = await startRtu();
    const port = await freePort();
    const taken = createServer();
    await new Promise<void>((settle) => taken.listen({ port, host: '127.0.0.1' }, settle));
    const command = await run([{ 'port no': port, hosts: hostOf(rtu) }], 'off', ['--listen', '127.0.0.1']);
    await command.said('cannot listen for masters');
    expect(command.lines.find(({ msg }) => msg === 'cannot listen for masters')).toMatchObject({
      level: 'error',
      group: '1',
      port,
      reason: 'EADDRINUSE',
    });
    await new Promise((settle) => taken.close(settle));
    await command.said('listening for masters');
    expect((await startMaster(port, 1)).started).toBe(true);
    command.process.kill('SIGTERM');
    expect(await command.exited).toBe(0);
  });

  it('loads the good rows of a file and tells about the others; a slow master does not hold up its end', async () => {
    const rtu = await startRtu();
    const [port, other] = [await freePort(), await freePort()];
    const command = await run(
      [
        { 'port no': port, hosts: hostOf(rtu) },
        { 'port no': other, hosts: hostOf(rtu), t2: 20, t1: 15 },
      ],
      'off',
    );
    await command.said('listening for masters');
    expect(command.stderr).toMatch(/^groups\.csv: row 4, t2: /m);
    expect(await listeningPorts(command.process.pid ?? 0)).toEqual([port]);

    // It listens at all addresses, IPv6 too: masters are known by their IPv4 address all the same.
    const master = await startMaster(port, 1);
    await command.said(`"peer":"${master.localEndpoint}"`);

    // One that does not acknowledge what is owed to it does not keep the process.
    master.setAcknowledging(false);
    rtu.setValue(1000, 1);
    await until('an event', () => master.events.length === 1);
    const askedAt = performance.now();
    command.process.kill('SIGTERM');
    expect(await command.exited).toBe(0);
    expect(performance.now() - askedAt).toBeLessThan(7_000);
  });
});

describe('mm2ss check', () => {
  it("loads two groups of the manual's sample, and says why the other rows are not loaded", async () => {
    const directory = await folder();
    const command = await execute(['check', SAMPLE], directory);
    expect(command.outcome).toBe(0);
    expect(command.stdout).toMatch(
      /^2 groups load:\n {2}111 RTU-ABB .*port 2404, RTU 32 .*\n(.*\n)*? {2}222 Dreez-SCS /,
    );
    for (const row of [46, 47, 48, 49]) expect(command.stdout).toMatch(new RegExp(`^ {2}row ${row}\\b.*: .+`, 'm'));
    expect(command.stdout).not.toMatch(/444|555|333/);
  });

  it('ends with 1 and names row, field and reason of what is at fault', async () => {
    const directory = await folder();
    await writeFile(join(directory, 'groups.csv'), csvOf([{ 'port no': 70000, hosts: '127.0.0.2:2404', k: 0 }]));
    const [text, json] = await Promise.all([
      execute(['check', 'groups.csv'], directory),
      execute(['check', '--json', 'groups.csv'], directory),
    ]);
    expect([text.outcome, json.outcome]).toEqual([1, 1]);
    expect(text.stdout).toMatch(/row 3, port no: .*70000/);
    expect(text.stdout).toMatch(/row 3, k: .*0/);
    expect(JSON.parse(json.stdout)).toMatchObject({ groups: [], problems: expect.any(Array) });
  });
});

describe('mm2ss is told to end', () => {
  // While Node.js itself is being started, which takes longer on a busy machine, a signal ends it as it ends every program.
  it.each([200, 400, 800, 1_400])('%i ms after its start, and ends with code 0', async (afterMs) => {
    const rtu = await startRtu();
    const group = { 'port no': await freePort(), hosts: hostOf(rtu) };
    const command = await run([group], `127.0.0.1:${await freePort()}`, ['--listen', '127.0.0.1']);
    await delay(afterMs);
    command.process.kill('SIGINT');
    const outcome = await command.exited;
    expect(outcome).toBe(command.stdout === '' && outcome === 'SIGINT' ? 'SIGINT' : 0);
    await until('the RTU left', () => rtu.connections.length === 0);
  });

  it('while it waits for a NATS server, and ends with code 0', async () => {
    const command = new Command(
      ['router', '-i', SAMPLE, '--nats', 'nats://127.0.0.1:1', '--http', 'off'],
      await folder(),
    );
    await command.said('waiting for NATS');
    command.process.kill('SIGTERM');
    expect(await command.exited).toBe(0);
  });
});

describe('mm2ss audit', () => {
  it('does not wait for a NATS server that is not there', async () => {
    const command = await execute(['audit', '--nats', 'nats://127.0.0.1:1'], await folder());
    expect([command.outcome, command.stdout]).toEqual([1, '']);
    expect(command.stderr).toMatch(
      /^mm2ss: audit: NATS could not be reached within 5 s \(127\.0\.0\.1:1: .*ECONNREFUSED/,
    );
  }, 20_000);

  it.each([
    [['--last', '-3'], '--last -3: how many records to list, such as 100; 0 lists all'],
    [['--type', 'C_SC_NA'], '--type C_SC_NA: there is no such type; nearest: C_SC_NA_1'],
  ])('refuses %j', async (flags, message) => {
    const command = await execute(['audit', ...flags], await folder());
    expect(command.outcome).toBe(2);
    expect(command.stderr).toContain(message);
  });
});
