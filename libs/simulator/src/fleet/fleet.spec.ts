import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { Cause, TypeId } from '@iec104mm2ss/iec104';
import {
  csvLine,
  linesOf,
  type LogLine,
  loadStations,
  MasterSimulator,
  type ReceivedAsdu,
  RtuFleet,
} from '../index.js';
import type { FleetOptions } from './fleet.js';
import type { Station } from './station.js';

const LIST = fileURLToPath(new URL('../../../../examples/simulator/iec104rs.csv', import.meta.url));
const HOST = '127.0.0.1';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

/** North with two ports, South, Harbour. */
async function startFleet(options: FleetOptions = {}): Promise<RtuFleet> {
  const fleet = new RtuFleet({ host: HOST, ...options });
  open.push(fleet);
  for (const each of loadStations(LIST).stations) fleet.load(each, { port: 0 });
  await fleet.start();
  return fleet;
}

interface Watched {
  readonly master: MasterSimulator;
  readonly got: ReceivedAsdu[];
  until(condition: (got: ReceivedAsdu[]) => boolean): Promise<ReceivedAsdu[]>;
}

/** A master of a station, which has its M_EI_NA_1. */
async function join(station: Station, options: { oa?: number } = {}): Promise<Watched> {
  const master = new MasterSimulator({ ...station.rtu.address, ca: station.rtuNumber, ...options });
  open.push(master);
  const got: ReceivedAsdu[] = [];
  master.on('asdu', (asdu) => got.push(asdu));
  const until: Watched['until'] = async (condition) => {
    while (!condition(got)) await once(master, 'asdu');
    return got;
  };
  await master.connect();
  await until(({ length }) => length === 1);
  expect(got.shift()?.view.typeId).toBe(TypeId.M_EI_NA_1);
  return { master, got, until };
}

const station = (fleet: RtuFleet, id: string): Station => fleet.station(id) as Station;

/** Type, COT, IOA, value and quality bits that are set, of each object. */
function objects(got: readonly ReceivedAsdu[]): string[] {
  return got.flatMap((asdu) => {
    const decoded = asdu.decode();
    if (decoded.type === 'OPAQUE') return [];
    return decoded.objects.map((object) => {
      const { ioa, value, quality } = object as { ioa: number; value?: number | boolean; quality?: object };
      const flags = Object.entries(quality ?? {}).filter(([, set]) => set === true);
      const text = typeof value === 'number' ? Number(value.toFixed(3)) : Number(value);
      return `${decoded.type} ${decoded.cot} ${ioa}=${text}${flags.map(([name]) => ` ${name}`).join('')}`;
    });
  });
}

const NORTH_200 = ['M_DP_TB_1 3 301=2', 'M_SP_TB_1 3 102=1 iv', 'M_SP_NA_1 3 103=1'];

