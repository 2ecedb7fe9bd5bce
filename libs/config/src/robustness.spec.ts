import { isIP } from 'node:net';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { decodeFile } from './file-encoding.js';
import { parseConfiguration } from './parse-configuration.js';
import type { Configuration, GroupConfig } from './types.js';

const HEADER = 'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter';
/** No cell has its default, so that a cell that got lost or moved shows. */
const CELLS = '7,RTU-7,2404,32,3,90,16,11,21,6,10,500,N,old,10.9.9.9:2405;rtu-7:2406,10.1.0.0/16'.split(',');

function expectInvariants({ groups, problems, settings }: Configuration, text: string | Uint8Array): void {
  const decoded = decodeFile(Buffer.from(text)).text ?? '';
  const lineCount = decoded.split(/\r\n|\n|\r/).length;
  // Nothing loads without a reason.
  expect(groups.length + problems.length).toBeGreaterThan(0);
  for (const group of groups) expectWhole(group, lineCount);
  expect(new Set(groups.map(({ id }) => id)).size).toBe(groups.length);
  expect(new Set(groups.map(({ port }) => port)).size).toBe(groups.length);
  const skipped = new Set(problems.filter(({ severity }) => severity !== 'warning').map(({ row }) => row));
  for (const { row } of groups) expect(skipped.has(row)).toBe(false);
  for (const { row, field, reason } of problems) {
    expect(row >= 1 && row <= lineCount).toBe(true);
    expect(field && reason).toBeTruthy();
  }
  expect(settings.ntpUpdateEverySec).toBeGreaterThan(0);
}

function expectWhole(group: GroupConfig, lineCount: number): void {
  const within = (value: number, min: number, max: number): void => {
    expect(Number.isInteger(value) && value >= min && value <= max).toBe(true);
  };
  expect(group.id).toMatch(/^(0|[1-9]\d{0,11})$/);
  within(group.row, 1, lineCount);
  within(Array.from(group.name).length, 1, 16);
  within(group.port, 1, 65535);
  within(group.rtuNumber, 1, 65535);
  within(group.maxConnections, 1, 255);
  within(group.idleTimeMs, 1000, 2 ** 31 - 1);
  within(group.t0Ms, 1000, 255_000);
  for (const side of [group, group.rtuLink]) {
    for (const time of [side.t1Ms, side.t2Ms]) within(time, 1000, 255_000);
    within(side.t3Ms, 1000, 172_800_000);
    expect(side.t2Ms).toBeLessThan(side.t1Ms);
    within(side.w, 1, 32767);
    within(side.k, 1, 32767);
    within(group.buffsize, side.k, 10_000_000);
  }
  expect(['all', 'old', 'new']).toContain(group.sameIp);
  expect(['all', 'originator']).toContain(group.interrogation);
  expect([undefined, 'stored', 'delivered', 'received']).toContain(group.ack);
  expect(group.hosts.length).toBeGreaterThan(0);
  for (const { host, port } of group.hosts) {
    expect(host).not.toBe('');
    within(port, 1, 65535);
  }
  for (const { text } of group.filter) expect(isIP(text.split('/')[0] ?? '')).not.toBe(0);
  expect(new Set(group.masters.map(({ name }) => name)).size).toBe(group.masters.length);
}

/** Pieces a file is made of, so that arbitrary texts come near to being one. */
const piece = fc.oneof(
  fc.constantFrom(',', ',', ',', '\n', '\r\n', '\r', '"', '""', ';', '!', '#', '=', ':', '\ufeff', '\0', ' ', HEADER),
  fc.constantFrom('id', 'filter', 'masters', 'nogui', 'ntp_server', 't1', 'cn:a', 'A=10.1.1.5', '::1', '10.1.1.5/24'),
  fc.constantFrom(...CELLS, CELLS.join(','), `\n${CELLS.join(',')}\n`),
  fc.integer({ min: -1, max: 70000 }).map(String),
  fc.string({ unit: 'binary', maxLength: 5 }),
);

test('arbitrary text never throws, and whatever loads is whole', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = pieces.join('');
      expectInvariants(parseConfiguration(text), text);
    }),
    { numRuns: 2000 },
  );
});

