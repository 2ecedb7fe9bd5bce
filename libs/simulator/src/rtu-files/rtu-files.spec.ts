import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseIoFile } from './io-file.js';
import { loadStations, SimulatorFileError } from './load.js';
import { parseStationFile } from './station-file.js';

const testdata = (name: string): string => fileURLToPath(new URL(`../../testdata/${name}`, import.meta.url));
const example = (name: string): string =>
  fileURLToPath(new URL(`../../../../examples/simulator/${name}`, import.meta.url));
/** A folder with these files, for as long as it is looked at. */
function inFolder<T>(files: Readonly<Record<string, string>>, look: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'mm2ss-files-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return look(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const told = (problems: readonly { row: number; field: string; severity: string }[]): string[] =>
  problems.map(({ row, field, severity }) => `${row} ${field} ${severity}`);

describe('the list of RTUs', () => {
  const { list, stations, reports } = loadStations(example('iec104rs.csv'));

  it('has one station for each row that begins with a number, up to the "!"', () => {
    expect(stations.map(({ station }) => [station.id, station.rtuNumber, station.port])).toEqual([
      ['1', 32, 32041],
      ['2', 32, 32042],
      ['3', 105, 32043],
      ['5', 106, 32045],
    ]);
  });

  it('has defaults for empty cells, and whom a station lets in', () => {
    const [north, , south, harbour] = list.stations;
    expect(harbour).toMatchObject({ name: 'Harbour', k: 12, idleSeconds: 60, hosts: [] });
    expect(south).toMatchObject({ k: 8, idleSeconds: 90 });
    expect(north?.hosts.map(({ text }) => text)).toEqual(['127.0.0.0/8', '10.1.1.0/24']);
  });

  it('has the settings for the clock', () => {
    expect(list).toMatchObject({ ntpServers: ['127.0.0.1'], ntpUpdateSeconds: 900 });
  });

  it('reads each IO file once, however many stations have it', () => {
    expect(stations[0]?.io).toBe(stations[1]?.io);
    expect(reports.map(({ path }) => path.split('/').at(-1))).toEqual(['iec104rs.csv', 'north.csv', 'south.csv']);
  });

  it('has no faults in the files that ship with it', () => {
    expect(reports.flatMap(({ problems }) => problems.filter(({ severity }) => severity !== 'note'))).toEqual([]);
  });

  it('says row and field of everything that does not load', () => {
    expect(told(loadStations(testdata('faulty-rtus.csv')).reports[0]?.problems ?? [])).toEqual([
      '1 ntp_server skipped',
      '2 ntp_update_every_sec skipped',
      '3 rtu no skipped',
      '4 sys name skipped',
      '5 port no skipped',
      '6 hosts skipped',
      '7 k warning',
      '7 idletime warning',
      '8 port no skipped',
      '9 sys name warning',
      '10 id warning',
      '11 IO file skipped',
      '12 id warning',
      '9 IO file skipped',
    ]);
  });

  it('looks for IO files in the folder that was given, in data, or beside the list', () => {
    expect(loadStations(example('iec104rs.csv'), example('data')).stations).toHaveLength(4);
    expect(loadStations(example('iec104rs.csv'), testdata('')).stations).toHaveLength(0);
    expect(loadStations(testdata('faulty-rtus.csv')).stations.map(({ station }) => station.id)).toEqual([
      '5',
      '5@2406',
    ]);
  });

  it('cannot be a workbook, or missing', () => {
    expect(() => loadStations(testdata('no-such-file.csv'))).toThrow(SimulatorFileError);
  });

  it.each([
    ['', 'the file is empty'],
    [' \n\n\t\n', 'nothing but blanks'],
    ['# 1,A,32\nid,sys name\n', 'all are comments: is it a list of RTUs?'],
    ['ntp_server,10.1.1.1\n', 'all are comments'],
    ['\u0001\u0000\u0002PNG\n\u0000', 'no text: it is damaged, or not a list of RTUs'],
  ])('of which nothing loads says why: %j', (text, why) => {
    const { stations, problems } = parseStationFile(text);
    expect(stations).toEqual([]);
    expect(problems.filter(({ severity }) => severity === 'skipped')).toMatchObject([
      { row: 1, field: 'file', reason: expect.stringContaining(why) as string },
    ]);
    expect(parseIoFile(text.replace('1,A', '1;A')).problems.map(({ field }) => field)).toContain('file');
  });

  it('that is half of a file in UTF-16 cannot be read', () => {
    inFolder({}, (folder) => {
      const path = join(folder, 'rtus.csv');
      writeFileSync(path, Buffer.from('1,A,32,2404,,12,60,a.csv\r\n'.repeat(9), 'utf16le').subarray(0, 301));
      expect(() => loadStations(path)).toThrow('was cut off');
    });
  });

  it.each([
    ['1,A,32141,32,,12,60,a.csv', /^32 is below 1024, .*; were 32 and 32141 exchanged\? the RTU number stands/],
    ['1,A,32,502,,12,60,a.csv', /^502 is below 1024, which not everybody may open$/],
  ])('tells of ports that systems keep to themselves: %s', (row, reason) => {
    const { stations, problems } = parseStationFile(row);
    expect(stations).toHaveLength(1);
    expect(problems).toMatchObject([
      { field: 'port no', severity: 'warning', reason: expect.stringMatching(reason) as string },
    ]);
  });

  it.each([
    ['sys name', '1,A\u0000B,32,2404,,12,60,a.csv'],
    ['sys name', '1,A\u001b[2JB,32,2404,,12,60,a.csv'],
    ['IO file', '1,A,32,2404,,12,60,a\u0000.csv'],
  ])('has no %s with control characters', (field, row) => {
    const { stations, problems } = parseStationFile(row);
    expect(stations).toEqual([]);
    expect(problems).toMatchObject([
      { field, severity: 'skipped', reason: expect.stringContaining('control characters') as string },
    ]);
  });

  it('may be separated by semicolons', () => {
    const { stations } = parseStationFile('1;A;32;2404;"10.1.1.1;10.1.1.2";12;60;io.csv\n');
    expect(stations[0]).toMatchObject({ rtuNumber: 32, port: 2404, ioFile: 'io.csv' });
    expect(stations[0]?.hosts).toHaveLength(2);
  });
});

describe('an IO file whose name is written in other letters', () => {
  const ROW = '1,Y,30,5,1,0\n';
  const load = (files: Readonly<Record<string, string>>, name: string, data?: string) =>
    inFolder({ ...files, 'rtus.csv': `1,A,32,2404,,12,60,${name}\n` }, (folder) => {
      const { stations, reports } = loadStations(join(folder, 'rtus.csv'), data && join(folder, data));
      const [list] = reports;
      return {
        loaded: stations.length,
        told: list?.problems.map(({ field, reason, severity }) => `${severity} ${field}: ${reason}`),
      };
    });

  it.each([
    ['A.CSV', { 'a.csv': ROW }],
    ['a.csv', { 'Data/A.csv': ROW }],
    ['sub\\\\a.csv', { 'data/Sub/A.CSV': ROW }],
    ['./rtu files/a.csv', { 'RTU Files/a.csv': ROW }],
  ])('is found, and told of: %s', (name, files) => {
    const { loaded, told } = load(files, name.replace('\\\\', '\\'));
    expect(loaded).toBe(1);
    expect(told).toMatchObject([expect.stringMatching(/^warning IO file: .* is there in other letters: .* is taken$/)]);
  });

  it('is the one of just this name if there is one, wherever it may be', () => {
    expect(load({ 'data/A.CSV': ROW, 'a.csv': ROW }, 'a.csv')).toEqual({ loaded: 1, told: [] });
    expect(load({ 'io/a.csv': ROW }, 'A.csv', 'io').loaded).toBe(1);
  });

  it('is none where there are two', () => {
    const { loaded, told } = load({ 'A.csv': ROW, 'a.CSV': ROW }, 'a.csv');
    expect(loaded).toBe(0);
    expect(told).toMatchObject([expect.stringMatching(/^skipped IO file: .*more than once: .*A\.csv, .*a\.CSV$/)]);
  });

  it('is missed where there is none, or only a folder', () => {
    expect(load({ 'A.CSV/b.csv': ROW }, 'a.csv')).toMatchObject({
      loaded: 0,
      told: [expect.stringContaining('ENOENT')],
    });
  });
});

describe('an IO file', () => {
  const { io } = loadStations(example('iec104rs.csv')).stations[0]!;

  it('has its rows in the order of the file, by index', () => {
    expect(
      io.signals.filter(({ index }) => index === 300).map(({ ioa, value, waitMs }) => [ioa, value, waitMs]),
    ).toEqual([
      [1001, 49.5, 20],
      [1001, 48.9, 20],
      [302, 1, 0],
    ]);
  });

  it('has kind, time tag and interrogation of each type', () => {
    const south = loadStations(example('iec104rs.csv')).stations[2]!.io;
    expect(south.signals.map(({ typeId, kind, timed, interrogated }) => [typeId, kind, timed, interrogated])).toEqual([
      [30, 'single', true, true],
      [3, 'double', false, true],
      [9, 'normalized', false, true],
      [11, 'scaled', false, true],
      [30, 'single', true, false],
      [3, 'double', false, false],
      [30, 'single', true, true],
    ]);
  });

  it('has quality bits in the octets of states', () => {
    expect(io.signals.find(({ quality }) => quality !== 0)).toMatchObject({
      index: 200,
      ioa: 102,
      value: 1,
      quality: 0x80,
    });
    expect(parseIoFile('1,Y,31,5,66,0').signals).toMatchObject([{ value: 2, quality: 0x40 }]);
  });

  it('has commands with the address of their status, or without', () => {
    expect(io.commands.map(({ ioa, kind, statusIoa }) => [ioa, kind, statusIoa])).toEqual([
      [21001, 'double', 301],
      [21002, 'single', 101],
      [21003, 'double', 302],
      [21004, 'step', 1501],
      [21005, 'single', undefined],
    ]);
  });

  it('has filters, RTU numbers and comments', () => {
    expect(io.signals.filter(({ index }) => index === 400).map(({ filter }) => filter)).toEqual([
      { typeId: 46, ioa: 21001, value: 2, timeoutMs: 5000 },
      { typeId: 100, ioa: undefined, value: undefined, timeoutMs: 5000 },
    ]);
    expect(io.signals.filter(({ index }) => index === 500).map(({ rtuNumber }) => rtuNumber)).toEqual([32, 33]);
    expect(io.signals.find(({ ioa }) => ioa === 1002)?.comment).toBe('Voltage 11 kV of 13.2 kV');
  });

  it('ends the interrogation at a "!", and nothing else', () => {
    expect(io.signals.find(({ ioa }) => ioa === 104)).toMatchObject({ index: 100, interrogated: false });
  });

  it('says row and field of everything that does not load', () => {
    const { stations, reports } = loadStations(testdata('faulty-rtus.csv'));
    expect(told(reports[1]?.problems ?? [])).toEqual([
      '1 typeid skipped',
      '2 IOA skipped',
      '3 value warning',
      '4 value skipped',
      '5 value skipped',
      '6 value skipped',
      '7 value skipped',
      '8 value skipped',
      '9 value skipped',
      '10 value skipped',
      '12 wait sec warning',
      '13 GI warning',
      '13 rtu no warning',
      '13 T-out warning',
      '13 T-out warning',
      '13 filter type id warning',
      '13 filter ioa warning',
      '13 filter value warning',
      '14 T-out warning',
      '15 T-out warning',
      '16 row skipped',
      '11 value warning',
      '17 IOA warning',
    ]);
    expect(reports[1]?.problems.find(({ row }) => row === 14)?.reason).toContain('That is 5');
    expect(stations[0]?.io.signals).toHaveLength(5);
  });

  it.each(['-1', '1.0', '+1', '2a'])('tells of a row that begins with %s: it is a comment', (first) => {
    const { signals, problems } = parseIoFile(`1,Y,1,5,0,0\n${first},Y,1,6,0,0\n`);
    expect(signals).toHaveLength(1);
    expect(problems).toMatchObject([{ row: 2, field: 'index', severity: 'warning' }]);
    const list = parseStationFile(`1,A,32,2404,,12,60,a.csv\n${first},B,33,2405,,12,60,a.csv\n`);
    expect(list.stations).toHaveLength(1);
    expect(list.problems).toMatchObject([{ row: 2, field: 'id', severity: 'warning' }]);
  });

  it.each(['', 'root:x:0:0\n', '# only,comments\n'])('that has nothing to load is told of: %j', (text) => {
    expect(parseIoFile(text).problems).toMatchObject([{ field: 'file', severity: 'warning' }]);
  });

  it('may have a comma as the decimal point where semicolons separate', () => {
    expect(parseIoFile('1;Y;34;5;0,83;0,5').signals).toMatchObject([{ value: 0.83, waitMs: 500 }]);
  });

  it('takes 1 for the end of the scale of normalized values', () => {
    expect(parseIoFile('1,Y,34,5,1').signals).toMatchObject([{ value: 1 - 2 ** -15 }]);
  });

  it('is read within two seconds when it has 20,000 rows', () => {
    const rows = Array.from(
      { length: 20_000 },
      (_, i) => `${i % 50},Y,${[30, 31, 34, 35, 36][i % 5]},${i + 1},1,0,,,,,,Point ${i}`,
    );
    const before = process.threadCpuUsage();
    expect(parseIoFile(rows.join('\r\n')).signals).toHaveLength(20_000);
    // Of this thread: others may have the processor meanwhile.
    expect(process.threadCpuUsage(before).user / 1_000).toBeLessThan(2_000);
  });
});
