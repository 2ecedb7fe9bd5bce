/** The faults of `mm2ss simulate rtus`, with `mm2ss run` between the RTU and its masters, both as processes. */
import { request } from 'node:http';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { AsduView, Cause, TypeId } from '@iec104mm2ss/iec104';
import { MasterSimulator } from '@iec104mm2ss/simulator';
import { freePort } from '../free-port.js';
import { MM2SS, START_MS } from './command.js';
import { until } from './harness.js';

/** Each test has commands of its own: what one leaves unanswered must not hold the next one up. */
const COMMANDS = Array.from({ length: 20 }, (_, at) => 21_001 + at);
const IO = ['1,Y,30,101,1,0', '1,Y,31,301,1,0', ...COMMANDS.map((ioa) => `2,N,46,${ioa},301`)].join('\n');
const COLUMNS = 'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter';
/** t1 of the multiplexer: so soon it finds out that the RTU does not acknowledge, or is not there. */
const T1_SECONDS = 2;

let http: string;
let directory: string;
const masters: MasterSimulator[] = [];
const got: string[][] = [];
const running: ChildProcess[] = [];

/** Type, COT with P/N, CA, IOA and OA of what a master got. */
function short(octets: Uint8Array): string {
  const view = new AsduView(octets);
  return `${view.typeId} ${view.cot}${view.negative ? '-' : ''} CA ${view.ca} IOA ${view.ioa} OA ${view.oa}`;
}

/** IV of the CP56Time2a at its end. */
function isInvalid(octets: Uint8Array): boolean {
  return ((octets.at(-5) ?? 0) & 0x80) !== 0;
}

function ask(method: string, path: string, body: unknown): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' };
    request(`http://${http}${path}`, { method, headers, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    })
      .on('error', reject)
      .end(JSON.stringify(body));
  });
}

async function fault(faults: object): Promise<void> {
  expect(await ask('PUT', '/rtus/1/faults', faults)).toBe(200);
}

/** Both masters are started, through the multiplexer to the RTU. */
async function connected(): Promise<void> {
  await until('the masters are connected', () => masters.every(({ started }) => started), START_MS);
  await until(
    'the RTU answers',
    async () => (await masters[0]!.interrogate(undefined, { timeoutMs: 1_500 })).result === 'positive',
    START_MS,
  );
  for (const each of got) each.length = 0;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mm2ss-faults-'));
  const start = (...args: string[]): void => void running.push(spawn(MM2SS, args, { cwd: directory, stdio: 'ignore' }));
  const [rtuPort, emptyPort, port, second, ports, httpOfRun] = await Promise.all(Array.from({ length: 6 }, freePort));
  http = `127.0.0.1:${ports}`;
  await writeFile(join(directory, 'io.csv'), IO);
  await writeFile(join(directory, 'empty.csv'), '# nothing here yet\n');
  const rows = [`1,North,32,${rtuPort},,12,60,io.csv`, `2,Empty,33,${emptyPort},,12,60,empty.csv`];
  await writeFile(join(directory, 'iec104rs.csv'), rows.join('\n'));
  const groups = [
    `1,North,${port},32,5,60,${T1_SECONDS},1,20,8,12,1000,N,all,127.0.0.2:${rtuPort},`,
    `2,Empty,${second},33,5,60,${T1_SECONDS},1,20,8,12,1000,N,all,127.0.0.2:${emptyPort},`,
  ];
  await writeFile(join(directory, 'mux.csv'), [COLUMNS, ...groups].join('\n'));
  start('simulate', 'rtus', '--listen', '127.0.0.2', '--http', http, '--no-log');
  start('run', '-i', 'mux.csv', '-n', '--http', `127.0.0.1:${httpOfRun}`);
  for (const [at, oa] of [3, 5].entries()) {
    const master = new MasterSimulator({
      ...{ host: '127.0.0.1', port: port!, localAddress: `127.0.0.1${at + 1}`, ca: 32, oa, link: { t2Ms: 200 } },
      ...{ reconnect: { minMs: 50, maxMs: 300 }, requestTimeoutMs: START_MS },
    });
    const own: string[] = [];
    master.on('asdu', ({ octets }) => own.push(short(octets)));
    masters.push(master);
    got.push(own);
    master.connect().catch(() => undefined);
  }
  const empty = new MasterSimulator({
    host: '127.0.0.1',
    port: second!,
    localAddress: '127.0.0.13',
    ca: 33,
    link: { t2Ms: 200 },
    reconnect: { minMs: 50, maxMs: 300 },
  });
  masters.push(empty);
  got.push([]);
  empty.on('asdu', ({ octets }) => got[2]!.push(short(octets)));
  empty.connect().catch(() => undefined);
  await connected();
}, 2 * START_MS);

afterAll(async () => {
  await Promise.all(masters.map((master) => master.close()));
  const ended = running.filter(({ exitCode }) => exitCode === null).map((process) => once(process, 'exit'));
  for (const process of running) process.kill();
  await Promise.all(ended);
  await rm(directory, { recursive: true });
});