describe('sending an index', () => {
  it('brings its rows in the order of the file, from every station and to every master', async () => {
    const fleet = await startFleet();
    const [first, second, south] = ['1', '2', '3'].map((id) => station(fleet, id)) as [Station, Station, Station];
    const masters = await Promise.all([join(first), join(first), join(second), join(south)]);
    const outcomes = await fleet.send(200);
    for (const { until } of masters.slice(0, 3))
      expect(objects(await until((got) => got.length === 3))).toEqual(NORTH_200);
    expect(objects(await masters[3].until((got) => got.length === 1))).toEqual(['M_SP_TB_1 3 1=1']);
    expect([...outcomes].map(([{ id }, { result, sent }]) => `${id} ${result} ${sent}`)).toEqual([
      '1 sent 3',
      '2 sent 3',
      '3 sent 1',
      '5 offline 0',
    ]);
  });

  it('can be for the ports of one RTU number only', async () => {
    const fleet = await startFleet();
    const [north, south] = [await join(station(fleet, '1')), await join(station(fleet, '3'))];
    await fleet.send(300, 0, 105);
    await south.until((got) => got.length === 1);
    await north.master.read(101);
    expect(north.got.map(({ view }) => view.cot)).toEqual([Cause.REQ]);
  });

  it('sends all rows for index 0, but those of other RTU numbers', async () => {
    const fleet = await startFleet();
    const { until } = await join(station(fleet, '5'));
    const outcome = (await fleet.send(0, 0, 106)).get(station(fleet, '5'));
    expect(outcome).toMatchObject({ result: 'sent', sent: 6 });
    expect(objects(await until(({ length }) => length === 6)).map((text) => text.split(' ')[2])).toEqual([
      '1=0',
      '2=1',
      '3=-1',
      '4=-32768',
      '2=2',
      '5=1',
    ]);
  });

  it('says of stations that have no such row that it is missing', async () => {
    const fleet = await startFleet();
    await join(station(fleet, '1'));
    expect((await fleet.send(77)).get(station(fleet, '1'))?.result).toBe('missing');
    expect(station(fleet, '1').lastIndex).toBe('missing 77');
  });

  it('pauses behind a row, and repeats until the duration is over', async () => {
    const fleet = await startFleet();
    const { got, until } = await join(station(fleet, '3'));
    const begin = performance.now();
    const outcome = (await fleet.send(300, 250, 105)).get(station(fleet, '3'));
    const ms = performance.now() - begin;
    if (outcome?.result !== 'sent') throw new Error(`${outcome?.result}`);
    // A row with a pause of 100 ms: three passes, fewer where the machine has no time. Timers may be early by some milliseconds.
    const { sent, passes } = outcome;
    expect([sent, sent >= 1 && sent <= 3]).toEqual([passes, true]);
    expect(ms).toBeGreaterThan(Math.max(230, passes * 90));
    await until(({ length }) => length === sent);
    expect(got).toHaveLength(sent);
  });

  it('waits while there is no master, and says so, until the duration is over', async () => {
    const fleet = await startFleet();
    const only = station(fleet, '3');
    const { master, until } = await join(only);
    const run = only.send(300, 60_000);
    await until(({ length }) => length >= 1);
    expect(only.lastIndex).toBe('sending 300');
    const gone = once(only.rtu, 'disconnected');
    await master.close();
    await gone;
    expect([only.sending, only.lastIndex]).toEqual([true, '300: no master, waiting']);
    const goesOn = once(only, 'row');
    const back = new MasterSimulator({ ...only.rtu.address, ca: only.rtuNumber });
    open.push(back);
    await back.connect();
    await goesOn;
    expect(only.lastIndex).toBe('sending 300');
    only.stopSending();
    expect((await run).result).toBe('stopped');
  });

  it('is offline when the last master leaves before all was sent', async () => {
    const fleet = await startFleet();
    const only = station(fleet, '1');
    const { master, until } = await join(only);
    const run = only.send(400, 0);
    await master.command('double 21001 on');
    await until((got) => got.some(({ view }) => view.cot === Cause.SPONT));
    await master.close();
    expect(await run).toMatchObject({ result: 'offline', sent: 1 });
    expect(only.lastIndex).toBe('offline 400');
  });

  it('stops at once, in the middle of a pause and of a filter', async () => {
    const fleet = await startFleet();
    const { until } = await join(station(fleet, '1'));
    const runs = [fleet.send(300, 60_000, 32), fleet.send(400, 60_000, 32)];
    await until(({ length }) => length >= 2);
    const begin = performance.now();
    fleet.stop();
    for (const outcomes of await Promise.all(runs)) {
      expect(outcomes.get(station(fleet, '1'))?.result).toBe('stopped');
    }
    expect(performance.now() - begin).toBeLessThan(1_000);
  });

  it('waits for what the filter of a row says, on that RTU', async () => {
    const fleet = await startFleet();
    const { master, got } = await join(station(fleet, '1'));
    const other = await join(station(fleet, '2'));
    const run = station(fleet, '1').send(400, 0);
    await other.master.interrogate();
    await master.command('double 21001 off');
    expect(station(fleet, '1').lastIndex).toBe('sending 400');
    await master.command('double 21001 on');
    await master.interrogate();
    expect(await run).toMatchObject({ result: 'sent', sent: 2, leftOut: 0 });
    await master.testCommand();
    expect(objects(got).filter((text) => text.includes(' 3 '))).toEqual(['M_DP_TB_1 3 301=2', 'M_SP_TB_1 3 101=1']);
  });

  it('leaves a row out whose filter is not met in time', async () => {
    const fleet = await startFleet();
    await join(station(fleet, '1'));
    const told: string[] = [];
    station(fleet, '1').on('leftOut', (row, reason) => told.push(`${row.ioa} ${reason}`));
    expect(await station(fleet, '1').send(401, 0)).toMatchObject({ sent: 0, leftOut: 1 });
    expect(told).toEqual(['302 its filter was not met in time']);
  });

  it('takes no more rows than masters acknowledge, and loses none', async () => {
    const fleet = await startFleet();
    const { master, until } = await join(station(fleet, '5'));
    master.setAcknowledging(false);
    const run = fleet.send(200, 300, 106);
    await until(({ length }) => length >= 12);
    expect(station(fleet, '5').rtu.buffered).toBeLessThan(1_100);
    master.setAcknowledging(true);
    const outcome = (await run).get(station(fleet, '5'));
    await until(({ length }) => length === outcome?.sent);
    expect(station(fleet, '5').rtu.counts.overflow).toBe(0);
  });
});

