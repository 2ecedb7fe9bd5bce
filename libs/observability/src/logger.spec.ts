import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { groupLogFileName, groupOfLine } from './group-logs.js';
import { createLogger, createSilentLogger, type Logging } from './logger.js';
import { noPeer } from './peer-line-hook.js';

const parse = (lines: string): unknown[] =>
  lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);

describe('createLogger', () => {
  let folder: string;
  let directory: string;
  let printed: string;
  let logging: Logging | undefined;
  const destination = { write: (line: string) => void (printed += line) };
  const groups = [
    { id: '111', name: 'RTU-ABB' },
    { id: '222', name: 'Dreez/SCS' },
  ];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mm2ss-log-'));
    directory = join(folder, 'log');
    printed = '';
  });
  afterEach(async () => {
    await logging?.close();
    await rm(folder, { recursive: true });
  });

  it('prints one JSON object a line, the level as a word, the time in ISO 8601', () => {
    logging = createLogger({ destination });
    logging.logger.child({ group: '111' }).info({ peer: '10.0.0.1:2404', link_epoch: 2 }, 'RTU link up');
    logging.logger.debug('not printed');
    expect(parse(printed)).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
        group: '111',
        peer: '10.0.0.1:2404',
        link_epoch: 2,
        msg: 'RTU link up',
      },
    ]);
    expect(logging.logger.isLevelEnabled('trace')).toBe(false);
  });

  it('copies the lines of a group to its file, those of others and of none not', async () => {
    logging = createLogger({ destination, groupLogs: { directory, groups } });
    const { logger } = logging;
    logger.info('process started');
    logger.child({ group: '111' }).child({ session: 's1' }).warn('master refused');
    logger.info({ group: '222' }, 'RTU link up');
    logger.info({ group: '333' }, 'no file for this one');
    await logging.flush();
    expect((await readdir(directory)).sort()).toEqual(['111-RTU-ABB.log', '222-Dreez-SCS.log']);
    const abb = parse(await readFile(join(directory, '111-RTU-ABB.log'), 'utf8'));
    expect(abb).toMatchObject([{ level: 'warn', group: '111', session: 's1', msg: 'master refused' }]);
    expect(parse(await readFile(join(directory, '222-Dreez-SCS.log'), 'utf8'))).toMatchObject([{ group: '222' }]);
    expect(parse(printed)).toHaveLength(4);
  });

  it('writes what is left at close, also of many lines', async () => {
    logging = createLogger({ destination, groupLogs: { directory, groups, maxOctets: 100_000, keep: 30 } });
    const child = logging.logger.child({ group: '111' });
    for (let i = 0; i < 5000; i++) child.info({ ns: i }, 'event');
    await logging.close();
    const names = (await readdir(directory)).sort(
      (a, b) => Number(b.split('.')[2] ?? 0) - Number(a.split('.')[2] ?? 0),
    );
    expect(names.length).toBeGreaterThan(2);
    const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
    expect(parse(texts.join('')).map((line) => (line as { ns: number }).ns)).toEqual([...Array(5000).keys()]);
    expect(logging.droppedLines()).toBe(0);
  });

  it('reports a file it cannot write once, in the other output, and goes on', async () => {
    await writeFile(directory, 'in the way');
    logging = createLogger({ destination, groupLogs: { directory, groups } });
    for (let i = 0; i < 3; i++) {
      logging.logger.info({ group: '111' }, 'event');
      await logging.flush();
    }
    const reports = parse(printed).filter((line) => (line as { level: string }).level === 'error');
    expect(reports).toMatchObject([{ group: '111', path: join(directory, '111-RTU-ABB.log') }]);
    expect(logging.droppedLines()).toBe(4);
  });

  it('has a silent sister for tests', () => {
    expect(createSilentLogger().isLevelEnabled('fatal')).toBe(false);
  });
});

describe('groupLogFileName', () => {
  it.each([
    ['111', 'RTU-ABB', '111-RTU-ABB.log'],
    ['1', '../../etc/passwd', '1-etc-passwd.log'],
    ['2', 'محطة 7', '2-محطة-7.log'],
    ['3', '???', '3.log'],
    ['4', 'a:b\\c\0d', '4-a-b-c-d.log'],
  ])('%s %s -> %s', (id, name, file) => expect(groupLogFileName(id, name)).toBe(file));
});

