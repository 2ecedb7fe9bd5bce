/** `mm2ss run` as it is used without Kubernetes: one process, nothing beside it. `make test-packages` runs this with iec104mm2ss.exe, too. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFailed, onTestFinished } from 'vitest';
import { Part } from './part.ts';
import { freePort, until } from './ports.ts';
import { addressOf } from './scene.ts';
import { Master, startRtu } from './stations.ts';
import { type Columns, csvOf } from './system.ts';

const HOST = '127.0.0.1';
const START_MS = 60_000;
const LOSSLESS = { missing: 0, repeats: 0, gaps: [], unknown: 0 };

/** The process with a group of one RTU; all of it ends with the test. */
async function oneProcess(columns: Columns = {}, rtuOptions: Parameters<typeof startRtu>[0] = {}) {
  const station = await startRtu(rtuOptions);
  const { host, port: rtuPort } = station.rtu.address;
  const port = await freePort();
  const group: Columns = { hosts: `${host}:${rtuPort}`, 'port no': port, ...columns };
  const directory = await mkdtemp(join(tmpdir(), 'mm2ss-e2e-'));
  const file = join(directory, 'groups.csv');
  await writeFile(file, csvOf([group]));
  const args = ['run', '-n', '-i', file, '--listen', HOST];
  const part = new Part('run', args, `${HOST}:${await freePort()}`, directory);
  onTestFinished(async () => {
    if (!part.ended) part.kill('SIGKILL');
    await part.exited;
    await rm(directory, { recursive: true, force: true });
  });
  onTestFailed(() => console.log(part.log.split('\n').slice(-30).join('\n')));
  await part.serving(START_MS);
  const listening = (): Promise<unknown> =>
    until('the listener is open', async () => (await part.status()).groups.every(({ listener }) => listener.open));
  await listening();
  const master = (n: number, options = {}): Master =>
    new Master(`master ${n}`, addressOf(n), station.ledger, HOST, port, options);
  const rewrite = async (...groups: Columns[]): Promise<void> => {
    await writeFile(`${file}.next`, csvOf([group, ...groups]));
    await rename(`${file}.next`, file);
  };
  return { ...station, part, master, listening, rewrite };
}

const isAnswered = ({ result, terminated }: Master['outcomes'][number]): boolean => result === 'positive' && terminated;

/** Whether a connection is still there after admission. */
async function isAdmitted(master: Master): Promise<boolean> {
  await master.connect().catch(() => undefined);
  return master.simulator.started;
}

it.each(['mirror', 'zero'] as const)(
  'one process gives five masters every event in order, and answers to who asked only (RTU: OA %s)',
  async (oa) => {
    const { part, rtu, ledger, master } = await oneProcess({}, { oa });
    const masters = [1, 2, 3, 4, 5].map((n) => master(n, { oa: n === 3 ? 7 : 0 }));
    await Promise.all(masters.map((each) => each.connect()));
    await until('five have started', () => part.count({ msg: 'master started data transfer' }) === 5);
    // Two of them even command the same object.
    for (const [index, ioa] of [5000, 5000, 5001].entries()) masters[index]?.startCommanding(ioa, 10);
    rtu.startEvents(200);
    await until('600 events', () => ledger.total >= 600);
    await until('commands meanwhile', () =>
      masters.slice(0, 3).every(({ outcomes }) => outcomes.filter(isAnswered).length > 5),
    );
    rtu.stopEvents();
    await Promise.all(masters.map((each) => each.stopCommanding()));
    for (const each of masters) {
      await each.hasAll();
      expect(each.account()).toMatchObject(LOSSLESS);
      expect(each.strays).toBe(0);
      // A process that did not run for a while refuses what came meanwhile, and says so: the machine was too busy.
      const wasHeldUp = part.count({ msg: 'this process did not run' }) > 0;
      if (!wasHeldUp) expect(each.outcomes.filter((outcome) => !isAnswered(outcome))).toEqual([]);
    }
  },
);

it('one process bounds the connections, and serves nobody while the RTU is away', async () => {
  const { part, rtu, master, listening } = await oneProcess({ 'max conn': 2 });
  const [first, second] = [master(1), master(2)];
  expect(await isAdmitted(first)).toBe(true);
  expect(await isAdmitted(second)).toBe(true);
  expect(await isAdmitted(master(3))).toBe(false);
  await part.logged({ reason: 'max_connections' });
  await rtu.stop();
  await until('masters are disconnected', () => !first.simulator.connected && !second.simulator.connected);
  const refused = await master(4)
    .connect()
    .then(
      () => 'connected',
      ({ message }: Error) => message,
    );
  expect(refused).toContain('ECONNREFUSED');
  await rtu.start();
  await listening();
  expect(await isAdmitted(master(5))).toBe(true);
});

it.each(['old', 'new'] as const)('one process keeps the %s connection of an address', async (sameIp) => {
  const { master } = await oneProcess({ 'same ip': sameIp });
  const [here, there] = [master(1), master(1)];
  await here.connect();
  expect(await isAdmitted(there)).toBe(sameIp === 'new');
  await until('the other is closed', () => here.simulator.connected === (sameIp === 'old'));
});

it('one process lets in whom the filter names, and takes a further group from the changed file without disturbing the first', async () => {
  const { part, rtu, ledger, master, rewrite, listening } = await oneProcess({
    filter: `${addressOf(1)};${addressOf(2)}`,
  });
  const one = master(1);
  expect(await isAdmitted(one)).toBe(true);
  expect(await isAdmitted(master(3))).toBe(false);
  const other = await startRtu({ host: '127.0.0.4', ca: 48 });
  const port = await freePort();
  await rewrite({ hosts: `127.0.0.4:${other.rtu.address.port}`, 'rtu no': 48, 'port no': port });
  await until('there are two groups', async () => (await part.status()).groups.length === 2);
  await listening();
  const two = new Master('master of the second', addressOf(4), other.ledger, HOST, port, { ca: 48 });
  expect(await isAdmitted(two)).toBe(true);
  rtu.burst(100);
  other.rtu.burst(50);
  await one.hasAll();
  await two.hasAll();
  expect([ledger.total, one.distinct, one.disconnections]).toEqual([100, 100, 0]);
  expect([two.distinct, two.unknown]).toEqual([50, 0]);
});

it('one process ends in order: what its masters have has no gap, and its exit code is 0', async () => {
  const { part, rtu, master } = await oneProcess();
  const masters = [master(1), master(2)];
  await Promise.all(masters.map((each) => each.connect()));
  await until('both have started', () => part.count({ msg: 'master started data transfer' }) === 2);
  rtu.burst(2_000);
  await until('the first events are there', () => masters.every(({ distinct }) => distinct > 0));
  part.kill('SIGTERM');
  expect(await part.exited).toBe(0);
  await until('both are disconnected', () => masters.every(({ simulator }) => !simulator.connected));
  for (const each of masters) expect(each.account()).toMatchObject({ repeats: 0, gaps: [], unknown: 0 });
  expect(part.lines.at(-1)?.msg).toBe('stopped');
});