describe('a station as a real RTU', () => {
  it('answers the interrogation from its image, without time tags, and several types at one address', async () => {
    const fleet = await startFleet();
    const { master, got } = await join(station(fleet, '1'));
    await fleet.send(200);
    await master.interrogate();
    expect(objects(got).filter((text) => text.includes(' 20 '))).toEqual([
      'M_SP_NA_1 20 101=0',
      'M_SP_NA_1 20 102=1 iv',
      'M_DP_NA_1 20 301=2',
      'M_DP_NA_1 20 302=2',
      'M_ME_NA_1 20 1002=0.83',
      'M_ME_NB_1 20 1501=7',
      'M_ME_NC_1 20 301=120.5',
      'M_ME_NC_1 20 1001=49.98',
    ]);
  });

  it('carries a command out on all ports of its number, with COT 11 and ACT_TERM', async () => {
    const fleet = await startFleet();
    const [here, there] = [await join(station(fleet, '1')), await join(station(fleet, '2'))];
    const south = await join(station(fleet, '3'));
    expect(await here.master.command('double 21001 on', { select: true })).toMatchObject({
      result: 'positive',
      terminated: true,
    });
    expect(objects(here.got).filter((text) => text.startsWith('M'))).toEqual(['M_DP_TB_1 11 301=2']);
    expect(objects(await there.until(({ length }) => length === 1))).toEqual(['M_DP_TB_1 11 301=2']);
    expect([station(fleet, '1'), station(fleet, '2')].map(({ rtu }) => rtu.value(301, 'double'))).toEqual([2, 2]);
    await south.master.testCommand();
    expect(objects(south.got).filter((text) => text.startsWith('M'))).toEqual([]);
  });

  it.each([
    ['step 21004 higher', 'M_ME_TE_1 11 1501=8'],
    ['C_DC_TA_1 21003 off', 'M_DP_TB_1 11 302=1'],
    ['single 21005 on', undefined],
  ])('confirms %s', async (command, event) => {
    const fleet = await startFleet();
    const { master, got } = await join(station(fleet, '1'));
    expect(await master.command(command)).toMatchObject({ result: 'positive', terminated: true });
    expect(objects(got).find((text) => text.startsWith('M'))).toBe(event);
  });

  it.each([
    ['single 21001 on', {}, Cause.UNKNOWN_IOA],
    ['single 9 on', {}, Cause.UNKNOWN_IOA],
    ['scaled 21001 1', {}, Cause.UNKNOWN_IOA],
  ])('refuses %s', async (command, options, cause) => {
    const fleet = await startFleet();
    const { master } = await join(station(fleet, '1'));
    expect(await master.command(command, options)).toMatchObject({ result: 'negative', cause });
  });

  it('lets nobody in but its hosts', async () => {
    const fleet = await startFleet();
    const refused = once(station(fleet, '1').rtu, 'refused');
    const stranger = new RtuFleet({ host: HOST });
    open.push(stranger);
    const [first] = loadStations(LIST).stations;
    const other = stranger.load(
      { ...first!, station: { ...first!.station, hosts: first!.station.hosts.slice(1) } },
      { port: 0 },
    );
    await stranger.start();
    const told = once(other.rtu, 'refused');
    const master = new MasterSimulator({ ...other.rtu.address, ca: 32 });
    open.push(master);
    await expect(master.connect()).rejects.toThrow();
    expect((await told)[1]).toBe('not one of its hosts');
    await join(station(fleet, '1'));
    expect(station(fleet, '1').rtu.counts.refusedConnections).toBe(0);
    void refused.catch(() => undefined);
  });

  it('sends M_EI_NA_1 at each start of data transfer', async () => {
    const fleet = await startFleet();
    const { master, until } = await join(station(fleet, '1'));
    await master.stopDataTransfer();
    await master.startDataTransfer();
    expect((await until(({ length }) => length === 1))[0]?.view.typeId).toBe(TypeId.M_EI_NA_1);
  });
});