beforeEach(async () => {
  await fault({});
  await connected();
});

const [A, B] = [0, 1] as const;
const masterOf = (at: number): MasterSimulator => masters[at]!;

it('an RTU of which no row loads is interrogated, and has nothing', async () => {
  expect(await masterOf(2).interrogate()).toMatchObject({ result: 'positive', terminated: true });
  expect(got[2]!.filter((text) => !text.startsWith(`${TypeId.C_IC_NA_1} `))).toEqual([]);
});

it('what one master has selected no other one executes, nor with another value', async () => {
  const ioa = COMMANDS.pop();
  const on = `double ${ioa} on`;
  expect(await masterOf(A).command(on, { selectOnly: true })).toMatchObject({ result: 'positive' });
  expect(await masterOf(B).command(on)).toMatchObject({ result: 'negative' });
  expect(await masterOf(A).command(on)).toMatchObject({ result: 'positive', terminated: true });
  expect(await masterOf(A).command(on, { selectOnly: true })).toMatchObject({ result: 'positive' });
  expect(await masterOf(A).command(`double ${ioa} off`)).toMatchObject({ result: 'negative' });
});

it.each([
  ['answers late', { delayMs: 300 }, 'positive'],
  ['does not answer a type', { ignoreTypes: [TypeId.C_DC_NA_1] }, 'timeout'],
  ['refuses a type', { refuseTypes: [TypeId.C_DC_NA_1] }, 'negative'],
  ['leaves out ACT_CON', { noActCon: true }, 'positive'],
  ['leaves out ACT_TERM', { noActTerm: true }, 'positive'],
  ['answers with OA 0', { oa: 'zero' }, 'positive'],
  ['answers with the OA it saw last', { oa: 'last' }, 'positive'],
] as const)('a station that %s: each master gets its own answers, with its own OA', async (_, faults, result) => {
  await fault(faults);
  // What is not to come is waited for no longer than it takes to see that it does not.
  const patience = { termination: !('noActTerm' in faults), ...(result === 'timeout' && { timeoutMs: 1_000 }) };
  const outcomes = await Promise.all([A, B].map((at) => masterOf(at).command(`double ${COMMANDS.pop()} on`, patience)));
  expect(outcomes.map((outcome) => outcome.result)).toEqual([result, result]);
  for (const [at, oa] of [3, 5].entries()) {
    const answers = got[at]!.filter((text) => text.startsWith(`${TypeId.C_DC_NA_1} `));
    expect(
      answers.every((text) => text.endsWith(`OA ${oa}`)),
      answers.join('\n'),
    ).toBe(true);
    expect(answers.length > 0).toBe(result !== 'timeout');
  }
});

it('CP56Time2a with IV comes to all as it is', async () => {
  await fault({ invalidTime: true });
  const times: boolean[] = [];
  for (const master of [A, B].map(masterOf)) {
    master.on('asdu', (asdu) => {
      const { typeId, cot } = asdu.view;
      if (typeId === TypeId.M_SP_TB_1 && cot === Cause.SPONT) times.push(isInvalid(asdu.octets));
    });
  }
  expect(await ask('PUT', '/rtus/1/points/101', { value: 0 })).toBe(200);
  await until('both have it', () => times.length === 2);
  expect(times).toEqual([true, true]);
});

it('an interrogation of another cause is for all, and ends for who asked', async () => {
  await fault({ interrogationCause: 37 });
  expect(await masterOf(A).interrogate()).toMatchObject({ result: 'positive' });
  await until('both have it', () =>
    got.slice(0, 2).every((own) => own.some((text) => text.includes(` ${Cause.REQCOGEN} CA `))),
  );
});

it('an interrogation of all stations that is answered with CA 65535 is confirmed', async () => {
  await fault({ echoBroadcast: true });
  expect(await masterOf(B).interrogate(undefined, { ca: 65535 })).toMatchObject({ result: 'positive' });
});

it.each([
  ['acknowledges nothing', () => fault({ stallAcknowledgement: true })],
  ['is half open', () => fault({ halfOpen: true })],
  ['breaks its connections', () => fault({ flapMs: 500 })],
  ['has a wrong sequence number', () => ask('POST', '/rtus/1/wrong-sequence', {})],
  ['drops its connections', () => ask('POST', '/rtus/1/drop', {})],
  ['is switched off and on', () => ask('POST', '/rtus/1/restart', {})],
])('a station that %s takes its masters with it, and they come back', async (_, begin) => {
  const gone = masterOf(A);
  let lost = 0;
  const count = (): void => void lost++;
  gone.on('disconnected', count);
  await begin();
  // What is asked is what is not answered, or not acknowledged.
  void gone.interrogate().catch(() => undefined);
  await until('its masters are disconnected', () => lost > 0, START_MS);
  gone.off('disconnected', count);
  await fault({});
  await connected();
});
