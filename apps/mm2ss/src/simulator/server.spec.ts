import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadStations, type LogLine, MasterSimulator, RtuFleet } from '@iec104mm2ss/simulator';
import { type NumberedLine, RecentLines } from './recent-lines.js';
import { listenSimulator, type SimulatorServer } from './server.js';

const LIST = fileURLToPath(new URL('../../../../examples/simulator/iec104rs.csv', import.meta.url));
const HOST = '127.0.0.1';

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: object } } };
}

let fleet: RtuFleet;
let recent: RecentLines;
let server: SimulatorServer;
let masters: MasterSimulator[];

beforeEach(async () => {
  const { stations } = loadStations(LIST);
  recent = new RecentLines(stations.length);
  fleet = new RtuFleet({ host: HOST, log: (station) => recent.of(station) });
  for (const each of stations) fleet.load(each, { port: 0 });
  await fleet.start();
  server = await listenSimulator(fleet, { host: HOST, port: 0 }, recent);
  masters = [];
});

afterEach(async () => {
  for (const master of masters) await master.close();
  await server.close();
  await fleet.close();
});

async function ask(method: string, path: string, body?: unknown, url = server.url): Promise<[number, unknown]> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return [response.status, await response.json()];
}

async function join1(): Promise<MasterSimulator> {
  const { address } = fleet.station('1')!.rtu;
  const master = new MasterSimulator({ ...address, ca: 32 });
  masters.push(master);
  await master.connect();
  return master;
}