test('arbitrary octets never throw, and whatever loads is whole', () => {
  const octets = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      piece.map((text) => Buffer.from(text, 'latin1')),
    ),
  );
  fc.assert(
    fc.property(octets, (parts) => {
      const text = Buffer.concat(parts);
      expectInvariants(parseConfiguration(text), text);
    }),
    { numRuns: 1000 },
  );
});

/** What a group says, with functions and row numbers left out. */
function said(group: GroupConfig | undefined): unknown {
  return JSON.parse(JSON.stringify({ ...group, row: 0 }));
}

function loadCells(cells: readonly string[], header: readonly string[] = [HEADER]): GroupConfig | undefined {
  const { groups, problems } = parseConfiguration([...header, cells.join(',')].join('\n'));
  expect(groups.length).toBeLessThanOrEqual(1);
  // Either loaded, or reported: never lost in silence.
  if (groups.length === 0) expect(problems.length).toBeGreaterThan(0);
  return groups[0];
}

const FIELDS: readonly (keyof GroupConfig)[] = [
  'id',
  'name',
  'port',
  'rtuNumber',
  'maxConnections',
  'idleTimeMs',
  't1Ms',
  't2Ms',
  't3Ms',
  'w',
  'k',
  'buffsize',
  'logEvents',
  'sameIp',
  'hosts',
  'filter',
];

test.each([
  ['with a header row', [HEADER]],
  ['in the manual’s order', []],
])('a cell taken out of a row moves no other cell into a wrong column, %s', (_name, header) => {
  for (const index of CELLS.keys()) {
    const group = loadCells(CELLS.toSpliced(index, 1), header);
    const isLast = index === CELLS.length - 1;
    expect(said(group)).toEqual(said(isLast ? loadCells(CELLS.with(index, '')) : undefined));
  }
  for (const index of CELLS.keys()) {
    // A cell that came in between, empty or a copy of its neighbour.
    expect(loadCells(CELLS.toSpliced(index, 0, ''), header)).toBeUndefined();
    expect(loadCells(CELLS.toSpliced(index, 0, CELLS[index] ?? ''), header)).toBeUndefined();
  }
});

test('a garbled cell changes its own field or skips the row', () => {
  const whole = said(loadCells(CELLS)) as Record<string, unknown>;
  const garbling = fc.tuple(fc.nat(CELLS.length - 1), fc.string({ maxLength: 12 }), fc.nat(8), fc.boolean());
  fc.assert(
    fc.property(garbling, ([index, noise, at, replace]) => {
      const cell = CELLS[index] ?? '';
      const garbled = replace ? noise : cell.slice(0, at) + noise + cell.slice(at);
      const quoted = `"${garbled.replaceAll('"', '""')}"`;
      const configuration = parseConfiguration(`${HEADER}\n${CELLS.with(index, quoted).join(',')}`);
      expectInvariants(configuration, `${HEADER}\n${quoted}`);
      const [group] = configuration.groups;
      if (group === undefined) return;
      const others = said(group) as Record<string, unknown>;
      for (const field of FIELDS) if (field !== FIELDS[index]) expect(others[field]).toEqual(whole[field]);
    }),
    { numRuns: 2000 },
  );
});

/** CPU time of this process, which other work on the machine does not count into; the best of three, ms. */
function cpuMs(work: () => void): number {
  const times = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    work();
    return process.cpuUsage(before).user / 1_000;
  });
  return Math.min(...times);
}

test('a large damaged file is read in time proportional to its size', () => {
  const damaged = (lines: number): string => `${HEADER}\n${'7,"RTU,2404\n'.repeat(lines)}`;
  const { groups, problems } = parseConfiguration(damaged(4_000));
  expect(groups).toEqual([]);
  expect(problems).toHaveLength(4_000);
  const small = cpuMs(() => parseConfiguration(damaged(500)));
  const large = cpuMs(() => parseConfiguration(damaged(4_000)));
  // 8 times the size; with the square of it, 64 times.
  expect(large).toBeLessThan(24 * Math.max(small, 1));
});