describe('groupOfLine', () => {
  it('finds the field and is not fooled by text that looks like it', () => {
    expect(groupOfLine(JSON.stringify({ level: 'info', group: '111', msg: 'x' }))).toBe('111');
    expect(groupOfLine(JSON.stringify({ msg: 'said "group":"222"', a: 1 }))).toBeUndefined();
    expect(groupOfLine(JSON.stringify({ msg: 'said "group":"222"', group: '111' }))).toBe('111');
    expect(groupOfLine('{"msg":"plain"}')).toBeUndefined();
  });
});

describe('peer lines', () => {
  const clock = { now: () => 0, setTimer: () => undefined, clearTimer: () => undefined };

  function bounded(groupLogs?: { directory: string; groups: { id: string; name: string }[] }) {
    const lines: Record<string, unknown>[] = [];
    const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
    return { lines, ...createLogger({ destination: { write }, peerLines: clock, ...(groupLogs && { groupLogs }) }) };
  }

  it('lines that name a peer or belong to a group are bounded, marked ones and those of the process are not', async () => {
    const { lines, logger, leftOutLines, close } = bounded();
    const group = logger.child({ group: '111' });
    for (let i = 0; i < 40; i++) {
      group.warn({ peer: `10.0.0.1:${i}`, reason: 'filter' }, `master refused: ${i}`);
      group.child({ session: 7 }).warn({ reason: 'rtu_lost' }, 'masters are disconnected: x');
      logger.warn({ group: '222' }, 'of another group');
      logger.error({ peer: `[2001:db8::${i}]:9` }, 'HTTP request failed');
      group.warn(noPeer({ reason: 'no journal' }), 'audit record not stored');
      logger.warn({ reason: 'x' }, 'bus');
      logger.warn('text only');
    }
    const count = (msg: string): number => lines.filter((line) => line['msg'] === msg).length;
    expect(lines.filter(({ msg }) => String(msg).startsWith('master refused'))).toHaveLength(1);
    for (const msg of ['masters are disconnected: x', 'of another group', 'HTTP request failed']) {
      expect([msg, count(msg)]).toEqual([msg, 1]);
    }
    for (const msg of ['audit record not stored', 'bus', 'text only']) expect([msg, count(msg)]).toEqual([msg, 40]);
    expect(leftOutLines()).toBe(4 * 39);
    await close();
    const told = lines.filter(({ msg }) => msg === 'log lines left out');
    expect(told.map(({ time: _, seconds: __, ...fields }) => fields)).toEqual([
      {
        level: 'warn',
        group: '111',
        peer: '10.0.0.1',
        count: 39,
        kinds: { 'master refused (filter)': 39 },
        msg: 'log lines left out',
      },
      {
        level: 'warn',
        group: '111',
        count: 39,
        kinds: { 'masters are disconnected (rtu_lost)': 39 },
        msg: 'log lines left out',
      },
      { level: 'warn', group: '222', count: 39, kinds: { 'of another group': 39 }, msg: 'log lines left out' },
      {
        level: 'warn',
        peer: '2001:db8:0:0::/64',
        count: 39,
        kinds: { 'HTTP request failed': 39 },
        msg: 'log lines left out',
      },
    ]);
    // The mark is not written.
    expect(lines.find(({ msg }) => msg === 'audit record not stored')).toEqual({
      level: 'warn',
      time: expect.any(String) as string,
      group: '111',
      reason: 'no journal',
      msg: 'audit record not stored',
    });
  });

  it('a level that is off counts nothing, and octets are written out in hexadecimal', () => {
    const { lines, logger, leftOutLines } = bounded();
    for (let i = 0; i < 100; i++) logger.debug({ peer: '10.0.0.1:1' }, 'not printed');
    logger.info({ peer: '10.0.0.1:1', octets: new Uint8Array([0x68, 4]) }, 'octets');
    logger.info({ octets: '6804' }, 'octets');
    expect(leftOutLines()).toBe(0);
    expect(lines.map(({ octets }) => octets)).toEqual(['6804', '6804']);
  });

  it('without a clock nothing is bounded', () => {
    const lines: string[] = [];
    const { logger } = createLogger({ destination: { write: (line) => void lines.push(line) } });
    for (let i = 0; i < 100; i++) logger.warn({ group: '1', peer: '10.0.0.1:1' }, 'refused');
    expect(lines).toHaveLength(100);
  });
});