describe('a station as the old program has it (compat)', () => {
  it('answers the interrogation with the rows of the file, one by one, whatever was sent since', async () => {
    const fleet = await startFleet({ compat: true });
    const { master, got } = await join(station(fleet, '1'));
    await fleet.send(200);
    await master.interrogate();
    const data = got.filter(({ view }) => view.cot === Cause.INROGEN);
    expect(data.every(({ view }) => view.count === 1)).toBe(true);
    expect(objects(data).slice(0, 3)).toEqual(['M_SP_NA_1 20 101=0', 'M_SP_NA_1 20 102=1', 'M_DP_NA_1 20 301=1']);
  });

  it('sends the status of a command with COT 3, behind ACT_TERM, on all ports of its number', async () => {
    const fleet = await startFleet({ compat: true });
    const [here, there] = [await join(station(fleet, '1')), await join(station(fleet, '2'))];
    await here.master.command('single 21001 on');
    await here.until(({ length }) => length === 3);
    expect(here.got.map(({ view }) => [view.typeId, view.cot])).toEqual([
      [TypeId.C_SC_NA_1, Cause.ACT_CON],
      [TypeId.C_SC_NA_1, Cause.ACT_TERM],
      [TypeId.M_DP_TB_1, Cause.SPONT],
    ]);
    expect(objects(await there.until(({ length }) => length === 1))).toEqual(['M_DP_TB_1 3 301=2']);
  });

  it('confirms every process command, and says nothing to what it does not know', async () => {
    const fleet = await startFleet({ compat: true });
    const { master, got } = await join(station(fleet, '1'));
    expect(await master.command('single 9 on')).toMatchObject({ result: 'positive' });
    expect(await master.clockSync()).toMatchObject({ result: 'positive' });
    expect(await master.read(101, { timeoutMs: 100 })).toMatchObject({ result: 'timeout' });
    expect(got.filter(({ view }) => view.typeId === TypeId.C_RD_NA_1)).toEqual([]);
  });

  it('has the time of the computer, in its zone', async () => {
    const fleet = await startFleet({ compat: true });
    const { until } = await join(station(fleet, '1'));
    await fleet.send(200);
    const decoded = (await until(({ length }) => length === 3))[0]?.decode() as unknown as {
      objects: { time: { hour: number } }[];
    };
    const hours = [new Date().getHours(), new Date(Date.now() - 60_000).getHours()];
    expect(hours).toContain(decoded.objects[0]?.time.hour);
  });

  it('sends no TESTFR, and keeps no events for the next connection', async () => {
    const fleet = await startFleet({ compat: true });
    station(fleet, '1').rtu.setValue(101, 1);
    const { master, got } = await join(station(fleet, '1'));
    await master.testCommand(undefined, { timeoutMs: 50 });
    expect(got).toEqual([]);
  });
});

describe('logs', () => {
  it('have every signal and event of a station, and those of interrogations apart', async () => {
    const lines: Record<string, LogLine[]> = { station: [], interrogation: [] };
    const fleet = await startFleet({
      log: ({ id }) => ({ write: (log, entry) => void (id === '1' && lines[log]?.push(...linesOf(entry))) }),
    });
    const { master } = await join(station(fleet, '1'));
    await fleet.send(200);
    await master.command('double 21001 off');
    await master.interrogate();
    const short = (log: string): string[] =>
      (lines[log] ?? []).map(({ event, type, ioa, value, quality, comment }) =>
        [event, type, ioa, value, quality, comment].filter((cell) => cell !== undefined && cell !== '').join(' '),
      );
    expect(short('station')).toEqual([
      expect.stringContaining('listening'),
      'connected',
      'data transfer started',
      'sent M_EI_NA_1 0',
      'index 200 for 0 s',
      'sent M_DP_TB_1 301 2 Feeder 1 breaker closed',
      'sent M_SP_TB_1 102 1 IV Station door sensor failed',
      'sent M_SP_NA_1 103 1 Battery low no time tag',
      'index ended 200 sent: 3 sent, 0 left out, 1 passes',
      'sent M_DP_TB_1 301 1',
      'received C_DC_NA_1 21001 1 answered: executed',
      'GI ended',
      'received C_IC_NA_1 0 QOI 20 answered',
    ]);
    expect(short('interrogation').filter((line) => line.startsWith('sent'))).toHaveLength(8);
    const tagged = lines['station']?.find(({ tag }) => tag !== undefined);
    expect(csvLine(tagged!)).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z,sent,M_DP_TB_1,301,2,,SPONT,\d{4}-\d\d-\d\d [\d:.]+,,Feeder 1 breaker closed$/,
    );
  });
});

describe('a large station', () => {
  it('with 20,000 points is made within two seconds of its rows, and answers an interrogation', async () => {
    const { parseIoFile } = await import('../rtu-files/io-file.js');
    const rows = Array.from({ length: 20_000 }, (_, i) => `${i % 50},Y,${[30, 31, 34, 35, 36][i % 5]},${i + 1},1,0`);
    const before = process.threadCpuUsage();
    const io = parseIoFile(rows.join('\n'));
    const fleet = new RtuFleet({ host: HOST });
    open.push(fleet);
    const [first] = loadStations(LIST).stations;
    const large = fleet.load({ station: first!.station, io }, { port: 0 });
    await fleet.start();
    // Of this thread: others may have the processor meanwhile.
    expect(process.threadCpuUsage(before).user / 1_000).toBeLessThan(2_000);
    const { master } = await join(large);
    const outcome = await master.interrogate(20, { timeoutMs: 30_000 });
    expect(outcome.answers.reduce((sum, { view }) => sum + (view.cot === Cause.INROGEN ? view.count : 0), 0)).toBe(
      20_000,
    );
  });
});