describe("the simulator's HTTP API", () => {
  it('lists the RTUs as the old window did, and one of them', async () => {
    await join1();
    const [status, rtus] = await ask('GET', '/rtus');
    expect(status).toBe(200);
    expect(rtus).toMatchObject([
      { id: '1', name: 'North old SCADA', rtuNumber: 32, online: true, interrogating: false, lastIndex: '' },
      { id: '2', online: false },
      { id: '3' },
      { id: '5' },
    ]);
    expect(await ask('GET', '/rtus/3')).toMatchObject([200, { name: 'South', points: 5, masters: [] }]);
    expect(await ask('GET', '/rtus/77')).toEqual([404, { error: 'no RTU has the id 77' }]);
  });

  it('sends an index, says what became of it, and stops it', async () => {
    await join1();
    const [accepted, { run }] = (await ask('POST', '/send', { index: 200, rtu: 32 })) as [number, { run: number }];
    expect(accepted).toBe(202);
    await expect
      .poll(() => ask('GET', `/runs/${run}`))
      .toMatchObject([
        200,
        {
          index: 200,
          ended: true,
          stations: [
            { id: '1', result: 'sent', sent: 3 },
            { id: '2', result: 'offline' },
          ],
        },
      ]);
    const [, { run: long }] = (await ask('POST', '/send', { index: 300, duration: 600 })) as [number, { run: number }];
    expect(await ask('GET', `/runs/${long}`)).toMatchObject([200, { ended: false }]);
    expect(await ask('POST', '/stop', {})).toEqual([200, { stopped: 1 }]);
    await expect.poll(() => ask('GET', `/runs/${long}`)).toMatchObject([200, { ended: true }]);
    expect(await ask('POST', '/send', { index: 1, rtu: 9 })).toEqual([404, { error: 'no RTU has the number 9' }]);
    expect(await ask('GET', '/runs/99')).toMatchObject([404, {}]);
  });

  it('shows and sets points, by address and kind', async () => {
    const master = await join1();
    const got: number[] = [];
    master.on('asdu', ({ view }) => got.push(view.typeId));
    expect(await ask('PUT', '/rtus/1/points/301', { value: 0.5, quality: 'IV NT', kind: 'float' })).toMatchObject([
      200,
      { ioa: 301, kind: 'float', value: 0.5, quality: 192, qualityText: 'IV NT' },
    ]);
    await expect.poll(() => got).toContain(13);
    const [, points] = (await ask('GET', '/rtus/1/points?from=301')) as [number, { ioa: number; kind: string }[]];
    expect(
      points
        .slice(0, 2)
        .map(({ ioa, kind }) => `${ioa} ${kind}`)
        .sort(),
    ).toEqual(['301 double', '301 float']);
    expect(await ask('PUT', '/rtus/1/points/5', { value: 1 })).toMatchObject([404, {}]);
    expect(await ask('PUT', '/rtus/1/points/301', { value: 'on' })).toMatchObject([400, {}]);
    expect(await ask('PUT', '/rtus/1/points/301', { value: 4, kind: 'double' })).toEqual([
      400,
      { error: '"value": 4 is no value of a double point: an integer from 0 to 3' },
    ]);
    expect(await ask('PUT', '/rtus/1/points/301', { quality: 'BAD' })).toMatchObject([400, {}]);
  });

  it('takes an RTU off the network and back, drops, restarts, and has faults', async () => {
    const master = await join1();
    expect(await ask('POST', '/rtus/1/offline', {})).toMatchObject([200, { listening: false, online: false }]);
    await expect.poll(() => master.started).toBe(false);
    expect(await ask('POST', '/rtus/1/online', {})).toMatchObject([200, { listening: true }]);
    await master.connect();
    expect(await ask('PUT', '/rtus/1/faults', { ignoreTypes: [100], delayMs: 5 })).toMatchObject([
      200,
      { ignoreTypes: [100], delayMs: 5, halfOpen: false },
    ]);
    expect((await master.interrogate(20, { timeoutMs: 50 })).result).toBe('timeout');
    expect(await ask('PUT', '/rtus/1/faults', {})).toMatchObject([200, { ignoreTypes: [], delayMs: 0 }]);
    expect(await ask('PUT', '/rtus/1/faults', { dealyMs: 5 })).toMatchObject([400, {}]);
    for (const verb of ['drop', 'restart', 'wrong-sequence']) {
      expect((await ask('POST', `/rtus/1/${verb}`, {}))[0], verb).toBe(200);
    }
  });

  it('has a load profile for all RTUs together', async () => {
    await join1();
    const { counts } = fleet.station('1')!.rtu;
    expect(await ask('GET', '/load')).toEqual([200, { profile: 'off' }]);
    expect(await ask('PUT', '/load', { profile: 'constant 200' })).toEqual([200, { profile: 'constant 200' }]);
    expect(await ask('GET', '/load')).toEqual([200, { profile: 'constant 200' }]);
    await expect.poll(() => counts.events).toBeGreaterThan(5);
    expect(await ask('PUT', '/load', { profile: 'off' })).toEqual([200, { profile: 'off' }]);
    expect(await ask('PUT', '/load', { profile: 'csv /etc/passwd' })).toMatchObject([400, {}]);
  });

  it('describes itself: every path that it has, with its body', async () => {
    const [, document] = (await ask('GET', '/openapi.json')) as [number, OpenApi];
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/rtus/{id}/points/{ioa}');
    const schema = document.paths['/send']?.['post']?.requestBody?.content['application/json'].schema;
    expect(schema).toMatchObject({ type: 'object', required: ['index'] });
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has its own cost in its metrics', async () => {
    await join1();
    const text = await (await fetch(new URL('/metrics', server.url))).text();
    expect(text).toMatch(/^mm2ss_simulator_rtus_started 1$/m);
    expect(text).toMatch(/^mm2ss_simulator_cpu_seconds_total \d/m);
  });

  it('refuses what a web page of somebody else could make a browser ask', async () => {
    const form = await fetch(new URL('/stop', server.url), { method: 'POST', body: '{}' });
    expect(form.status).toBe(415);
    const { port } = new URL(server.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const asking = request({ host: HOST, port, path: '/rtus', headers: { Host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asking.on('error', reject);
      asking.end();
    });
    expect(status).toBe(421);
    expect(await ask('GET', '/nowhere')).toMatchObject([404, {}]);
    expect(await ask('POST', '/rtus', {})).toMatchObject([405, {}]);
  });

  it('asks for a token where there is a file of them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mm2ss-token-'));
    const file = join(folder, 'tokens');
    writeFileSync(file, 'a-token-that-is-long-enough\n');
    const guarded = await listenSimulator(fleet, { host: HOST, port: 0 }, recent, file);
    try {
      expect((await ask('GET', '/rtus', undefined, guarded.url))[0]).toBe(401);
      expect((await fetch(new URL('/metrics', guarded.url))).status).toBe(401);
      const headers = { Authorization: 'Bearer a-token-that-is-long-enough' };
      expect((await fetch(new URL('/rtus', guarded.url), { headers })).status).toBe(200);
    } finally {
      await guarded.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the logs of RTUs over the API', () => {
  const lineOf = (event: string): LogLine => ({ timeMs: 1_000, event, ioa: 7 });

  it('are their last lines, by number, each log for itself', async () => {
    recent = new RecentLines(2);
    const written: string[] = [];
    const [station] = fleet.stations;
    const sink = recent.of({ id: station?.id ?? '' }, { write: (log, { event }) => written.push(`${log} ${event}`) });
    for (const event of ['a', 'b']) sink.write('station', lineOf(event));
    sink.write('interrogation', lineOf('GI'));
    expect(written).toEqual(['station a', 'station b', 'interrogation GI']);
    await server.close();
    server = await listenSimulator(fleet, { host: HOST, port: 0 }, recent);
    const get = async (query: string): Promise<unknown> =>
      (await fetch(new URL(`/rtus/${station?.id}/log${query}`, server.url))).json();
    expect(await get('')).toEqual({
      lines: [
        { ...lineOf('a'), seq: 1 },
        { ...lineOf('b'), seq: 2 },
      ],
    });
    expect(await get('?after=1')).toMatchObject({ lines: [{ event: 'b' }] });
    expect(await get('?log=interrogation')).toMatchObject({ lines: [{ event: 'GI' }] });
    expect(await get('?log=other')).toEqual({ error: '"log" is one of station, interrogation' });
    expect(await get('?after=x')).toMatchObject({ error: expect.stringContaining('number') as string });
  });

  it('are bounded, however many RTUs there are', () => {
    for (const [stations, most] of [
      [1, 500],
      [100, 200],
      [100_000, 20],
    ] as const) {
      const recent = new RecentLines(stations);
      const sink = recent.of({ id: '1' }, { write: () => undefined });
      for (let i = 0; i < 5_000; i++) sink.write('station', lineOf(String(i)));
      const lines = recent.after('1', 'station', 0);
      expect([lines.length, lines.at(-1)?.seq]).toEqual([most, 5_000]);
    }
  });

  it('are there without log files; the objects of one ASDU are lines of one number', async () => {
    const master = await join1();
    await master.interrogate();
    const log = async (name: string): Promise<NumberedLine[]> =>
      ((await ask('GET', `/rtus/1/log?log=${name}`))[1] as { lines: NumberedLine[] }).lines;
    expect((await log('station')).map(({ event }) => event)).toEqual(
      expect.arrayContaining(['listening', 'connected', 'data transfer started', 'GI ended', 'received']),
    );
    const sent = (await log('interrogation')).filter(({ event }) => event === 'sent');
    expect(sent).toHaveLength(8);
    expect(sent[0]).toMatchObject({ type: 'M_SP_NA_1', cause: 'INROGEN', ioa: expect.any(Number) as number });
    const [{ seq } = { seq: 0 }] = sent;
    expect(sent.filter((line) => line.seq === seq).length).toBeGreaterThan(1);
    const behind = await ask('GET', `/rtus/1/log?log=interrogation&after=${seq}`);
    expect((behind[1] as { lines: NumberedLine[] }).lines.every((line) => line.seq > seq)).toBe(true);
  });
});

describe('paths that are none', () => {
  /** As it is: fetch would put it in order. */
  const ask = (path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const { port } = server.address;
      request({ host: HOST, port, path, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });

  it.each([
    '//',
    '//[',
    '/rtus//',
    '/rtus/%',
    '/rtus/%00/points',
    '/assets/../../package.json',
    '/assets/%2e%2e/x',
    'x',
    '*',
  ])('%s is refused, and the simulator goes on', async (path) => {
    expect([400, 404]).toContain(await ask(path));
    expect(await ask('/rtus')).toBe(200);
  });
});
